//! On a running server, by its API.

use super::{AppliedRevision, Failure, Place, RevisionView};
use lockgate_flows::plan::PlanReport;
use lockgate_identity::{
    config::{Note, Texts},
    replay::Replayed,
};
use lockgate_model::Validity;
use reqwest::{Client, Method, StatusCode, Url, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{fs, time::Duration};

/// How long a server may take: a plan looks at everybody.
const PATIENCE: Duration = Duration::from_secs(300);

/// The longest answer that is shown where something else was expected.
const SHOWN: usize = 500;

#[derive(Deserialize)]
struct Page {
    results: Vec<RevisionView>,
}

fn body(texts: &Texts) -> Value {
    let files: Vec<Value> = texts.folder.files.iter().map(|f| json!({"path": f.path, "text": f.text})).collect();
    json!({"files": files})
}

pub(super) async fn plan(place: &Place<'_>, texts: &Texts) -> Result<PlanReport, Failure> {
    call(place, Method::POST, "plan/", Some(body(texts))).await
}

pub(super) async fn replay(place: &Place<'_>, texts: &Texts, since: &Validity) -> Result<Replayed, Failure> {
    let mut body = body(texts);
    body["since"] = json!(since);
    call(place, Method::POST, "replay/", Some(body)).await
}

pub(super) async fn apply(
    place: &Place<'_>,
    texts: &Texts,
    note: &Note,
    expected: Option<i64>,
) -> Result<AppliedRevision, Failure> {
    let mut body = body(texts);
    body["author"] = json!(note.author);
    body["message"] = json!(note.message);
    body["git_commit"] = json!(note.git_commit.clone().unwrap_or_default());
    body["git_dirty"] = json!(note.git_dirty);
    body["expect_revision"] = json!(expected);
    call(place, Method::POST, "apply/", Some(body)).await
}

pub(super) async fn rollback(place: &Place<'_>, number: i64, note: &Note) -> Result<AppliedRevision, Failure> {
    let body = json!({"message": note.message});
    call(place, Method::POST, &format!("revisions/{number}/rollback/"), Some(body)).await
}

pub(super) async fn revisions(place: &Place<'_>) -> Result<Vec<RevisionView>, Failure> {
    let page: Page = call(place, Method::GET, "revisions/?page_size=100", None).await?;
    Ok(page.results)
}

pub(super) async fn revision(place: &Place<'_>, number: i64) -> Result<RevisionView, Failure> {
    call(place, Method::GET, &format!("revisions/{number}/"), None).await
}

async fn call<T: DeserializeOwned>(
    place: &Place<'_>,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<T, Failure> {
    let server = place.remote.server.clone().unwrap_or_default();
    let address = format!("{}/api/v3/lockgate/{path}", server.trim_end_matches('/'));
    let address = Url::parse(&address).map_err(|e| format!("--server {server}: {e}"))?;
    // A token goes to the server that was named and nowhere else.
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
    let client = client.map_err(|e| format!("--server {server}: {e}"))?;
    let mut request = client.request(method, address).bearer_auth(token(place)?);
    if let Some(body) = &body {
        request = request.json(body);
    }
    let told = |e: reqwest::Error| format!("{server} does not answer: {}", e.without_url());
    let response = request.send().await.map_err(told)?;
    let status = response.status();
    let text = response.text().await.map_err(told)?;
    if status.is_success() {
        return serde_json::from_str(&text)
            .map_err(|e| Failure::Other(format!("{server} answers something else than a Lockgate: {e}")));
    }
    Err(refused(&server, status, &text))
}

fn refused(server: &str, status: StatusCode, text: &str) -> Failure {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    if let (Some(text), Value::Array(_)) = (answer["text"].as_str(), &answer["diagnostics"]) {
        return Failure::Unsound { text: text.to_owned(), diagnostics: answer["diagnostics"].clone() };
    }
    let shown = || text.chars().take(SHOWN).collect();
    let detail = answer["detail"].as_str().map_or_else(shown, str::to_owned);
    Failure::Other(format!("{server} answers {}: {detail}", status.as_u16()))
}

fn token(place: &Place<'_>) -> Result<String, String> {
    let token = match &place.remote.token_file {
        Some(path) => fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?,
        None => place
            .environment
            .get("LOCKGATE_TOKEN")
            .cloned()
            .ok_or("a token of the API is needed: set LOCKGATE_TOKEN, or name a file with --token-file")?,
    };
    Ok(token.trim().to_owned())
}
