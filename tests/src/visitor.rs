//! A visitor over one kept-alive connection, who costs little beside the server that is measured: from an address of
//! their own, with the cookies that they were given.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
}

/// An address that nobody else has.
pub fn new_address() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// How often so many people at once go through a flow meanwhile, each from an address of their own; see
/// [`Visitor::goes_through`]. The answer is made for a number, which is another one each time.
///
/// # Panics
/// When somebody does not come to its end.
pub async fn walks(
    port: u16,
    flow: &'static str,
    at_once: usize,
    span: Duration,
    answer: impl Fn(usize) -> Value + Clone + Send + 'static,
) -> u64 {
    let (done, started) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = Vec::new();
    for number in 0..at_once {
        let (done, answer) = (Arc::clone(&done), answer.clone());
        tasks.push(tokio::spawn(async move {
            let mut visitor = Visitor::new(port, new_address());
            for turn in 0.. {
                if started.elapsed() > span {
                    return;
                }
                visitor.begins_anew(new_address());
                let answer = answer(number + turn * at_once);
                assert!(visitor.goes_through(flow, &answer).await, "{answer} does not get through");
                done.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for task in tasks {
        task.await.expect("a visitor");
    }
    done.load(Ordering::Relaxed)
}

/// A visitor of the executor of flows.
pub struct Visitor {
    port: u16,
    from: IpAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// Somebody at this address, as the server is told by a proxy that it trusts.
    pub fn new(port: u16, from: IpAddr) -> Self {
        Self { port, from, stream: None, buffer: Vec::new(), cookies: BTreeMap::new() }
    }

    /// As a browser that was never here, at another address.
    pub fn begins_anew(&mut self, from: IpAddr) {
        self.from = from;
        self.cookies.clear();
    }

    /// Goes through a flow that asks once, and takes this answer; answers whether it came to its end.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn goes_through(&mut self, flow: &str, answer: &Value) -> bool {
        if self.challenge(flow).await.status != 200 {
            return false;
        }
        let mut told = self.answers(flow, answer).await;
        if told.status == 302 {
            told = self.challenge(flow).await;
        }
        told.body.contains("xak-flow-redirect")
    }

    /// Forgets the session, and keeps what the browser remembers beside it.
    pub fn leaves(&mut self) {
        self.cookies.remove("authentik_session");
    }

    /// The challenge of a flow.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn challenge(&mut self, flow: &str) -> Answer {
        self.send("GET", flow, "").await
    }

    /// Answers the challenge.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn answers(&mut self, flow: &str, answer: &Value) -> Answer {
        self.send("POST", flow, &answer.to_string()).await
    }

    async fn send(&mut self, method: &str, flow: &str, body: &str) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} /api/v3/flows/executor/{flow}/?query= HTTP/1.1\r\nHost: auth.lockgate.test\r\nX-Forwarded-For: {}\r\n\
             Cookie: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.from,
            cookies.join("; "),
            body.len()
        );
        // Servers end connections that idle, and may do so this very moment.
        if let Some(answer) = self.over_the_same_connection(&request).await {
            return answer;
        }
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("the port is open");
        stream.set_nodelay(true).expect("a TCP stream");
        self.stream = Some(stream);
        self.over_the_same_connection(&request).await.expect("the server answers")
    }

    async fn over_the_same_connection(&mut self, request: &str) -> Option<Answer> {
        self.stream.as_mut()?.write_all(request.as_bytes()).await.ok()?;
        self.read().await
    }

    fn stream(&mut self) -> &mut TcpStream {
        self.stream.as_mut().expect("connected before")
    }

    /// Nothing where the connection ends instead.
    async fn read(&mut self) -> Option<Answer> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.stream().read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let mut length = 0;
        for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        while buffer.len() < end + length {
            if self.stream().read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        let body = String::from_utf8_lossy(&buffer[end..]).into_owned();
        self.buffer = buffer;
        Some(Answer { status: head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0), body })
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.trim().split_once('=') {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
