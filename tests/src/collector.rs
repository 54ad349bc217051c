//! A collector of traces (OTLP over HTTP), which remembers the spans that it is
//! sent.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message;
use tokio::task::JoinHandle;

use crate::free_port;

/// A span as it arrived.
#[derive(Debug, Clone)]
pub struct Traced {
    /// Its name.
    pub name: String,
    /// Id of its trace, in hex.
    pub trace: String,
    /// Its own id, in hex.
    pub id: String,
    /// Id of the span around it, in hex; empty for none.
    pub parent: String,
    /// What is told of it.
    pub attributes: Vec<(String, String)>,
}

impl Traced {
    /// Something that is told of it; empty when it is not.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

type Heard = Arc<Mutex<Vec<Traced>>>;

/// A running collector.
pub struct Collector {
    port: u16,
    heard: Heard,
    task: JoinHandle<()>,
}

impl Collector {
    /// Starts it.
    pub async fn start() -> Self {
        let (port, heard) = (free_port(), Heard::default());
        let app = Router::new().route("/v1/traces", post(hear)).with_state(Arc::clone(&heard));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, heard, task }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The spans that have arrived.
    pub fn heard(&self) -> Vec<Traced> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hear(State(heard): State<Heard>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans).map(|span| Traced {
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        attributes: span.attributes.into_iter().map(told).collect(),
    });
    heard.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
    StatusCode::OK
}

fn told(pair: KeyValue) -> (String, String) {
    let value = match pair.value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        _ => String::new(),
    };
    (pair.key, value)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
