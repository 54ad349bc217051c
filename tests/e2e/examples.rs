//! The folders under `examples/` work as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lockgate_tests::{
    BOOTSTRAP_PASSWORD, BOOTSTRAP_TOKEN, Client, CommandOutcome, Comment, Database, Forge, Reply, Server, binary,
    workspace_root,
};
use serde_json::json;
use tempfile::TempDir;

use crate::plan;

on_each_database!(the_homelab_folder_protects_its_services, the_team_reads_what_a_pull_request_changes,);

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
fn a_folder_is_checked_where_its_secrets_are_not_known() {
    let folder = workspace_root().join("examples/team/config");
    let check = |more: &[&str]| {
        let path = folder.display().to_string();
        CommandOutcome::run(&[&["check", path.as_str()][..], more].concat())
    };
    let told = check(&[]);
    assert!(told.code == 1 && told.text.contains("GRAFANA_CLIENT_SECRET"), "{}", told.text);
    let told = check(&["--without-secrets"]);
    assert_eq!(told.code, 0, "{}", told.text);
    let note = "note: the secret GRAFANA_CLIENT_SECRET is not set here, and a stand-in took its place\n";
    assert!(told.text.contains(note) && !told.text.contains("warning"), "{}", told.text);
    let told = check(&["--without-secrets", "--format", "json"]);
    assert_eq!((told.code, told.text.as_str()), (0, "[]\n"));
}

#[test]
fn what_else_is_wrong_is_told_without_secrets_too() {
    let folder = TempDir::with_prefix("lockgate-check-").expect("the temporary folder is writable");
    let app = "app: a\nname: A\noauth2:\n  client_id: a\n  client_secret: { env: A_SECRET_THAT_NOBODY_SETS }\n  \
               redirect_uris: [https://a.example/cb]\naccess:\n  any: [{ group: Nobodies }]\n";
    fs::write(folder.path().join("a.yaml"), app).expect("a fresh folder is writable");
    let path = folder.path().display().to_string();
    let told = CommandOutcome::run(&["check", &path, "--without-secrets"]);
    assert!(told.code == 1 && told.text.contains("Nobodies"), "{}", told.text);
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

/// Runs a script of the team as a build server would.
async fn script(name: &str, variables: &[(&str, &str)]) -> Output {
    let programs = TempDir::with_prefix("lockgate-bin-").expect("the temporary folder is writable");
    std::os::unix::fs::symlink(binary(), programs.path().join("lockgate")).expect("a fresh folder is writable");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(workspace_root().join("examples/team/ci").join(name));
    command.arg("config").current_dir(workspace_root().join("examples/team")).env_clear();
    command.env("PATH", format!("{}:{path}", programs.path().display())).envs(variables.iter().copied());
    let run = tokio::task::spawn_blocking(move || command.output().expect("the script can be started"));
    run.await.expect("the script ends")
}

async fn the_team_reads_what_a_pull_request_changes(database: Database) {
    let server = plan::bare(Server::builder(database).set(SECRETS[0].0, SECRETS[0].1)).await;
    let api = server.api();
    api.post("core/groups/", &json!({"name": "Support"})).await.expect(201);
    api.create_user("sam", BOOTSTRAP_PASSWORD, &["Support"]).await;
    let (forge, base) = (Forge::start().await, server.base());
    let at_forge = forge.base();
    let told = |output: &Output| String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    let mut variables = vec![
        ("LOCKGATE_SERVER", base.as_str()),
        ("LOCKGATE_TOKEN", BOOTSTRAP_TOKEN),
        ("FORGE_API", at_forge.as_str()),
        ("FORGE_TOKEN", Forge::TOKEN),
        ("FORGE_REPOSITORY", "platform/identity"),
        ("PULL_REQUEST", "7"),
    ];

    let review = script("review.sh", &variables).await;
    assert!(review.status.success(), "{}", told(&review));
    let [Comment { on, body }] = forge.comments().try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(on, "platform/identity#7");
    assert!(body.starts_with("## Lockgate plan\n") && told(&review).contains(&body), "{body}");
    for line in ["| wiki | 🟢 gain access | the only member of Staff (sam) |\n", "+ app wiki\n"] {
        assert!(body.contains(line), "{line}:\n{body}");
    }
    api.get("core/applications/wiki/").await.expect(404);

    let deployed = script("deploy.sh", &variables).await;
    assert!(deployed.status.success(), "{}", told(&deployed));
    api.get("core/applications/wiki/").await.expect(200);
    let review = script("review.sh", &variables).await;
    assert!(review.status.success(), "{}", told(&review));
    assert_eq!(forge.comments()[1].body, "## Lockgate plan\n\nNo changes.\n");

    // A review that cannot be told, or cannot be made, is no review.
    variables[3].1 = "another";
    let refused = script("review.sh", &variables).await;
    assert!(!refused.status.success(), "{}", told(&refused));
    (variables[3].1, variables[1].1) = (Forge::TOKEN, "wrong");
    let refused = script("review.sh", &variables).await;
    assert!(!refused.status.success() && told(&refused).contains("answers 403"), "{}", told(&refused));
    assert_eq!(forge.comments().len(), 2);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
