//! The floor: a bare axum handler in a process of its own, which answers every request with the same status, headers and
//! body as the server did once.

use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lockgate_tests::{Program, Told, free_port};
use serde_json::{Value, json};

/// Says that the program is to be the floor.
pub(crate) const FLAG: &str = "--floor";

/// A running floor; it ends with the value.
pub(crate) struct Floor {
    pub(crate) port: u16,
    _program: Program,
}

impl Floor {
    /// One that answers like this.
    pub(crate) async fn of(answer: &Told) -> Self {
        let port = free_port();
        let repeated = answer
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "content-length" | "date" | "connection"))
            .collect::<Vec<_>>();
        let answer = json!({"status": answer.status, "headers": repeated, "body": answer.body}).to_string();
        let mut command = Command::new(std::env::current_exe().expect("a program knows where it lies"));
        command.args([FLAG, &port.to_string(), &answer]);
        let mut program = Program::start("floor", &mut command);
        program.answers(&format!("http://127.0.0.1:{port}/ready"), Duration::from_secs(10)).await;
        Self { port, _program: program }
    }
}

/// Is the floor, until it is killed.
pub(crate) async fn serve(port: &str, answer: &str) {
    let answer: Value = serde_json::from_str(answer).expect("the answer is JSON");
    let status = answer["status"].as_u64().and_then(|code| StatusCode::from_u16(code as u16).ok());
    let status = status.expect("the answer has a status");
    let mut headers = HeaderMap::new();
    for pair in answer["headers"].as_array().into_iter().flatten() {
        let (name, value) = (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default());
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        headers.append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    let body = answer["body"].as_str().unwrap_or_default().to_owned();
    let handler = move || {
        let answer: Response = (status, headers.clone(), body.clone()).into_response();
        std::future::ready(answer)
    };
    let app = Router::new().route("/ready", axum::routing::get(|| std::future::ready("ready"))).fallback(handler);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a free port");
    axum::serve(listener, app).await.expect("the listener stays usable");
}
