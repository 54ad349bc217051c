//! The service behind the proxy: it tells what it was asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Json, Response};
use http::HeaderMap;
use http::request::Parts;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{Reply, free_port};

/// How many requests are remembered: the first ones.
const REMEMBERED: usize = 64;

/// A small service that answers every request with its own description: as
/// JSON, or for browsers as a page that shows the same JSON.
pub struct Whoami {
    port: u16,
    diary: Arc<Diary>,
    task: JoinHandle<()>,
}

/// What has reached the service.
struct Diary {
    name: String,
    served: AtomicUsize,
    seen: Mutex<Vec<String>>,
}

impl Whoami {
    /// Starts the service under a name.
    pub async fn start(name: &str) -> Self {
        let port = free_port();
        let diary = Diary { name: name.to_owned(), served: AtomicUsize::new(0), seen: Mutex::default() };
        let diary = Arc::new(diary);
        let app = Router::new().fallback(echo).with_state(Arc::clone(&diary));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, diary, task }
    }

    /// Port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many requests have reached the service.
    pub fn served(&self) -> usize {
        self.diary.served.load(Ordering::SeqCst)
    }

    /// The first requests that have reached the service: `GET /path?query`.
    pub fn seen(&self) -> Vec<String> {
        self.diary.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Whoami {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn echo(State(diary): State<Arc<Diary>>, headers: HeaderMap, parts: Parts) -> Response {
    if diary.served.fetch_add(1, Ordering::SeqCst) < REMEMBERED {
        let line = format!("{} {}", parts.method, parts.uri);
        diary.seen.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        sent.entry(key.as_str().to_owned()).or_default().push(value);
    }
    let answer = json!({
        "service": diary.name,
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "query": parts.uri.query().unwrap_or_default(),
        "headers": sent,
    });
    let accepts = headers.get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/html") { page(&diary.name, &answer) } else { Json(answer).into_response() }
}

fn page(name: &str, answer: &Value) -> Response {
    let text = format!("{answer:#}").replace('&', "&amp;").replace('<', "&lt;");
    Html(format!("<!doctype html><title>{name}</title><pre id=\"whoami\">{text}</pre>")).into_response()
}

/// What the service saw of one request.
#[derive(Debug)]
pub struct Echo(Value);

impl Echo {
    /// Reads the service's description out of a text: its JSON, or the text of
    /// its page. None when the text is from somebody else.
    pub fn read(text: &str) -> Option<Self> {
        let from = text.find('{')?;
        let to = text.rfind('}')?;
        let plain = text.get(from..=to)?.replace("&lt;", "<").replace("&amp;", "&");
        let value: Value = serde_json::from_str(&plain).ok()?;
        value.get("service").is_some().then_some(Self(value))
    }

    /// Reads the answer of the service.
    ///
    /// # Panics
    /// When somebody else has answered.
    #[track_caller]
    pub fn of(reply: &Reply) -> Self {
        Self::read(&reply.text()).unwrap_or_else(|| panic!("not the service: {} {}", reply.status, reply.text()))
    }

    /// Name of the service.
    pub fn service(&self) -> &str {
        self.0["service"].as_str().unwrap_or_default()
    }

    /// Path and query that it was asked for.
    pub fn target(&self) -> String {
        let path = self.0["path"].as_str().unwrap_or_default();
        match self.0["query"].as_str().unwrap_or_default() {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// All values of a request header, in lower-case name; empty when absent.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let values = self.0["headers"][name].as_array().cloned().unwrap_or_default();
        values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    /// The only value of a request header; empty when absent.
    ///
    /// # Panics
    /// When the header came twice.
    #[track_caller]
    pub fn header(&self, name: &str) -> String {
        let mut values = self.headers(name);
        assert!(values.len() <= 1, "{name} came {} times: {values:?}", values.len());
        values.pop().unwrap_or_default()
    }
}
