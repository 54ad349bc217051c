//! "Overview" and "Architecture": addresses, parts, and the tables that operators look into.

use lockgate_tests::{BOOTSTRAP_PASSWORD, BOOTSTRAP_TOKEN, Client};

use super::{Installation, curl};

#[tokio::test(flavor = "multi_thread")]
async fn the_access_points_answer() {
    let home = Installation::start().await;
    let server = &home.server;
    let admin = Client::new();
    let page = admin.open_signing_in(&server.url("/if/user/"), "akadmin", BOOTSTRAP_PASSWORD).await;
    assert_eq!((page.url().path(), page.reply.status), ("/if/user/", 200), "{:#?}", page.hops);
    // The administrator finds the interface from the plain address.
    let page = admin.open(&server.url("/")).await;
    assert_eq!(page.url().path(), "/if/user/", "{:#?}", page.hops);
    assert!(page.reply.text().contains("/if/admin/"), "no way to the administration");
    admin.get(&server.url("/if/admin/")).await.expect(200);
    let token = format!("Authorization: Bearer {BOOTSTRAP_TOKEN}");
    let me = curl(&["-H", &token, &server.url("/api/v3/core/users/me/")]);
    assert!(me.contains("\"akadmin\""), "{me}");
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_lists_tables_and_views_and_tells_who_there_is() {
    let home = Installation::start().await;
    home.server.api().create_user("ada", "trellis-mango-orbit-58", &[]).await;
    let tables = home.database.psql("\\dt");
    for table in ["users", "sessions", "documents", "events"] {
        assert!(tables.lines().any(|line| line.contains(&format!("|{table}|"))), "no {table} in:\n{tables}");
    }
    let views = home.database.psql("\\dv");
    for view in ["auth_user", "authentik_core_user", "django_session"] {
        assert!(views.contains(view), "no {view} in:\n{views}");
    }
    let users = home.database.psql("SELECT username, email, is_active FROM auth_user;");
    assert!(users.lines().any(|line| line == "ada|ada@example.org|t"), "{users}");
    assert!(users.lines().any(|line| line.starts_with("akadmin|")), "{users}");
}
