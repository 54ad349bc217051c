//! The runbook of a homelab, gone through by clicks: each step goes by the words of its text, in its order, and its
//! effect is asked of the API or of whoever it is for.

use std::time::{SystemTime, UNIX_EPOCH};

use lockgate_tests::{Client, Database, MailSink, Reader, Reply, Server};
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::Totp;

const PASSWORD: &str = "trellis-mango-orbit-58";
const GRAFANA: &str = "https://grafana.example.com";

#[tokio::test(flavor = "multi_thread")]
async fn every_task_of_the_runbook_is_done_where_its_text_says() {
    let mails = MailSink::start().await;
    let server = Server::builder(Database::Sqlite)
        .without_bootstrap()
        .set("LOCKGATE_EMAIL__HOST", "127.0.0.1")
        .set("LOCKGATE_EMAIL__FROM", "Acme <auth@example.com>")
        .set("LOCKGATE_EMAIL__PORT", &mails.port().to_string())
        .start()
        .await;
    let admin = Reader::start().await;
    initial_setup(&admin, &server).await;
    creating_users(&admin, &mails).await;
    bulk_import(&admin).await;
    managing_groups(&admin).await;
    password_policies(&admin).await;
    enrolling_as_admin(&admin).await;
    enrolling_as_user(&server).await;
    let client = grafana(&admin).await;
    role_mapping(&admin).await;
    what_grafana_does(&server, &client).await;
    troubleshooting(&admin).await;
    admin.browser.close().await;
}

/// "Initial Setup": whoever visits first creates the administrator.
async fn initial_setup(admin: &Reader, server: &Server) {
    admin.browser.open(&server.url("/")).await;
    admin.browser.arrives_at(&server.url("/if/flow/initial-setup/")).await;
    admin.types("Username", "admin").await;
    admin.types("Email", "your@email.com").await;
    admin.types("Password", PASSWORD).await;
    admin.types("Password (repeat)", PASSWORD).await;
    admin.browser.submit().await;
    admin.browser.arrives_at(&server.url("/if/user/")).await;
    admin.clicks("Administration").await;
    admin.browser.arrives_at(&server.url("/if/admin/")).await;
    let me = admin.asks("core/users/me/").await;
    let told = [&me["user"]["username"], &me["user"]["email"], &me["user"]["is_superuser"]];
    assert_eq!(told, [&json!("admin"), &json!("your@email.com"), &json!(true)], "{me}");
}

/// "Creating Users", via the interface: with a password, and with an invitation.
async fn creating_users(admin: &Reader, mails: &MailSink) {
    admin.goes_to(&["Directory", "Users"]).await;
    admin.clicks("Create").await;
    admin.types("Username", "grace").await;
    admin.types("Name", "Grace Hopper").await;
    admin.types("E-mail", "grace@example.org").await;
    admin.ticks("Active").await;
    admin.ticks("authentik Admins").await;
    admin.types("Password", PASSWORD).await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    let grace = admin.asks_for_one("core/users/?username=grace").await;
    assert_eq!((&grace["is_active"], &grace["is_superuser"]), (&json!(true), &json!(true)), "{grace}");

    // The form says what an invitation needs, as long as it is missing.
    admin.goes_to(&["Directory", "Users"]).await;
    admin.clicks("Create").await;
    admin.clicks("Choose a recovery flow").await;
    admin.clicks("authentik-default").await;
    admin.clicks("Edit").await;
    unfolds(admin).await;
    admin.selects("Flow recovery", "default-recovery-flow").await;
    admin.clicks("Save").await;
    admin.reads("Saved.").await;

    admin.goes_to(&["Directory", "Users"]).await;
    admin.clicks("Create").await;
    admin.types("Username", "ada").await;
    admin.types("Name", "Ada Lovelace").await;
    admin.types("E-mail", "ada@example.org").await;
    admin.ticks("Active").await;
    admin.ticks("Send an invitation by e-mail").await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    // The link lets her choose a password.
    let link = mails.for_somebody("ada@example.org", 1).await.link();
    let page = Client::new().open(&link).await;
    assert!(page.url().path().starts_with("/if/flow/"), "{:#?}", page.hops);
}

