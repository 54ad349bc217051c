//! What a browser complains about by itself: resources and scripts that a page's Content-Security-Policy forbids, and
//! errors that no script has caught.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// How long the driver may take to tell.
const PATIENCE: Duration = Duration::from_secs(10);

/// The log of a browser, which its driver keeps until it is asked.
///
/// It is read over a plain connection of its own, so that a browser which is merely dropped can be asked as well:
/// there is nothing to await then.
pub(crate) struct Console {
    port: u16,
    session: String,
}

impl Console {
    /// That of a session of the driver at this port.
    pub(crate) fn of(port: u16, session: &str) -> Self {
        Self { port, session: session.to_owned() }
    }

    /// Complaints since it was asked last.
    ///
    /// # Errors
    /// When the driver does not tell.
    pub(crate) fn complaints(&self) -> Result<Vec<String>, String> {
        let answer = self.ask().map_err(|error| error.to_string())?;
        let entries = answer["value"].as_array().ok_or_else(|| answer.to_string())?;
        Ok(entries.iter().filter(|entry| is_complaint(entry)).map(told).collect())
    }

    fn ask(&self) -> std::io::Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = json!({"type": "browser"}).to_string();
        write!(
            stream,
            "POST /session/{}/se/log HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.session,
            self.port,
            body.len()
        )?;
        body_of(BufReader::new(stream))
    }
}

/// The body of an answer; the driver leaves the connection open, whatever it is asked.
fn body_of(mut answer: impl BufRead) -> std::io::Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            // The line of the status has no name, and the one that ends the head nothing at all.
            if line.trim().is_empty() { break } else { continue }
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

/// Whether it is about a policy or a script: what could not be loaded is what many tests are about.
fn is_complaint(entry: &Value) -> bool {
    let words = entry["message"].as_str().unwrap_or_default();
    words.contains("Content Security Policy") || entry["source"] == "javascript"
}

fn told(entry: &Value) -> String {
    entry["message"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_loaded_is_no_complaint() {
        let entry = |source: &str, message: &str| json!({"level": "SEVERE", "source": source, "message": message});
        assert!(!is_complaint(&entry("network", "http://x/ - Failed to load resource: 404 (Not Found)")));
        assert!(is_complaint(&entry("javascript", "http://x/a.js 1:6 Uncaught Error: no")));
        assert!(is_complaint(&entry("security", "http://x/ - Refused … the following Content Security Policy …")));
        assert!(is_complaint(&entry(
            "other",
            "http://x/ - … violates the following Content Security Policy directive"
        )));
    }
}
