//! `/if/admin/policies-…/`: what a policy says, to whom, and what a change of it would do.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Database, Server};
use serde_json::{Value, json};

use super::applications::{Desk, has, lacks};

on_each_database!(
    a_policy_is_tried_on_somebody,
    mistakes_are_told_by_line_while_a_policy_is_written,
    what_a_change_would_do_is_shown_before_it_is_saved,
    a_password_policy_is_made_by_its_form,
    a_mapping_is_tried_on_somebody,
    who_may_not_try_policies_learns_nothing,
);

async fn expression(server: &Server, name: &str, text: &str) -> Value {
    let body = json!({ "name": name, "expression": text });
    server.api().post("policies/expression/", &body).await.expect(201).json()
}

fn home(policy: &Value) -> String {
    format!("policies-expression/{}/", policy["pk"].as_str().unwrap_or_default())
}

async fn a_policy_is_tried_on_somebody(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let policy = expression(&server, "only-ada", "user.username == \"ada\"").await;
    let app =
        server.api().post("core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201).json();
    let bound = json!({"target": app["pk"], "policy": policy["pk"], "order": 0});
    server.api().post("policies/bindings/", &bound).await.expect(201);
    let desk = Desk::admin(&server).await;
    let home = home(&policy);
    has(&desk.page(&home).await, &["only-ada", "user.username", "Where it is bound", ">Wiki<", "Application"]);
    let test = format!("{home}test/");
    has(&desk.send(&test, &[("user", "ada")]).await.expect(200).text(), &["It passes for ada"]);
    has(&desk.send(&test, &[("user", "akadmin")]).await.expect(200).text(), &["It does not pass for akadmin"]);
    let wrong = desk.send(&test, &[("user", "nobody"), ("context", "[1]")]).await.expect(422).text();
    has(&wrong, &["There is nobody of this name.", "This is no JSON object"]);
    let explained = desk.page(&format!("{home}explain/?user=akadmin&app=wiki")).await;
    has(&explained, &["akadmin may not open wiki", "This policy", "Fails"]);
}

async fn mistakes_are_told_by_line_while_a_policy_is_written(database: Database) {
    let server = Server::builder(database).start().await;
    let policy = expression(&server, "rule", "true").await;
    let desk = Desk::admin(&server).await;
    let home = home(&policy);
    has(&desk.page(&format!("{home}edit/")).await, &[&format!("data-check=\"/if/admin/{home}check/\"")]);
    has(&desk.page("policies-expression/new/").await, &["data-check=\"/if/admin/policies-expression/check/\""]);
    for place in ["policies-expression/".to_owned(), home.clone()] {
        let check = format!("{place}check/");
        let bad = desk.send(&check, &[("name", "expression"), ("value", "true &&\n  <b>(")]).await.expect(200).text();
        has(&bad, &["Line 2"]);
        lacks(&bad, &["<b>(", "<html"]);
        let good =
            desk.send(&check, &[("name", "expression"), ("value", "user.username == \"ada\"")]).await.expect(200);
        has(&good.text(), &["No mistakes found."]);
        desk.send(&check, &[("name", "is_superuser"), ("value", "true")]).await.expect(422);
    }
    let saved = server.api().get(&format!("policies/expression/{}/", policy["pk"].as_str().unwrap_or_default())).await;
    assert_eq!(saved.json()["expression"], "true", "nothing was changed");
}

async fn what_a_change_would_do_is_shown_before_it_is_saved(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let policy = expression(&server, "rule", "user.username == \"ada\"").await;
    let app =
        server.api().post("core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201).json();
    let bound = json!({"target": app["pk"], "policy": policy["pk"], "order": 0});
    server.api().post("policies/bindings/", &bound).await.expect(201);
    let desk = Desk::admin(&server).await;
    let what_if = format!("{}what-if/", home(&policy));
    has(&desk.page(&what_if).await, &["Show what would change", "Save"]);
    let other = [("name", "rule"), ("expression", "user.username == \"akadmin\"")];
    let told = desk.send(&what_if, &other).await.expect(200).text();
    has(&told, &["Gain access", "Lose access", ">wiki<", "ada", "Difference", "class=\"added\""]);
    let unsaved =
        server.api().get(&format!("policies/expression/{}/", policy["pk"].as_str().unwrap_or_default())).await;
    assert_eq!(unsaved.json()["expression"], "user.username == \"ada\"");
    let bad = desk.send(&what_if, &[("name", "rule"), ("expression", "user.username ==")]).await.expect(422).text();
    has(&bad, &["Line 1", "user.username =="]);
    let save: Vec<(&str, &str)> = other.iter().copied().chain([("do", "save")]).collect();
    has(&desk.sends(&what_if, &save).await, &["Saved."]);
    let saved = server.api().get(&format!("policies/expression/{}/", policy["pk"].as_str().unwrap_or_default())).await;
    assert_eq!(saved.json()["expression"], "user.username == \"akadmin\"");
}

async fn a_password_policy_is_made_by_its_form(database: Database) {
    let server = Server::builder(database).start().await;
    let desk = Desk::admin(&server).await;
    has(&desk.page("policies/new/").await, &["Password", "policies-password/new/"]);
    let fields =
        [("name", "long"), ("password_field", "password"), ("check_static_rules", "true"), ("length_min", "14")];
    let made = desk.sends("policies-password/new/", &fields).await;
    has(&made, &["Created.", "long", "14", "It is bound to nothing"]);
    let policy = server.api().only("policies/password/?name=long").await;
    let home = format!("policies-password/{}/", policy["pk"].as_str().unwrap_or_default());
    let context = [("user", "akadmin"), ("context", "{\"prompt_data\": {\"password\": \"short\"}}")];
    has(&desk.send(&format!("{home}test/"), &context).await.expect(200).text(), &["It does not pass for akadmin"]);
    has(&desk.sends(&format!("{home}delete/"), &[("name", "long")]).await, &["Deleted."]);
}

async fn a_mapping_is_tried_on_somebody(database: Database) {
    let server = Server::builder(database).start().await;
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let body = json!({"name": "nick", "scope_name": "profile", "expression": "#{ nick: user.username }"});
    let mapping = server.api().post("propertymappings/provider/scope/", &body).await.expect(201).json();
    let desk = Desk::admin(&server).await;
    let home = format!("mappings-scope/{}/", mapping["pk"].as_str().unwrap_or_default());
    has(&desk.page(&home).await, &["nick: user.username"]);
    let test = format!("{home}test/");
    has(&desk.send(&test, &[("user", "ada")]).await.expect(200).text(), &["For ada", "&#34;nick&#34;: &#34;ada&#34;"]);
    has(&desk.send(&test, &[("user", "nobody")]).await.expect(422).text(), &["There is nobody of this name."]);
}

async fn who_may_not_try_policies_learns_nothing(database: Database) {
    let server = Server::builder(database).start().await;
    let policy = expression(&server, "rule", "true").await;
    let home = home(&policy);
    let reader = Desk::person(&server, "reader", &["authentik_policies_expression.view_expressionpolicy"]).await;
    let page = reader.page(&home).await;
    lacks(&page, &["Edit</a>", "Delete</a>"]);
    let tried = reader.send(&format!("{home}test/"), &[("user", "akadmin")]).await;
    lacks(&tried.text(), &["It passes for"]);
    let what_if = reader.page(&format!("{home}what-if/")).await;
    lacks(&what_if, &["value=\"save\""]);
    let fields = [("name", "rule"), ("expression", "false"), ("do", "save")];
    reader.send(&format!("{home}what-if/"), &fields).await.expect(422);
    reader.get("policies/explain/?user=akadmin&app=wiki").await.expect(403);
    let nobody = Desk::person(&server, "nobody", &["authentik_core.view_group"]).await;
    let seen = nobody.get(&home).await;
    assert!(matches!(seen.status, 403 | 404), "{}", seen.status);
    let check = nobody.send(&format!("{home}check/"), &[("name", "expression"), ("value", "true")]).await;
    assert!(matches!(check.status, 403 | 404), "{}", check.status);
}
