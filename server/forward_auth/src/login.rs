//! The way to the sign-in host and back, and out again (contract 1.5, 1.6, 1.10).

use crate::{
    answers,
    cookies::{Jar, state_name},
    dialect::Question,
    gate::{Failure, Gate, Scene},
    pages::Trouble,
    state::{BadState, Home, LIFE, State, is_sid, sid},
};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use lockgate_identity::{
    config::{ProxyApp, hosts::redirect_uris},
    journal::Action,
};
use lockgate_store::{Redemption, hash_secret};
use serde_json::json;
use url::form_urlencoded::Serializer;

/// Address on the application's host where a login starts.
pub(crate) const START: &str = "/outpost.goauthentik.io/start";

impl Gate {
    /// Sends the browser to the authorize endpoint, with a state that remembers where it wanted to go.
    pub(crate) fn start(&self, scene: Scene<'_>, app: &ProxyApp, wanted: Option<String>) -> Response {
        let Some(base) = self.known_base(scene.snapshot, app) else {
            let why = "the public address of the sign-in host is not known: set LOCKGATE_PUBLIC_URL, or \
                       authentik_host in the embedded outpost";
            return self.configuration_error(scene, why);
        };
        let name = state_name(&app.cookie_name);
        let known = scene.question.cookies(&name).find(|cookie| is_sid(cookie));
        let sid = known.map_or_else(|| sid(self.noise()), str::to_owned);
        let redirect = wanted.and_then(|wanted| home(app).return_text(wanted));
        let made = State::new(&app.provider.client_id, &sid, self.noise(), redirect, scene.now.timestamp());
        let cookie = jar(app).set(&name, &sid, LIFE);
        let (Ok(state), Some(cookie)) = (made.sign(app.state_key.as_ref()), cookie) else {
            return self
                .login_failed(scene, "This application cannot start a login: its provider has no cookie secret.");
        };
        // A state is of letters that need no encoding.
        let to = [&base, "/application/o/authorize/?", &app.authorize_query, &state].concat();
        answers::redirect(to, [cookie])
    }

    /// Takes a code back from the authorize endpoint and makes a session of it.
    pub(crate) async fn callback(&self, scene: Scene<'_>, app: &ProxyApp) -> Result<Response, Failure> {
        let question = scene.question;
        let text = question.parameter("state").unwrap_or_default();
        let cookie = state_name(&app.cookie_name);
        let provider = &app.provider;
        let opened = State::open(
            &text,
            &provider.cookie_secret,
            &provider.client_id,
            question.cookies(&cookie),
            scene.now.timestamp(),
        );
        let state = match opened {
            Ok(state) => state,
            Err(error) => return Ok(self.bad_state(scene, error)),
        };
        if let Some(error) = question.parameter("error") {
            let error: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
            return Ok(self.login_failed(scene, &format!("The sign-in host answered: {error}.")));
        }
        let Some(token) = self.redeem(scene, app, &text).await? else {
            return Ok(
                self.login_failed(scene, "The login could not be completed: its code is unknown, used or too old.")
            );
        };
        let life = app.validity.num_seconds() + 1;
        let to = home(app).return_url(&state.redirect).unwrap_or_else(|| app.external.clone());
        let Some(cookie) = jar(app).set(&app.cookie_name, &token, life) else {
            return Ok(self.configuration_error(scene, "the provider's cookie domain is malformed"));
        };
        Ok(answers::redirect(String::from(to), [cookie]))
    }

    /// Redeems the code, in process: it must be of this provider, for one of its addresses, and made for
    /// this very state, so that nobody can slip a code of theirs into somebody else's login.
    async fn redeem(&self, scene: Scene<'_>, app: &ProxyApp, state: &str) -> Result<Option<String>, Failure> {
        let code = scene.question.parameter("code").unwrap_or_default();
        let proxy = &self.identity.proxy;
        let row = match proxy.redeem(&code, app.id).await? {
            Redemption::Redeemed(row) => row,
            Redemption::Replayed(_) => {
                self.identity.feed.settle().await;
                self.note(Action::SuspiciousRequest, scene.origin, "an authorization code was used twice");
                return Ok(None);
            }
            Redemption::Unknown => return Ok(None),
        };
        let uris = redirect_uris(&app.external);
        let returns_here = row.data["redirect_uri"].as_str().is_some_and(|uri| uris.iter().any(|u| u == uri));
        if !returns_here || row.data["state"] != json!(hash_secret(state)) {
            self.note(Action::SuspiciousRequest, scene.origin, "an authorization code came back with another state");
            return Ok(None);
        }
        Ok(proxy.start(app.id, row.session, app.validity, json!({})).await?)
    }

