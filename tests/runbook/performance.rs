//! "Performance Issues": slow statements, more workers, and the limit of memory.

use std::fmt::Write as _;

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Executor, Reply, Site, SiteOptions, closed_loop, eventually};
use reqwest::Method;

use super::{GRAFANA, GRAFANA_SECRET, Installation, grep};

const PASSWORD: &str = "trellis-mango-orbit-58";

/// Accounts beside those that act.
const ACCOUNTS: usize = 5_000;

/// What the guide's `.env` and compose file limit memory to, in KiB.
const LIMIT_KIB: u64 = 768 * 1024;

/// Fills the table of users; nobody of them has a password.
fn many_accounts(home: &Installation) {
    let mut table = "username,email,name\n".to_owned();
    for number in 0..ACCOUNTS {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "person-{number},person-{number}@example.org,Person {number}");
    }
    let file = home.server.data_folder().join("people.csv");
    std::fs::write(&file, table).expect("the folder is writable");
    let done = home.ak(&["import", &file.display().to_string()]);
    assert_eq!(done.code, 0, "{}", done.text);
    home.database.psql("ANALYZE");
}

/// What a day of an installation consists of.
async fn ordinary_requests(home: &Installation) {
    let (server, base) = (&home.server, home.server.base());
    for _ in 0..3 {
        let visitor = Client::new();
        visitor.open_signing_in(&server.url("/if/user/"), "ada", PASSWORD).await;
        visitor.get(&server.url("/api/v3/core/users/me/")).await.expect(200);
        visitor.get(&server.url("/api/v3/core/applications/")).await.expect(200);
        let back = format!("{GRAFANA}/login/generic_oauth");
        let encoded: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let query = format!("client_id=grafana&response_type=code&scope=openid+profile&redirect_uri={encoded}");
        let authorize = server.url(&format!("/application/o/authorize/?{query}"));
        let came = visitor.sent_back(&authorize, &back, "ada", PASSWORD).await;
        let form = [("grant_type", "authorization_code"), ("code", &*came.code()), ("redirect_uri", &*back)];
        let request = Client::new().request(Method::POST, &server.url("/application/o/token/"));
        let tokens =
            Reply::of(request.basic_auth("grafana", Some(GRAFANA_SECRET)).form(&form)).await.expect(200).json();
        let token = tokens["access_token"].as_str().expect("a token");
        let request = Client::new().request(Method::GET, &server.url("/application/o/userinfo/")).bearer_auth(token);
        Reply::of(request).await.expect(200);
    }
    let stranger = Client::new();
    Executor::new(&stranger, &base, "default-authentication-flow", "").login("ada", "wrong").await;
    Executor::new(&stranger, &base, "default-authentication-flow", "").login("nobody", "wrong").await;
    let api = home.server.api();
    api.only("core/users/?username=person-77").await;
    api.get("core/users/?search=person-12").await.expect(200);
    api.get("core/users/?page=2&ordering=username").await.expect(200);
    api.get("events/events/").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_ordinary_request_goes_through_the_whole_table_of_users() {
    let mut home = Installation::start().await;
    home.server.api().create_user("ada", PASSWORD, &["Grafana Editors"]).await;
    many_accounts(&home);
    home.database.as_superuser(&home.database.name, "CREATE EXTENSION pg_stat_statements");
    // The counts of a connection arrive when it ends, at the latest.
    assert!(home.server.terminate().await);
    home.server.launch().await;
    home.database.as_superuser(&home.database.name, "SELECT pg_stat_statements_reset()");
    let scans = || {
        let counts = home.database.psql("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'users'");
        counts.parse::<i64>().expect("a number")
    };
    let before = scans();
    ordinary_requests(&home).await;
    assert!(home.server.terminate().await);
    let after = scans();

    // The query of the guide, in the words of PostgreSQL 13 and later.
    let slow = "SELECT calls, round(total_exec_time), query FROM pg_stat_statements \
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                ORDER BY total_exec_time DESC LIMIT";
    let slowest = home.database.as_superuser(&home.database.name, &format!("{slow} 10"));
    assert!(slowest.lines().count() >= 10, "{slowest}");
    let of_users = home.database.as_superuser(&home.database.name, &format!("{slow} 200"));
    let of_users: Vec<_> = of_users.lines().filter(|line| line.contains("users")).collect();
    assert!(!of_users.is_empty(), "somebody was looked up");
    assert_eq!(after - before, 0, "users were gone through from end to end by one of these:\n{}", of_users.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_as_many_threads_as_it_is_told() {
    let home = Installation::start().await;
    let mut worker = home.server.begin(&["worker", "--concurrency", "4"]);
    eventually(async || !grep(&worker.lines(), "processing").is_empty()).await;
    let names = std::fs::read_dir(format!("/proc/{}/task", worker.pid())).expect("the worker runs");
    let names = names.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let threads = names.filter(|name| name.starts_with("tokio-rt-worker") || name.starts_with("tokio-runtime")).count();
    assert!(threads >= 4, "{threads} threads");
    worker.signal("TERM");
    assert!(worker.wait(std::time::Duration::from_secs(15)).await.success());
    let refused = home.ak(&["worker", "--concurrency", "0"]);
    assert!(refused.code != 0 && refused.text.contains("--concurrency"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_it_keeps_to_the_limit_of_memory() {
    // Without the pauses for those who guess: it is the work itself that is wanted.
    let quick = |name: &str| (name.to_owned(), "0".to_owned());
    let settings =
        vec![quick("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_ADDRESS"), quick("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_NAME")];
    let options = SiteOptions { settings, ..SiteOptions::default() };
    let site = Site::direct_with(lockgate_tests::Database::Postgres, options).await;
    let ada = site.signed_in("ada").await;
    let host = format!("one.lockgate.test:{}", site.port());
    let cookies: Vec<String> = ada
        .cookie_names(&site.url("one", "/"))
        .into_iter()
        .filter_map(|name| ada.cookie(&site.url("one", "/"), &name).map(|value| format!("{name}={value}")))
        .collect();
    let head = format!(
        "GET /outpost.goauthentik.io/auth/traefik HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: {host}\r\n\
         X-Forwarded-Proto: http\r\nX-Forwarded-Uri: /\r\nCookie: {}",
        cookies.join("; ")
    );
    let base = site.server.base();
    let mut logins = Vec::new();
    for visitor in 0..64 {
        let base = base.clone();
        logins.push(tokio::spawn(async move {
            let client = Client::new();
            let password = if visitor % 2 == 0 { BOOTSTRAP_PASSWORD } else { "wrong" };
            Executor::new(&client, &base, "default-authentication-flow", "").login("akadmin", password).await;
        }));
    }
    let load = closed_loop(site.port(), &head, 200, 16, 32_000).await;
    assert_eq!(load.unexpected, 0, "of {}", load.answers);
    for login in logins {
        login.await.expect("a login is answered");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.server.pid())).expect("the server runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("the kernel tells VmHWM in kB");
    assert!(peak < LIMIT_KIB / 3, "{peak} KiB at its peak");
}
