//! What people see when the authorize endpoint cannot or may not go on. The program brings the pages.

use axum::response::Response;
use http::StatusCode;
use lockgate_identity::config::Snapshot;
use lockgate_model::Principal;
use lockgate_policies::Decision;

/// Somebody who is signed in and may not open an application.
#[derive(Debug)]
pub struct Denied<'a> {
    /// Host that was asked, for the brand.
    pub host: &'a str,
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Name of the application.
    pub app: &'a str,
    /// Who.
    pub who: &'a Principal,
    /// Id of the recorded decision.
    pub decision: String,
    /// What is missing, in sentences.
    pub missing: Vec<String>,
    /// The decision itself.
    pub record: &'a Decision,
    /// Path and query that were asked for, to come back to as somebody else.
    pub here: String,
}

/// A request that cannot be answered to the client that sent it.
#[derive(Debug)]
pub struct Trouble<'a> {
    /// Host that was asked, for the brand.
    pub host: &'a str,
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Status of the answer.
    pub status: StatusCode,
    /// What happened, in a few words.
    pub title: &'a str,
    /// What it means and what to do.
    pub text: &'a str,
}

/// An answer that the browser posts to a client by itself (OAuth 2.0 Form Post Response Mode).
#[derive(Debug)]
pub struct FormPost<'a> {
    /// Host that was asked, for the brand.
    pub host: &'a str,
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Name of the application.
    pub app: &'a str,
    /// Where the form goes: http or https.
    pub url: &'a str,
    /// Its fields; the values are the client's secrets and anybody's text.
    pub fields: Vec<(String, String)>,
}

/// The pages of this face.
pub trait Pages: Send + Sync + 'static {
    /// Status 403.
    fn denied(&self, denied: &Denied<'_>) -> Response;
    /// Status 200; a form that also works without scripts, and may be sent nowhere but to its address.
    fn form_post(&self, form: &FormPost<'_>) -> Response;
    /// The status that it says.
    fn trouble(&self, trouble: &Trouble<'_>) -> Response;
}
