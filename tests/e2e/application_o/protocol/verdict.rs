//! Holds an answer against what a case expects of it.

use serde_json::Value as Json;
use url::Url;

use super::case::{Check, Expect, Is};
use super::jwt::{claims, hashed};
use super::perform::{Answer, Known};
use super::world::redirect_uri;

/// What a client must never be sent beside an error.
const PRECIOUS: [&str; 4] = ["code", "access_token", "id_token", "refresh_token"];

/// Whether the answer is as expected, or what is wrong with it.
pub(super) fn judge(expect: &Expect, answer: &Answer, known: &Known) -> Result<(), String> {
    meets_all(expect, answer, known).map_err(|why| format!("{why}; it was answered {}", answer.told()))
}

fn meets_all(expect: &Expect, answer: &Answer, known: &Known) -> Result<(), String> {
    match expect {
        Expect::Page(wanted) => {
            has_status(answer, *wanted)?;
            that(answer.location.is_none(), "it leads somewhere")?;
            that(answer.reply.header("content-type").starts_with("text/html"), "it is no page")?;
            is_not_stored(answer)
        }
        Expect::Led(path) => {
            let url = answer.location.as_ref().ok_or("it leads nowhere")?;
            that(!answer.is_elsewhere() && url.path().starts_with(path), format!("it does not lead to {path}"))?;
            is_not_stored(answer)
        }
        Expect::Back(checks) => {
            is_back(answer, known, Url::query)?;
            that(answer.members.get("error").is_none(), "it is an error")?;
            all(checks, &answer.members, known)
        }
        Expect::BackOf(client, checks) => {
            let url =
                answer.location.as_ref().filter(|_| answer.is_elsewhere()).ok_or("it does not lead to the client")?;
            that(url.as_str().starts_with(&redirect_uri(client)), "it does not lead to the client's redirect URI")?;
            let issuer = known.fill(&format!("<issuer.{client}>"))?;
            that(answer.members["iss"].as_str() == Some(&issuer), format!("iss is not {issuer}"))?;
            all(checks, &answer.members, known)
        }
        Expect::Elsewhere(checks) => {
            that(answer.is_elsewhere(), "it does not lead away from here")?;
            all(checks, &answer.members, known)
        }
        Expect::BackInFragment(checks) => {
            is_back(answer, known, Url::fragment)?;
            that(answer.members.get("error").is_none(), "it is an error")?;
            all(checks, &answer.members, known)
        }
        Expect::Posted(checks) => {
            that(answer.location.is_none(), "it leads somewhere")?;
            let to = answer.asked.get("redirect_uri").map(String::as_str);
            that(answer.members["action"].as_str() == to, "the form is not for the redirect URI")?;
            is_not_stored(answer)?;
            has_state_and_issuer(answer, known)?;
            all(checks, &answer.members, known)
        }
        Expect::Told(error) => is_told(answer, known, error, Url::query),
        Expect::ToldInFragment(error) => is_told(answer, known, error, Url::fragment),
        Expect::Refused(wanted, error) => is_refused(answer, *wanted, error),
        Expect::Challenged(wanted, scheme, error) => is_challenged(answer, *wanted, scheme, *error),
        Expect::Json(checks) => {
            has_status(answer, 200)?;
            that(answer.reply.header("content-type").starts_with("application/json"), "it is no JSON")?;
            all(checks, &answer.members, known)
        }
        Expect::Members(checks) => all(checks, &answer.members, known),
        Expect::Status(wanted) => has_status(answer, *wanted),
        Expect::Header(name, wanted) => {
            let found = answer.reply.header(name);
            that(found == known.fill(wanted)?, format!("{name} is {found:?}, not {wanted:?}"))
        }
        Expect::NoHeader(name) => that(answer.reply.headers.get(*name).is_none(), format!("{name} is there")),
        Expect::All(every) => every.iter().try_for_each(|one| meets_all(one, answer, known)),
        Expect::Never(none) => {
            let met = none.iter().any(|one| meets_all(one, answer, known).is_ok());
            that(!met, "it is what must never come")
        }
        Expect::Either(any) => {
            let why: Vec<String> = any.iter().filter_map(|one| meets_all(one, answer, known).err()).collect();
            that(why.len() < any.len(), why.join(", and "))
        }
    }
}

fn that(right: bool, why: impl Into<String>) -> Result<(), String> {
    if right { Ok(()) } else { Err(why.into()) }
}

fn has_status(answer: &Answer, wanted: u16) -> Result<(), String> {
    that(answer.reply.status == wanted, format!("the status is not {wanted}"))
}

/// RFC 6749, section 5.1: nobody keeps what is for one client.
fn is_not_stored(answer: &Answer) -> Result<(), String> {
    that(answer.reply.header("cache-control").contains("no-store"), "it may be stored (Cache-Control)")
}

