//! What people see of this face: when the authorize endpoint cannot or may not go on, when a device
//! waits for them, and before they are signed out of everything. The program brings the pages.

use axum::response::Response;
use http::StatusCode;
use lockgate_engine::challenge::Permission;
use lockgate_identity::config::Snapshot;
use lockgate_model::Principal;
use lockgate_policies::Decision;
use lockgate_texts::Language;

/// Somebody who is signed in and may not open an application.
#[derive(Debug)]
pub struct Denied<'a> {
    /// Host that was asked, for the brand.
    pub host: &'a str,
    /// What the person reads.
    pub language: Language,
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
    /// What the person reads.
    pub language: Language,
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
    /// What the person reads.
    pub language: Language,
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Name of the application.
    pub app: &'a str,
    /// Where the form goes: http or https.
    pub url: &'a str,
    /// Its fields; the values are the client's secrets and anybody's text.
    pub fields: Vec<(String, String)>,
}

/// The page where devices are approved.
#[derive(Debug)]
pub struct DevicePage<'a> {
    /// Host that was asked, for the brand.
    pub host: &'a str,
    /// What the person reads.
    pub language: Language,
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Who is signed in.
    pub who: &'a str,
    /// To be sent back as `csrf_token`.
    pub csrf: String,
    /// Status of the answer.
    pub status: StatusCode,
    /// How far it has come.
    pub step: DeviceStep<'a>,
}

/// How far the approval of a device has come.
#[derive(Debug)]
pub enum DeviceStep<'a> {
    /// Type the code; sent as `code`.
    Ask {
        /// What was typed before.
        code: &'a str,
        /// What is wrong with it.
        problem: Option<&'a str>,
    },
    /// Allow or deny; sent as `decision`, with the `code`.
    Confirm {
        /// Name of the application.
        app: &'a str,
        /// Its slug.
        slug: &'a str,
        /// The code, to be compared with what the device shows.
        code: &'a str,
        /// What it asks for.
        permissions: &'a [Permission],
    },
    /// It is decided.
    Done {
        /// Name of the application.
        app: &'a str,
        /// Which way.
        allowed: bool,
    },
}

/// The question whether somebody wants to be signed out of everything. The form goes to `action` as a
/// POST, with `csrf_token`, `confirmed=yes` and the fields.
#[derive(Debug)]
pub struct SignOutPage<'a> {
    /// Host that was asked, for the brand.
    pub host: &'a str,
    /// What the person reads.
    pub language: Language,
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// Who is signed in.
    pub who: &'a str,
    /// Name of the application that asks.
    pub app: &'a str,
    /// To be sent back as `csrf_token`.
    pub csrf: String,
    /// Path that the form goes to.
    pub action: String,
    /// What else is sent back.
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
    /// The status that it says.
    fn device(&self, page: &DevicePage<'_>) -> Response;
    /// Status 200.
    fn sign_out(&self, page: &SignOutPage<'_>) -> Response;
    /// A page that goes to `to` by itself, and by a link: browsers hold a form's `form-action` against
    /// every redirect that follows it.
    fn onward(&self, host: &str, language: Language, to: &str) -> Response;
}
