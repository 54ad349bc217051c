//! `/metrics`.

use std::collections::BTreeSet;

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Executor, Reply, Repository, Server, Site, workspace_root};

on_each_database!(
    metrics_tell_requests_logins_decisions_and_the_snapshot,
    the_page_on_metrics_is_what_a_busy_server_shows,
);

async fn metrics_tell_requests_logins_decisions_and_the_snapshot(database: Database) {
    let site = Site::direct(database).await;
    let base = site.server.base();
    let ada = site.signed_in("ada").await;
    Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    let stranger = Client::new();
    Executor::new(&stranger, &base, "default-authentication-flow", "").login("akadmin", "wrong").await;
    let admin = Client::new();
    Executor::new(&admin, &base, "default-authentication-flow", "").login("akadmin", BOOTSTRAP_PASSWORD).await;

    let text = site.server.get("/metrics").await.expect(200).text();
    for what in ["http_request", "_bucket", "login", "decision", "session", "revision", "hash"] {
        let line = text.lines().find(|line| !line.starts_with('#') && line.contains(what));
        assert!(line.is_some(), "nothing about {what} in:\n{text}");
    }
    // Labels are routes, not addresses: their number must stay bounded.
    site.server.get("/application/o/some-slug-of-mine/jwks/").await;
    site.server.get("/no/such/page/at-all").await;
    let text = site.server.get("/metrics").await.expect(200).text();
    assert!(!text.contains("some-slug-of-mine") && !text.contains("at-all"), "an address became a label");
    assert!(!text.contains("ada"), "a person became a label");
}

/// Names of the page's table.
fn documented() -> BTreeSet<String> {
    let page = std::fs::read_to_string(workspace_root().join("docs/metrics.md")).expect("docs/metrics.md");
    let first = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next().map(str::to_owned));
    first.flat_map(|cell| cell.split('`').map(str::to_owned).collect::<Vec<_>>()).filter(|part| is_name(part)).collect()
}

fn is_name(text: &str) -> bool {
    (text.starts_with("lockgate_") || text.starts_with("process_"))
        && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

async fn the_page_on_metrics_is_what_a_busy_server_shows(database: Database) {
    // One that pulls, and one at which people sign in.
    let repository = Repository::new();
    repository.push("Nothing yet", &[("groups.yaml", "group: Media\n")]);
    let pulls = Server::builder(database).set("LOCKGATE_CONFIG_DIR", "").set("LOCKGATE_GIT__URL", &repository.url());
    let pulls = pulls.start().await;
    let site = Site::direct(database).await;
    let ada = site.signed_in("ada").await;
    for _ in 0..2 {
        Reply::of(site.ask(&ada, "traefik", "one", "/")).await.expect(200);
    }
    let token = [("grant_type", "client_credentials")];
    let token = Client::new().request(reqwest::Method::POST, &site.server.url("/application/o/token/")).form(&token);
    assert!(Reply::of(token).await.status >= 400);
    let mut shown = BTreeSet::new();
    // What the database tells is counted when a worker gets to it.
    let all = async || {
        [pulls.get("/metrics").await.expect(200).text(), site.server.get("/metrics").await.expect(200).text()].concat()
    };
    for _ in 0..100 {
        let text = all().await;
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
        shown = types.map(str::to_owned).collect();
        if shown.contains("lockgate_tasks") {
            let described: BTreeSet<&str> =
                text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect();
            let silent: Vec<_> = shown.iter().filter(|name| !described.contains(name.as_str())).collect();
            assert!(silent.is_empty(), "nobody says what these are: {silent:?}");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(documented(), shown);
}

/// Names of metrics in the expressions of a file.
fn named_in(path: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(workspace_root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    let expressions = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| is_name(word));
    expressions.map(|name| name.trim_end_matches("_bucket").to_owned()).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_there_are() {
    let known = documented();
    for path in [
        "examples/production/prometheus/alerts.yaml",
        "examples/production/prometheus/alerts_test.yaml",
        "examples/production/grafana/dashboard.json",
    ] {
        let named = named_in(path);
        assert!(named.len() > 8, "{path}: {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?}");
    }
    let dashboard = std::fs::read_to_string(workspace_root().join("examples/production/grafana/dashboard.json"));
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard.expect("the dashboard")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    assert!(panels.iter().all(|panel| panel["targets"][0]["expr"].is_string()));
}

#[test]
fn prometheus_takes_its_configuration_and_the_rules_pass_their_tests() {
    let folder = workspace_root().join("examples/production/prometheus");
    for (arguments, said) in [
        (&["check", "config", "prometheus.yaml"][..], "is valid prometheus config"),
        (&["check", "rules", "alerts.yaml"], "rules found"),
        (&["test", "rules", "alerts_test.yaml"], "SUCCESS"),
    ] {
        let run = std::process::Command::new("promtool").args(arguments).current_dir(&folder).output();
        let run = run.unwrap_or_else(|error| panic!("promtool (package prometheus): {error}"));
        let text = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
        assert!(run.status.success() && text.contains(said), "{arguments:?}: {text}");
    }
}
