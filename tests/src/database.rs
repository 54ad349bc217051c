//! The two kinds of database that every test runs on.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

use crate::{Program, free_port};

/// Members of this role sign in with their password; everybody else is trusted, since the cluster is a test's own.
const BY_PASSWORD: &str = "by_password";

/// Which database the server under test keeps its data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in the server's data folder.
    Sqlite,
    /// A fresh database in a PostgreSQL cluster that the test process starts.
    Postgres,
}

impl Database {
    /// Makes a fresh database and answers its `LOCKGATE_DATABASE_URL`; none for
    /// SQLite, where the default is what is tested.
    pub async fn create(self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(Cluster::shared().await.create_database()),
        }
    }
}

/// A database whose owner signs in with a password, as an installation has it.
pub struct OwnedDatabase {
    /// Port on loopback.
    pub port: u16,
    /// Name of the database.
    pub name: String,
    /// Its owner.
    pub user: String,
    /// The owner's password.
    pub password: String,
    cluster: &'static Cluster,
}

impl OwnedDatabase {
    /// Makes a fresh database and a fresh role.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn create() -> Self {
        let cluster = Cluster::shared().await;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let owned = Self {
            port: cluster.port,
            name: format!("authentik_{id}"),
            user: format!("owner_{id}"),
            password: format!("p@ss {id}"),
            cluster,
        };
        let (user, password) = (&owned.user, &owned.password);
        owned
            .as_superuser("postgres", &format!("CREATE ROLE {user} LOGIN PASSWORD '{password}' IN ROLE {BY_PASSWORD}"));
        owned.as_superuser("postgres", &format!("CREATE DATABASE {} OWNER {user}", owned.name));
        owned
    }

    /// Its address as a setting.
    pub fn url(&self) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(self.password.as_bytes()).collect();
        let (user, password) = (&self.user, encoded.replace('+', "%20"));
        format!("postgres://{user}:{password}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// A program of PostgreSQL as the owner uses it on this database, such as `psql` or `pg_isready`.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.cluster.bin.join(program));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", &self.user, "-d", &self.name]);
        command.env("PGPASSWORD", &self.password);
        command
    }

    /// What psql prints for a statement or a command of its own, asked by the owner: values alone.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn psql(&self, statement: &str) -> String {
        said(self.command("psql").args(["-X", "-A", "-t", "-c", statement]), statement)
    }

    /// The same for the superuser, in some database.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn as_superuser(&self, database: &str, statement: &str) -> String {
        let mut command = Command::new(self.cluster.bin.join("psql"));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-d", database]);
        said(command.args(["-X", "-A", "-t", "-c", statement]), statement)
    }
}

/// What a command prints.
fn said(command: &mut Command, statement: &str) -> String {
    let output = command.output().expect("psql can be started");
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// One PostgreSQL cluster a test process.
struct Cluster {
    port: u16,
    bin: PathBuf,
    server: std::sync::Mutex<Program>,
}

impl Cluster {
    async fn shared() -> &'static Self {
        static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
        CLUSTER.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let bin = newest_bin();
        let folder = initialized(&bin);
        let data = folder.join("data");
        let access = data.join("pg_hba.conf");
        let trusting = std::fs::read_to_string(&access).expect("initdb has written it");
        let rule = format!("host all +{BY_PASSWORD} 127.0.0.1/32 scram-sha-256\n{trusting}");
        std::fs::write(&access, rule).expect("it can be written");

        let port = free_port();
        let server = Program::start("PostgreSQL", &mut serve(&bin, &folder, &data, port));
        let cluster = Self { port, bin, server: std::sync::Mutex::new(server) };
        cluster.wait_until_ready().await;
        let made = cluster.psql(&format!("CREATE ROLE {BY_PASSWORD} NOLOGIN"));
        assert!(made.status.success(), "CREATE ROLE: {}", String::from_utf8_lossy(&made.stderr));
        cluster
    }

    async fn wait_until_ready(&self) {
        let started = Instant::now();
        while !self.psql("SELECT 1").status.success() {
            let tail = self.server.lock().map(|server| server.tail()).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(30), "PostgreSQL does not start\n{tail}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn psql(&self, statement: &str) -> std::process::Output {
        Command::new(self.bin.join("psql"))
            .args(["-h", "127.0.0.1", "-U", "postgres", "-d", "postgres", "-X", "-q", "-c", statement])
            .args(["-p", &self.port.to_string()])
            .output()
            .expect("psql can be started")
    }

    fn create_database(&self) -> String {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        let done = self.psql(&format!("CREATE DATABASE {name}"));
        assert!(done.status.success(), "CREATE DATABASE: {}", String::from_utf8_lossy(&done.stderr));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }
}

/// A new cluster in the folder `data` of a folder of its own.
pub(crate) fn initialized(bin: &Path) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lockgate-pg-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
    if is_root() {
        let (user, group) = postgres_ids();
        chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
    }
    let made = as_postgres(&bin.join("initdb"))
        .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"])
        .args(["--locale=C.UTF-8", "-D"])
        .arg(folder.join("data"))
        .output()
        .expect("initdb can be started");
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// The server under a small shell that holds our pipe: when the test process
/// ends in whatever way, the pipe closes, and the shell stops the server and
/// removes its folder.
fn serve(bin: &Path, folder: &Path, data: &Path, port: u16) -> Command {
    let script = r#""$@" & pid=$!; read -r _; kill -INT "$pid"; wait "$pid"; rm -rf "$0""#;
    let mut command = as_postgres(Path::new("sh"));
    command.arg("-c").arg(script).arg(folder).arg(bin.join("postgres"));
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=300",
        "shared_buffers=64MB",
        // What operators look for slow statements with.
        "shared_preload_libraries=pg_stat_statements",
    ] {
        command.arg("-c").arg(setting);
    }
    command.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
    command
}

/// PostgreSQL refuses to run as root; root becomes the user `postgres` first.
pub(crate) fn as_postgres(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

pub(crate) fn newest_bin() -> PathBuf {
    let installed = Path::new("/usr/lib/postgresql");
    let newest = std::fs::read_dir(installed).ok().and_then(|versions| {
        versions
            .filter_map(|version| version.ok()?.file_name().to_str()?.parse::<u32>().ok())
            .filter(|version| installed.join(version.to_string()).join("bin/initdb").exists())
            .max()
    });
    match newest {
        Some(version) => installed.join(version.to_string()).join("bin"),
        None => panic!("PostgreSQL is not installed (apt-get install postgresql)"),
    }
}

fn is_root() -> bool {
    id(&["-u"]) == 0
}

fn postgres_ids() -> (u32, u32) {
    (id(&["-u", "postgres"]), id(&["-g", "postgres"]))
}

fn id(arguments: &[&str]) -> u32 {
    let output = Command::new("id").args(arguments).output().expect("the program `id` is missing");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("`id {}` answers no number", arguments.join(" ")))
}
