//! The authorization request (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1), read and
//! checked before anybody is asked anything.

pub use crate::parameters::{BadParameters, MAX_REQUEST, Parameters};

use crate::{claims::AskedClaims, pkce::Challenge};
use lockgate_identity::{
    config::Client,
    oauth::{OFFLINE_ACCESS, OPENID},
};
use lockgate_model::kinds::GrantType;
use std::borrow::Cow;
use thiserror::Error;
use url::Url;

/// What a client is told when its request fails, once its redirect URI is proven (RFC 6749, section
/// 4.1.2.1; OpenID Connect Core, section 3.1.2.6).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {description}")]
pub struct AuthorizeError {
    /// `error`.
    pub code: &'static str,
    /// `error_description`: printable ASCII without quotes and backslashes.
    pub description: Cow<'static, str>,
}

impl AuthorizeError {
    /// An error of the protocol.
    pub fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into() }
    }

    /// Something is missing or malformed.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    /// Nobody may be asked, and nobody is signed in who would do.
    #[must_use]
    pub fn login_required(description: &'static str) -> Self {
        Self::new("login_required", description)
    }

    /// Something of ours failed.
    #[must_use]
    pub fn server_error() -> Self {
        Self::new("server_error", "The request could not be answered.")
    }

    /// The person, or a policy, says no.
    #[must_use]
    pub fn access_denied(description: &'static str) -> Self {
        Self::new("access_denied", description)
    }
}

/// What the answer consists of (OAuth 2.0 Multiple Response Type Encoding Practices, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseType {
    /// A code.
    pub code: bool,
    /// An ID token.
    pub id_token: bool,
    /// An access token.
    pub token: bool,
}

impl ResponseType {
    /// Reads the parameter; the order of the words does not matter. An access token alone is nothing
    /// that a client could check, and is not issued (RFC 9700, section 2.1.2).
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        let (code, id_token, token) = match words.as_slice() {
            ["code"] => (true, false, false),
            ["id_token"] => (false, true, false),
            ["id_token", "token"] => (false, true, true),
            ["code", "id_token"] => (true, true, false),
            ["code", "token"] => (true, false, true),
            ["code", "id_token", "token"] => (true, true, true),
            _ => return None,
        };
        Some(Self { code, id_token, token })
    }

    /// The words in the order in which the specifications write them.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match (self.code, self.id_token, self.token) {
            (true, true, true) => "code id_token token",
            (true, true, false) => "code id_token",
            (true, false, true) => "code token",
            (false, true, true) => "id_token token",
            (false, true, false) => "id_token",
            _ => "code",
        }
    }

    /// The way to tokens that it is.
    #[must_use]
    pub fn grant(self) -> GrantType {
        match (self.code, self.has_tokens()) {
            (true, false) => GrantType::AuthorizationCode,
            (true, true) => GrantType::Hybrid,
            (false, _) => GrantType::Implicit,
        }
    }

    /// Whether tokens travel through the browser.
    #[must_use]
    pub fn has_tokens(self) -> bool {
        self.id_token || self.token
    }
}

/// How the answer travels (Multiple Response Types, section 2.1; OAuth 2.0 Form Post Response Mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In its fragment.
    Fragment,
    /// In a form that the browser posts there.
    FormPost,
}

impl ResponseMode {
    /// How to answer this request, also when something else is wrong with it: as it wishes where that
    /// may be, else as its response type has it.
    #[must_use]
    pub fn of(parameters: &Parameters, to: &Url) -> Self {
        // Also a type that is not served may name tokens; its client looks into the fragment (RFC 6749,
        // section 4.2.2.1).
        let mut words = parameters.get("response_type").unwrap_or_default().split(' ');
        let usual = if words.any(|word| matches!(word, "token" | "id_token")) { Self::Fragment } else { Self::Query };
        match parameters.get("response_mode") {
            Some("fragment") => Self::Fragment,
            // A form cannot be posted to an address that only an application on the device knows.
            Some("form_post") if matches!(to.scheme(), "http" | "https") => Self::FormPost,
            _ => usual,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }
}

/// Where the answer goes: an address that the client has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The address as it was written.
    pub uri: String,
    /// The same, parsed.
    pub url: Url,
    /// Whether the request named it; the token request has to name it then as well.
    pub named: bool,
}

impl Redirect {
    /// The registered address that the request names, by exact comparison (RFC 9700, section 2.1), or
    /// the only one there is (RFC 6749, section 3.1.2.3); `None` when the request goes nowhere.
    #[must_use]
    pub fn proven(client: &Client, given: Option<&str>) -> Option<Self> {
        let uri = given.or(client.redirects.only())?;
        let url = client.redirects.allow(uri)?;
        Some(Self { uri: uri.to_owned(), url, named: given.is_some() })
    }
}

