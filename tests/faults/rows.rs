//! Rows of sessions that hold what no server has written: their browsers are strangers', and everybody else goes on.

use std::path::PathBuf;
use std::process::Command;

use aws_lc_rs::digest;
use lockgate_tests::{Client, Database, Reply, Site, SiteOptions};

on_each_database!(a_session_that_cannot_be_read_is_a_strangers);

/// The database behind a site, for whoever breaks it.
enum Behind {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Behind {
    fn run(&self, statement: &str) {
        let mut command = match self {
            Self::Sqlite(path) => {
                let script = "import sqlite3, sys\n\
                              db = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                              db.execute(sys.argv[2])";
                let mut command = Command::new("python3");
                command.args(["-c", script]).arg(path).arg(statement);
                command
            }
            Self::Postgres(url) => {
                let mut command = Command::new("psql");
                command.args(["-X", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]);
                command
            }
        };
        let output = command.output().expect("python3 and psql are installed");
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// How the column `id_hash` names the session of a cookie.
fn hash_of(cookie: &str) -> String {
    digest::digest(&digest::SHA256, cookie.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn a_session_that_cannot_be_read_is_a_strangers(database: Database) {
    let url = database.create().await;
    let settings = url.iter().map(|url| ("LOCKGATE_DATABASE_URL".to_owned(), url.clone())).collect();
    let options = SiteOptions { settings, ..SiteOptions::default() };
    let mut site = Site::direct_with(Database::Sqlite, options).await;
    let behind = match url {
        Some(url) => Behind::Postgres(url),
        None => Behind::Sqlite(site.server.data_folder().join("lockgate.db")),
    };
    let mut changes = vec!["data = '{half'", "auth = 'no JSON'", "login_event = '[['", "auth = '{\"mfa\": tru'"];
    if database == Database::Sqlite {
        // Its columns take values of any type.
        changes.extend(["rev = 'many'", "created = 'once'", "expires = 'later'", "data = x'ff00'", "user_pk = 'ada'"]);
    }
    let ada = site.signed_in("ada").await;
    let behind_proxy = site.signed_in("ada").await;
    let mut strangers = Vec::new();
    for change in &changes {
        let browser = Client::new();
        browser.open_signing_in(&site.url("auth", "/if/user/"), "bob", Site::password()).await;
        let cookie = browser.cookie(&site.url("auth", "/"), "authentik_session").expect("a login has a session");
        strangers.push((browser, hash_of(&cookie), *change));
    }
    site.server.kill();
    for (_, hash, change) in &strangers {
        behind.run(&format!("UPDATE sessions SET {change} WHERE id_hash = '{hash}'"));
    }
    let cookies = behind_proxy.cookie_names(&site.url("one", "/"));
    let cookies = cookies.iter().filter_map(|name| behind_proxy.cookie(&site.url("one", "/"), name));
    for hash in cookies.map(|cookie| hash_of(&cookie)) {
        behind.run(&format!("UPDATE proxy_sessions SET data = 'gone' WHERE id_hash = '{hash}'"));
    }
    site.server.launch().await;

    for (browser, _, change) in &strangers {
        let me = browser.get(&site.url("auth", "/api/v3/core/users/me/")).await;
        assert_eq!(me.status, 403, "{change}: {}", me.text());
        let again = browser.open_signing_in(&site.url("auth", "/if/user/"), "bob", Site::password()).await;
        assert_eq!(again.reply.status, 200, "{change}: {:#?}", again.hops);
        browser.get(&site.url("auth", "/api/v3/core/users/me/")).await.expect(200);
    }
    site.server.logged(&["a session cannot be read"]).await;
    Reply::of(site.ask(&behind_proxy, "traefik", "one", "/")).await.expect(302);
    Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    ada.get(&site.url("auth", "/api/v3/core/users/me/")).await.expect(200);
    // Whoever looks after sessions sees the others, and can end all of them.
    let api = site.server.api();
    let list = api.get("core/authenticated_sessions/?page_size=100").await.expect(200).json();
    assert!(list["results"].as_array().is_some_and(|all| all.len() >= changes.len()), "{list}");
}
