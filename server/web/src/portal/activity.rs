//! `/if/user/activity/`: what happened in somebody's name, and what others did to their account, in plain words.

use super::{Shown, answered, frame, moment, parameter, results, sessions::device};
use crate::{
    page::respond,
    pages::portal::{ActivityPage, ActivityView, Mood, Section},
    rest::Rest,
    visit::Visit,
};
use axum::{http::StatusCode, response::Response};
use lockgate_texts::Language;
use serde_json::Value;

/// Entries of a page.
const EACH: u64 = 30;

/// `GET /if/user/activity/`.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, shown(&visit, &rest).await).await
}

async fn shown(visit: &Visit, rest: &Rest) -> Shown {
    let guest = frame::guest(visit).await?;
    let page: u64 = parameter(&visit.query, "page").parse().unwrap_or(1).max(1);
    let list = rest.get(&format!("/lockgate/me/activity/?page={page}&page_size={EACH}")).await?;
    let url = |page: u64| format!("{}?page={page}", Section::Activity.url());
    let more = list["pagination"]["count"].as_u64().unwrap_or_default() > page * EACH;
    let page = ActivityPage {
        frame: frame::frame(visit, &guest, Section::Activity).await?,
        entries: results(&list).map(|entry| view(entry, guest.t())).collect(),
        newer_url: (page > 1).then(|| url(page - 1)),
        older_url: more.then(|| url(page + 1)),
        brand: guest.brand,
    };
    Ok(respond(StatusCode::OK, &page))
}

fn view(entry: &Value, t: Language) -> ActivityView {
    let told = |name: &str| entry[name].as_str();
    let place: Vec<&str> = ["city", "country"].into_iter().filter_map(told).collect();
    let seen = told("browser").or(told("system")).map(|_| device(told("browser"), told("system"), t));
    let whence = [Some(place.join(", ")), seen, told("client_ip").map(str::to_owned)];
    let acted = told("acted_by").map(|who| t.acted_by(who));
    let by = told("done_by").filter(|who| !who.is_empty()).map(|who| t.done_by(who));
    let (icon, mood, sentence_html) = match told("done_by") {
        Some(_) => suffered(entry, t),
        None => sentence(entry, t),
    };
    ActivityView {
        icon,
        mood,
        sentence_html,
        whence: acted
            .into_iter()
            .chain(by)
            .chain(whence.into_iter().flatten())
            .filter(|part| !part.is_empty())
            .collect(),
        at: moment(&entry["created"], t).unwrap_or_default(),
    }
}

/// Drawing, mood and words of what happened.
fn sentence(entry: &Value, t: Language) -> (&'static str, Mood, String) {
    let name = |field: &str| entry[field].as_str().unwrap_or_default();
    let (application, thing) = (name("application"), name("thing_name"));
    match entry["action"].as_str().unwrap_or_default() {
        "login" => ("in", Mood::Plain, t.did_sign_in().into_owned()),
        "login_failed" => ("warn", Mood::Refused, t.did_fail_sign_in().into_owned()),
        "logout" => ("out", Mood::Plain, t.did_sign_out().into_owned()),
        "authorize_application" => ("apps", Mood::Plain, t.did_open_html(application)),
        "policy_execution" if application.is_empty() => ("warn", Mood::Refused, t.was_refused().into_owned()),
        "policy_execution" => ("warn", Mood::Refused, t.was_refused_html(application)),
        "password_set" => ("lock", Mood::Notable, t.did_set_password().into_owned()),
        "user_write" => ("edit", Mood::Plain, t.did_change_profile().into_owned()),
        "invitation_used" => ("mail", Mood::Plain, t.did_use_invitation().into_owned()),
        "secret_view" => ("key", Mood::Notable, t.did_see_key_html(thing)),
        "secret_rotate" => ("key", Mood::Notable, t.did_renew_key_html(thing)),
        "impersonation_started" => ("person", Mood::Notable, t.did_begin_acting().into_owned()),
        "impersonation_ended" => ("person", Mood::Plain, t.did_end_acting().into_owned()),
        action => made(action, (name("thing"), thing), t),
    }
}

/// The same of what somebody else did to the account.
fn suffered(entry: &Value, t: Language) -> (&'static str, Mood, String) {
    let name = |field: &str| entry[field].as_str().unwrap_or_default();
    let (action, kind, thing) = (name("action"), name("thing"), name("thing_name"));
    let icon = match kind {
        "user" => "person",
        "token" => "key",
        _ if is_factor(kind) => "shield",
        _ => "edit",
    };
    let sentence = match (action, kind) {
        ("password_set", _) => return ("lock", Mood::Notable, t.did_set_password().into_owned()),
        ("impersonation_started", _) => return ("person", Mood::Notable, t.began_acting_as_you().into_owned()),
        ("impersonation_ended", _) => return ("person", Mood::Notable, t.ended_acting_as_you().into_owned()),
        ("secret_view", _) => t.did_see_key_html(thing),
        ("secret_rotate", _) => t.did_renew_key_html(thing),
        ("model_created", "user") => t.account_was_created().into_owned(),
        (_, "user") => t.account_was_changed().into_owned(),
        ("model_created", _) if is_factor(kind) => t.factor_was_added_html(thing),
        ("model_deleted", _) if is_factor(kind) => t.factor_was_removed_html(thing),
        ("model_deleted", "authenticatedsession") => t.sessions_were_ended().into_owned(),
        ("model_created", _) => t.thing_was_created_html(thing),
        ("model_deleted", _) => t.thing_was_deleted_html(thing),
        _ => t.thing_was_changed_html(thing),
    };
    (icon, Mood::Notable, sentence)
}

fn is_factor(kind: &str) -> bool {
    kind.ends_with("device") || matches!(kind, "totp" | "webauthn" | "static" | "email" | "sms" | "duo")
}

/// The same of what was made, changed or deleted.
fn made(action: &str, (kind, name): (&str, &str), t: Language) -> (&'static str, Mood, String) {
    let factor = is_factor(kind);
    let (icon, mood) = match kind {
        _ if factor => ("shield", Mood::Notable),
        "token" => ("key", Mood::Notable),
        "userconsent" => ("share", Mood::Plain),
        _ => ("edit", Mood::Plain),
    };
    let sentence = match (action, kind) {
        ("model_created", _) if factor => t.did_add_factor_html(name),
        ("model_deleted", _) if factor => t.did_remove_factor_html(name),
        ("model_updated", _) if factor => t.did_rename_factor_html(name),
        ("model_created", "token") => t.did_make_key_html(name),
        ("model_deleted", "token") => t.did_delete_key_html(name),
        ("model_deleted", "userconsent") => t.did_take_back_html(name),
        ("model_deleted", "authenticatedsession") => t.did_end_sessions().into_owned(),
        ("model_created", _) => t.did_create_html(name),
        ("model_deleted", _) => t.did_delete_html(name),
        _ => t.did_change_html(name),
    };
    (icon, mood, sentence)
}