/// "Bulk Import": a table with user names, addresses and names.
async fn bulk_import(admin: &Reader) {
    let folder = tempfile::TempDir::new().expect("the temporary folder is writable");
    let table = folder.path().join("people.csv");
    let lines = "username,email,name\nhedy,hedy@example.org,Hedy Lamarr\nalan,alan@example.org,Alan Turing\n";
    std::fs::write(&table, lines).expect("the temporary folder is writable");
    admin.goes_to(&["Directory", "Users"]).await;
    admin.clicks("Import").await;
    admin.types("File", &table.display().to_string()).await;
    admin.clicks("Check").await;
    admin.reads("Nothing was done yet").await;
    assert_eq!(admin.asks("core/users/?username=hedy").await["results"], json!([]), "a preview makes nobody");
    admin.clicks("Import 2").await;
    admin.reads("Imported.").await;
    let hedy = admin.asks_for_one("core/users/?username=hedy").await;
    assert_eq!((&hedy["name"], &hedy["email"]), (&json!("Hedy Lamarr"), &json!("hedy@example.org")), "{hedy}");
}

async fn creates_a_group(admin: &Reader, name: &str, member: &str) {
    admin.goes_to(&["Directory", "Groups"]).await;
    admin.clicks("Create").await;
    admin.types("Name", name).await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    admin.clicks("Members").await;
    admin.types("User", member).await;
    admin.clicks("Add").await;
    admin.reads("Saved.").await;
}

/// Who may open an application, as the server decides it.
async fn opens(admin: &Reader, user: &str, application: &str) -> Value {
    let pk = admin.asks_for_one(&format!("core/users/?username={user}")).await["pk"].clone();
    admin.asks(&format!("core/applications/{application}/check_access/?for_user={pk}")).await["passing"].clone()
}

/// "Managing Groups": a group, its members, and an application for it.
async fn managing_groups(admin: &Reader) {
    creates_a_group(admin, "Media Admins", "ada").await;
    let ada = admin.asks_for_one("core/users/?username=ada").await;
    assert_eq!(ada["groups_obj"][0]["name"], "Media Admins", "{ada}");

    admin.goes_to(&["Applications", "Applications"]).await;
    admin.clicks("Create").await;
    admin.types("Name", "Sonarr").await;
    admin.types("Slug", "sonarr").await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    assert_eq!(opens(admin, "hedy", "sonarr").await, json!(true), "nothing is bound yet");
    admin.clicks("Policy Bindings").await;
    admin.selects("Group", "Media Admins").await;
    admin.clicks("Bind").await;
    admin.reads("Created.").await;
    let who = (opens(admin, "ada", "sonarr").await, opens(admin, "hedy", "sonarr").await);
    assert_eq!(who, (json!(true), json!(false)));
}

/// Opens what a form has folded away.
async fn unfolds(admin: &Reader) {
    admin.browser.find("details.more > summary").await.click().await.expect("a fold opens");
}

/// "Password Policies": length, complexity and expiry.
async fn password_policies(admin: &Reader) {
    admin.goes_to(&["System", "Policies"]).await;
    admin.clicks("Create").await;
    admin.clicks("Password Policy").await;
    admin.types("Name", "our-passwords").await;
    admin.types("Min length", "12").await;
    admin.types("Min digits", "1").await;
    unfolds(admin).await;
    admin.types("Min capital letters", "1").await;
    admin.types("Min symbols", "1").await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    let policy = admin.asks_for_one("policies/password/?name=our-passwords").await;
    let told =
        ["length_min", "amount_digits", "amount_uppercase", "amount_symbols"].map(|field| policy[field].as_i64());
    assert_eq!(told, [Some(12), Some(1), Some(1), Some(1)], "{policy}");

    // The form of a password policy says where their expiry is.
    admin.goes_to(&["System", "Policies"]).await;
    admin.clicks("Create").await;
    admin.clicks("Password Policy").await;
    admin.reads("Expiry").await;
    admin.clicks("Create a password expiry policy").await;
    admin.types("Name", "for-a-quarter").await;
    admin.types("Days", "90").await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    let policy = admin.asks_for_one("policies/password_expiry/?name=for-a-quarter").await;
    assert_eq!(policy["days"], 90, "{policy}");
}

