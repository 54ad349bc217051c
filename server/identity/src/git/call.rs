//! One run of the program `git`: bounded in time and in what it may answer, and ended together with
//! whatever it started.

use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    ffi::OsStr,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    process::{Child, Command},
};

/// Longest complaint that is kept, in bytes.
const COMPLAINT: u64 = 16 << 10;

/// Why a run has no answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The program is not there, or may not be started.
    #[error("the program git cannot be started ({0}); install it, 2.34 or later")]
    Missing(String),
    /// It took too long, and was killed.
    #[error("{what} took longer than {seconds} s", seconds = .patience.as_secs())]
    Slow {
        /// What was tried.
        what: &'static str,
        /// How long it might have taken.
        patience: Duration,
    },
    /// It says more than anybody wants to hear.
    #[error("{0} answers more than is read")]
    TooMuch(&'static str),
    /// Reading or writing.
    #[error("{what}: {reason}")]
    Broken {
        /// What was tried.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// What a run answers.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote.
    pub out: Vec<u8>,
    /// What it complained of, in one line for people.
    pub told: String,
}

/// A run of `git`.
pub struct Call {
    command: Command,
    what: &'static str,
    patience: Duration,
    most: u64,
}

impl Call {
    /// A run; `what` is what it is for, in the messages of errors.
    #[must_use]
    pub fn new(what: &'static str, patience: Duration) -> Self {
        let mut command = Command::new("git");
        // A group of its own: git starts others, which have to end with it.
        command.process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Nothing that the repository names is run.
        command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
        Self { command, what, patience, most: 1 << 20 }
    }

    /// In the repository that this folder belongs to.
    #[must_use]
    pub fn at(mut self, folder: &Path) -> Self {
        self.command.arg("-C").arg(folder);
        self
    }

    /// Further arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Only these variables, and none of our own.
    #[must_use]
    pub fn only<V: AsRef<OsStr>>(mut self, variables: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        self.command.env_clear().envs(variables);
        self
    }

    /// One more variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Most bytes that it may answer; 1 MiB unless said.
    #[must_use]
    pub fn at_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Runs it, with this to read.
    ///
    /// # Errors
    /// [`CallError`]; that git says no is none, see [`Answer::status`].
    pub async fn run(mut self, input: &[u8]) -> Result<Answer, CallError> {
        let mut child = self.command.spawn().map_err(|e| CallError::Missing(e.kind().to_string()))?;
        let group = Group::of(&child);
        let talk = talk(&mut child, input, self.most);
        let answer = match tokio::time::timeout(self.patience, talk).await {
            Err(_) => return Err(CallError::Slow { what: self.what, patience: self.patience }),
            Ok(Err(error)) => return Err(CallError::Broken { what: self.what, reason: error.kind().to_string() }),
            Ok(Ok(answer)) => answer,
        };
        group.has_ended();
        answer.ok_or(CallError::TooMuch(self.what))
    }
}

/// `None` when there was more to read than may be; the program may then still run.
async fn talk(child: &mut Child, input: &[u8], most: u64) -> io::Result<Option<Answer>> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let complaint = async {
        let mut kept = Vec::new();
        if let Some(mut stderr) = stderr {
            (&mut stderr).take(COMPLAINT).read_to_end(&mut kept).await?;
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        }
        Ok(kept)
    };
    let ((), out, told) = tokio::try_join!(feed(stdin, input), all_of(stdout, most), complaint)?;
    if out.len() as u64 > most {
        return Ok(None);
    }
    Ok(Some(Answer { status: child.wait().await?, out, told: one_line(&told) }))
}

async fn feed(stdin: Option<impl AsyncWrite + Unpin>, input: &[u8]) -> io::Result<()> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    match stdin.write_all(input).await {
        // It may end without having read everything; its status tells.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

async fn all_of(stdout: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    if let Some(stdout) = stdout {
        stdout.take(most + 1).read_to_end(&mut out).await?;
    }
    Ok(out)
}

/// A complaint as one line: without hints, and without what could disturb a terminal.
fn one_line(told: &[u8]) -> String {
    let text = String::from_utf8_lossy(told);
    let lines = text.split(['\n', '\r']).map(|line| plain(line.trim().trim_start_matches("fatal: ")));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty() && !line.starts_with("hint:")).collect();
    let mut line = lines.join("; ");
    if let Some((cut, _)) = line.char_indices().nth(500) {
        line.truncate(cut);
    }
    line
}

/// A text of somebody else, without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Ends a group of processes when it is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It may have ended by itself meanwhile.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, CallError, one_line};
    use std::time::{Duration, Instant};

    #[test]
    fn complaints_become_one_line() {
        let told = b"fatal: no such\x1b[31m thing\nhint: try this\n\r\nremote: sorry\n";
        assert_eq!(one_line(told), "no such[31m thing; remote: sorry");
        assert_eq!(one_line("x".repeat(9_000).as_bytes()).len(), 500);
    }

    #[tokio::test]
    async fn what_takes_too_long_ends_with_everything_that_it_started() {
        let began = Instant::now();
        let marker = format!("41.{}", std::process::id());
        let alias = format!("alias.wait=!sleep {marker} & sleep {marker}");
        let call = Call::new("a nap", Duration::from_millis(300)).args(["-c", &alias, "wait"]);
        let ended = call.run(b"").await;
        assert!(matches!(ended, Err(CallError::Slow { what: "a nap", .. })), "{ended:?}");
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let running = std::fs::read_dir("/proc").expect("there is /proc").filter_map(|entry| {
            let line = std::fs::read_to_string(entry.ok()?.path().join("cmdline")).ok()?;
            line.starts_with("sleep").then_some(line)
        });
        let left: Vec<_> = running.filter(|line| line.contains(&marker)).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn nobody_reads_more_than_was_agreed() {
        let talkative = Call::new("much", Duration::from_secs(10)).at_most(1_000).args(["-c", "alias.x=!yes", "x"]);
        assert!(matches!(talkative.run(b"").await, Err(CallError::TooMuch("much"))));
    }
}
