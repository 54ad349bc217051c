//! Requests at a rate that does not depend on how fast they are answered, and how long each waits for its answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::scaling::Random;

/// Connections, each with a thread of its own.
const CONNECTIONS: u32 = 16;
/// Longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One answer, as it came.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

/// Asks once, over a connection of its own.
///
/// # Panics
/// When there is no answer.
pub fn ask(port: u16, request: &str) -> Told {
    let mut line = Line::to(port);
    line.ask(request.as_bytes());
    let head = line.head();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    Told {
        status: status(head),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        body: String::from_utf8_lossy(&line.buffer[line.end..]).into_owned(),
    }
}

/// Sends a request `rate` times a second for `span`, as independent visitors do: the gaps are random, and nobody waits for
/// what others have asked. The times are from when a request was due to its answer, so that a server that stalls is not
/// spared the requests that came meanwhile.
///
/// # Panics
/// When an answer has another status, or a connection breaks.
pub fn paced(port: u16, request: &str, expected: u16, rate: f64, span: Duration) -> Vec<Duration> {
    let request: Arc<[u8]> = request.as_bytes().into();
    let gap = Duration::from_secs_f64(f64::from(CONNECTIONS) / rate);
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let request = Arc::clone(&request);
            thread::spawn(move || visitor(port, &request, expected, (gap, span, u64::from(number) + 1)))
        })
        .collect();
    threads.into_iter().flat_map(|thread| thread.join().expect("a visitor")).collect()
}

fn visitor(port: u16, request: &[u8], expected: u16, (gap, span, seed): (Duration, Duration, u64)) -> Vec<Duration> {
    let (mut line, mut dice) = (Line::to(port), Random::new(seed));
    let (began, mut times) = (Instant::now(), Vec::new());
    let mut due = began + gap.mul_f64(dice.share());
    while due < began + span {
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            thread::sleep(early);
            // That a thread is woken late says nothing about the server.
            due = Instant::now();
        }
        line.ask(request);
        times.push(due.elapsed());
        assert_eq!(status(line.head()), expected, "{}", line.head());
        // Exponential gaps: arrivals of a Poisson process.
        due += gap.mul_f64(-(1.0 - dice.share()).ln());
    }
    times
}

fn status(head: &str) -> u16 {
    head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// A connection, with the last answer that came over it.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the body begins.
    end: usize,
}

impl Line {
    fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
        stream.set_nodelay(true).expect("a TCP stream");
        stream.set_read_timeout(Some(PATIENCE)).expect("a TCP stream");
        Self { stream, buffer: Vec::with_capacity(16 * 1024), end: 0 }
    }

    fn ask(&mut self, request: &[u8]) {
        self.stream.write_all(request).expect("the server reads");
        self.buffer.clear();
        self.end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.read();
        };
        let length = self.head().lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        while self.buffer.len() < self.end + length.unwrap_or(0) {
            self.read();
        }
    }

    fn read(&mut self) {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk).expect("the server answers");
        assert_ne!(read, 0, "the server ended the connection");
        self.buffer.extend_from_slice(&chunk[..read]);
    }

    fn head(&self) -> &str {
        std::str::from_utf8(&self.buffer[..self.end]).unwrap_or_default()
    }
}
