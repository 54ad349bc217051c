//! Browser sessions: an opaque random identifier in a cookie, its SHA-256 in the database, the row in a
//! local cache. The identifier rotates at login; the public UUID stays.

use crate::{
    copies::Copies,
    fresh::{Fresh, FreshCache},
    memory::MemorySize,
    net::Client,
    principals::PrincipalEntry,
    system::{alphanumeric, random_uuid},
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::{
    LoginEffect,
    ports::{Clock, Random},
};
use lockgate_model::User;
use lockgate_policies::Login;
use lockgate_store::{JsonText, LoginScore, ScoreRules, Session, SessionFilter, Store, StoreError, hash_secret};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    fmt::Write as _,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// A cached session.
pub type SessionEntry = Fresh<Session>;

/// Name of the session's cookie.
const COOKIE: &str = "authentik_session";

/// Name of the cookie by which a browser remembers second factors.
const MFA_COOKIE: &str = "authentik_mfa";

/// Name of the cookie by which a browser remembers who has signed in in it.
const DEVICE_COOKIE: &str = "authentik_device";

/// The most of these two that is looked at, in bytes.
const REMINDER_LENGTH: usize = 2048;

/// Name of the cookie whose value scripts repeat in a header when they write.
const CSRF_COOKIE: &str = "authentik_csrf";

/// Characters of a session's identifier: 256 bits and a little more.
const TOKEN_LENGTH: usize = 43;

/// How long a session without a login lasts once something was answered in it.
const ANONYMOUS_LIFE: TimeDelta = TimeDelta::days(1);

/// How long one lasts in which nothing was: programs that open pages leave thousands of them.
const UNANSWERED_LIFE: TimeDelta = TimeDelta::hours(1);

/// Sessions whose use was seen and not yet written down.
const MAX_TOUCHED: usize = 100_000;

/// A session that the browser does not know yet.
#[derive(Debug)]
pub struct NewSession {
    /// Value of the cookie.
    pub token: String,
    /// Seconds that the browser may keep it; `None`: until it closes.
    pub max_age: Option<i64>,
    /// The row.
    pub session: Session,
}

/// What a login settles.
#[derive(Debug, Clone)]
pub struct LoginFacts {
    /// Who.
    pub user_pk: i64,
    /// How it was proven: `method`, `args`, `mfa`, `at`.
    pub auth: Value,
    /// When the session ends.
    pub expires: DateTime<Utc>,
    /// Seconds that the browser may keep the cookie; `None`: until it closes.
    pub max_age: Option<i64>,
    /// Who acts as that user, if that is somebody else.
    pub original_pk: Option<i64>,
}

/// Sessions.
pub struct Sessions {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    cache: FreshCache<String, Session>,
    copies: Option<Arc<Copies>>,
    touched: Mutex<HashSet<String>>,
}

impl Sessions {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        copies: Option<Arc<Copies>>,
        memory: MemorySize,
    ) -> Self {
        Self { store, clock, random, cache: FreshCache::new(memory.sessions()), copies, touched: Mutex::default() }
    }

    /// The session that a cookie names, unless it has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_token(&self, token: &str) -> Result<Option<Arc<SessionEntry>>, StoreError> {
        if !plausible(token) {
            return Ok(None);
        }
        self.by_hash(&hash_secret(token)).await
    }

    /// The session with this hash, unless it has ended.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn by_hash(&self, id_hash: &str) -> Result<Option<Arc<SessionEntry>>, StoreError> {
        let now = self.clock.now();
        let load = async {
            match &self.copies {
                Some(copies) => Box::pin(copies.load(&self.store, id_hash, now)).await,
                None => self.store.sessions().load(id_hash, now).await,
            }
        };
        let found = self.cache.get(&id_hash.to_owned(), load).await?;
        let Some(entry) = found.filter(|entry| entry.expires > now) else { return Ok(None) };
        self.used(&entry, now);
        Ok(Some(entry))
    }

    /// The session as the database has it now; for steps that will change it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn reload(&self, token: &str) -> Result<Option<Session>, StoreError> {
        if !plausible(token) {
            return Ok(None);
        }
        self.store.sessions().load(&hash_secret(token), self.clock.now()).await
    }

    /// A session for somebody who is not signed in. It lasts an hour, and a day once something was stored in it again.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn create_anonymous(&self, client: &Client, data: JsonText) -> Result<NewSession, StoreError> {
        let now = self.clock.now();
        let token = alphanumeric(&*self.random, TOKEN_LENGTH);
        let session = Session {
            id_hash: hash_secret(&token),
            uuid: random_uuid(&*self.random),
            user_pk: None,
            data,
            rev: 0,
            created: now,
            last_used: now,
            expires: now + UNANSWERED_LIFE,
            last_ip: client.ip.to_string(),
            user_agent: client.user_agent.clone(),
            login_event: None,
            auth: None,
            original_pk: None,
        };
        self.store.sessions().create(&session).await?;
        Ok(NewSession { token, max_age: None, session })
    }

    /// Gives a session another login: the identifier rotates, the plan of the flow is replaced by `data`, all in one
    /// statement. `None` when another request changed the session first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn renew(
        &self,
        old: &Session,
        facts: LoginFacts,
        client: &Client,
        data: JsonText,
    ) -> Result<Option<NewSession>, StoreError> {
        let new = self.following(old, facts, client, data);
        let replaced = self.store.sessions().replace(&old.id_hash, old.rev, &new.session, self.clock.now()).await?;
        Ok(replaced.then_some(new))
    }

    /// Signs in: as [`Self::renew`], and the login is noted with the account and counted in one transaction with it.
    /// Answers the number of the change, too; `None` when another request changed the session first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn login(
        &self,
        old: &Session,
        facts: LoginFacts,
        client: &Client,
        data: JsonText,
        rules: &ScoreRules,
    ) -> Result<Option<(NewSession, User, i64)>, StoreError> {
        let new = self.following(old, facts, client, data);
        let ip = client.ip.to_canonical().to_string();
        let score = LoginScore { key: random_uuid(&*self.random), ip: &ip, rules };
        let (from, now) = ((old.id_hash.as_str(), old.rev), self.clock.now());
        let logged_in = self.store.sessions().log_in(from, &new.session, &score, now).await?;
        Ok(logged_in.map(|(user, change)| (new, user, change)))
    }

    /// What a session becomes by a login.
    fn following(&self, old: &Session, facts: LoginFacts, client: &Client, data: JsonText) -> NewSession {
        let now = self.clock.now();
        let token = alphanumeric(&*self.random, TOKEN_LENGTH);
        let session = Session {
            id_hash: hash_secret(&token),
            uuid: old.uuid,
            user_pk: Some(facts.user_pk),
            data,
            rev: old.rev + 1,
            created: old.created,
            last_used: now,
            expires: facts.expires,
            last_ip: client.ip.to_string(),
            user_agent: client.user_agent.clone(),
            login_event: Some(json!({"method": facts.auth["method"], "at": now.to_rfc3339()}).into()),
            auth: Some(facts.auth.into()),
            original_pk: facts.original_pk,
        };
        NewSession { token, max_age: facts.max_age, session }
    }

    /// Makes another user of the one who is signed in, or the one from before again: the identifier rotates, and
    /// whatever a flow remembers is gone. How the login was proven stays. `None` when another request changed the
    /// session first.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub(crate) async fn act_as(
        &self,
        old: &Session,
        user_pk: i64,
        original_pk: Option<i64>,
    ) -> Result<Option<NewSession>, StoreError> {
        let now = self.clock.now();
        let token = alphanumeric(&*self.random, TOKEN_LENGTH);
        let session = Session {
            id_hash: hash_secret(&token),
            user_pk: Some(user_pk),
            original_pk,
            data: Value::Null.into(),
            rev: old.rev + 1,
            last_used: now,
            ..old.clone()
        };
        let replaced = self.store.sessions().replace(&old.id_hash, old.rev, &session, now).await?;
        let max_age = Some((session.expires - now).num_seconds().max(1));
        Ok(replaced.then_some(NewSession { token, max_age, session }))
    }

    /// Stores what a flow remembers, if nobody else changed the session since it was read.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn save(&self, session: &Session, data: &JsonText) -> Result<bool, StoreError> {
        let sessions = self.store.sessions();
        match session.user_pk {
            None => {
                let until = session.expires.max(session.created + ANONYMOUS_LIFE);
                sessions.update_anonymous(&session.id_hash, session.rev, data, until).await
            }
            Some(_) => sessions.update_data(&session.id_hash, session.rev, data, self.clock.now()).await,
        }
    }

    /// Ends a session and all that derive from it.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end(&self, session: &Session) -> Result<(), StoreError> {
        self.store.sessions().delete(&session.id_hash, self.clock.now()).await?;
        Ok(())
    }

    /// Ends the session with this public identifier; answers whether it existed.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end_by_uuid(&self, uuid: Uuid) -> Result<bool, StoreError> {
        self.store.sessions().delete_by_uuid(uuid, self.clock.now()).await
    }

    /// Ends all sessions of these users, except perhaps one.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn end_of_users(&self, users: &[i64], except: Option<&Session>) -> Result<u64, StoreError> {
        let except = except.map(|s| s.id_hash.as_str());
        self.store.sessions().delete_for_users(users, except, self.clock.now()).await
    }

    /// Open sessions, page by page.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn list(&self, filter: &SessionFilter) -> Result<(Vec<Session>, u64), StoreError> {
        self.store.sessions().list(filter, self.clock.now()).await
    }

    /// Notes the use of a session; written down in batches by [`Self::write_touched`].
    pub fn used(&self, session: &Session, now: DateTime<Utc>) {
        if now - session.last_used < TimeDelta::minutes(1) {
            return;
        }
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        if touched.len() < MAX_TOUCHED && !touched.contains(&session.id_hash) {
            touched.insert(session.id_hash.clone());
        }
    }

    /// Writes down which sessions were used since the last time.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn write_touched(&self) -> Result<(), StoreError> {
        let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        let touched: Vec<String> = touched.into_iter().collect();
        self.store.sessions().touch(&touched, self.clock.now()).await
    }

    pub(crate) fn forget(&self, id_hash: &str) {
        self.cache.forget(&id_hash.to_owned());
    }

    pub(crate) fn forget_all(&self) {
        self.cache.forget_all();
    }
}