    /// Ends all sessions that the user has at applications, and leads to where the login itself ends.
    pub(crate) async fn sign_out(&self, scene: Scene<'_>, app: &ProxyApp) -> Result<Response, Failure> {
        let mut ended = None;
        for cookie in scene.question.cookies(&app.cookie_name) {
            if let Some(ticket) = self.by_cookie(cookie, app, scene.now).await? {
                ended = Some(ticket);
                break;
            }
        }
        let Some(ticket) = ended else { return Ok(answers::redirect(START.to_owned(), [])) };
        // Without a token the way out is the same; the page at its end only knows less.
        let ready = self.ready(scene.snapshot, app, &ticket, scene.now).await.ok().flatten();
        let proxy = &self.identity.proxy;
        for other in scene.snapshot.all_apps().iter().filter_map(|app| app.proxy.as_ref()) {
            proxy.end_of_user(ticket.user, other.id).await?;
        }
        self.identity.feed.settle().await;
        let removed = jar(app).set(&app.cookie_name, "", 0);
        let Some(base) = self.known_base(scene.snapshot, app) else {
            return Ok(answers::redirect(app.external.to_string(), removed));
        };
        let mut to = format!("{base}/application/o/{}/end-session/", app.app_slug);
        if let Some(token) = ready.as_ref().and_then(|ready| ready.headers.jwt()) {
            to = extended(to + "?").append_pair("id_token_hint", token).finish();
        }
        Ok(answers::redirect(to, removed))
    }

    fn noise(&self) -> [u8; 32] {
        self.noise.draw(&*self.identity.random)
    }

    fn bad_state(&self, scene: Scene<'_>, error: BadState) -> Response {
        if error == BadState::Forged {
            self.note(Action::SuspiciousRequest, scene.origin, "a login came back with a forged state");
        }
        self.login_failed(scene, &format!("The login could not be completed: {error}."))
    }

    fn login_failed(&self, scene: Scene<'_>, text: &str) -> Response {
        let (title, language) = ("Login failed", scene.language(None));
        self.pages.trouble(&Trouble { status: StatusCode::BAD_REQUEST, title, text, retry: Some(START), language })
    }

    /// The operator has to change something: the log and an event say what, strangers only learn that.
    pub(crate) fn configuration_error(&self, scene: Scene<'_>, why: &str) -> Response {
        self.note(Action::ConfigurationError, scene.origin, why);
        answers::text(StatusCode::INTERNAL_SERVER_ERROR, "configuration error")
    }
}

/// Writes a query behind an address that ends with `?`.
fn extended(address: String) -> Serializer<'static, String> {
    let start = address.len();
    Serializer::for_suffix(address, start)
}

/// Where a provider may send browsers back to.
fn home(app: &ProxyApp) -> Home<'_> {
    Home { external: &app.external, mode: app.provider.mode, cookie_domain: &app.provider.cookie_domain }
}

fn jar(app: &ProxyApp) -> Jar<'_> {
    let domain = if app.is_domain() { app.provider.cookie_domain.as_str() } else { "" };
    Jar { secure: app.external.scheme() == "https", domain }
}

/// Where the question's visitor wants to be after the login: for a proxy's question the address that it
/// asked about, for `/start` what its `rd` says.
pub(crate) fn wanted(question: &Question<'_>, at_start: bool) -> Option<String> {
    if at_start { rd(question) } else { question.vouched.then(|| question.url()) }
}

/// The value of `rd`. nginx cannot encode and is told to write `rd=$scheme://$http_host$request_uri`, so
/// an address that is not encoded goes on to the end of the query, with the `&` of its own query.
fn rd(question: &Question<'_>) -> Option<String> {
    let plain = question.query().strip_prefix("rd=");
    match plain.filter(|rd| ["http://", "https://", "/"].iter().any(|start| rd.starts_with(start))) {
        Some(rd) => Some(rd.to_owned()),
        None => question.parameter("rd"),
    }
}

/// Makes sure that an address can stand in a `Location` header. It is not parsed, which for a kilobyte of
/// state would cost too much on every redirect: every address here was put together from a parsed one.
pub(crate) fn location(to: String) -> Option<HeaderValue> {
    let behind = ["https://", "http://"].iter().find_map(|scheme| to.strip_prefix(scheme));
    let absolute = behind.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['));
    let local = to.starts_with('/') && !to.starts_with("//");
    // A backslash is a slash to browsers. All bytes are looked at, many at a time.
    let plain = to.bytes().fold(true, |plain, b| plain & !b.is_ascii_control() & (b != b' ') & (b != b'\\'));
    if plain && (absolute || local) { HeaderValue::try_from(to).ok() } else { None }
}

/// Name of the header that [`location`] is for.
pub(crate) const LOCATION: http::HeaderName = header::LOCATION;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Asked;
    use http::{HeaderMap, Method};

    #[test]
    fn rd_is_read_encoded_or_as_nginx_writes_it() {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("app.test"));
        let rd = |query: &str| {
            let target = format!("{START}?{query}");
            let asked = Asked { method: &Method::GET, target: &target, headers: &headers, trusted: true };
            wanted(&Question::direct(asked).expect("a question"), true)
        };
        assert_eq!(rd("rd=http://app.test/a?b=c&d=%20").as_deref(), Some("http://app.test/a?b=c&d=%20"));
        assert_eq!(rd("rd=http%3A%2F%2Fapp.test%2Fa%3Fb%3Dc%26d&x=1").as_deref(), Some("http://app.test/a?b=c&d"));
        assert_eq!(rd("x=1&rd=/a").as_deref(), Some("/a"));
        assert_eq!(rd(""), None);
    }

    #[test]
    fn only_whole_addresses_are_redirected_to() {
        let location = |to: &str| location(to.to_owned());
        assert!(location("https://app.test/a?b").is_some() && location("/a").is_some());
        for bad in ["//evil.test", "/\\evil.test", "https:///evil", "javascript:alert(1)", "a", "", "/a\r\nx: y"] {
            assert_eq!(location(bad), None, "{bad:?}");
        }
    }
}
