//! `/if/user/tokens/`: keys for programs.

use super::{
    Done, MOST, Sent, Shown, answered, done,
    frame::{self, Guest},
    moment, part, results, said, sent, text,
};
use crate::{
    page::respond,
    pages::portal::{ConfirmPage, KeyView, Section, TokenView, TokensPage},
    rest::{Reply, Rest},
    visit::Visit,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{SecondsFormat, TimeDelta};
use lockgate_texts::Language;
use serde_json::{Value, json};

/// Days that a key can work for.
const LIVES: [u32; 4] = [7, 30, 90, 365];

/// What is chosen first.
const USUAL: u32 = 90;

/// `GET /if/user/tokens/`.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, shown(&visit, &rest).await).await
}

async fn shown(visit: &Visit, rest: &Rest) -> Shown {
    page(visit, rest, frame::guest(visit).await?, Fill::default()).await
}

/// What a page has beside the list.
#[derive(Default)]
struct Fill {
    made: Option<KeyView>,
    typed: String,
    wish: Option<(String, u32)>,
    wrong: Option<String>,
    problem: Option<String>,
}

async fn page(visit: &Visit, rest: &Rest, guest: Guest, fill: Fill) -> Shown {
    let (t, name) = (guest.t(), part(&guest.who.principal().user.username));
    let list = rest.get(&format!("/core/tokens/?user__username={name}&page_size={MOST}")).await?;
    let mut tokens: Vec<TokenView> = results(&list).filter_map(|token| view(token, t)).collect();
    tokens.sort_by_cached_key(|token| token.name.to_lowercase());
    let mut frame = frame::frame(visit, &guest, Section::Tokens).await?;
    let refused = fill.wrong.is_some() || fill.problem.is_some();
    frame.problem = fill.problem;
    let (intent, chosen) = fill.wish.unwrap_or_else(|| (String::new(), USUAL));
    let page = TokensPage {
        brand: guest.brand,
        frame,
        tokens,
        made: fill.made,
        typed: fill.typed,
        api: intent == "api",
        wrong: fill.wrong,
        lives: LIVES.map(|days| (days, t.span(TimeDelta::days(days.into())), days == chosen)).into(),
    };
    Ok(respond(if refused { StatusCode::BAD_REQUEST } else { StatusCode::OK }, &page))
}

/// The tokens that people make; those of the server's own are none of theirs.
fn view(token: &Value, t: Language) -> Option<TokenView> {
    let intent = token["intent"].as_str().filter(|intent| matches!(*intent, "api" | "app_password"))?;
    let expiring = token["expiring"] == true;
    Some(TokenView {
        identifier: text(&token["identifier"]),
        name: name_of(token),
        app_password: intent == "app_password",
        expires: moment(&token["expires"], t).filter(|_| expiring),
    })
}

fn name_of(token: &Value) -> String {
    let name = [&token["description"], &token["identifier"]].map(text).into_iter().find(|name| !name.is_empty());
    name.unwrap_or_default()
}

