//! A service of captchas: its script shows a widget in a page of somebody else, and its tokens are checked once.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::free_port;

/// The widget, with the functions of hCaptcha. It has everything that widgets of others have: a frame and a request.
const SCRIPT: &str = r#"(() => {
  const here = new URL(document.currentScript.src).origin;
  const widgets = [];
  const solve = async (options) => {
    const token = await (await fetch(`${here}/token?key=${options.sitekey}`)).text();
    options.callback(token);
  };
  window.hcaptcha = {
    render(box, options) {
      const frame = document.createElement("iframe");
      frame.src = `${here}/frame`;
      frame.title = "Widget";
      box.append(frame);
      if (options.size !== "invisible") {
        const button = document.createElement("button");
        button.type = "button";
        button.id = "person";
        button.textContent = "I am a person";
        button.addEventListener("click", () => solve(options));
        box.append(button);
      }
      return widgets.push(options) - 1;
    },
    execute: (widget) => solve(widgets[widget]),
  };
})();
"#;

/// How the service answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// As it should.
    #[default]
    Well,
    /// With an error of its own.
    Broken,
    /// By leading elsewhere.
    Elsewhere,
    /// Without end.
    Endless,
    /// With something that is no JSON.
    Babbling,
}

#[derive(Default)]
struct Desk {
    mood: Mood,
    score: Option<f64>,
    given: Vec<String>,
    made: u32,
    heard: Vec<(String, Map<String, Value>)>,
}

type Shared = Arc<Mutex<Desk>>;

/// A running service.
pub struct CaptchaService {
    port: u16,
    desk: Shared,
    task: JoinHandle<()>,
}

impl CaptchaService {
    /// The secret that it takes.
    pub const SECRET: &'static str = "hush-captcha-secret";

    /// Starts the service.
    pub async fn start() -> Self {
        let port = free_port();
        let desk = Shared::default();
        let app = Router::new()
            .route("/api.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }))
            .route("/frame", get(|| async { ([(header::CONTENT_TYPE, "text/html")], "<p>widget</p>") }))
            .route("/token", get(token))
            .route("/siteverify", post(verify))
            .with_state(Arc::clone(&desk));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, desk, task }
    }

    /// Address of one of its paths.
    pub fn url(&self, path: &str) -> String {
        format!("http://captcha.lockgate.test:{}{path}", self.port)
    }

    /// The same for who knows no names.
    pub fn by_address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it answers from now on.
    pub fn is(&self, mood: Mood) {
        self.desk().mood = mood;
    }

    /// The score that it gives from now on.
    pub fn scores(&self, score: f64) {
        self.desk().score = Some(score);
    }

    /// A token, as its widget would be given it.
    pub fn token(&self) -> String {
        new_token(&mut self.desk())
    }

    /// What it was asked, each with the form that it came in.
    pub fn heard(&self) -> Vec<(String, Map<String, Value>)> {
        self.desk().heard.clone()
    }
}

impl Drop for CaptchaService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn new_token(desk: &mut Desk) -> String {
    desk.made += 1;
    let token = format!("token-{}", desk.made);
    desk.given.push(token.clone());
    token
}

async fn token(State(desk): State<Shared>) -> Response {
    let token = new_token(&mut desk.lock().unwrap_or_else(PoisonError::into_inner));
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], token).into_response()
}

async fn verify(State(desk): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let asked: Map<String, Value> = if kind == "application/json" {
        serde_json::from_slice(&body).unwrap_or_default()
    } else {
        url::form_urlencoded::parse(&body).map(|(key, value)| (key.into_owned(), json!(value))).collect()
    };
    desk.heard.push((kind, asked.clone()));
    match desk.mood {
        Mood::Well => {}
        Mood::Broken => return (StatusCode::BAD_GATEWAY, "oh").into_response(),
        Mood::Elsewhere => return (StatusCode::FOUND, [(header::LOCATION, "/token")]).into_response(),
        Mood::Endless => return "[".repeat(1 << 20).into_response(),
        Mood::Babbling => return "yes".into_response(),
    }
    let place = desk.given.iter().position(|token| asked.get("response") == Some(&json!(token)));
    let answer = if asked.get("secret") != Some(&json!(CaptchaService::SECRET)) {
        json!({"success": false, "error-codes": ["invalid-input-secret"]})
    } else if let Some(place) = place {
        desk.given.remove(place);
        let mut answer = json!({"success": true, "hostname": "auth.lockgate.test"});
        if let Some(score) = desk.score {
            answer["score"] = json!(score);
        }
        answer
    } else {
        json!({"success": false, "error-codes": ["timeout-or-duplicate"]})
    };
    axum::Json(answer).into_response()
}
