//! What the Terraform provider for authentik sends and reads, from the table
//! under `tests/clients/terraform`.

use lockgate_tests::{BOOTSTRAP_TOKEN, Database, Server, workspace_root};

on_each_database!(resources_come_back_as_terraform_sent_them);

async fn resources_come_back_as_terraform_sent_them(database: Database) {
    let server = Server::builder(database).start().await;
    let mut provider = tokio::process::Command::new("python3");
    provider.arg(workspace_root().join("tests/clients/terraform/provider.py"));
    provider.arg(server.base()).arg(BOOTSTRAP_TOKEN).env("PYTHONDONTWRITEBYTECODE", "1").kill_on_drop(true);
    let done = provider.output().await.expect("Python can be started");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
}