/// Random text for an identifier or a key.
fn random(visit: &Visit, bytes: usize) -> String {
    let mut random = vec![0; bytes];
    visit.identity.random.fill(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

/// A name that nobody else has: identifiers are unique among everybody's.
fn identifier(visit: &Visit, name: &str) -> String {
    let slug: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let slug: String = slug.trim_matches('-').chars().take(60).collect();
    format!("{slug}-{}", random(visit, 6))
}

/// `POST /if/user/tokens/`: makes a key, and shows it this once.
pub(super) async fn make(visit: Visit, rest: Rest, request: Request) -> Response {
    answered(&visit, made(&visit, &rest, request).await).await
}

async fn made(visit: &Visit, rest: &Rest, request: Request) -> Shown {
    let sent = sent(visit, Section::Tokens, request).await?;
    let name = sent.text("name").to_owned();
    let days = sent.text("days").parse().ok().filter(|days| LIVES.contains(days)).unwrap_or(USUAL);
    let intent = if sent.text("intent") == "api" { "api" } else { "app_password" };
    if name.is_empty() {
        let guest = frame::of(visit, sent.who);
        let wrong = Some(guest.t().name_it_first().into_owned());
        let wish = Some((intent.to_owned(), days));
        return page(visit, rest, guest, Fill { wrong, wish, ..Fill::default() }).await;
    }
    let expires = visit.identity.clock.now() + TimeDelta::days(days.into());
    let wish = json!({
        "identifier": identifier(visit, &name), "intent": intent, "description": name, "expiring": true,
        "expires": expires.to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    let reply = rest.send(Method::POST, "/core/tokens/", sent.csrf(), &wish).await?;
    if !reply.status.is_success() {
        let guest = frame::of(visit, sent.who);
        let wrong = Some(said(&reply, guest.t()));
        return page(
            visit,
            rest,
            guest,
            Fill { typed: name, wish: Some((intent.to_owned(), days)), wrong, ..Fill::default() },
        )
        .await;
    }
    let token = reply.json();
    let key = rest.get(&format!("{}view_key/", path(&text(&token["identifier"])))).await?;
    reveal(visit, rest, sent, (&token, text(&key["key"]))).await
}

/// The page with a key that was just made.
async fn reveal(visit: &Visit, rest: &Rest, sent: Sent, (token, key): (&Value, String)) -> Shown {
    let guest = frame::of(visit, sent.who);
    let made = KeyView { name: name_of(token), key, app_password: token["intent"] == "app_password" };
    page(visit, rest, guest, Fill { made: Some(made), ..Fill::default() }).await
}

fn path(identifier: &str) -> String {
    format!("/core/tokens/{}/", part(identifier))
}

/// What is asked before something happens to a token.
struct Question {
    tail: &'static str,
    ask: fn(Language, String) -> String,
    means: fn(Language) -> std::borrow::Cow<'static, str>,
    act: fn(Language) -> std::borrow::Cow<'static, str>,
}

async fn asked(visit: &Visit, rest: &Rest, identifier: &str, question: Question) -> Shown {
    let guest = frame::guest(visit).await?;
    let token = rest.get(&path(identifier)).await?;
    let t = guest.t();
    let page = ConfirmPage {
        frame: frame::frame(visit, &guest, Section::Tokens).await?,
        question: (question.ask)(t, name_of(&token)),
        consequence: (question.means)(t).into_owned(),
        action_url: format!("/if/user/tokens/{}/{}/", part(identifier), question.tail),
        act: (question.act)(t).into_owned(),
        danger: question.tail == "delete",
        brand: guest.brand,
    };
    Ok(respond(StatusCode::OK, &page))
}

/// `GET /if/user/tokens/{identifier}/rotate/`: asks first.
pub(super) async fn ask_rotate(visit: Visit, rest: Rest, Path(identifier): Path<String>) -> Response {
    let question = Question {
        tail: "rotate",
        ask: |t, name| t.new_key_question(name),
        means: |t| t.new_key_means(),
        act: |t| t.new_key(),
    };
    answered(&visit, asked(&visit, &rest, &identifier, question).await).await
}

/// `GET /if/user/tokens/{identifier}/delete/`: asks first.
pub(super) async fn ask_delete(visit: Visit, rest: Rest, Path(identifier): Path<String>) -> Response {
    let question = Question {
        tail: "delete",
        ask: |t, name| t.delete_token_question(name),
        means: |t| t.delete_token_means(),
        act: |t| t.delete(),
    };
    answered(&visit, asked(&visit, &rest, &identifier, question).await).await
}

/// `POST /if/user/tokens/{identifier}/rotate/`: a new key in place of the old one.
pub(super) async fn rotate(visit: Visit, rest: Rest, Path(identifier): Path<String>, request: Request) -> Response {
    answered(&visit, rotated(&visit, &rest, &identifier, request).await).await
}

async fn rotated(visit: &Visit, rest: &Rest, identifier: &str, request: Request) -> Shown {
    let sent = sent(visit, Section::Tokens, request).await?;
    let token = rest.get(&path(identifier)).await?;
    let key = random(visit, 45);
    let wish = json!({"key": key});
    let reply = rest.send(Method::POST, &format!("{}set_key/", path(identifier)), sent.csrf(), &wish).await?;
    if !reply.status.is_success() {
        return failed(visit, rest, sent, &reply).await;
    }
    reveal(visit, rest, sent, (&token, key)).await
}

/// `POST /if/user/tokens/{identifier}/delete/`.
pub(super) async fn delete(visit: Visit, rest: Rest, Path(identifier): Path<String>, request: Request) -> Response {
    answered(&visit, deleted(&visit, &rest, &identifier, request).await).await
}

async fn deleted(visit: &Visit, rest: &Rest, identifier: &str, request: Request) -> Shown {
    let sent = sent(visit, Section::Tokens, request).await?;
    let reply = rest.send(Method::DELETE, &path(identifier), sent.csrf(), &Value::Null).await?;
    if reply.status.is_success() || reply.status == StatusCode::NOT_FOUND {
        return Ok(done(Section::Tokens, Done::Deleted));
    }
    failed(visit, rest, sent, &reply).await
}

/// The page again, with what the API said.
async fn failed(visit: &Visit, rest: &Rest, sent: Sent, reply: &Reply) -> Shown {
    let guest = frame::of(visit, sent.who);
    let problem = Some(said(reply, guest.t()));
    page(visit, rest, guest, Fill { problem, ..Fill::default() }).await
}
