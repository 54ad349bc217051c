//! The first visitor makes the administrator, and nobody after them.

use lockgate_tests::{Client, Database, Executor, Server};
use serde_json::{Value, json};

const PASSWORD: &str = "chosen-by-the-first-visitor";

on_each_database!(
    the_first_visitor_makes_the_admin_and_nobody_after,
    a_bootstrapped_server_needs_no_setup,
    two_first_visitors_make_one_admin,
    without_an_administrator_the_setup_stays_closed,
);

async fn the_first_visitor_makes_the_admin_and_nobody_after(database: Database) {
    let mut server = Server::builder(database).without_bootstrap().start().await;
    server.logged(&["/if/flow/initial-setup/"]).await;
    let journey = Client::new().open(&server.url("/")).await;
    assert_eq!(journey.url().path(), "/if/flow/initial-setup/", "{:#?}", journey.hops);

    let first = Client::new();
    let end = set_up(&server, &first).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let me = first.get(&server.url("/api/v3/core/users/me/")).await.expect(200).json();
    assert_eq!(me["user"]["is_superuser"], true, "{me}");

    server.kill();
    server.launch().await;
    let late = Client::new();
    refused(&server, &late).await;
    let admin = Client::new();
    let base = server.base();
    let login = Executor::new(&admin, &base, "default-authentication-flow", "");
    login.login("akadmin", PASSWORD).await.redirect();
}

async fn a_bootstrapped_server_needs_no_setup(database: Database) {
    let server = Server::builder(database).start().await;
    refused(&server, &Client::new()).await;
    let journey = Client::new().open(&server.url("/")).await;
    assert_eq!(journey.url().path(), "/if/flow/default-authentication-flow/", "{:#?}", journey.hops);
}

async fn without_an_administrator_the_setup_stays_closed(database: Database) {
    let mut server = Server::builder(database).start().await;
    let api = server.api();
    let admin = api.only("core/users/?username=akadmin").await["pk"].as_i64().expect("a number");
    api.leave(admin, "authentik Admins").await;
    server.kill();
    server.launch().await;
    refused(&server, &Client::new()).await;
    let journey = Client::new().open(&server.url("/")).await;
    assert_eq!(journey.url().path(), "/if/flow/default-authentication-flow/", "{:#?}", journey.hops);
    // The way back in is the operator's.
    let done = server.run(&["create_admin_group", "akadmin"]);
    assert_eq!(done.code, 0, "{}", done.text);
    server.api().get("core/users/").await.expect(200);
}

async fn two_first_visitors_make_one_admin(database: Database) {
    let server = Server::builder(database).without_bootstrap().start().await;
    let (one, two) = (Client::new(), Client::new());
    // Both have the page open before either sends it.
    for client in [&one, &two] {
        Executor::new(client, &server.base(), "initial-setup", "").challenge().await.expect(200);
    }
    let ends = tokio::join!(set_up(&server, &one), set_up(&server, &two));
    let done = [&ends.0, &ends.1].iter().filter(|end| end["component"] == "xak-flow-redirect").count();
    assert_eq!(done, 1, "{ends:#?}");
    let mut admins = 0;
    for client in [&one, &two] {
        admins += usize::from(client.get(&server.url("/api/v3/core/users/me/")).await.status == 200);
    }
    assert_eq!(admins, 1, "one of them is signed in");
}

async fn refused(server: &Server, client: &Client) {
    let base = server.base();
    let reply = Executor::new(client, &base, "initial-setup", "").challenge().await;
    let denied = reply.status == 200 && reply.json()["component"] == "ak-stage-access-denied";
    assert!(denied || matches!(reply.status, 403 | 404), "{} {}", reply.status, reply.text());
    let page = client.open(&server.url("/if/flow/initial-setup/")).await;
    assert!(!page.reply.text().contains("type=\"password\""), "the page asks for a password again");
}

/// Fills in whatever the setup asks for, up to its end.
async fn set_up(server: &Server, client: &Client) -> Value {
    let base = server.base();
    let flow = Executor::new(client, &base, "initial-setup", "");
    let mut challenge = flow.challenge().await.json();
    for _ in 0..8 {
        match challenge["component"].as_str().unwrap_or_default() {
            "xak-flow-redirect" | "ak-stage-access-denied" | "" => return challenge,
            component => {
                let mut response = json!({ "component": component });
                for field in challenge["fields"].as_array().into_iter().flatten() {
                    let key = field["field_key"].as_str().unwrap_or_default();
                    response[key] = match field["type"].as_str().unwrap_or_default() {
                        "password" => json!(PASSWORD),
                        "email" => json!("admin@example.org"),
                        _ => field.get("initial_value").cloned().unwrap_or_default(),
                    };
                }
                let reply = flow.answer(&response).await;
                challenge = reply.json();
                let errors = challenge["response_errors"].as_object();
                if errors.is_some_and(|errors| !errors.is_empty()) {
                    return challenge;
                }
            }
        }
    }
    panic!("the setup does not end: {challenge}");
}
