//! OAuth2 libraries of other languages, as the programs under `tests/clients`
//! drive them.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::OnceCell;

use crate::workspace_root;

/// Longest that one command may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// `openid-client` of JavaScript.
    OpenidClient,
    /// Authlib of Python, over Requests.
    Authlib,
}

/// A running program around a library. It is killed when the value is dropped.
pub struct LibraryClient {
    which: Library,
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl LibraryClient {
    /// Starts the program, after installing the library where that has not
    /// been done yet.
    ///
    /// # Panics
    /// When the library cannot be installed or the program not started.
    pub async fn start(library: Library) -> Self {
        let folder = installed_clients().await;
        let own = workspace_root().join("tests/clients");
        let mut command = match library {
            Library::OpenidClient => {
                let mut command = Command::new("node");
                command.arg(folder.join("openid-client/client.mjs"));
                command
            }
            Library::Authlib => {
                let mut command = Command::new(folder.join("authlib/bin/python"));
                command.arg(own.join("authlib/client.py"));
                command
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {library:?}: {error}"));
        let input = child.stdin.take().expect("the input is a pipe");
        let output = child.stdout.take().expect("the output is a pipe");
        Self { which: library, child, input, output: BufReader::new(output).lines() }
    }

    /// Tells the library to do something; the error is what it reports.
    ///
    /// # Errors
    /// The object with `code`, `error`, `status` and `message`.
    ///
    /// # Panics
    /// When the program has ended or is silent.
    pub async fn ask(&mut self, command: &str, mut members: Value) -> Result<Value, Value> {
        members["do"] = json!(command);
        let line = format!("{members}\n");
        self.input.write_all(line.as_bytes()).await.unwrap_or_else(|error| panic!("{:?}: {error}", self.which));
        let answer = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        let Ok(Ok(Some(line))) = answer else {
            let complaints = self.complaints().await;
            panic!("{:?} does not answer {command}:\n{complaints}", self.which);
        };
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["ok"].take()),
        }
    }

    /// Tells the library to do something that has to work.
    ///
    /// # Panics
    /// When it does not.
    pub async fn tell(&mut self, command: &str, members: Value) -> Value {
        let answer = self.ask(command, members).await;
        answer.unwrap_or_else(|error| panic!("{:?} cannot {command}: {error:#}", self.which))
    }

    /// Tells the library to do something that the provider has to refuse, and
    /// answers the error's name of RFC 6749.
    ///
    /// # Panics
    /// When it works, or fails for another reason.
    pub async fn refused(&mut self, command: &str, members: Value) -> String {
        match self.ask(command, members).await {
            Ok(answer) => panic!("{:?} was not refused to {command}: {answer:#}", self.which),
            Err(error) => match error["error"].as_str() {
                Some(name) => name.to_owned(),
                None => panic!("{:?} failed to {command} by itself: {error:#}", self.which),
            },
        }
    }

    /// Kills the program and reads what it wrote to its error output.
    async fn complaints(&mut self) -> String {
        let _ = self.child.kill().await;
        let mut text = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            let _ = errors.read_to_string(&mut text).await;
        }
        text
    }
}

/// The folder of the installed libraries and clients, which are installed where
/// that has not been done yet.
///
/// # Panics
/// When one cannot be installed.
pub async fn installed_clients() -> &'static PathBuf {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    FOLDER
        .get_or_init(async || {
            let root = workspace_root();
            let folder = root.join("target/clients");
            let done = Command::new(root.join("tests/clients/prepare"))
                .arg(&folder)
                .output()
                .await
                .expect("tests/clients/prepare can be started");
            assert!(done.status.success(), "cannot prepare clients: {}", String::from_utf8_lossy(&done.stderr));
            folder
        })
        .await
}
