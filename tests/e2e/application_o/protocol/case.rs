//! The vocabulary of the table: what a case asks, and what must come back.

use std::time::Duration;

use serde_json::Value as Json;

use super::jwt::Jwt;

/// One line of the table.
pub(super) struct Case {
    /// Standard and section that govern it.
    pub(super) rfc: &'static str,
    /// What is right, in a sentence.
    pub(super) what: &'static str,
    /// Requests in order. All but the last prepare it: they have to succeed,
    /// unless they say that they are [`Ask::in_vain`].
    pub(super) ask: Vec<Ask>,
    /// What the last one is answered.
    pub(super) expect: Expect,
}

/// A value that is sent. `<name>` in a text stands for what an earlier answer
/// has brought, or for what is known of the world.
#[derive(Clone)]
pub(super) enum Value {
    /// As it is.
    Text(String),
    /// Made and signed when it is sent.
    Jwt(Jwt),
    /// The same, as an access token in a header.
    Bearer(Jwt),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Jwt> for Value {
    fn from(jwt: Jwt) -> Self {
        Self::Jwt(jwt)
    }
}

/// How the client proves itself.
#[derive(Clone)]
pub(super) enum Auth {
    /// Not at all.
    Nothing,
    /// Name and secret in the header, form-encoded (RFC 6749, section 2.3.1).
    Basic(String, String),
    /// Name and secret in the form.
    Post(String, String),
    /// The name alone.
    Public(String),
    /// A signed assertion (RFC 7523, section 2.2).
    Assertion(Jwt),
}

/// Whose browser asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Visitor {
    /// Nobody is signed in.
    Nobody,
    /// Somebody who is signed in already.
    SignedIn(&'static str),
    /// A fresh browser, whose owner signs in and consents where asked to.
    Comes(&'static str),
    /// The last of those browsers.
    Same(&'static str),
}

/// One request.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) path: String,
    pub(super) method: &'static str,
    /// Query of a GET, form of a POST.
    pub(super) parameters: Vec<(String, Value)>,
    /// A body as it is, with its content type.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) headers: Vec<(&'static str, Value)>,
    pub(super) auth: Auth,
    pub(super) visitor: Visitor,
    /// Whether flows are gone through, up to where the browser leaves us.
    pub(super) walks: bool,
    /// JSON for the API, sent as its administrator.
    pub(super) json: Option<Json>,
    pub(super) wait: Duration,
    pub(super) in_vain: bool,
    pub(super) kept: Option<&'static str>,
    /// Sent again and again until this status comes.
    pub(super) until: Option<u16>,
}

impl Ask {
    /// A GET by nobody.
    pub(super) fn get(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            method: "GET",
            parameters: Vec::new(),
            body: None,
            headers: Vec::new(),
            auth: Auth::Nothing,
            visitor: Visitor::Nobody,
            walks: false,
            json: None,
            wait: Duration::ZERO,
            in_vain: false,
            kept: None,
            until: None,
        }
    }

    /// A POST by nobody.
    pub(super) fn post(path: &str) -> Self {
        Self { method: "POST", ..Self::get(path) }
    }

    /// With this method.
    pub(super) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// At the address that a member of an earlier answer names.
    pub(super) fn at(mut self, member: &str) -> Self {
        self.path = format!("<{member}>");
        self
    }

    /// Says a parameter, instead of what it said before.
    pub(super) fn set(self, name: &str, value: impl Into<Value>) -> Self {
        self.without(name).add(name, value)
    }

    /// Says a parameter, also when it was said before.
    pub(super) fn add(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.push((name.to_owned(), value.into()));
        self
    }

    /// Does not say a parameter.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// With a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name, value.into()));
        self
    }

    /// With one more header of this name.
    pub(super) fn another(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body as it is.
    pub(super) fn body(mut self, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((kind, body.into()));
        self
    }

    /// By a client that proves itself so.
    pub(super) fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// By somebody's browser.
    pub(super) fn by(mut self, visitor: Visitor) -> Self {
        self.visitor = visitor;
        self.walks = matches!(visitor, Visitor::Comes(_));
        self
    }

    /// Goes through the flows that it leads to.
    pub(super) fn walking(mut self) -> Self {
        self.walks = true;
        self
    }

    /// After some seconds.
    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.wait = Duration::from_secs(seconds);
        self
    }

    /// Need not succeed, where it prepares another.
    pub(super) fn in_vain(mut self) -> Self {
        self.in_vain = true;
        self
    }

    /// Is sent again and again, some dozens of times at most, until this status
    /// comes: limits let one more through now and then.
    pub(super) fn until(mut self, status: u16) -> Self {
        self.until = Some(status);
        self
    }

    /// What it brings stays known under this name as well: `<name.code>`.
    pub(super) fn kept(mut self, name: &'static str) -> Self {
        self.kept = Some(name);
        self
    }
}

/// What must come back.
pub(super) enum Expect {
    /// A page of ours with this status, that leads nowhere.
    Page(u16),
    /// A redirect to a page of ours whose path begins so.
    Led(&'static str),
    /// A redirect to the client with an answer in the query.
    Back(Vec<Check>),
    /// A redirect with an answer in the query to a client whose address the
    /// browser did not carry.
    BackOf(&'static str, Vec<Check>),
    /// A redirect to anywhere that is not ours.
    Elsewhere(Vec<Check>),
    /// A redirect to the client with an answer in the fragment.
    BackInFragment(Vec<Check>),
    /// A page that posts an answer to the client.
    Posted(Vec<Check>),
    /// A redirect to the client with an error in the query.
    Told(&'static str),
    /// A redirect to the client with an error in the fragment.
    ToldInFragment(&'static str),
    /// An error for the client's program.
    Refused(u16, &'static str),
    /// An error of a protected resource: status, scheme and error of the
    /// challenge; without an error where no token was sent (RFC 6750, 3.1).
    Challenged(u16, &'static str, Option<&'static str>),
    /// Success, with these members.
    Json(Vec<Check>),
    /// These members, whatever the status.
    Members(Vec<Check>),
    /// A status, whatever else.
    Status(u16),
    /// A header with this value.
    Header(&'static str, &'static str),
    /// No such header.
    NoHeader(&'static str),
    /// Every one of them.
    All(Vec<Expect>),
    /// Whatever comes, it is none of these.
    Never(Vec<Expect>),
    /// Any of them.
    Either(Vec<Expect>),
}

/// What is said of a member of an answer. A path goes through objects and, by
/// itself, through the claims of a signed token: `id_token/nonce`.
pub(super) struct Check(pub(super) &'static str, pub(super) Is);

/// What a member is.
pub(super) enum Is {
    /// This value; texts are filled as in requests.
    Value(Json),
    /// These words, in whatever order.
    Words(&'static str),
    /// There.
    There,
    /// Absent.
    Absent,
    /// A text that does not say this.
    Not(&'static str),
    /// A text that begins so.
    Starting(&'static str),
    /// A list that holds this.
    Holding(&'static str),
    /// The hash of another member (OpenID Connect Core, section 3.1.3.6).
    HashOf(&'static str),
}

/// This member has this value.
pub(super) fn is(path: &'static str, value: impl Into<Json>) -> Check {
    Check(path, Is::Value(value.into()))
}

/// This member is there.
pub(super) fn there(path: &'static str) -> Check {
    Check(path, Is::There)
}

/// This member is absent.
pub(super) fn absent(path: &'static str) -> Check {
    Check(path, Is::Absent)
}
