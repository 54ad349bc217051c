//! The server under test: the real binary with folders and a database of its
//! own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Api, Client, Database, Program, free_port, workspace_root};

/// Password of `akadmin` in tests.
pub const BOOTSTRAP_PASSWORD: &str = "correct-horse-battery";
/// API token of `akadmin` in tests.
pub const BOOTSTRAP_TOKEN: &str = "test-bootstrap-token-0123456789abcdef";

/// Longest a start may take before the test gives up, on a machine that also
/// builds things.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The binary to test: `LOCKGATE_BIN`, else the one beside the running test in
/// the target folder.
///
/// # Panics
/// When it has not been built.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("LOCKGATE_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| {
        let own = std::env::current_exe().expect("a test knows where it lies");
        let profile = own.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
        profile.join("lockgate")
    });
    let path = if path.is_absolute() { path } else { workspace_root().join(path) };
    assert!(path.exists(), "{} is missing: build it first (cargo build --release)", path.display());
    path
}

/// What the server is started with.
#[derive(Clone)]
pub struct ServerBuilder {
    database: Database,
    files: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    bootstrap: bool,
    port: Option<u16>,
}

impl ServerBuilder {
    /// Puts a file into the configuration folder.
    #[must_use]
    pub fn config(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Sets an environment variable of the server.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts without the bootstrap password and token, as a first visitor
    /// finds it.
    #[must_use]
    pub fn without_bootstrap(mut self) -> Self {
        self.bootstrap = false;
        self
    }

    /// Listens on a port that the caller has chosen.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(self) -> Server {
        let folder = TempDir::with_prefix("lockgate-").expect("the temporary folder is writable");
        for part in ["data", "config"] {
            std::fs::create_dir(folder.path().join(part)).expect("a fresh folder is writable");
        }
        let port = self.port.unwrap_or_else(free_port);
        let mut settings = vec![
            ("LOCKGATE_LISTEN__HTTP".to_owned(), format!("127.0.0.1:{port}")),
            ("LOCKGATE_LISTEN__HTTPS".to_owned(), "off".to_owned()),
            ("LOCKGATE_LISTEN__DRAIN".to_owned(), "0s".to_owned()),
            ("LOCKGATE_DATA_DIR".to_owned(), folder.path().join("data").display().to_string()),
            ("LOCKGATE_CONFIG_DIR".to_owned(), folder.path().join("config").display().to_string()),
            ("LOCKGATE_LOG_FORMAT".to_owned(), "json".to_owned()),
        ];
        if self.bootstrap {
            settings.push(("LOCKGATE_BOOTSTRAP_PASSWORD".to_owned(), BOOTSTRAP_PASSWORD.to_owned()));
            settings.push(("LOCKGATE_BOOTSTRAP_TOKEN".to_owned(), BOOTSTRAP_TOKEN.to_owned()));
        }
        if let Some(url) = self.database.create().await {
            settings.push(("LOCKGATE_DATABASE_URL".to_owned(), url));
        }
        settings.extend(self.settings);
        let mut server = Server { folder, port, settings, program: None, took: Duration::ZERO };
        for (name, text) in &self.files {
            server.write(name, text);
        }
        server.launch().await;
        server
    }
}

/// A running server. It is killed, and its folders removed, when the value is
/// dropped.
pub struct Server {
    folder: TempDir,
    port: u16,
    settings: Vec<(String, String)>,
    program: Option<Program>,
    took: Duration,
}

impl Server {
    /// A server on this kind of database, with `akadmin` and its token.
    pub fn builder(database: Database) -> ServerBuilder {
        ServerBuilder { database, files: Vec::new(), settings: Vec::new(), bootstrap: true, port: None }
    }

