//! A Redis of the test's own.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Program, free_port};

/// Password of it.
const PASSWORD: &str = "a password of redis";

/// A running Redis that keeps nothing on disk. It ends with the value.
pub struct Redis {
    folder: TempDir,
    port: u16,
    program: Option<Program>,
}

impl Redis {
    /// Starts one, with a password.
    ///
    /// # Panics
    /// When Redis is not installed.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("lockgate-redis-").expect("the temporary folder is writable");
        let mut redis = Self { folder, port: free_port(), program: None };
        redis.launch().await;
        redis
    }

    /// Starts it again after [`Self::kill`].
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn launch(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--requirepass", PASSWORD, "--dir"]).arg(self.folder.path());
        self.program = Some(Program::start("Redis", &mut command));
        let started = Instant::now();
        while self.cli(&["PING"]).trim() != "PONG" {
            assert!(started.elapsed() < Duration::from_secs(10), "Redis does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills it; what it knew is gone.
    pub fn kill(&mut self) {
        self.program = None;
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as a setting, by another port of loopback.
    pub fn url_by(port: u16) -> String {
        format!("redis://:{}@127.0.0.1:{port}/0", PASSWORD.replace(' ', "%20"))
    }

    /// Its address as a setting.
    pub fn url(&self) -> String {
        Self::url_by(self.port)
    }

    /// Its password.
    pub fn password() -> &'static str {
        PASSWORD
    }

    /// What `redis-cli` says.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "--no-auth-warning", "-a", PASSWORD]);
        let output = command.args(arguments).current_dir(Path::new("/")).output();
        let output = output.expect("redis-cli is installed (apt-get install redis-server)");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
