//! One request, and the two ways to ask it many times: as fast as it is answered, and at a rate.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use lockgate_tests::{Told, ask, paced, quantile};
use tempfile::NamedTempFile;

use crate::floor::Floor;
use crate::table::Tables;

/// Requests in flight at a time.
const CONNECTIONS: u32 = 32;
/// Rounds; each measures the floor and the server one after the other.
const ROUNDS: usize = 3;
/// Load of a round, for each side.
const SPAN: Duration = Duration::from_secs(4);

/// A request that is the same each time, and the status it is answered with.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) status: u16,
}

impl Request {
    pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { method: "GET", path: path.to_owned(), headers, body: String::new(), status: 200 }
    }

    /// A POST of a form.
    pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("Host", "auth.lockgate.test"), ("Content-Type", "application/x-www-form-urlencoded")];
        Self { method: "POST", body, ..Self::get(path, &headers) }
    }

    pub(crate) fn answered(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// As it goes over the wire.
    pub(crate) fn text(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = format!("Content-Length: {}\r\n", self.body.len());
        let length = if self.body.is_empty() { "" } else { &length };
        format!("{} {} HTTP/1.1\r\n{headers}{length}\r\n{}", self.method, self.path, self.body)
    }

    /// The answer to it.
    pub(crate) fn told(&self, port: u16) -> Told {
        let told = ask(port, &self.text());
        assert_eq!(told.status, self.status, "{} {}: {}", self.method, self.path, told.body);
        told
    }

    /// Answers a second, by `wrk`.
    pub(crate) fn rate(&self, port: u16, span: Duration) -> f64 {
        let headers = self.headers.iter().map(|(name, value)| format!("wrk.headers[{name:?}] = {value:?}\n"));
        let headers: String = headers.collect();
        wrk(
            port,
            span,
            &format!(
                "wrk.method = {:?}\nwrk.path = {:?}\n{headers}wrk.body = {:?}\n",
                self.method, self.path, self.body
            ),
        )
    }

    /// A row of rates against a floor that answers the same, and one of how long answers take at half of them.
    pub(crate) async fn compare(&self, tables: &mut Tables, what: &str, port: u16, goal: Option<f64>) {
        let floor = Floor::of(&self.told(port)).await;
        let mut rounds: Vec<(f64, f64)> = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((self.rate(floor.port, SPAN), self.rate(port, SPAN)));
        }
        rounds.sort_by(|one, two| (one.1 / one.0).total_cmp(&(two.1 / two.0)));
        let (bare, rate) = rounds[ROUNDS / 2];
        tables.rate(what, "an axum handler", bare, rate, goal);
        let (here, there) = (self.times(port, rate / 2.0), self.times(floor.port, rate / 2.0));
        tables.times(what, rate / 2.0, &here, Some(&there));
    }

    /// Half, most and nearly all of the times at this rate.
    fn times(&self, port: u16, rate: f64) -> [Duration; 3] {
        let times = paced(port, &self.text(), self.status, rate, SPAN * 2);
        [0.5, 0.99, 0.999].map(|share| quantile(&times, share))
    }
}

/// Answers a second, of requests that a script in Lua makes; redirects are answers.
pub(crate) fn wrk(port: u16, span: Duration, script: &str) -> f64 {
    let mut file = NamedTempFile::with_suffix(".lua").expect("the temporary folder is writable");
    file.write_all(script.as_bytes()).expect("writable");
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{}s", span.as_secs()), "-s"]).arg(file.path());
    let output = command.arg(format!("http://127.0.0.1:{port}")).output();
    let output = output.expect("wrk is installed (apt-get install wrk)");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    line.and_then(|rate| rate.trim().parse().ok()).unwrap_or_else(|| panic!("wrk says {text}"))
}
