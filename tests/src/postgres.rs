//! A PostgreSQL of the test's own, which may be killed: what it has acknowledged must still be there.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::database::{as_postgres, initialized, newest_bin};
use crate::{Program, free_port};

/// A cluster with one database, which waits for its log before it acknowledges anything. It ends with the value.
pub struct Postgres {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
    program: Option<Program>,
}

impl Postgres {
    /// Makes one and starts it.
    ///
    /// # Panics
    /// When PostgreSQL is not installed.
    pub async fn start() -> Self {
        let bin = newest_bin();
        let folder = initialized(&bin);
        let mut cluster = Self { folder, bin, port: free_port(), program: None };
        cluster.launch().await;
        let made = cluster.psql("postgres", "CREATE DATABASE lockgate");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster
    }

    /// Starts it again after [`Self::kill`].
    ///
    /// # Panics
    /// When it does not answer in time.
    pub async fn launch(&mut self) {
        let started = Instant::now();
        loop {
            let mut command = as_postgres(&self.bin.join("postgres"));
            command.arg("-D").arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
            // A process that is killed loses nothing that the kernel has: only the machine's own end needs fsync.
            for setting in ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=100", "shared_buffers=32MB"] {
                command.args(["-c", setting]);
            }
            command.arg("-c").arg(format!("unix_socket_directories={}", self.folder.display()));
            let mut program = Program::start("PostgreSQL", &mut command);
            while program.ended().is_none() {
                if self.psql("postgres", "SELECT 1").status.success() {
                    self.program = Some(program);
                    return;
                }
                assert!(started.elapsed() < Duration::from_secs(30), "it does not start\n{}", program.tail());
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            // Children of the one before may still be about to notice that it is gone.
            assert!(started.elapsed() < Duration::from_secs(30), "it does not start\n{}", program.tail());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        self.program = None;
    }

    /// Port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as a setting, by another port of loopback.
    pub fn url_by(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/lockgate")
    }

    /// Its address as a setting.
    pub fn url(&self) -> String {
        self.url_by(self.port)
    }

    /// What psql prints for a statement in the database: values alone.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn ask(&self, statement: &str) -> String {
        let output = self.psql("lockgate", statement);
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// A psql that has begun with these statements and goes on until it is dropped, as somebody who holds locks.
    pub fn session(&self, statements: &str) -> Program {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-d", "lockgate", "-X"]);
        Program::start("psql", command.args(["-c", statements]))
    }

    fn psql(&self, database: &str, statement: &str) -> Output {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-d", database]);
        command.args(["-X", "-A", "-t", "-q", "-c", statement]).output().expect("psql can be started")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.program = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
