//! Child programs: started with their output captured, ended with the test.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;

use crate::Client;

/// Lines that a program may have printed before the oldest are dropped; bounds
/// the memory of a test that floods a server.
const LINES_KEPT: usize = 20_000;

/// A running program. It is killed when the value is dropped.
pub struct Program {
    name: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    leads_group: bool,
}

impl Program {
    /// Starts the command with its output captured.
    ///
    /// # Panics
    /// When the program cannot be started, naming it.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        if let Some(out) = child.stdout.take() {
            collect(out, Arc::clone(&lines));
        }
        if let Some(err) = child.stderr.take() {
            collect(err, Arc::clone(&lines));
        }
        Self { name: name.to_owned(), child, lines, leads_group: false }
    }

    /// Starts a program that starts others, as [`Program::start`] does; they
    /// are killed together.
    ///
    /// # Panics
    /// When the program cannot be started, naming it.
    pub fn start_group(name: &str, command: &mut Command) -> Self {
        let mut program = Self::start(name, command.process_group(0));
        program.leads_group = true;
        program
    }

    /// Process id, for `/proc` and signals.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the program has printed so far, one line an entry.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last lines of its output, for the message of a failing test.
    pub fn tail(&self) -> String {
        let lines = self.lines();
        let from = lines.len().saturating_sub(60);
        format!("--- last output of {} ---\n{}\n---", self.name, lines[from..].join("\n"))
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([format!("-{name}"), self.pid().to_string()])
            .status()
            .expect("the program `kill` is missing");
        assert!(done.success(), "cannot send {name} to {}", self.name);
    }

    /// Exit status, when it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until the program has ended by itself.
    ///
    /// # Panics
    /// When it has not ended within `limit`.
    pub async fn wait(&mut self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(started.elapsed() < limit, "{} does not end\n{}", self.name, self.tail());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until `address` answers with success (200 to 299).
    ///
    /// # Panics
    /// When the program ends before, or `limit` passes.
    pub async fn answers(&mut self, address: &str, limit: Duration) {
        let client = Client::new();
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                panic!("{} ended at once with {status}\n{}", self.name, self.tail());
            }
            let answer = client.request(Method::GET, address).timeout(Duration::from_secs(5)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(
                started.elapsed() < limit,
                "{} does not answer at {address} within {limit:?}\n{}",
                self.name,
                self.tail()
            );
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }

    /// Kills the program at once, as a power cut would.
    pub fn kill(&mut self) {
        if self.leads_group {
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.pid())]).status();
        }
        // It may have ended by itself, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn collect(from: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() >= LINES_KEPT {
                lines.drain(..LINES_KEPT / 2);
            }
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

/// The folder of the workspace.
pub fn workspace_root() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().map_or_else(|| tests.clone(), PathBuf::from)
}

/// Waits until something holds.
///
/// # Panics
/// When it does not within a quarter of a minute.
pub async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(30), "it does not come true");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