async fn factors(admin: &Reader, user: &str) -> Vec<String> {
    let pk = admin.asks_for_one(&format!("core/users/?username={user}")).await["pk"].clone();
    let devices = admin.asks(&format!("authenticators/admin/all/?user={pk}")).await;
    let devices = devices.as_array().cloned().unwrap_or_default();
    let mut kinds: Vec<String> =
        devices.iter().filter_map(|it| it["verbose_name"].as_str()).map(str::to_owned).collect();
    kinds.sort();
    kinds
}

/// "MFA", as admin: select a user, enroll, choose.
async fn enrolling_as_admin(admin: &Reader) {
    let enroll = async || {
        admin.goes_to(&["Directory", "Users"]).await;
        admin.clicks("ada").await;
        admin.clicks("Enroll").await;
    };
    enroll().await;
    admin.clicks_under("App with codes (TOTP)", "Choose").await;
    admin.types("Name", "Her phone").await;
    admin.clicks("Enroll").await;
    admin.browser.find("svg.qr").await;
    assert_eq!(factors(admin, "ada").await.len(), 1, "it works at once");
    // A key has to be touched by its owner.
    enroll().await;
    admin.clicks_under("Passkey or security key (WebAuthn)", "Choose").await;
    admin.reads("/flows/-/configure/").await;
}

/// "MFA", as user: by one's own settings.
async fn enrolling_as_user(server: &Server) {
    let grace = Reader::start().await;
    grace.browser.with_authenticator().await;
    // The name at which browsers know passkeys.
    let home = server.url("/if/user/").replace("127.0.0.1", "localhost");
    grace.browser.open(&home).await;
    grace.browser.sign_in("grace", PASSWORD).await;
    grace.browser.arrives_at(&home).await;
    let enroll = async |kind: &str| {
        grace.clicks("Settings").await;
        grace.clicks("MFA devices and password").await;
        grace.reads("Enroll an MFA device").await;
        grace.clicks(kind).await;
    };
    enroll("Passkey or security key").await;
    grace.browser.find("button[data-passkey=create]:not([hidden])").await.click().await.expect("a click");
    grace.browser.arrives_at(&home).await;
    enroll("Authenticator app").await;
    // Whoever has a factor shows it before another one is added.
    grace.browser.find("button[data-passkey=get]:not([hidden])").await.click().await.expect("a click");
    grace.browser.find("svg.qr").await;
    grace.browser.find("summary").await.click().await.expect("it opens");
    let key = grace.browser.find(".key").await.text().await.expect("a text").replace(' ', "");
    let totp = Totp::from_url(format!("otpauth://totp/x:grace?secret={key}")).expect("an address");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    grace.browser.fill("input[name=code]", &totp.generate(now).to_string()).await;
    grace.browser.submit().await;
    grace.browser.arrives_at(&home).await;
    // She administers, too, and so may ask what she has.
    grace.clicks("Administration").await;
    assert_eq!(factors(&grace, "grace").await.len(), 2);
    grace.browser.close().await;
}

/// What Grafana's environment has to say.
struct Credentials {
    id: String,
    secret: String,
}

/// "Grafana OAuth Integration": a provider, whose credentials are noted, and an application.
async fn grafana(admin: &Reader) -> Credentials {
    admin.goes_to(&["Applications", "Providers"]).await;
    admin.clicks("Create").await;
    admin.clicks("OAuth2/OpenID Provider").await;
    admin.types("Name", "grafana-oauth").await;
    admin.selects("Authorization flow", "default-provider-authorization-implicit-consent").await;
    admin.selects("Invalidation flow", "default-provider-invalidation-flow").await;
    admin.selects("Client type", "Confidential").await;
    admin.types("URL", &format!("{GRAFANA}/login/generic_oauth")).await;
    for scope in ["openid", "profile", "email"] {
        admin.ticks(&format!("'{scope}'")).await;
    }
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    let noted = Credentials { id: admin.fact("Client ID").await, secret: admin.fact("Client secret").await };

    admin.goes_to(&["Applications", "Applications"]).await;
    admin.clicks("Create").await;
    admin.types("Name", "Grafana").await;
    admin.types("Slug", "grafana").await;
    admin.selects("Provider", "grafana-oauth").await;
    if !admin.shows("Launch URL").await {
        unfolds(admin).await;
    }
    admin.types("Launch URL", GRAFANA).await;
    admin.clicks("Create").await;
    admin.reads("Created.").await;
    let app = admin.asks("core/applications/grafana/").await;
    assert_eq!((&app["launch_url"], &app["provider_obj"]["name"]), (&json!(GRAFANA), &json!("grafana-oauth")), "{app}");
    noted
}

