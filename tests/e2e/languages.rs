//! What people read is in their language: pages, the executor's JSON and mails.

use lockgate_tests::{Client, Database, Executor, MailSink, Reply, Server};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";
const SETTINGS: &str = "default-user-settings-flow";
const RECOVERY: &str = "default-recovery-flow";

/// `Accept-Language`, the page's own tag, its heading, what the field is called, and what a wrong password is told.
const READ: [[&str; 5]; 5] = [
    ["de-AT,de;q=0.9,en;q=0.5", "de", "Willkommen bei Lockgate", "E-Mail oder Benutzername", "Das Passwort ist falsch"],
    ["fr", "fr", "Bienvenue chez Lockgate", "E-mail ou nom d’utilisateur", "Mot de passe incorrect"],
    ["es-MX", "es", "Le damos la bienvenida a Lockgate", "Correo o nombre de usuario", "La contraseña no es correcta"],
    ["zh-CN,zh;q=0.9", "zh-Hans", "欢迎使用 Lockgate", "电子邮箱或用户名", "密码不正确"],
    ["tlh, en;q=0.1", "en", "Welcome to Lockgate", "Email or username", "Invalid password"],
];

on_each_database!(
    pages_are_in_the_language_that_the_browser_asks_for,
    the_executor_answers_in_that_language,
    what_somebody_has_chosen_wins_over_their_browser,
    a_brand_says_what_is_usual_at_its_hosts,
    a_mail_is_in_the_language_of_whoever_gets_it,
    what_a_configuration_says_itself_stays_as_it_is,
);

fn login(server: &Server) -> String {
    server.url(&format!("/if/flow/{LOGIN}/"))
}