impl crate::Core {
    /// Who is signed in with this session: an active person, from an address that the session may be
    /// used from.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn signed_in(
        &self,
        token: &str,
        ip: IpAddr,
    ) -> Result<Option<(Arc<SessionEntry>, Arc<PrincipalEntry>)>, StoreError> {
        self.feed.trust().await?;
        let Some(session) = self.sessions.by_token(token).await? else { return Ok(None) };
        let Some(user) = session.user_pk.filter(|_| self.bound_here(&session, ip)) else { return Ok(None) };
        let Some(who) = self.principals.get(user).await?.filter(|who| who.principal().user.is_active) else {
            return Ok(None);
        };
        // Boxed, as everything that is not done for every request: a future is as large as its largest way.
        if session.original_pk.is_some() && !Box::pin(self.may_still_be(&session, &who, Some(ip))).await? {
            return Ok(None);
        }
        Ok(Some((session, who)))
    }
}

/// The session's identifier among a request's cookies; `lines` are its `Cookie` headers. The first one
/// that can be ours at all: a foreign cookie of the same name, from a wider domain, must not hide it.
pub fn session_cookie<'a>(lines: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut values =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    values.find(|value| plausible(value))
}

/// What a browser remembers of second factors, among a request's cookies.
pub fn mfa_cookie<'a>(lines: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    reminder(MFA_COOKIE, lines)
}

