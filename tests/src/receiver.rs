//! Somebody who is told things by webhook, and answers what a test wants.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::free_port;

/// A small service that remembers every body that it is sent.
pub struct Receiver {
    port: u16,
    diary: Arc<Diary>,
    task: JoinHandle<()>,
}

struct Diary {
    answer: AtomicU16,
    heard: Mutex<Vec<(HeaderMap, Value)>>,
}

impl Receiver {
    /// Starts the service; it answers 204.
    pub async fn start() -> Self {
        let port = free_port();
        let diary = Arc::new(Diary { answer: AtomicU16::new(204), heard: Mutex::default() });
        let app = Router::new().fallback(hear).with_state(Arc::clone(&diary));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, diary, task }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?secret=s3cret", self.port)
    }

    /// What it answers from now on.
    pub fn answers(&self, status: u16) {
        self.diary.answer.store(status, Ordering::SeqCst);
    }

    /// What it was sent, with the headers.
    pub fn heard(&self) -> Vec<(HeaderMap, Value)> {
        self.diary.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(State(diary): State<Arc<Diary>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    // A form is kept as it came.
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
    diary.heard.lock().unwrap_or_else(PoisonError::into_inner).push((headers, body));
    StatusCode::from_u16(diary.answer.load(Ordering::SeqCst)).unwrap_or(StatusCode::OK)
}
