//! Credentials in the `Authorization` header instead of a cookie: a token of the gate itself, an access
//! token of the application's provider, or an app password. What was found is remembered for a minute
//! under the header's hash, and checked again on every use, so that a revoked one counts at once.

use crate::{
    gate::{Failure, Gate, Scene},
    tickets::{Digested, Proof, Ticket, digest},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::{
    config::ProxyApp,
    journal::Action,
    keys::{ACCESS_TOKEN, Expires, ID_TOKEN},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

/// The longest header that is looked at, in bytes: a token with all its claims.
const MAX_HEADER: usize = 16 * 1024;

/// How long a header is remembered.
const MEMORY: TimeDelta = TimeDelta::seconds(60);

/// User name that says that the password is a token.
const TOKEN_USER: &str = "goauthentik.io/token";

/// What a header shows.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Bearer(String),
    Password { user: String, password: String },
}

/// The claims of our own tokens that lead back to where they come from.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    /// The session of the gate's own token; access tokens name theirs in another form, or none.
    sid: Option<String>,
    exp: i64,
}

impl Expires for Claims {
    fn expires(&self) -> i64 {
        self.exp
    }
}

impl Gate {
    /// The sign-in that the header proves.
    pub(crate) async fn by_header(&self, scene: Scene<'_>, app: &ProxyApp) -> Result<Option<Arc<Ticket>>, Failure> {
        let header = scene.question.authorization().filter(|value| value.len() <= MAX_HEADER);
        let Some((header, shown)) = header.and_then(|value| Some((value, parse(value.to_str().ok()?)?))) else {
            return Ok(None);
        };
        let key = digest(b"header", app.id, header.as_bytes());
        // Too many of this address were wrong: none that is not known is looked at for a while, as `refused` tells.
        let is_known = self.tickets.get(&key, app.id, scene.now).is_some();
        if !is_known && self.identity.wrong_keys.pause(scene.origin.ip()).is_some() {
            return Ok(None);
        }
        let found = match shown {
            Shown::Bearer(token) => self.by_bearer(scene, app, &token, key).await?,
            Shown::Password { user, password } => self.by_password(scene, app, &user, &password, key).await?,
        };
        if found.is_none() {
            // Whoever has sent too many hears so with the next one.
            let _ = self.identity.wrong_keys.count(scene.origin.ip());
            self.note(Action::LoginFailed, scene.origin, "the Authorization header of a request was not accepted");
        }
        Ok(found)
    }

    /// A token that this gate, or the provider's token endpoint, has issued to this application. Both sign
    /// with the same key, so that whatever was issued elsewhere, which any service may be sent with every
    /// request, is told by its signature and costs no look into the database.
    async fn by_bearer(
        &self,
        scene: Scene<'_>,
        app: &ProxyApp,
        token: &str,
        key: Digested,
    ) -> Result<Option<Arc<Ticket>>, Failure> {
        match self.tickets.get(&key, app.id, scene.now) {
            Some(ticket) if matches!(ticket.proof, Proof::Session(_)) => return Ok(Some(ticket)),
            Some(_) => return self.by_access_token(scene, app, token, key).await,
            None => {}
        }
        let verified = scene.snapshot.signing_key().verify::<Claims>(
            token,
            &[ID_TOKEN, ACCESS_TOKEN],
            &app.provider.client_id,
            scene.now,
        );
        let Ok(claims) = verified else { return Ok(None) };
        match claims.sid.as_deref().and_then(|sid| Uuid::parse_str(sid).ok()) {
            Some(session) => self.by_own_token(scene, app, &claims.sub, session, key).await,
            None => self.by_access_token(scene, app, token, key).await,
        }
    }

    /// A token that this gate has issued to this application, as long as its session lives.
    async fn by_own_token(
        &self,
        scene: Scene<'_>,
        app: &ProxyApp,
        sub: &str,
        session: Uuid,
        key: Digested,
    ) -> Result<Option<Arc<Ticket>>, Failure> {
        let identity = &self.identity;
        for row in identity.store.proxy_sessions().of_session(session).await? {
            if row.provider != app.id {
                continue;
            }
            let Some(entry) = Box::pin(identity.proxy.by_hash(&row.id_hash, &identity.sessions)).await? else {
                continue;
            };
            let who = identity.principals.get(entry.row.user_pk).await?;
            if who.is_some_and(|who| who.principal().uid == sub) {
                let mut ticket = Ticket::of_session(entry);
                ticket.until = ticket.until.min(scene.now + MEMORY);
                let ticket = Arc::new(ticket);
                self.tickets.keep(key, Arc::clone(&ticket));
                return Ok(Some(ticket));
            }
        }
        Ok(None)
    }

    /// An access token that the OAuth2 provider has issued to this application. It is looked up every
    /// time, in memory; one that is bound to a key (RFC 9449) is worth nothing without the proof.
    async fn by_access_token(
        &self,
        scene: Scene<'_>,
        app: &ProxyApp,
        token: &str,
        key: Digested,
    ) -> Result<Option<Arc<Ticket>>, Failure> {
        let found = Box::pin(self.identity.access_token(scene.snapshot, token)).await?;
        let own = found.filter(|valid| valid.client.id == app.id && valid.token.facts.jkt.is_none());
        Ok(own.map(|valid| {
            let until = valid.token.row.expires.min(scene.now + MEMORY);
            self.kept(key, app.id, valid.token.row.user_pk, until, scene.now)
        }))
    }

    /// The ticket of somebody who has just proven who they are; it only spares making the headers again.
    fn kept(&self, key: Digested, app: Uuid, user: i64, until: DateTime<Utc>, now: DateTime<Utc>) -> Arc<Ticket> {
        let known = self.tickets.get(&key, app, now).filter(|ticket| ticket.user == user);
        known.unwrap_or_else(|| {
            let ticket = Arc::new(Ticket::of_token(app, user, until));
            self.tickets.keep(key, Arc::clone(&ticket));
            ticket
        })
    }

    /// A user name with an app password of that user. The password is looked up every time, in memory:
    /// the ticket only spares making the headers again.
    async fn by_password(
        &self,
        scene: Scene<'_>,
        app: &ProxyApp,
        user: &str,
        password: &str,
        key: Digested,
    ) -> Result<Option<Arc<Ticket>>, Failure> {
        let Some((token, _)) = self.identity.tokens.app_password(user, password).await? else { return Ok(None) };
        let until = scene.now + MEMORY;
        let until = token.expires.filter(|_| token.expiring).map_or(until, |end| end.min(until));
        Ok(Some(self.kept(key, app.id, token.user_pk, until, scene.now)))
    }
}

/// Reads the header: Bearer (RFC 6750, section 2.1) or Basic (RFC 7617).
fn parse(header: &str) -> Option<Shown> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if rest.is_empty() {
        return None;
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Shown::Bearer(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, password) = plain.split_once(':')?;
    if user == TOKEN_USER {
        return Some(Shown::Bearer(password.to_owned()));
    }
    Some(Shown::Password { user: user.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_refused() {
        let basic = |text: &str| parse(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(parse("Bearer a.b.c"), Some(Shown::Bearer("a.b.c".into())));
        assert_eq!(parse("bearer  a.b.c"), Some(Shown::Bearer("a.b.c".into())));
        assert_eq!(basic("goauthentik.io/token:a.b.c"), Some(Shown::Bearer("a.b.c".into())));
        assert_eq!(basic("ann:x:y"), Some(Shown::Password { user: "ann".into(), password: "x:y".into() }));
        for bad in ["", "Bearer", "Bearer ", "Basic", "Basic !!!", "Digest username=\"ann\"", "Basic YW5u"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
