//! The front door, the portal of applications with the pages on one's own account, and the way into each application.
//!
//! What the account's pages show and change, they ask the REST API for as the browser's own session may.

mod activity;
mod consents;
mod factors;
mod frame;
mod launch;
mod library;
mod sessions;
mod settings;
mod tokens;

pub(crate) use launch::{front_door, launch, robots, setup};

use crate::{
    Web,
    flow::form::{Form, MAX_FORM},
    pages::portal::{Moment, Section},
    rest::{Refusal, Reply},
    visit::{Failure, SignedIn, Visit, redirect},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use chrono::{DateTime, SecondsFormat, Utc};
use lockgate_identity::sessions as login;
use lockgate_texts::Language;
use serde_json::Value;

/// The routes of the portal.
pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/if/user/", get(library::show))
        .route("/if/user/favourites/{slug}/", post(library::like))
        .route("/if/user/settings/", get(settings::show).post(settings::save))
        .route("/if/user/factors/", get(factors::show))
        .route("/if/user/factors/{kind}/{pk}/", post(factors::rename))
        .route("/if/user/factors/{kind}/{pk}/remove/", get(factors::ask).post(factors::remove))
        .route("/if/user/sessions/", get(sessions::show))
        .route("/if/user/sessions/others/end/", get(sessions::ask).post(sessions::end_others))
        .route("/if/user/sessions/{uuid}/end/", post(sessions::end))
        .route("/if/user/consents/", get(consents::show))
        .route("/if/user/consents/{pk}/revoke/", post(consents::revoke))
        .route("/if/user/tokens/", get(tokens::show).post(tokens::make))
        .route("/if/user/tokens/{identifier}/rotate/", get(tokens::ask_rotate).post(tokens::rotate))
        .route("/if/user/tokens/{identifier}/delete/", get(tokens::ask_delete).post(tokens::delete))
        .route("/if/user/activity/", get(activity::show))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// Most things of a list that a page shows.
const MOST: usize = 100;

/// Things that happen on these pages, as a redirect tells the page that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Saved,
    Renamed,
    Removed,
    Ended,
    TakenBack,
    Deleted,
}

impl Done {
    const ALL: [Self; 6] = [Self::Saved, Self::Renamed, Self::Removed, Self::Ended, Self::TakenBack, Self::Deleted];

    fn word(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Renamed => "renamed",
            Self::Removed => "removed",
            Self::Ended => "ended",
            Self::TakenBack => "taken-back",
            Self::Deleted => "deleted",
        }
    }

    fn told(self, t: Language) -> String {
        match self {
            Self::Saved => t.done_saved(),
            Self::Renamed => t.done_renamed(),
            Self::Removed => t.done_removed(),
            Self::Ended => t.done_ended(),
            Self::TakenBack => t.done_taken_back(),
            Self::Deleted => t.done_deleted(),
        }
        .into_owned()
    }

    /// What the query of a page says was done.
    fn asked(query: &str, t: Language) -> Option<String> {
        let word = parameter(query, "done");
        Self::ALL.into_iter().find(|done| done.word() == word).map(|done| done.told(t))
    }
}

/// A parameter of a query string, trimmed; empty without it.
fn parameter(query: &str, name: &str) -> String {
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, text)| text.trim().to_owned()).unwrap_or_default()
}

/// Back to a page, which says what was done.
fn done(section: Section, done: Done) -> Response {
    redirect(StatusCode::SEE_OTHER, &format!("{}?done={}", section.url(), done.word()))
}

/// A form that a page of the portal has sent: by whom, and that it is meant.
struct Sent {
    who: SignedIn,
    form: Form,
}

impl Sent {
    fn csrf(&self) -> &str {
        self.form.csrf()
    }

    /// What stands in a field, trimmed.
    fn text(&self, name: &str) -> &str {
        self.form.get(name).unwrap_or_default().trim()
    }
}

/// Why a page of the portal is not there.
enum Trouble {
    /// Something else is the answer: the login, or the page anew.
    Instead(Response),
    /// The API said no, with this status and these sentences.
    Refused(StatusCode, Vec<String>),
    /// Something inside failed.
    Failed(Failure),
}

/// A page of the portal, or why there is none.
type Shown = Result<Response, Trouble>;

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Failed(failure) => Self::Failed(failure),
            Refusal::Said(status, sentence) => Self::Refused(status, vec![sentence]),
        }
    }
}

/// The same for a form that the API took nothing of.
fn refused(reply: &Reply) -> Trouble {
    Trouble::Refused(reply.status, reply.problems().into_iter().map(|(_, sentence)| sentence).collect())
}

/// Makes a page of whatever a handler came to.
async fn answered(visit: &Visit, shown: Shown) -> Response {
    match shown {
        Ok(response) | Err(Trouble::Instead(response)) => response,
        Err(Trouble::Failed(failure)) => visit.answer(Err(failure)),
        Err(Trouble::Refused(StatusCode::NOT_FOUND, _)) => visit.not_found(),
        Err(Trouble::Refused(status, sentences)) => {
            let pages = match visit.signed_in().await {
                Ok(Some(who)) => visit.pages_for(&who),
                Ok(None) => visit.pages(),
                Err(failure) => return visit.answer(Err(failure)),
            };
            let told = sentences.iter().map(|sentence| pages.language().told(sentence)).collect::<Vec<_>>().join(" ");
            pages.refused(&visit.client.host, status, &told)
        }
    }
}

/// Reads a form, or answers instead: the login, or the page anew, whose form is of this session.
async fn sent(visit: &Visit, section: Section, request: Request) -> Result<Sent, Trouble> {
    let form = Form::read(request).await.map_err(|status| {
        let problem = visit.language(None).not_this_form();
        Trouble::Instead(visit.pages().refused(&visit.client.host, status, &problem))
    })?;
    let back = || Trouble::Instead(redirect(StatusCode::SEE_OTHER, section.url()));
    let who = visit.signed_in().await?.ok_or_else(back)?;
    if !visit.token.as_deref().is_some_and(|token| login::csrf_matches(token, form.csrf())) {
        return Err(back());
    }
    Ok(Sent { who, form })
}

/// What the API said no with, in the language of whoever reads it.
fn said(reply: &Reply, t: Language) -> String {
    let sentences = reply.problems().into_iter().map(|(_, sentence)| t.told(&sentence).into_owned());
    sentences.collect::<Vec<_>>().join(" ")
}

/// A moment out of JSON.
fn moment(value: &Value, t: Language) -> Option<Moment> {
    let at = DateTime::parse_from_rfc3339(value.as_str()?).ok()?.with_timezone(&Utc);
    Some(told(at, t))
}

fn told(at: DateTime<Utc>, t: Language) -> Moment {
    Moment { exact: at.to_rfc3339_opts(SecondsFormat::Secs, true), words: t.moment(at) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The things of a list that the API answered.
fn results(page: &Value) -> impl Iterator<Item = &Value> {
    page["results"].as_array().into_iter().flatten()
}

/// A part of a path, as a path can have it.
fn part(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
