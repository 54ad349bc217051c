//! What keeps the installation running: settings, certificates, jobs, revisions of the configuration, and what
//! administrators are told.

mod brands;
mod certificates;
mod drift;
mod jobs;
mod notifications;
mod outposts;
mod revisions;
mod schedules;
mod settings;
mod transports;

pub(super) use revisions::troubles;

use super::{
    desk::{Desk, Trouble},
    replaced::beside,
};
use crate::{
    Web,
    flow::form::Form as Sent,
    pages::admin::{Cell, Facts, Tone},
    rest::Reply,
};
use axum::{
    Router,
    extract::Request,
    http::Method,
    response::Response,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Routes.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/if/admin/settings/", get(settings::page).post(settings::save))
        .route("/if/admin/brands/{key}/", get(brands::page))
        .route("/if/admin/certificates/", get(certificates::page))
        .route("/if/admin/certificates/generate/", get(certificates::blank).post(certificates::generate))
        .route("/if/admin/certificates/{key}/", get(certificates::one))
        .route("/if/admin/certificates/{key}/certificate/", get(certificates::certificate))
        .route("/if/admin/jobs/", get(jobs::page))
        .route("/if/admin/jobs/workers/", get(jobs::workers))
        .route("/if/admin/jobs/{key}/", get(jobs::one))
        .route("/if/admin/jobs/{key}/retry/", post(jobs::retry))
        .route("/if/admin/schedules/", get(schedules::page))
        .route("/if/admin/schedules/{key}/", get(schedules::one).post(schedules::change))
        .route("/if/admin/schedules/{key}/run/", post(schedules::run))
        .route("/if/admin/drift/", get(drift::page))
        .route("/if/admin/revisions/", get(revisions::page))
        .route("/if/admin/revisions/reload/", post(revisions::reload))
        .route("/if/admin/revisions/{key}/", get(revisions::one))
        .route("/if/admin/revisions/{key}/rollback/", get(revisions::ask).post(revisions::roll_back))
        .route("/if/admin/notification-transports/{key}/", get(transports::page))
        .route("/if/admin/notification-transports/{key}/test/", post(transports::test))
        .route("/if/admin/outposts/{key}/", get(outposts::page))
        .merge(beside("brands"))
        .merge(beside("certificates"))
        .merge(beside("outposts"))
        .merge(beside("notification-transports"))
        .route("/if/admin/notifications/", get(notifications::page))
        .route("/if/admin/notifications/seen/", post(notifications::seen))
        .route("/if/admin/notifications/{key}/", get(notifications::one))
}

/// A button's form: checks that it is ours, and does one thing.
async fn pressed(desk: &Desk, request: Request, path: &str) -> Result<Reply, Trouble> {
    let _: Sent = desk.form(request).await?;
    Ok(desk.send(Method::POST, path, &serde_json::json!({})).await?)
}

/// The answer to a button that did something, or why it did not.
fn settled(reply: &Reply, to: &str) -> Result<Response, Trouble> {
    if reply.status.is_success() { Ok(super::desk::done(to, "done")) } else { Err(Trouble::from(reply)) }
}

/// How long until a certificate ends.
pub(super) fn ending(expires: DateTime<Utc>, now: DateTime<Utc>) -> Cell {
    let days = (expires - now).num_days();
    match days {
        _ if expires <= now => Cell::badge("Expired", Tone::Bad),
        0 => Cell::badge("Ends today", Tone::Bad),
        1 => Cell::badge("Ends in a day", Tone::Bad),
        days if days <= 30 => Cell::badge(format!("Ends in {days} days"), Tone::Warn),
        _ => Cell::badge("Valid", Tone::Good),
    }
}

/// How it stands with the configuration, as the overview tells it; nothing where it is not told.
pub(super) fn health(told: &Value) -> Option<Facts> {
    let told = told.as_object()?;
    let one = |name: &str| told.get(name).unwrap_or(&Value::Null);
    let number = super::resource::key_text(one("revision"));
    let state = match (one("error"), one("held")) {
        (Value::String(_), _) => Cell::badge("Error", Tone::Bad),
        (_, Value::Bool(true)) => Cell::badge("Held back", Tone::Warn),
        _ => Cell::badge("In force", Tone::Good),
    };
    let mut facts = Facts::default().with("State", state);
    facts = facts.with("Revision", Cell::link(&number, format!("{}revisions/{number}/", super::ROOT)));
    if let Value::String(commit) = one("commit") {
        facts = facts.with("Commit", Cell::Code(commit.chars().take(12).collect()));
        facts = facts.with("Pulled", Cell::time(one("pulled").as_str()));
    }
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_how_long_it_lasts() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let told = |until: &str| format!("{:?}", ending(at(until), at("2026-11-01T00:00:00Z")));
        assert!(told("2026-10-31T00:00:00Z").contains("Expired"));
        assert!(told("2026-11-01T12:00:00Z").contains("Ends today"));
        assert!(told("2026-11-11T00:00:00Z").contains("Ends in 10 days"));
        assert!(told("2027-11-11T00:00:00Z").contains("Valid"));
    }
}