/// What a browser remembers of who has signed in in it, among a request's cookies.
pub fn device_cookie<'a>(lines: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    reminder(DEVICE_COOKIE, lines)
}

fn reminder<'a>(name: &str, lines: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut values =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    values.find(|value| value.len() <= REMINDER_LENGTH)
}

/// Value of the `Set-Cookie` header that has a browser remember a second factor. `max_age` in seconds.
#[must_use]
pub fn set_mfa_cookie(token: &str, max_age: Option<i64>, secure: bool) -> String {
    set_cookie_header(MFA_COOKIE, token, secure, max_age, true)
}

/// Value of the `Set-Cookie` header that has a browser remember who has signed in in it. `max_age` in seconds.
#[must_use]
pub fn set_device_cookie(token: &str, max_age: Option<i64>, secure: bool) -> String {
    set_cookie_header(DEVICE_COOKIE, token, secure, max_age, true)
}

/// Values of the `Set-Cookie` headers that give a browser its session: the identifier, which scripts
/// cannot read, and what they prove their writes by. `max_age` in seconds; `None`: until it closes.
#[must_use]
pub fn set_cookies(token: &str, max_age: Option<i64>, secure: bool) -> [String; 2] {
    [
        set_cookie_header(COOKIE, token, secure, max_age, true),
        set_cookie_header(CSRF_COOKIE, &csrf_token(token), secure, max_age, false),
    ]
}

/// As [`set_cookies`], to take the session from the browser.
#[must_use]
pub fn clear_cookies(secure: bool) -> [String; 2] {
    [(COOKIE, true), (CSRF_COOKIE, false)]
        .map(|(name, http_only)| set_cookie_header(name, "", secure, Some(0), http_only))
}

