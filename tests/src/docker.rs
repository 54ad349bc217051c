//! What Traefik asks of Docker: which containers there are, their labels and
//! addresses. So that it reads labels as it does on a homelab, where no
//! container can be started.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Json, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::free_port;

/// The version of Docker's API that is spoken.
const API: &str = "1.47";

/// The network that all containers are in.
const NETWORK: &str = "homelab_proxy";

/// A container, as far as a proxy wants to know it: it is reached on loopback.
#[derive(Debug, Clone)]
pub struct Container {
    name: String,
    labels: Vec<(String, String)>,
}

impl Container {
    /// One with labels as a compose file lists them: `name=value`.
    ///
    /// # Panics
    /// When one of them has no value.
    pub fn new(name: &str, labels: &[impl AsRef<str>]) -> Self {
        let pair = |label: &str| label.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let labels = labels.iter().map(AsRef::as_ref);
        let labels = labels.map(|label| pair(label).unwrap_or_else(|| panic!("{label} has no value"))).collect();
        Self { name: name.to_owned(), labels }
    }

    fn inspected(&self) -> Value {
        let labels: Value = self.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({
            "Id": self.name,
            "Name": format!("/{}", self.name),
            "State": { "Status": "running", "Running": true },
            "HostConfig": { "NetworkMode": NETWORK },
            "Config": { "Labels": labels },
            "NetworkSettings": {
                "Ports": {},
                "Networks": { NETWORK: { "NetworkID": NETWORK, "IPAddress": "127.0.0.1" } },
            },
        })
    }
}

/// The daemon, until the value is dropped.
pub struct Docker {
    port: u16,
    task: JoinHandle<()>,
}

impl Docker {
    /// Starts it with these containers.
    pub async fn start(containers: Vec<Container>) -> Self {
        let port = free_port();
        let app = Router::new().fallback(answer).with_state(Arc::new(containers));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, task }
    }

    /// Port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(containers): State<Arc<Vec<Container>>>, uri: Uri) -> Response {
    let path = uri.path();
    // Clients put the version that they speak in front.
    let path = path.strip_prefix("/v").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or(path);
    match path {
        "/_ping" => ([("API-Version", API), ("OSType", "linux")], "OK").into_response(),
        "/version" => Json(json!({ "Version": "28.0.0", "ApiVersion": API, "MinAPIVersion": "1.24", "Os": "linux" }))
            .into_response(),
        "/containers/json" => {
            let list = containers.iter().map(|one| json!({ "Id": one.name, "Names": [format!("/{}", one.name)] }));
            Json(list.collect::<Value>()).into_response()
        }
        // Nothing ever happens.
        "/events" => std::future::pending().await,
        _ => {
            let name = path.strip_prefix("/containers/").and_then(|rest| rest.strip_suffix("/json"));
            match containers.iter().find(|one| Some(one.name.as_str()) == name) {
                Some(one) => Json(one.inspected()).into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
    }
}
