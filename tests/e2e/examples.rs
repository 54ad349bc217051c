//! The folders under `examples/` work as they are.

use std::fs;
use std::path::{Path, PathBuf};

use lockgate_tests::{CheckOutcome, Client, Database, Reply, Server, workspace_root};

on_each_database!(the_homelab_folder_protects_its_services);

#[test]
fn every_example_folder_passes_the_check() {
    let mut checked = 0;
    for entry in fs::read_dir(workspace_root().join("examples")).expect("the examples can be read").flatten() {
        let folder = entry.path().join("config");
        if folder.is_dir() {
            let outcome = CheckOutcome::at(&folder);
            assert_eq!(outcome.code, 0, "{}:\n{}", folder.display(), outcome.text);
            checked += 1;
        }
    }
    assert!(checked > 0, "there are no examples");
}

async fn the_homelab_folder_protects_its_services(database: Database) {
    let mut builder = Server::builder(database).set("LOCKGATE_PUBLIC_URL", "http://auth.localhost");
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
    for host in ["whoami.localhost", "grafana.localhost", "traefik.localhost"] {
        let to = ask(host, "/").await.expect(302).location().unwrap_or_default();
        assert!(to.starts_with("http://auth.localhost/application/o/authorize/?"), "{to}");
    }
    ask("whoami.localhost", "/health").await.expect(200);
    ask("elsewhere.localhost", "/").await.expect(400);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