/// "Role Mapping": the groups that Grafana makes roles of.
async fn role_mapping(admin: &Reader) {
    creates_a_group(admin, "Grafana Admins", "admin").await;
    creates_a_group(admin, "Grafana Editors", "hedy").await;
}

/// "Configure Grafana": what it does with this environment when somebody signs in.
async fn what_grafana_does(server: &Server, noted: &Credentials) {
    let back = format!("{GRAFANA}/login/generic_oauth");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &noted.id)
        .append_pair("redirect_uri", &back)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid profile email")
        .append_pair("state", "as-it-was")
        .finish();
    let visitor = Client::new();
    let authorize = server.url(&format!("/application/o/authorize/?{query}"));
    let came = visitor.sent_back(&authorize, &back, "admin", PASSWORD).await;
    assert_eq!(came.query("state").as_deref(), Some("as-it-was"));
    let form = [("grant_type", "authorization_code"), ("code", &*came.code()), ("redirect_uri", &*back)];
    let request = Client::new().request(Method::POST, &server.url("/application/o/token/"));
    let wrong = Client::new().request(Method::POST, &server.url("/application/o/token/"));
    Reply::of(wrong.basic_auth(&noted.id, Some("wrong")).form(&form)).await.expect(401);
    let tokens = Reply::of(request.basic_auth(&noted.id, Some(&noted.secret)).form(&form)).await.expect(200).json();
    let token = tokens["access_token"].as_str().expect("a token");
    let userinfo = Client::new().request(Method::GET, &server.url("/application/o/userinfo/")).bearer_auth(token);
    let told = Reply::of(userinfo).await.expect(200).json();
    assert_eq!((&told["preferred_username"], &told["email"]), (&json!("admin"), &json!("your@email.com")), "{told}");
    let groups = told["groups"].as_array().cloned().unwrap_or_default();
    assert!(groups.contains(&json!("Grafana Admins")) && !groups.contains(&json!("Grafana Editors")), "{told}");
    let leaves = visitor.open(&server.url("/application/o/grafana/end-session/")).await;
    assert_eq!(leaves.reply.status, 200, "{:#?}", leaves.hops);
}

/// "Troubleshooting": groups of a user, the log, and how long a session lasts.
async fn troubleshooting(admin: &Reader) {
    admin.goes_to(&["Directory", "Users"]).await;
    admin.clicks("ada").await;
    admin.reads("Groups").await;
    admin.reads("Media Admins").await;

    admin.goes_to(&["System", "Events", "Logs"]).await;
    admin.types("User", "grace").await;
    admin.clicks("Apply").await;
    admin.reads("grace signed in").await;
    let text = admin.browser.text().await;
    assert!(!text.contains("admin created"), "{text}");
    admin.goes_to(&["System", "Events", "Logs"]).await;
    admin.selects("Application", "Grafana").await;
    admin.clicks("Apply").await;
    admin.reads("Grafana").await;
    let text = admin.browser.find(".listed").await.text().await.expect("a text");
    assert!(text.contains("admin") && !text.contains("grace"), "{text}");

    admin.goes_to(&["System", "Settings"]).await;
    admin.reads("General").await;
    admin.types("Session duration", "days=14").await;
    admin.clicks("Save").await;
    admin.reads("Saved.").await;
    let login = admin.asks_for_one("stages/user_login/?name=default-authentication-login").await;
    assert_eq!(login["session_duration"], "days=14", "{login}");
}
