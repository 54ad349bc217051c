//! The operator's guide of a homelab, command by command, in its order. The table in `docs/runbook.md` says what each
//! command, path, header, query and setting of such a guide is here, and names the test that shows it; what is done
//! by clicks is in `admin::runbook`.
//!
//! Where a command of the guide reaches into a container, the same program runs here beside it: psql, curl, grep,
//! Prometheus, Traefik, and `ak`.

mod database_issues;
mod debugging;
mod forward_auth;
mod grafana;
mod login_issues;
mod monitoring;
mod overview;
mod performance;
mod recovery;
mod redis;
mod table;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use lockgate_tests::{CommandOutcome, Database, OwnedDatabase, Server, ServerBuilder, binary};

/// Address of Grafana in the guide's place.
const GRAFANA: &str = "https://grafana.example.com";

/// Secret that Grafana and the server share.
const GRAFANA_SECRET: &str = "the-secret-of-grafana-0123456789";

/// Grafana, as the folder declares what the guide makes by clicks, and a client of machines.
const CONFIGURATION: &str = "\
app: grafana
name: Grafana
url: https://grafana.example.com
oauth2:
  client_id: grafana
  client_secret: { env: GRAFANA_CLIENT_SECRET }
  redirect_uris: [https://grafana.example.com/login/generic_oauth]
  scopes: [openid, profile, email]
---
app: scripts
name: Scripts
oauth2:
  client_id: scripts
  client_secret: { env: GRAFANA_CLIENT_SECRET }
  redirect_uris: []
  grants: [client_credentials]
---
group: Grafana Admins
---
group: Grafana Editors
";

/// A server on PostgreSQL, with the settings that the guide's `.env` has.
struct Installation {
    server: Server,
    database: OwnedDatabase,
}

impl Installation {
    async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    async fn start_with(more: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let database = OwnedDatabase::create().await;
        // The database of the builder is the one that no setting names.
        let builder = Server::builder(Database::Sqlite)
            .config("grafana.yaml", CONFIGURATION)
            .set("GRAFANA_CLIENT_SECRET", GRAFANA_SECRET)
            .set("AUTHENTIK_POSTGRESQL__HOST", "127.0.0.1")
            .set("AUTHENTIK_POSTGRESQL__PORT", &database.port.to_string())
            .set("AUTHENTIK_POSTGRESQL__NAME", &database.name)
            .set("AUTHENTIK_POSTGRESQL__USER", &database.user)
            .set("AUTHENTIK_POSTGRESQL__PASSWORD", &database.password)
            .set("LOCKGATE_LOG_FORMAT", "text");
        Self { server: more(builder).start().await, database }
    }

    /// A command of the guide in the server's container: the program under its other name.
    fn ak(&self, arguments: &[&str]) -> CommandOutcome {
        let folder = tempfile::TempDir::new().expect("the temporary folder is writable");
        let ak = folder.path().join("ak");
        std::os::unix::fs::symlink(binary(), &ak).expect("a fresh folder is writable");
        let mut command = self.server.command(arguments);
        let mut named = Command::new(&ak);
        named.args(command.get_args()).env_clear();
        named.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        named.current_dir(command.get_current_dir().expect("the harness says where"));
        command = named;
        CommandOutcome::from(command.output().expect("a link to the program can be started"))
    }
}

/// The lines that `grep -i PATTERN` leaves of a log.
fn grep(log: &[String], pattern: &str) -> Vec<String> {
    let mut grep = Command::new("grep")
        .args(["-i", pattern])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program `grep` is missing");
    let mut input = grep.stdin.take().expect("it was asked for");
    input.write_all(log.join("\n").as_bytes()).expect("grep reads");
    drop(input);
    let output = grep.wait_with_output().expect("grep ends");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// What the real curl prints.
fn curl(arguments: &[&str]) -> String {
    let output: Output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--noproxy", "*"])
        .args(arguments)
        .output()
        .expect("the program `curl` is missing");
    assert!(output.status.success(), "curl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
