//! "Database Issues": a connection that fails says so by name, and the schema is looked at and brought up to date.

use lockgate_tests::OwnedDatabase;

use super::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_named_and_not_shown() {
    let mut home = Installation::start().await;
    assert!(home.server.terminate().await);
    for (name, value, told) in [
        ("AUTHENTIK_POSTGRESQL__PASSWORD", "not-the-password", "password authentication failed for user"),
        ("AUTHENTIK_POSTGRESQL__NAME", "no_such_database", "database \"no_such_database\" does not exist"),
        ("AUTHENTIK_POSTGRESQL__PORT", "1", "refused"),
    ] {
        let mut command = home.server.command(&["server"]);
        let output = command.env(name, value).output().expect("the binary can be started");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{name}: {text}");
        assert!(text.contains(told) && text.contains("AUTHENTIK_POSTGRESQL__"), "{name}: {text}");
        assert!(!text.contains("not-the-password") && !text.contains(&home.database.password), "a password is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_tried_without_python() {
    let mut home = Installation::start().await;
    // As long as the server runs, and without one.
    assert_eq!(home.ak(&["healthcheck"]).code, 0);
    assert_eq!(home.ak(&["showmigrations"]).code, 0);
    assert!(home.server.terminate().await);
    assert_eq!(home.ak(&["showmigrations"]).code, 0);
    let mut command = home.server.command(&["showmigrations"]);
    let output = command.env("AUTHENTIK_POSTGRESQL__PASSWORD", "wrong").output().expect("the binary can be started");
    assert!(!output.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_run_and_shown() {
    let home = Installation::start().await;
    let shown = home.ak(&["showmigrations"]);
    let lines: Vec<_> = shown.text.lines().collect();
    assert!(lines.len() > 20 && lines.iter().all(|line| line.starts_with("[X] m")), "{}", shown.text);
    // Of an empty database they tell what is missing, until they have been run.
    let fresh = OwnedDatabase::create().await;
    let run = |what: &str| {
        let mut command = home.server.command(&[what]);
        command.env("AUTHENTIK_POSTGRESQL__NAME", &fresh.name).env("AUTHENTIK_POSTGRESQL__USER", &fresh.user);
        let output = command.env("AUTHENTIK_POSTGRESQL__PASSWORD", &fresh.password).output();
        let output = output.expect("the binary can be started");
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run("showmigrations").lines().all(|line| line.starts_with("[ ] m")));
    run("migrate");
    assert_eq!(run("showmigrations"), shown.text);
    // Once more does nothing.
    assert_eq!(home.ak(&["migrate"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_is_ak_under_that_name() {
    let home = Installation::start().await;
    let told = home.ak(&["--help"]);
    assert!(told.code == 0 && told.text.contains("Usage: ak "), "{}", told.text);
    for command in ["server", "worker", "migrate", "showmigrations", "create_admin_group", "create_recovery_key"] {
        assert!(told.text.contains(&format!("\n  {command}")), "{command} is missing:\n{}", told.text);
    }
}
