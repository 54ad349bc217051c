//! A mail server that keeps what it is handed, and refuses when a test wants it to.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::{eventually, free_port};

/// A mail as it was handed over.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Whom the envelope names.
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub raw: String,
}

impl Mail {
    /// The value of a header; empty without one.
    pub fn header(&self, name: &str) -> String {
        let start = format!("{name}: ");
        let mut lines = self.raw.split("\r\n");
        lines.find_map(|line| line.strip_prefix(&start)).unwrap_or_default().to_owned()
    }

    /// What it says in plain text.
    pub fn text(&self) -> String {
        self.part("Content-Type: text/plain")
    }

    /// What it says as a page.
    pub fn html(&self) -> String {
        self.part("Content-Type: text/html")
    }

    /// The first address in its text.
    ///
    /// # Panics
    /// When there is none.
    pub fn link(&self) -> String {
        let text = self.text();
        let at = text.find("http").unwrap_or_else(|| panic!("no link in {text}"));
        text[at..].split_whitespace().next().unwrap_or_default().to_owned()
    }

    fn part(&self, of: &str) -> String {
        let part = self.raw.split_once(of).map(|(_, rest)| rest).unwrap_or_default();
        let (head, body) = part.split_once("\r\n\r\n").unwrap_or_default();
        let body = body.split("\r\n--").next().unwrap_or_default();
        if head.contains("quoted-printable") { unquoted(body) } else { body.to_owned() }
    }
}

/// Quoted-printable (RFC 2045, section 6.7).
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        rest = match after.strip_prefix("\r\n") {
            Some(next_line) => next_line,
            None => {
                bytes.push(u8::from_str_radix(after.get(..2).unwrap_or_default(), 16).unwrap_or(b'?'));
                after.get(2..).unwrap_or_default()
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Default)]
struct Kept {
    mails: Mutex<Vec<Mail>>,
    logins: Mutex<Vec<String>>,
    refuses: AtomicU16,
    delay: AtomicUsize,
}

/// A mail server (as much of SMTP as a client needs).
pub struct MailSink {
    port: u16,
    kept: Arc<Kept>,
    task: JoinHandle<()>,
}

impl MailSink {
    /// Starts one.
    pub async fn start() -> Self {
        Self::start_at(free_port()).await
    }

    /// Starts one at a port that a test has chosen: before it is there, or after it was.
    ///
    /// # Panics
    /// When the port is somebody else's.
    pub async fn start_at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let kept = Arc::new(Kept::default());
        let shared = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&shared);
                // One that breaks off is no mail.
                talks.spawn(async move { talk(stream, &kept).await.ok() });
            }
        });
        Self { port, kept, task }
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Refuses every recipient with this code from now on; 0: none.
    pub fn refuses(&self, code: u16) {
        self.kept.refuses.store(code, Ordering::SeqCst);
    }

    /// Takes so long from now on before it says that it has a mail, which it has by then.
    pub fn dawdles(&self, time: Duration) {
        self.kept.delay.store(usize::try_from(time.as_millis()).unwrap_or_default(), Ordering::SeqCst);
    }

    /// What it was handed so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.kept.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who signed in, as they said it (RFC 4616, in base64).
    pub fn logins(&self) -> Vec<String> {
        self.kept.logins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has so many mails.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn has(&self, count: usize) -> Vec<Mail> {
        eventually(async || self.mails().len() >= count).await;
        self.mails()
    }

    /// Waits until somebody has a mail, and answers the last one.
    ///
    /// # Panics
    /// When none comes.
    pub async fn for_somebody(&self, address: &str, count: usize) -> Mail {
        let theirs = || self.mails().into_iter().filter(|mail| mail.to == [address]).collect::<Vec<_>>();
        eventually(async || theirs().len() >= count).await;
        theirs().pop().unwrap_or_else(|| panic!("no mail for {address}"))
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(stream: TcpStream, kept: &Kept) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut to = Vec::new();
    say(&mut stream, "220 sink").await?;
    loop {
        let line = line(&mut stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "" => return Ok(()),
            "EHLO" => say(&mut stream, "250-sink\r\n250-AUTH PLAIN\r\n250 8BITMIME").await?,
            "AUTH" => {
                let login = line.rsplit(' ').next().unwrap_or_default().to_owned();
                kept.logins.lock().unwrap_or_else(PoisonError::into_inner).push(login);
                say(&mut stream, "235 welcome").await?;
            }
            "RCPT" => match kept.refuses.load(Ordering::SeqCst) {
                0 => {
                    to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                    say(&mut stream, "250 OK").await?;
                }
                code => say(&mut stream, &format!("{code} refused by the test")).await?,
            },
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let raw = data(&mut stream).await?;
                let mail = Mail { to: std::mem::take(&mut to), raw };
                kept.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                let delay = kept.delay.load(Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(delay as u64)).await;
                say(&mut stream, "250 kept").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "250 OK").await?,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await
}

async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// Up to the line of a single dot; a dot that begins a line was doubled (RFC 5321, section 4.5.2).
async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut bytes = Vec::new();
        if stream.read_until(b'\n', &mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&bytes);
        if line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