/// A redirect to the address that was asked for, with the answer in the part
/// that `part` reads and in no other.
fn is_back(answer: &Answer, known: &Known, part: fn(&Url) -> Option<&str>) -> Result<(), String> {
    let url = answer.location.as_ref().filter(|_| answer.is_elsewhere()).ok_or("it does not lead to the client")?;
    let asked = answer.asked.get("redirect_uri").ok_or("no redirect URI was asked for")?;
    that(url.as_str().starts_with(asked.as_str()), "it does not lead to the redirect URI")?;
    let inside = part(url).unwrap_or_default();
    that(inside.contains("iss="), "the answer is not where the response mode has it")?;
    that(url.as_str().matches("iss=").count() == 1, "the answer is in the query and in the fragment")?;
    has_state_and_issuer(answer, known)
}

/// RFC 6749, section 4.1.2, and RFC 9207, section 2.
fn has_state_and_issuer(answer: &Answer, known: &Known) -> Result<(), String> {
    let state = answer.asked.get("state").filter(|state| !state.is_empty());
    that(answer.members["state"].as_str() == state.map(String::as_str), "the state is not what was sent")?;
    let client = answer.asked.get("client_id").cloned().unwrap_or_default();
    let issuer = known.fill(&format!("<issuer.{client}>"))?;
    that(answer.members["iss"].as_str() == Some(&issuer), format!("iss is not {issuer}"))
}

fn is_told(answer: &Answer, known: &Known, error: &str, part: fn(&Url) -> Option<&str>) -> Result<(), String> {
    is_back(answer, known, part)?;
    that(answer.members["error"] == error, format!("the error is not {error}"))?;
    that(answer.members["error_description"].is_string(), "the error is not described")?;
    has_nothing_precious(answer)
}

fn has_nothing_precious(answer: &Answer) -> Result<(), String> {
    let found = PRECIOUS.iter().find(|name| answer.members.get(**name).is_some());
    that(found.is_none(), format!("there is {found:?} beside the error"))
}

/// RFC 6749, section 5.2, and the identifier by which the log knows it.
fn is_refused(answer: &Answer, status: u16, error: &str) -> Result<(), String> {
    has_status(answer, status)?;
    that(answer.members["error"] == error, format!("the error is not {error}"))?;
    for name in ["error_description", "request_id"] {
        let said = answer.members[name].as_str().is_some_and(|text| !text.is_empty());
        that(said, format!("there is no {name}"))?;
    }
    that(answer.reply.header("content-type").starts_with("application/json"), "it is no JSON")?;
    is_not_stored(answer)?;
    let challenge = answer.reply.headers.contains_key("www-authenticate");
    that(status != 401 || challenge, "a 401 without WWW-Authenticate (RFC 9110, section 15.5.2)")?;
    has_nothing_precious(answer)
}

/// RFC 6750, section 3, and RFC 9449, section 7.1.
fn is_challenged(answer: &Answer, status: u16, scheme: &str, error: Option<&str>) -> Result<(), String> {
    has_status(answer, status)?;
    let lines = answer.reply.headers.get_all("www-authenticate");
    let lines: Vec<String> = lines.iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect();
    let line = lines.iter().find(|line| line.split(' ').next() == Some(scheme));
    let line = line.ok_or_else(|| format!("there is no challenge {scheme}: {lines:?}"))?;
    is_not_stored(answer)?;
    match error {
        Some(error) => that(line.contains(&format!("error=\"{error}\"")), format!("{line:?} does not say {error}")),
        None => that(!line.contains("error="), format!("{line:?} names an error where no token was sent")),
    }
}

fn all(checks: &[Check], members: &Json, known: &Known) -> Result<(), String> {
    checks.iter().try_for_each(|Check(path, is)| {
        let found = member(members, path);
        let shown = found.as_ref().map_or_else(|| "absent".to_owned(), Json::to_string);
        meets(is, found.as_ref(), members, known)?.then_some(()).ok_or_else(|| format!("{path} is {shown}"))
    })
}

fn meets(is: &Is, found: Option<&Json>, members: &Json, known: &Known) -> Result<bool, String> {
    let text = found.and_then(Json::as_str);
    Ok(match is {
        Is::Value(value) => found == Some(&known.fill_json(value)?),
        Is::Words(words) => text.is_some_and(|text| sorted(text) == sorted(words)),
        Is::There => found.is_some_and(|value| !value.is_null() && *value != ""),
        Is::Absent => found.is_none(),
        Is::Not(other) => text.is_some_and(|text| known.fill(other).is_ok_and(|other| other != text)),
        Is::Starting(start) => text.is_some_and(|text| known.fill(start).is_ok_and(|start| text.starts_with(&start))),
        Is::Holding(one) => found.and_then(Json::as_array).is_some_and(|list| list.iter().any(|value| value == one)),
        // SHA-256 goes with all keys of the table.
        Is::HashOf(other) => members[*other].as_str().is_some_and(|other| text == Some(&hashed(other, 16))),
    })
}

fn sorted(words: &str) -> Vec<&str> {
    let mut list: Vec<&str> = words.split(' ').collect();
    list.sort_unstable();
    list
}

/// A member by its path; a signed token is gone into as into an object.
fn member(members: &Json, path: &str) -> Option<Json> {
    let mut at = members.clone();
    for name in path.split('/') {
        if let Some(inside) = at.as_str().and_then(claims) {
            at = inside;
        }
        at = match name.parse::<usize>() {
            Ok(index) => at.get(index)?.clone(),
            Err(_) => at.get(name)?.clone(),
        };
    }
    Some(at)
}
