//! A closed loop of requests: as many at a time as there are connections, each
//! sent when the one before it is answered.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a run of the loop has measured.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Answers received.
    pub answers: u64,
    /// Answers whose status was not the expected one.
    pub unexpected: u64,
    /// Time of the whole run.
    pub took: Duration,
}

impl Load {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.took.as_secs_f64()
    }
}

/// Sends `total` GET requests over `connections` kept-alive connections to a
/// loopback port. `head` is the request head without the final empty line.
///
/// It speaks plain HTTP/1.1 with `Content-Length` bodies, which is all that it
/// is used for, and so costs little beside the server it measures.
///
/// # Panics
/// When a connection cannot be made or breaks.
pub async fn closed_loop(port: u16, head: &str, expected: u16, connections: u64, total: u64) -> Load {
    let started = Instant::now();
    let request: std::sync::Arc<[u8]> = format!("{head}\r\n\r\n").into_bytes().into();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let request = std::sync::Arc::clone(&request);
        tasks.push(tokio::spawn(one_connection(port, request, expected, total / connections)));
    }
    let (mut answers, mut unexpected) = (0, 0);
    for task in tasks {
        let (asked, wrong) = task.await.expect("a connection of the load broke");
        answers += asked;
        unexpected += wrong;
    }
    Load { answers, unexpected, took: started.elapsed() }
}

/// What one connection of [`conversation`] says next: given the body of the
/// last answer (empty at first), the next request, whole.
pub type Talk = Box<dyn FnMut(&str) -> String + Send>;

/// As [`closed_loop`], where each connection makes its next request out of the
/// answer before; `count` requests on each.
///
/// # Panics
/// When a connection cannot be made or breaks.
pub async fn conversation(port: u16, talks: Vec<Talk>, expected: u16, count: u64) -> Load {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for mut talk in talks {
        tasks.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
            stream.set_nodelay(true).expect("a TCP stream");
            let mut buffer = Vec::with_capacity(16 * 1024);
            let mut last = String::new();
            let mut unexpected = 0;
            for _ in 0..count {
                stream.write_all(talk(&last).as_bytes()).await.expect("the server reads");
                if read_answer(&mut stream, &mut buffer).await != expected {
                    unexpected += 1;
                }
                let answer = String::from_utf8_lossy(&buffer);
                last = answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned());
            }
            unexpected
        }));
    }
    let mut load = Load { answers: 0, unexpected: 0, took: Duration::ZERO };
    for task in tasks {
        load.unexpected += task.await.expect("a connection of the load broke");
        load.answers += count;
    }
    Load { took: started.elapsed(), ..load }
}

async fn one_connection(port: u16, request: std::sync::Arc<[u8]>, expected: u16, count: u64) -> (u64, u64) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
    stream.set_nodelay(true).expect("a TCP stream");
    let mut buffer = Vec::with_capacity(16 * 1024);
    let mut unexpected = 0;
    for _ in 0..count {
        stream.write_all(&request).await.expect("the server reads");
        if read_answer(&mut stream, &mut buffer).await != expected {
            unexpected += 1;
        }
    }
    (count, unexpected)
}

/// Reads one answer whole and returns its status.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> u16 {
    buffer.clear();
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let read = stream.read_buf(buffer).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection");
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
    let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    while buffer.len() < head_end + length {
        let read = stream.read_buf(buffer).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection");
    }
    status
}