async fn sends(client: &Client, url: &str, page: &str, field: (&str, &str)) -> Reply {
    let csrf = client.cookie(url, "authentik_csrf").unwrap_or_default();
    let component = page.split("name=\"component\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = [("component", component.unwrap_or_default()), ("csrf_token", &csrf), field];
    Reply::of(client.request(Method::POST, url).form(&form)).await
}

async fn pages_are_in_the_language_that_the_browser_asks_for(database: Database) {
    let server = Server::builder(database).start().await;
    let url = login(&server);
    for [accepted, tag, heading, label, wrong] in READ {
        let client = Client::reading(accepted);
        let page = client.get(&url).await.expect(200).text();
        assert!(page.contains(&format!("<html lang=\"{tag}\"")), "{accepted}: {page}");
        assert!(page.contains(&format!("<h1>{heading}</h1>")) && page.contains(label), "{accepted}: {page}");
        sends(&client, &url, &page, ("uid_field", "akadmin")).await.expect(303);
        let page = client.get(&url).await.expect(200).text();
        let page = sends(&client, &url, &page, ("password", "not the password")).await.expect(200).text();
        assert!(page.contains(wrong), "{accepted}: {page}");
        let nothing = client.get(&server.url("/nothing-here/")).await.expect(404).text();
        assert!(nothing.contains(&format!("<html lang=\"{tag}\"")), "{accepted}: {nothing}");
        assert_eq!(nothing.contains("There is nothing at this address"), tag == "en");
    }
    // Without a wish, and for what programs read, English.
    assert!(Client::new().get(&url).await.expect(200).text().contains("<html lang=\"en\""));
    let refused = Client::reading("de").get(&server.url("/api/v3/core/users/")).await.expect(403).json();
    assert_eq!(refused["detail"], "Authentication credentials were not provided.");
}

async fn the_executor_answers_in_that_language(database: Database) {
    let server = Server::builder(database).start().await;
    let base = server.base();
    for [accepted, _, heading, _, wrong] in READ {
        let client = Client::reading(accepted);
        let flow = Executor::new(&client, &base, LOGIN, "");
        let first = flow.challenge().await.expect(200).json();
        assert_eq!(first["flow_info"]["title"], heading);
        let empty = json!({"component": "ak-stage-identification", "uid_field": ""});
        let told = flow.answer(&empty).await.expect(200).json();
        let complaint = &told["response_errors"]["uid_field"][0];
        assert_eq!(complaint["code"], "blank");
        assert_eq!(complaint["string"] == "This field may not be blank.", accepted.starts_with("tlh"), "{complaint}");
        flow.answer(&json!({"component": "ak-stage-identification", "uid_field": "akadmin"})).await.expect(200);
        let told = flow.answer(&json!({"component": "ak-stage-password", "password": "no"})).await.expect(200).json();
        assert_eq!(told["response_errors"]["password"][0], json!({"string": wrong, "code": "invalid"}));
    }
}

async fn portal(server: &Server, client: &Client) -> String {
    client.get(&server.url("/if/user/")).await.expect(200).text()
}

async fn what_somebody_has_chosen_wins_over_their_browser(database: Database) {
    let server = Server::builder(database).start().await;
    let pk = server.api().create_user("ada", PASSWORD, &[]).await;
    let (client, base) = (Client::reading("fr"), server.base());
    Executor::new(&client, &base, LOGIN, "").login("ada", PASSWORD).await.redirect();
    let page = portal(&server, &client).await;
    assert!(page.contains("<html lang=\"fr\"") && page.contains("Vos applications"), "{page}");

    let flow = Executor::new(&client, &base, SETTINGS, "");
    let asked = flow.challenge().await.expect(200).json();
    let fields = asked["fields"].as_array().expect("fields");
    let field = fields.iter().find(|field| field["type"] == "ak-locale").expect("a language can be chosen");
    assert_eq!((&field["label"], &field["choices"][0]["label"]), (&json!("Langue"), &json!("Automatique")));
    let offered: Vec<_> = field["choices"].as_array().into_iter().flatten().map(|one| one["value"].clone()).collect();
    assert_eq!(offered, ["", "en", "de", "es", "fr", "zh-Hans"]);
    let answer = json!({
        "component": "ak-stage-prompt", "username": "ada", "name": "ada Example", "email": "ada@example.org",
        "attributes.settings.locale": "de",
    });
    let done = flow.answer(&answer).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let page = portal(&server, &client).await;
    assert!(page.contains("<html lang=\"de\"") && page.contains("Ihre Anwendungen"), "{page}");

    // What an administrator writes counts at once as well.
    let attributes = json!({"attributes": {"settings": {"locale": "zh-Hans"}}});
    server.api().patch(&format!("core/users/{pk}/"), &attributes).await.expect(200);
    assert!(portal(&server, &client).await.contains("您的应用"));
}

async fn a_brand_says_what_is_usual_at_its_hosts(database: Database) {
    let server = Server::builder(database).start().await;
    let brand = server.api().only("core/brands/?domain=authentik-default").await;
    let path = format!("core/brands/{}/", brand["brand_uuid"].as_str().expect("a brand"));
    let attributes = json!({"attributes": {"settings": {"locale": "es"}}});
    server.api().patch(&path, &attributes).await.expect(200);
    let page = Client::reading("fr").get(&login(&server)).await.expect(200).text();
    assert!(page.contains("<html lang=\"es\"") && page.contains("Correo o nombre de usuario"), "{page}");
}

async fn a_mail_is_in_the_language_of_whoever_gets_it(database: Database) {
    let sink = MailSink::start().await;
    let folder = "brand: authentik-default\ndefault: true\ntitle: Acme\nflow_recovery: default-recovery-flow\n\
                  flow_authentication: default-authentication-flow\n";
    let builder = Server::builder(database).config("brand.yaml", folder).set("LOCKGATE_EMAIL__HOST", "127.0.0.1");
    let server = builder.set("LOCKGATE_EMAIL__PORT", &sink.port().to_string()).start().await;
    let api = server.api();
    for (name, attributes) in [("ada", json!({"settings": {"locale": "de"}})), ("bob", Value::Null)] {
        let pk = api.create_user(name, PASSWORD, &[]).await;
        if !attributes.is_null() {
            api.patch(&format!("core/users/{pk}/"), &json!({"attributes": attributes})).await.expect(200);
        }
    }
    let base = server.base();
    for name in ["ada", "bob"] {
        let client = Client::reading("fr");
        let flow = Executor::new(&client, &base, RECOVERY, "");
        flow.challenge().await.expect(200);
        flow.answer(&json!({"component": "ak-stage-identification", "uid_field": name})).await.expect(200);
    }
    let german = sink.for_somebody("ada@example.org", 1).await;
    assert!(
        german.text().contains("Guten Tag ada Example,") && german.text().contains("30 Minuten"),
        "{}",
        german.text()
    );
    assert!(german.html().contains("<html lang=\"de\">") && german.html().contains("„ada“"), "{}", german.html());
    // Whoever has chosen nothing is written to in the language of the request.
    let french = sink.for_somebody("bob@example.org", 1).await;
    assert!(
        french.text().contains("Bonjour bob Example,") && french.text().contains("30 minutes"),
        "{}",
        french.text()
    );
}

async fn what_a_configuration_says_itself_stays_as_it_is(database: Database) {
    let folder = "flow: ask\nname: Ask\ntitle: Tell us about yourself\ndesignation: enrollment\nstages:\n  - prompt:\n      \
                  fields:\n        - { key: ship, label: Name of your ship, type: text, placeholder: Name }\n";
    let server = Server::builder(database).config("ask.yaml", folder).start().await;
    let (client, base) = (Client::reading("de"), server.base());
    let asked = Executor::new(&client, &base, "ask", "").challenge().await.expect(200).json();
    assert_eq!(asked["flow_info"]["title"], "Tell us about yourself");
    assert_eq!(asked["fields"][0]["label"], "Name of your ship");
    let page = client.get(&server.url("/if/flow/ask/")).await.expect(200).text();
    assert!(page.contains("<html lang=\"de\"") && page.contains(">Weiter</button>"), "{page}");
}
