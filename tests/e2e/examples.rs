//! The folders under `examples/` work as they are.

use std::fs;
use std::path::{Path, PathBuf};

use lockgate_tests::{Client, CommandOutcome, Database, Reply, Server, workspace_root};
use serde_json::json;

on_each_database!(the_homelab_folder_protects_its_services);

/// The secrets that the folders name.
const SECRETS: [(&str, &str); 1] = [("GRAFANA_CLIENT_SECRET", "the-secret-of-grafana")];

/// What Grafana has to be told for a login by OpenID Connect.
const GRAFANA: &str = "\
GF_AUTH_GENERIC_OAUTH_ENABLED=true
GF_AUTH_GENERIC_OAUTH_NAME=Authentik
GF_AUTH_GENERIC_OAUTH_CLIENT_ID=grafana
GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET=${GRAFANA_CLIENT_SECRET:?choose one in .env}
GF_AUTH_GENERIC_OAUTH_SCOPES=openid profile email
GF_AUTH_GENERIC_OAUTH_AUTH_URL=http://auth.localhost/application/o/authorize/
GF_AUTH_GENERIC_OAUTH_TOKEN_URL=http://auth.localhost/application/o/token/
GF_AUTH_GENERIC_OAUTH_API_URL=http://auth.localhost/application/o/userinfo/
GF_AUTH_SIGNOUT_REDIRECT_URL=http://auth.localhost/application/o/grafana/end-session/
GF_AUTH_OAUTH_AUTO_LOGIN=true
GF_SERVER_ROOT_URL=http://grafana.localhost
GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH=contains(groups[*], 'Grafana Admins') && 'Admin' || contains(groups[*], 'Grafana Editors') && 'Editor' || 'Viewer'
";

#[test]
fn every_example_folder_passes_the_check() {
    let mut checked = 0;
    for entry in fs::read_dir(workspace_root().join("examples")).expect("the examples can be read").flatten() {
        let folder = entry.path().join("config");
        if folder.is_dir() {
            let outcome = CommandOutcome::with(&folder, &SECRETS);
            assert_eq!(outcome.code, 0, "{}:\n{}", folder.display(), outcome.text);
            assert!(!outcome.text.contains("warning:"), "{}:\n{}", folder.display(), outcome.text);
            checked += 1;
        }
    }
    assert!(checked > 0, "there are no examples");
}

#[test]
fn a_secret_of_the_homelab_that_is_missing_is_named() {
    let outcome = CommandOutcome::at(&workspace_root().join("examples/homelab/config"));
    assert_ne!(outcome.code, 0, "{}", outcome.text);
    assert!(outcome.text.contains("the environment variable \"GRAFANA_CLIENT_SECRET\""), "{}", outcome.text);
}

#[test]
fn grafana_is_told_what_the_homelab_folder_says() {
    let folder = workspace_root().join("examples/homelab");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (compose, page) = (read("docker-compose.yml"), read("README.md"));
    let told: Vec<String> = compose.lines().map(|line| line.trim().replace('"', "")).collect();
    for line in GRAFANA.lines() {
        let (name, value) = line.split_once('=').expect("a name and a value");
        assert!(told.contains(&format!("{name}: {value}")), "{line}");
        let short = name.trim_start_matches("GF_AUTH_GENERIC_OAUTH");
        assert!(
            page.contains(&format!("`{name}`")) || page.contains(&format!("`…{short}`")),
            "{name} is not explained"
        );
    }
}

async fn the_homelab_folder_protects_its_services(database: Database) {
    let mut builder = Server::builder(database).set("LOCKGATE_PUBLIC_URL", "http://auth.localhost");
    for (name, value) in SECRETS {
        builder = builder.set(name, value);
    }
    for path in files(&workspace_root().join("examples/homelab/config")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        builder = builder.config(&name, &fs::read_to_string(&path).expect("an example can be read"));
    }
    let server = builder.start().await;
    let ask = async |host: &str, uri: &str| {
        let question = Client::new()
            .request(reqwest::Method::GET, &server.url("/outpost.goauthentik.io/auth/traefik"))
            .header("Accept", "text/html")
            .header("X-Forwarded-Proto", "http")
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Uri", uri);
        Reply::of(question).await
    };
    for host in ["whoami.localhost", "traefik.localhost"] {
        let to = ask(host, "/").await.expect(302).location().unwrap_or_default();
        assert!(to.starts_with("http://auth.localhost/application/o/authorize/?"), "{to}");
    }
    ask("whoami.localhost", "/health").await.expect(200);
    // Grafana signs in by itself: no proxy asks for it.
    for host in ["grafana.localhost", "elsewhere.localhost"] {
        ask(host, "/").await.expect(400);
    }
    let grafana = server.api().get("core/applications/grafana/").await.expect(200).json();
    let provider = server.api().get(&format!("providers/oauth2/{}/", grafana["provider"])).await.expect(200).json();
    assert_eq!((&provider["client_id"], &provider["client_secret"]), (&json!("grafana"), &json!(SECRETS[0].1)));
    let address = json!({
        "matching_mode": "strict",
        "url": "http://grafana.localhost/login/generic_oauth",
        "redirect_uri_type": "authorization",
    });
    assert_eq!(provider["redirect_uris"], json!([address]));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