/// When to ask, and what (OpenID Connect Core, section 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// Show nothing: answer or fail.
    pub none: bool,
    /// Sign in again, or as somebody else.
    pub login: bool,
    /// Ask for consent, whatever was agreed to before.
    pub consent: bool,
}

/// What a client may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Ways to tokens.
    pub grants: &'a [GrantType],
    /// Scopes that exist for it.
    pub scopes: &'a [String],
    /// Whether a code needs PKCE.
    pub require_pkce: bool,
    /// Whether tokens must be bound to a key.
    pub require_dpop: bool,
}

impl<'a> From<&'a Client> for Rules<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            grants: &client.grants,
            scopes: &client.scopes,
            require_pkce: client.require_pkce,
            require_dpop: client.require_dpop,
        }
    }
}

/// A request whose client and redirect URI are proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// What the answer consists of.
    pub response_type: ResponseType,
    /// What is asked for and exists, each once.
    pub scopes: Vec<String>,
    /// Echo for the ID token.
    pub nonce: Option<String>,
    /// Echo for the client.
    pub state: Option<String>,
    /// When to ask.
    pub prompt: Prompt,
    /// How old the login may be, in seconds.
    pub max_age: Option<i64>,
    /// Whom the code will belong to.
    pub pkce: Option<Challenge>,
    /// Claims that are asked for one by one.
    pub claims: AskedClaims,
    /// Who is expected to sign in.
    pub login_hint: Option<String>,
    /// A token of who is expected to be signed in.
    pub id_token_hint: Option<String>,
    /// Thumbprint of the key that tokens will be bound to (RFC 9449, section 10).
    pub jkt: Option<String>,
}

/// The longest name that is filled in for people, in characters.
const MAX_LOGIN_HINT: usize = 255;

/// Parameters that may hold line ends and the like: two echoed or parsed as a whole.
const FREE: [&str; 2] = ["state", "claims"];

impl AuthorizeRequest {
    /// Checks everything that comes after the redirect URI.
    ///
    /// # Errors
    /// What the client is told.
    pub fn read(parameters: &Parameters, rules: Rules<'_>, to: &Url) -> Result<Self, AuthorizeError> {
        let odd = |(name, value): (&str, &str)| !FREE.contains(&name) && value.chars().any(char::is_control);
        if parameters.iter().any(odd) {
            return Err(AuthorizeError::invalid_request("A parameter holds control characters."));
        }
        let get = |name: &str| parameters.get(name);
        let response_type = response_type(parameters, rules, to)?;
        let scopes = scopes(get("scope"), rules.scopes, response_type);
        let nonce = get("nonce").map(str::to_owned);
        if response_type.id_token && !scopes.iter().any(|scope| scope == OPENID) {
            return Err(AuthorizeError::new("invalid_scope", "An ID token needs the scope openid."));
        }
        if response_type.id_token && nonce.is_none() {
            // OpenID Connect Core, sections 3.2.2.1 and 3.3.2.11.
            return Err(AuthorizeError::invalid_request("This response type needs a nonce."));
        }
        let challenge = Challenge::read(get("code_challenge"), get("code_challenge_method"));
        let pkce = challenge.map_err(AuthorizeError::invalid_request)?;
        if response_type.code && rules.require_pkce && pkce.is_none() {
            return Err(AuthorizeError::invalid_request("This client has to use PKCE (code_challenge)."));
        }
        let jkt = get("dpop_jkt").map(str::to_owned);
        if jkt.as_deref().is_some_and(|jkt| !is_thumbprint(jkt)) {
            return Err(AuthorizeError::invalid_request("The dpop_jkt is malformed."));
        }
        if response_type.token && rules.require_dpop && jkt.is_none() {
            return Err(AuthorizeError::invalid_request(
                "Tokens of this client are bound to a key: dpop_jkt is missing.",
            ));
        }
        Ok(Self {
            response_type,
            scopes,
            nonce,
            state: get("state").map(str::to_owned),
            prompt: prompt(get("prompt").unwrap_or_default())?,
            max_age: max_age(get("max_age"))?,
            pkce,
            claims: AskedClaims::read(get("claims"), rules.scopes)?,
            login_hint: get("login_hint").filter(|hint| hint.chars().count() <= MAX_LOGIN_HINT).map(str::to_owned),
            id_token_hint: get("id_token_hint").map(str::to_owned),
            jkt,
        })
    }

