//! "Recovery": who is locked out gets in again, and an installation begins anew.

use lockgate_tests::{Client, Server};
use serde_json::Value;

use super::Installation;

async fn who(server: &Server, visitor: &Client) -> Value {
    visitor.get(&server.url("/api/v3/core/users/me/")).await.json()["user"]["username"].clone()
}

/// The address that the command prints, which is all that it prints on standard output.
fn address(home: &Installation) -> String {
    let output = home.server.command(&["create_recovery_key", "10", "akadmin"]).output();
    let output = output.expect("the binary can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_key_lets_in_by_either_address() {
    let home = Installation::start_with(|builder| builder.set("LOCKGATE_PUBLIC_URL", "https://auth.example.com")).await;
    let printed = address(&home);
    let path = printed.strip_prefix("https://auth.example.com").unwrap_or_else(|| panic!("{printed}"));
    let key = path.trim_start_matches("/recovery/use-token/").trim_end_matches('/').to_owned();
    assert!(key.len() > 40 && !key.contains('/'), "{printed}");
    let visitor = Client::new();
    let way = visitor.get(&home.server.url(path)).await.expect(302);
    assert_eq!(way.location().as_deref(), Some("/if/user/"));
    assert_eq!(who(&home.server, &visitor).await, "akadmin");
    let portal = visitor.get(&home.server.url("/if/user/")).await.expect(200).text();
    assert!(portal.contains("Choose a new password"), "{portal}");
    Client::new().get(&home.server.url(path)).await.expect(404);

    // The form that guides show.
    let printed = address(&home);
    let key = printed.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let visitor = Client::new();
    visitor.get(&home.server.url(&format!("/recovery/use-token/?token={key}"))).await.expect(302);
    assert_eq!(who(&home.server, &visitor).await, "akadmin");

    // And under the program's other name.
    let told = home.ak(&["create_recovery_key", "10", "akadmin"]);
    assert!(told.code == 0 && told.text.contains("/recovery/use-token/"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_made_anew_leads_to_the_set_up_again() {
    let mut home = Installation::start_with(|builder| builder.without_bootstrap()).await;
    let first = Client::new().open(&home.server.url("/")).await;
    assert_eq!(first.url().path(), "/if/flow/initial-setup/", "{:#?}", first.hops);
    let (visitor, base) = (Client::new(), home.server.base());
    let flow = lockgate_tests::Executor::new(&visitor, &base, "initial-setup", "");
    flow.challenge().await.expect(200);
    let answers = serde_json::json!({
        "username": "admin", "email": "admin@example.org",
        "password": "trellis-mango-orbit-58", "password_repeat": "trellis-mango-orbit-58",
    });
    let end = flow.answer(&answers).await.expect(200).json();
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
    let first = Client::new().open(&home.server.url("/")).await;
    assert_eq!(first.url().path(), "/if/flow/default-authentication-flow/", "{:#?}", first.hops);

    assert!(home.server.terminate().await);
    let (name, user) = (&home.database.name, &home.database.user);
    home.database.as_superuser("postgres", &format!("DROP DATABASE {name};"));
    home.database.as_superuser("postgres", &format!("CREATE DATABASE {name} OWNER {user};"));
    home.server.launch().await;
    let first = Client::new().open(&home.server.url("/")).await;
    assert_eq!(first.url().path(), "/if/flow/initial-setup/", "{:#?}", first.hops);
    assert_eq!(who(&home.server, &visitor).await, Value::Null, "sessions went with the database");
    home.server.logged(&["/if/flow/initial-setup/"]).await;
}
