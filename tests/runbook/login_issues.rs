//! "Login Issues" and "Service Access Issues": who somebody is, what the command line mends, and how long a session is.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Executor};
use serde_json::json;

use super::{Installation, curl};

const PASSWORD: &str = "trellis-mango-orbit-58";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_looked_up_in_the_database() {
    let home = Installation::start().await;
    home.server.api().create_user("admin", PASSWORD, &[]).await;
    let found = "SELECT username, is_active FROM authentik_core_user WHERE username='admin';";
    assert_eq!(home.database.psql(found), "admin|t");
}

#[tokio::test(flavor = "multi_thread")]
async fn create_admin_group_gives_the_administrator_their_rights_back() {
    let home = Installation::start().await;
    let api = home.server.api();
    // The last administrator can leave only by way of the database.
    let rights = || home.database.psql("SELECT is_superuser FROM authentik_core_user WHERE username='akadmin';");
    assert_eq!(rights(), "t");
    home.database.psql("DELETE FROM memberships");
    assert_eq!(rights(), "f");
    let done = home.ak(&["create_admin_group"]);
    assert!(done.code == 0 && done.text.contains("'akadmin' successfully added"), "{}", done.text);
    assert_eq!(rights(), "t");
    api.get("core/users/").await.expect(200);
    let done = home.ak(&["create_admin_group", "nobody"]);
    assert!(done.code != 0 && done.text.contains("User 'nobody' not found."), "{}", done.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_set_on_the_command_line() {
    use std::io::Write as _;
    use std::process::Stdio;

    let home = Installation::start().await;
    let mut command = home.server.command(&["changepassword", "akadmin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary can be started");
    child.stdin.take().expect("it was asked for").write_all(b"orbit-58-trellis-mango\n").expect("it reads");
    assert!(child.wait_with_output().expect("it ends").status.success());
    let (visitor, base) = (Client::new(), home.server.base());
    let login = Executor::new(&visitor, &base, "default-authentication-flow", "");
    login.login("akadmin", "orbit-58-trellis-mango").await.redirect();
    let (visitor, end) = (Client::new(), "default-authentication-flow");
    let end = Executor::new(&visitor, &base, end, "").login("akadmin", BOOTSTRAP_PASSWORD).await;
    assert!(matches!(end, lockgate_tests::FlowEnd::Refused(_)), "{end:?}");
}

/// Seconds that the youngest session of an installation has left.
async fn lasts(home: &Installation) -> i64 {
    Client::new().open_signing_in(&home.server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
    let left = "SELECT round(extract(epoch FROM max(expire_date) - now()))::bigint FROM django_session";
    home.database.psql(left).parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_as_long_as_the_setting_says() {
    let usual = lasts(&Installation::start().await).await;
    assert!((2_592_000 - 120..=2_592_000).contains(&usual), "30 days where nothing is said, and not {usual} seconds");
    let short = Installation::start_with(|builder| builder.set("AUTHENTIK_SESSION_LIFETIME", "3600")).await;
    let short = lasts(&short).await;
    assert!((3_480..=3_600).contains(&short), "{short} seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_open_an_application_is_told_why() {
    let home = Installation::start().await;
    home.server
        .write("apps.yaml", "app: sonarr\naccess:\n  any: [{ group: Media Admins }]\n---\ngroup: Media Admins\n");
    let api = home.server.api();
    lockgate_tests::eventually(async || api.get("core/applications/sonarr/").await.status == 200).await;
    api.create_user("hedy", PASSWORD, &[]).await;
    let told = home.ak(&["explain", "--user", "hedy", "--app", "sonarr"]);
    assert!(told.text.contains("Media Admins") && told.text.contains("hedy"), "{}", told.text);
    let user = api.only("core/users/?username=hedy").await["pk"].clone();
    let answer = api.get(&format!("core/applications/sonarr/check_access/?for_user={user}")).await.expect(200).json();
    assert_eq!(answer["passing"], json!(false), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_finds_no_server_is_looked_into() {
    let mut home = Installation::start().await;
    assert!(curl(&["-I", &home.server.url("/-/health/live/")]).starts_with("HTTP/1.1 200 "));
    assert_eq!(home.ak(&["healthcheck"]).code, 0);
    assert!(home.server.terminate().await);
    let told = home.ak(&["healthcheck"]);
    let port = home.server.port().to_string();
    assert!(told.code != 0 && told.text.contains(&port) && told.text.contains("does not answer"), "{}", told.text);
}