    /// Whether access goes on when the person has left (OpenID Connect Core, section 11).
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.scopes.iter().any(|scope| scope == OFFLINE_ACCESS)
    }

    /// Drops what would last longer than the session: whoever only acts as the person does so for as long as that.
    pub(crate) fn end_with_the_session(&mut self) {
        self.scopes.retain(|scope| scope != OFFLINE_ACCESS);
    }

    /// What policies know of it.
    #[must_use]
    pub fn facts(&self, redirect_uri: &str) -> serde_json::Map<String, serde_json::Value> {
        let mut facts = serde_json::Map::new();
        let mut put = |name: &str, value: serde_json::Value| _ = facts.insert(name.to_owned(), value);
        put("oauth_scopes", self.scopes.as_slice().into());
        put("oauth_grant_type", self.response_type.grant().as_str().into());
        put("oauth_response_type", self.response_type.as_str().into());
        put("oauth_redirect_uri", redirect_uri.into());
        if let Some(max_age) = self.max_age {
            put("oauth_max_age", max_age.into());
        }
        if let Some(pkce) = &self.pkce {
            put("oauth_code_challenge", pkce.challenge.as_str().into());
            put("oauth_code_challenge_method", serde_json::to_value(pkce.method).unwrap_or_default());
        }
        facts
    }
}

/// The response type, if the client may use it and the answer can travel as the request wishes.
fn response_type(parameters: &Parameters, rules: Rules<'_>, to: &Url) -> Result<ResponseType, AuthorizeError> {
    let text = parameters.get("response_type");
    let text = text.ok_or_else(|| AuthorizeError::invalid_request("The parameter response_type is missing."))?;
    let unknown = || AuthorizeError::new("unsupported_response_type", "This response type is not supported.");
    let found = ResponseType::read(text).ok_or_else(unknown)?;
    if !rules.grants.contains(&found.grant()) {
        return Err(AuthorizeError::new("unauthorized_client", "This client may not use the response type."));
    }
    // Multiple Response Types, section 3: tokens must not travel in a query, which is logged everywhere.
    let mode = ResponseMode::of(parameters, to);
    match parameters.get("response_mode") {
        Some(wish) if wish != mode.as_str() => {
            Err(AuthorizeError::invalid_request("This response_mode is not supported for the request."))
        }
        _ => Ok(found),
    }
}