/// Value of a `Set-Cookie` header (RFC 6265, section 4.1); name and value are ours and need no escaping.
fn set_cookie_header(name: &str, value: &str, secure: bool, max_age: Option<i64>, http_only: bool) -> String {
    let mut line = format!("{name}={value}; Path=/; SameSite=Lax");
    if http_only {
        line.push_str("; HttpOnly");
    }
    if let Some(seconds) = max_age {
        // Writing to a String cannot fail.
        let _ = write!(line, "; Max-Age={}", seconds.max(0));
    }
    if secure {
        line.push_str("; Secure");
    }
    line
}

/// Whether a text can be one of our identifiers at all; anything else is not worth a hash.
#[must_use]
pub fn plausible(token: &str) -> bool {
    token.len() == TOKEN_LENGTH && token.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Value of the cookie that guards writes against forgery (double submit): derived from the session's
/// identifier, so that it needs no storage, and worthless for guessing it.
#[must_use]
pub fn csrf_token(session_token: &str) -> String {
    hash_secret(&format!("csrf:{session_token}"))
}

/// Whether `given` is the session's CSRF value; takes the same time for every wrong one.
#[must_use]
pub fn csrf_matches(session_token: &str, given: &str) -> bool {
    use subtle::ConstantTimeEq;
    csrf_token(session_token).as_bytes().ct_eq(given.as_bytes()).into()
}

/// How whoever opened the session proved who they are.
#[must_use]
pub fn login_of(session: &Session) -> Login {
    let auth = auth_of(session);
    if auth.is_null() {
        return Login::default();
    }
    let mfa = auth["mfa"] == true;
    let methods = methods_of(auth["method"].as_str().unwrap_or_default(), &auth["args"], mfa);
    Login { mfa, methods, at: auth["at"].as_i64().and_then(|at| DateTime::from_timestamp(at, 0)) }
}

/// The means (RFC 8176) of a login that a flow came to.
pub(crate) fn methods_by(login: &LoginEffect) -> Vec<String> {
    let args = Value::Object(login.auth_method_args.clone());
    methods_of(login.auth_method.as_deref().unwrap_or_default(), &args, login.mfa)
}

/// The means (RFC 8176) of a login by this method of a flow; `args` say more about it.
pub(crate) fn methods_of(method: &str, args: &Value, mfa: bool) -> Vec<String> {
    let first = match method {
        "password" => "pwd",
        "token" | "app_password" => "pop",
        "auth_mfa" => "otp",
        "auth_webauthn_pwl" => "pop",
        _ => "user",
    };
    let shown = |classes: &[&str]| {
        let mut devices = args["mfa_devices"].as_array().into_iter().flatten();
        devices.any(|device| device["class"].as_str().is_some_and(|class| classes.contains(&class)))
    };
    let code = (shown(&["totp", "static", "email", "sms"]) && first != "otp").then_some("otp");
    let key = (shown(&["webauthn"]) && first != "pop").then_some("pop");
    [first].into_iter().chain(code).chain(key).chain(mfa.then_some("mfa")).map(str::to_owned).collect()
}

/// Whether the session was opened with a second factor.
#[must_use]
pub fn has_mfa(session: &Session) -> bool {
    auth_of(session)["mfa"] == true
}

/// How the login was proven, as [`Session::auth`] has it; `null` where nobody has signed in.
#[must_use]
pub fn auth_of(session: &Session) -> Value {
    session.auth.as_ref().map(JsonText::value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "0123456789012345678901234567890123456789abc";

    #[test]
    fn a_foreign_cookie_does_not_hide_the_session() {
        let ours = format!("a=b;authentik_session={OURS}");
        let lines = ["authentik_session=eyJhbGciOi; x=1", &ours, "authentik_session=later"];
        assert_eq!(session_cookie(lines.into_iter()), Some(OURS));
        let other = format!("authentik_session_2={OURS}; xauthentik_session={OURS}");
        assert_eq!(session_cookie([other.as_str()].into_iter()), None);
    }

    #[test]
    fn only_what_scripts_need_can_be_read_by_them() {
        let [session, csrf] = set_cookies(OURS, Some(60), true);
        assert_eq!(session, format!("authentik_session={OURS}; Path=/; SameSite=Lax; HttpOnly; Max-Age=60; Secure"));
        let proof = csrf_token(OURS);
        assert_eq!(csrf, format!("authentik_csrf={proof}; Path=/; SameSite=Lax; Max-Age=60; Secure"));
        let [session, csrf] = clear_cookies(false);
        assert_eq!(session, "authentik_session=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0");
        assert_eq!(csrf, "authentik_csrf=; Path=/; SameSite=Lax; Max-Age=0");
    }
}