    /// Starts the program on the existing folders; for a restart.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn launch(&mut self) {
        let started = Instant::now();
        self.start_up();
        self.becomes_ready().await;
        self.took = started.elapsed();
    }

    /// Starts the program and does not wait for it.
    pub fn start_up(&mut self) {
        self.program = Some(self.begin(&["server"]));
    }

    /// Waits until the program that was begun is ready.
    ///
    /// # Panics
    /// When it does not become so.
    pub async fn becomes_ready(&mut self) {
        let address = self.url("/-/health/ready/");
        self.program().answers(&address, START_LIMIT).await;
    }

    /// The same server with another value of a variable, from its next start on.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Address of the server, without a slash at its end.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    /// The API with the bootstrap token.
    pub fn api(&self) -> Api {
        Api::new(&self.base(), Some(BOOTSTRAP_TOKEN))
    }

    /// A GET by a visitor without cookies.
    pub async fn get(&self, path: &str) -> crate::Reply {
        Client::new().get(&self.url(path)).await
    }

    /// Time from starting the program to its first readiness.
    pub fn start_took(&self) -> Duration {
        self.took
    }

    /// The running program.
    ///
    /// # Panics
    /// Between a stop and the next start.
    pub fn program(&mut self) -> &mut Program {
        self.program.as_mut().expect("the server runs")
    }

    /// Output so far, one line an entry.
    pub fn logs(&self) -> Vec<String> {
        self.program.as_ref().map(Program::lines).unwrap_or_default()
    }

    /// Waits for a line of output that holds all the words.
    ///
    /// # Panics
    /// When none comes within five seconds.
    pub async fn logged(&self, words: &[&str]) -> String {
        let started = Instant::now();
        loop {
            let found = self.logs().into_iter().find(|line| words.iter().all(|word| line.contains(word)));
            if let Some(line) = found {
                return line;
            }
            let tail = self.program.as_ref().map(Program::tail).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(5), "no line with {words:?}\n{tail}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.program.as_ref().expect("the server runs").pid()
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let pid = self.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().expect("the kernel tells VmRSS in kB")
    }

    /// Asks the server to stop and waits for it; answers whether it ended with
    /// success.
    pub async fn terminate(&mut self) -> bool {
        let program = self.program();
        program.signal("TERM");
        let status = program.wait(Duration::from_secs(15)).await;
        let is_clean = status.success();
        if !is_clean {
            eprintln!("{status}\n{}", program.tail());
        }
        self.program = None;
        is_clean
    }

    /// Kills the server as a power cut would.
    pub fn kill(&mut self) {
        self.program().kill();
        self.program = None;
    }

    /// The binary with this server's folders, database and settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments);
        self.like_itself(&mut command);
        command
    }

    /// Has a command run in this server's folder, with its settings and nothing else.
    pub fn like_itself<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.current_dir(self.folder.path()).env_clear();
        command.envs(std::env::vars().filter(|(name, _)| matches!(name.as_str(), "PATH" | "HOME" | "TZ")));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)))
    }

    /// Runs a subcommand beside the running server.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub fn run(&self, arguments: &[&str]) -> CommandOutcome {
        CommandOutcome::from(self.command(arguments).output().expect("the binary can be started"))
    }

    /// Starts a subcommand beside the server, or instead of it.
    pub fn begin(&self, arguments: &[&str]) -> Program {
        Program::start("lockgate", &mut self.command(arguments))
    }

    /// Folder that the server reads its configuration from.
    pub fn config_folder(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Folder that the server keeps its data in.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file of the configuration folder, in one step.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.config_folder().join(name);
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, text).expect("a fresh folder is writable");
        std::fs::rename(&draft, &path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Removes a file of the configuration folder.
    pub fn remove(&self, name: &str) {
        let path = self.config_folder().join(name);
        std::fs::remove_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// What a subcommand of the binary did.
#[derive(Debug)]
pub struct CommandOutcome {
    /// Exit code.
    pub code: i32,
    /// Both outputs, one after the other.
    pub text: String,
}

impl CommandOutcome {
    /// Runs `lockgate check` on a folder with these files.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::with_prefix("lockgate-check-").expect("the temporary folder is writable");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a fresh folder is writable");
        }
        Self::at(folder.path())
    }

    /// Runs `lockgate check` in a folder, on this one inside of it, for a report in the given form.
    pub fn report(place: &Path, folder: &str, format: &str) -> Self {
        let mut command = Command::new(binary());
        command.args(["check", folder, "--format", format]).current_dir(place);
        Self::from(command.output().expect("the binary can be started"))
    }

    /// Runs a subcommand of the binary that needs no server.
    pub fn run(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        Self::from(command.args(arguments).current_dir("/").output().expect("the binary can be started"))
    }

    /// Runs `lockgate check` on a folder.
    pub fn at(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    /// Runs `lockgate check` on a folder, with further environment variables.
    pub fn with(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        command.arg("check").arg(folder).envs(variables.iter().copied()).current_dir("/");
        Self::from(command.output().expect("the binary can be started"))
    }
}

impl From<Output> for CommandOutcome {
    fn from(output: Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Self { code: output.status.code().unwrap_or(-1), text: text.into_owned() }
    }
}