/// The scopes to grant of those asked for: unknown ones are dropped, and none asked means all, but for
/// the access that nobody would expect.
fn scopes(asked: Option<&str>, known: &[String], response_type: ResponseType) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let usual = || known.iter().map(String::as_str).filter(|scope| *scope != OFFLINE_ACCESS).collect();
    let asked: Vec<&str> = asked.map_or_else(usual, |asked| asked.split(' ').collect());
    for scope in asked {
        // OpenID Connect Core, section 11: offline access is given by a code only.
        let fitting = response_type.code || scope != OFFLINE_ACCESS;
        if fitting && known.iter().any(|s| s == scope) && !scopes.iter().any(|s| s == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

fn prompt(text: &str) -> Result<Prompt, AuthorizeError> {
    let words: Vec<&str> = text.split(' ').filter(|w| !w.is_empty()).collect();
    let has = |word: &str| words.contains(&word);
    let known = words.iter().all(|w| matches!(*w, "none" | "login" | "consent" | "select_account"));
    // `none` with anything else is an error.
    if !known || (has("none") && words.len() > 1) {
        return Err(AuthorizeError::invalid_request("The parameter prompt is not understood."));
    }
    Ok(Prompt { none: has("none"), login: has("login") || has("select_account"), consent: has("consent") })
}

fn max_age(text: Option<&str>) -> Result<Option<i64>, AuthorizeError> {
    match text.map(str::parse::<i64>) {
        None => Ok(None),
        Some(Ok(seconds)) if seconds >= 0 => Ok(Some(seconds)),
        Some(_) => Err(AuthorizeError::invalid_request("The max_age is not a number of seconds.")),
    }
}

/// SHA-256 in base64url (RFC 7638).
fn is_thumbprint(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use GrantType as G;

    fn read_with(query: &str, change: impl Fn(&mut Rules<'_>)) -> Result<AuthorizeRequest, &'static str> {
        let scopes = ["openid", "email", "offline_access"].map(str::to_owned);
        let mut rules = Rules {
            grants: &[G::AuthorizationCode, G::Implicit, G::Hybrid],
            scopes: &scopes,
            require_pkce: false,
            require_dpop: false,
        };
        change(&mut rules);
        let to = Url::parse("https://app.test/cb").expect("an address");
        let parameters = Parameters::parse(query.as_bytes()).expect("parameters");
        AuthorizeRequest::read(&parameters, rules, &to).map_err(|error| error.code)
    }

    fn read(query: &str) -> Result<AuthorizeRequest, &'static str> {
        read_with(query, |_| ())
    }

    #[test]
    fn a_request_is_read() {
        let query = "response_type=code&scope=email%20openid%20email%20made_up&state=s%26t&max_age=60&nonce=n";
        let request = read(query).expect("a request");
        assert_eq!(request.scopes, ["email", "openid"]);
        assert_eq!((request.max_age, request.state.as_deref()), (Some(60), Some("s&t")));
        let facts = request.facts("https://app.test/cb");
        assert_eq!((&facts["oauth_grant_type"], &facts["oauth_max_age"]), (&"authorization_code".into(), &60.into()));
        assert!(read("response_type=code&prompt=none").expect("a request").prompt.none);
        let words = read("response_type=code&prompt=consent%20login").expect("a request").prompt;
        assert!(words.consent && words.login && !words.none);
    }

    #[test]
    fn whoever_asks_for_tokens_is_answered_in_the_fragment() {
        let mode = |kind: &str| {
            let query = format!("response_type={kind}");
            let parameters = Parameters::parse(query.as_bytes()).expect("parameters");
            ResponseMode::of(&parameters, &Url::parse("https://app.test/cb").expect("an address"))
        };
        for kind in ["token", "id_token", "code%20token", "id_token%20magic"] {
            assert_eq!(mode(kind), ResponseMode::Fragment, "{kind}");
        }
        for kind in ["code", "magic", "", "tokens"] {
            assert_eq!(mode(kind), ResponseMode::Query, "{kind}");
        }
    }

    #[test]
    fn the_order_of_a_response_types_words_does_not_matter() {
        for (text, name, grant) in [
            ("code", "code", G::AuthorizationCode),
            ("id_token", "id_token", G::Implicit),
            ("token id_token", "id_token token", G::Implicit),
            ("token code", "code token", G::Hybrid),
            ("id_token code", "code id_token", G::Hybrid),
            ("token id_token code", "code id_token token", G::Hybrid),
        ] {
            let found = ResponseType::read(text).expect("a response type");
            assert_eq!((found.as_str(), found.grant()), (name, grant), "{text}");
        }
        for unknown in ["token", "none", "code code", "code  token", "Code", ""] {
            assert_eq!(ResponseType::read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_request_is_refused_with_the_protocols_word() {
        for (query, code) in [
            ("", "invalid_request"),
            ("response_type=token", "unsupported_response_type"),
            ("response_type=code%20id_token&scope=openid", "invalid_request"),
            ("response_type=id_token&nonce=n&scope=email", "invalid_scope"),
            ("response_type=id_token&nonce=n&scope=openid&response_mode=query", "invalid_request"),
            ("response_type=code&response_mode=pigeon", "invalid_request"),
            ("response_type=code&max_age=-1", "invalid_request"),
            ("response_type=code&prompt=none%20login", "invalid_request"),
            ("response_type=code&prompt=maybe", "invalid_request"),
            ("response_type=code&code_challenge=short", "invalid_request"),
            ("response_type=code&dpop_jkt=short", "invalid_request"),
            ("response_type=code&nonce=a%00b", "invalid_request"),
        ] {
            assert_eq!(read(query).map(|_| ()), Err(code), "{query}");
        }
        assert!(read("response_type=code&state=a%00%0Ab").is_ok(), "the state is the client's own");
    }

    #[test]
    fn the_client_decides_what_it_may_ask_for() {
        let hybrid = "response_type=code%20token&scope=openid";
        let refused = read_with(hybrid, |rules| rules.grants = &[G::AuthorizationCode]);
        assert_eq!(refused.map(|_| ()), Err("unauthorized_client"));
        let pkce = |query: &str| read_with(query, |rules| rules.require_pkce = true).map(|_| ());
        assert_eq!(pkce("response_type=code"), Err("invalid_request"));
        let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        assert_eq!(pkce(&format!("response_type=code&{challenge}")), Ok(()));
        assert_eq!(pkce("response_type=id_token&nonce=n&scope=openid"), Ok(()), "there is no code");
        let bound = read_with("response_type=code%20token&scope=openid", |rules| rules.require_dpop = true);
        assert_eq!(bound.map(|_| ()), Err("invalid_request"));
    }

    #[test]
    fn offline_access_is_asked_for_by_name_and_given_by_a_code() {
        let scopes = |query: &str| read(query).expect("a request").scopes;
        assert_eq!(scopes("response_type=code"), ["openid", "email"]);
        assert_eq!(scopes("response_type=code&scope=openid%20offline_access"), ["openid", "offline_access"]);
        assert_eq!(scopes("response_type=id_token&nonce=n&scope=openid%20offline_access"), ["openid"]);
        assert!(read("response_type=code&scope=offline_access").expect("a request").is_offline());
    }
}
