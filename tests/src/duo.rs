//! Duo, as far as an identity provider needs it. It believes only what is signed as its documentation says.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use url::form_urlencoded;

use crate::free_port;

/// Keys of the Auth API.
pub const AUTH_KEYS: (&str, &str) = ("DIWJ8X6AEYOR5OMC6TQ1", "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep");

/// Keys of the Admin API.
pub const ADMIN_KEYS: (&str, &str) = ("DIADMIN0000000000000", "another secret for administrators, 40 c");

/// What happens at Duo.
pub struct AtDuo {
    /// Names that are there already.
    pub known: BTreeSet<String>,
    /// What it says of phones that are set up: `success`, `waiting`, `invalid`.
    pub enrolled: String,
    /// What it says before it asks: `auth`, `allow`, `deny`, `enroll`.
    pub preauth: String,
    /// What people say on their phones: result and status.
    pub answer: (String, String),
    /// Passcodes that are good, each for once.
    pub passcodes: BTreeSet<String>,
    /// Users whom the Admin API knows: name, key, and whether they have a phone.
    pub users: Vec<(String, String, bool)>,
    /// What it was asked, path and parameters.
    pub asked: Vec<(String, Vec<(String, String)>)>,
    /// Requests whose signature was wrong.
    pub forged: usize,
}

/// A small Duo.
pub struct DuoServer {
    port: u16,
    state: Arc<Mutex<AtDuo>>,
    task: JoinHandle<()>,
}

impl DuoServer {
    /// Starts one, where phones are set up at once and people say yes.
    ///
    /// # Panics
    /// When there is no port for it.
    pub async fn start() -> Self {
        let port = free_port();
        let state = Arc::new(Mutex::new(AtDuo {
            known: BTreeSet::new(),
            enrolled: "success".to_owned(),
            preauth: "auth".to_owned(),
            answer: ("allow".to_owned(), "allow".to_owned()),
            passcodes: BTreeSet::new(),
            users: Vec::new(),
            asked: Vec::new(),
            forged: 0,
        }));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port can be bound");
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("the listener stays usable");
        });
        Self { port, state, task }
    }

    /// Its host, as a stage names it.
    pub fn host(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What happens there, to be looked at and changed.
    pub fn at(&self) -> MutexGuard<'_, AtDuo> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was asked this.
    pub fn count(&self, path: &str) -> usize {
        self.at().asked.iter().filter(|(asked, _)| asked == path).count()
    }
}

impl Drop for DuoServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(state): State<Arc<Mutex<AtDuo>>>, request: Request) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 16).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let sent = if parts.method == Method::GET { parts.uri.query().unwrap_or_default() } else { &body };
    let path = parts.uri.path();
    let keys = if path.starts_with("/admin/") { ADMIN_KEYS } else { AUTH_KEYS };
    let mut duo = state.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_signed(&parts.method, &parts.headers, (path, sent), keys) {
        duo.forged += 1;
        let no = json!({"stat": "FAIL", "code": 40_103, "message": "Invalid signature in request credentials"});
        return (StatusCode::UNAUTHORIZED, axum::Json(no)).into_response();
    }
    let params: Vec<(String, String)> = form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
    duo.asked.push((path.to_owned(), params.clone()));
    let of =
        |name: &str| params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    if path == "/auth/v2/enroll" && duo.known.contains(of("username")) {
        let no = json!({"stat": "FAIL", "code": 40_002, "message": "Invalid request parameters", "message_detail": "username already exists"});
        return (StatusCode::BAD_REQUEST, axum::Json(no)).into_response();
    }
    match reply(&mut duo, path, &of) {
        Some((response, metadata)) => {
            axum::Json(json!({"stat": "OK", "response": response, "metadata": metadata})).into_response()
        }
        None => {
            let no = json!({"stat": "FAIL", "code": 40_401, "message": "Resource not found"});
            (StatusCode::NOT_FOUND, axum::Json(no)).into_response()
        }
    }
}

fn reply<'p>(duo: &mut AtDuo, path: &str, of: &impl Fn(&str) -> &'p str) -> Option<(Value, Value)> {
    let response = match path {
        "/auth/v2/enroll" => json!({
            "user_id": format!("DU{}", of("username").to_uppercase()),
            "username": of("username"),
            "activation_code": "duo://abc-ZGVm",
            "activation_barcode": "https://api.duo.example/frame/qr?value=duo%3A%2F%2Fabc-ZGVm",
            "expiration": 1,
        }),
        "/auth/v2/enroll_status" => json!(duo.enrolled),
        "/auth/v2/preauth" => json!({"result": duo.preauth, "status_msg": "told by the test"}),
        "/auth/v2/auth" if of("factor") == "passcode" => {
            let good = duo.passcodes.remove(of("passcode"));
            let word = if good { "allow" } else { "deny" };
            json!({"result": word, "status": word, "status_msg": ""})
        }
        "/auth/v2/auth" => json!({"txid": "b7a2-push"}),
        "/auth/v2/auth_status" => json!({"result": duo.answer.0, "status": duo.answer.1, "status_msg": ""}),
        "/admin/v1/users" => {
            // Pages of one.
            let at: usize = of("offset").parse().ok()?;
            let users = duo.users.iter().skip(at).take(1);
            let users: Vec<Value> =
                users.map(|(name, id, phone)| json!({"username": name, "user_id": id, "is_enrolled": phone})).collect();
            let next = (at + 1 < duo.users.len()).then_some(at + 1);
            return Some((json!(users), json!({"next_offset": next})));
        }
        _ => return None,
    };
    Some((response, json!({})))
}

/// Duo's documentation, "Authentication": HMAC of date, method, host, path and sorted parameters, one a line.
fn is_signed(method: &Method, headers: &HeaderMap, (path, params): (&str, &str), keys: (&str, &str)) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut pairs: Vec<&str> = params.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let text = [header("date"), method.as_str(), &header("host").to_lowercase(), path, &pairs.join("&")].join("\n");
    let signed = header("authorization").strip_prefix("Basic ").and_then(|encoded| STANDARD.decode(encoded).ok());
    let signed = String::from_utf8(signed.unwrap_or_default()).unwrap_or_default();
    let Some((key, signature)) = signed.split_once(':') else { return false };
    let mut bytes = Vec::new();
    for at in (0..signature.len()).step_by(2) {
        match signature.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => return false,
        }
    }
    let secret = hmac::Key::new(hmac::HMAC_SHA512, keys.1.as_bytes());
    key == keys.0 && hmac::verify(&secret, text.as_bytes(), &bytes).is_ok()
}
