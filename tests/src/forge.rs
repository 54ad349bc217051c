//! A forge of git: as far as a script needs it that comments on a pull request.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::free_port;

/// A forge that takes comments from whoever has its token.
pub struct Forge {
    port: u16,
    comments: Arc<Mutex<Vec<Comment>>>,
    task: JoinHandle<()>,
}

/// A comment on a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// `owner/repository#number`.
    pub on: String,
    /// Its text, in Markdown.
    pub body: String,
}

impl Forge {
    /// API token that the forge knows.
    pub const TOKEN: &str = "a-token-of-the-forge";

    /// Starts the forge.
    pub async fn start() -> Self {
        let port = free_port();
        let comments = Arc::new(Mutex::default());
        let app = Router::new()
            .route("/repos/{owner}/{repository}/issues/{number}/comments", post(comment))
            .with_state(Arc::clone(&comments));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, comments, task }
    }

    /// Address of its API, without a slash at its end.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The comments so far, the oldest first.
    pub fn comments(&self) -> Vec<Comment> {
        self.comments.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn comment(
    State(comments): State<Arc<Mutex<Vec<Comment>>>>,
    Path((owner, repository, number)): Path<(String, String, u64)>,
    headers: HeaderMap,
    Json(sent): Json<Value>,
) -> (StatusCode, Json<Value>) {
    if headers.get("authorization").is_none_or(|value| value != format!("Bearer {}", Forge::TOKEN).as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"message": "Bad credentials"})));
    }
    let Some(body) = sent["body"].as_str() else {
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"message": "Validation Failed"})));
    };
    let comment = Comment { on: format!("{owner}/{repository}#{number}"), body: body.to_owned() };
    comments.lock().unwrap_or_else(PoisonError::into_inner).push(comment);
    (StatusCode::CREATED, Json(json!({"body": body})))
}
