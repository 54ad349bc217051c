//! The facts that policies and expressions may read, and which of them a given one does read.
//!
//! A decision is cached under exactly the facts that its policies read, so [`Reads`] must never
//! miss one; it may name too many.

use crate::evidence::Evidence;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use lockgate_model::people::Principal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, net::IpAddr, sync::LazyLock};

/// Something that a policy or an expression can read beside the action and the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The account, its groups and attributes: constant as long as the principal's revision is.
    User,
    /// The application, constant as long as the snapshot is.
    App,
    /// The client's address.
    Ip,
    /// The path of the request, without the query.
    Path,
    /// The host of the request.
    Host,
    /// The method of the request.
    Method,
    /// The `User-Agent` header.
    UserAgent,
    /// Whether the session was opened with a second factor.
    Mfa,
    /// How who asks proved who it is.
    Methods,
    /// How long ago that was, to the minute.
    AuthenticationAge,
    /// Country and city of the client's address.
    Place,
    /// Autonomous system of the client's address.
    Network,
    /// What the `User-Agent` says of system, browser and device.
    Device,
    /// The calendar day, in the zone of the installation.
    Day,
    /// The hour of the day, in the zone of the installation.
    Hour,
    /// The minute.
    Minute,
    /// The time to the second.
    Second,
    /// The free-form context of the question, such as `oauth_scopes`.
    Context,
    /// The account that a flow is about to log in.
    Pending,
    /// What was typed into the prompts of a flow.
    PromptData,
    /// The flow that is running.
    Flow,
    /// Where the person signed in before; see [`Evidence::logins`].
    Logins,
    /// The scores of address and user name; see [`Evidence::reputation`].
    Reputation,
    /// What is known of a password that was typed; see [`Evidence::passwords`].
    Passwords,
}

impl Fact {
    /// Every fact there is.
    pub const ALL: [Self; 24] = [
        Self::User,
        Self::App,
        Self::Ip,
        Self::Path,
        Self::Host,
        Self::Method,
        Self::UserAgent,
        Self::Mfa,
        Self::Methods,
        Self::AuthenticationAge,
        Self::Place,
        Self::Network,
        Self::Device,
        Self::Day,
        Self::Hour,
        Self::Minute,
        Self::Second,
        Self::Context,
        Self::Pending,
        Self::PromptData,
        Self::Flow,
        Self::Logins,
        Self::Reputation,
        Self::Passwords,
    ];
}

/// A set of facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Reads(BTreeSet<Fact>);

impl Reads {
    /// Every fact: for text whose reads cannot be told.
    #[must_use]
    pub fn all() -> Self {
        Self(Fact::ALL.into_iter().collect())
    }

    /// Adds a fact.
    pub fn add(&mut self, fact: Fact) {
        self.0.insert(fact);
    }

    /// Adds all facts of another set.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Whether the fact is among them.
    #[must_use]
    pub fn contains(&self, fact: Fact) -> bool {
        self.0.contains(&fact)
    }

    /// The facts in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = Fact> + '_ {
        self.0.iter().copied()
    }

    /// Whether a decision that read these facts may be reused at all: what was fetched for one changes
    /// without anybody telling. The place of an address is no such thing, since the address is read with it.
    #[must_use]
    pub fn reusable(&self) -> bool {
        !self.0.iter().any(|f| matches!(f, Fact::Logins | Fact::Reputation | Fact::Passwords))
    }

    /// Whether a decision depends on nothing but the principal and the configuration, so that it
    /// may be cached under their revisions alone.
    #[must_use]
    pub fn only_principal(&self) -> bool {
        self.0.iter().all(|f| matches!(f, Fact::User | Fact::App))
    }

    /// When a decision that read these facts at `now` may change by the passing of time alone;
    /// `None` when it never does.
    #[must_use]
    pub fn expires(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let grain = if self.contains(Fact::Second) {
            TimeDelta::seconds(1)
        } else if self.contains(Fact::Minute) || self.contains(Fact::AuthenticationAge) {
            TimeDelta::minutes(1)
        } else if self.contains(Fact::Hour) || self.contains(Fact::Day) {
            // In every zone hours, days and changes of the clock begin at a quarter of an hour of UTC.
            TimeDelta::minutes(15)
        } else {
            return None;
        };
        // A time that cannot be rounded is treated as already over.
        Some(now.duration_trunc(grain).map_or(now, |start| start + grain))
    }

    /// The values of the facts read, but for the time, in one unambiguous text: the part of a cache
    /// key that the revisions of principal and snapshot do not cover. Empty when
    /// [`Self::only_principal`].
    #[must_use]
    pub fn key(&self, facts: &Facts<'_>) -> String {
        if self.only_principal() {
            return String::new();
        }
        let values: Map<String, Value> =
            self.iter().filter_map(|fact| facts.value(fact).map(|value| (format!("{fact:?}"), value))).collect();
        Value::Object(values).to_string()
    }
}

/// What decides reads of the person, besides whether the account is active and whether it
/// is a superuser's; it may name too much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonReads {
    /// Groups whose members are told apart: by id, or by name as Cedar files have it.
    pub groups: BTreeSet<String>,
    /// Accounts that are told apart by number.
    pub users: BTreeSet<i64>,
    /// All groups.
    pub every_group: bool,
    /// Anything else, such as names and attributes.
    pub person: bool,
    /// Whether a second factor counts.
    pub mfa: bool,
}

impl PersonReads {
    /// Adds what another resource, or another configuration, reads.
    pub fn extend(&mut self, other: &Self) {
        self.groups.extend(other.groups.iter().cloned());
        self.users.extend(&other.users);
        self.every_group |= other.every_group;
        self.person |= other.person;
        self.mfa |= other.mfa;
    }
}

impl FromIterator<Fact> for Reads {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
static NOT_FETCHED: LazyLock<Evidence> = LazyLock::new(Evidence::default);

/// The circumstances of a question. Borrowed, so that asking copies nothing that nobody reads.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The present moment, as the caller's clock tells it.
    pub now: DateTime<Utc>,
    /// The client's address, when known.
    pub ip: Option<IpAddr>,
    /// Path of the request without the query; empty when there is no request.
    pub path: &'a str,
    /// Host of the request; may be empty.
    pub host: &'a str,
    /// Method of the request; may be empty.
    pub method: &'a str,
    /// `User-Agent` of the request; may be empty.
    pub user_agent: &'a str,
    /// Whether the session was opened with a second factor.
    pub mfa: bool,
    /// How who asks proved who it is; `None` where that is not known.
    pub login: Option<&'a Login>,
    /// Free-form facts, such as `oauth_scopes` or `setup_open`.
    pub context: &'a Map<String, Value>,
    /// The account that a flow is about to log in: `username`, `authenticated` and more.
    pub pending: &'a Map<String, Value>,
    /// What was typed into a flow's prompts.
    pub prompt_data: &'a Map<String, Value>,
    /// The running flow: `slug`, `designation` and more.
    pub flow: &'a Map<String, Value>,
    /// What was fetched for this question; see [`crate::PolicySet::wants`].
    pub evidence: &'a Evidence,
}

impl Facts<'_> {
    /// No request, no flow, only a time.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            ip: None,
            path: "",
            host: "",
            method: "",
            user_agent: "",
            mfa: false,
            login: None,
            context: &NOTHING,
            pending: &NOTHING,
            prompt_data: &NOTHING,
            flow: &NOTHING,
            evidence: &NOT_FETCHED,
        }
    }

    /// What a fact that varies between questions of one principal is told from; `None` for those that its
    /// revision covers and for the time.
    #[must_use]
    pub fn value(&self, fact: Fact) -> Option<Value> {
        Some(match fact {
            Fact::User | Fact::App | Fact::Day | Fact::Hour | Fact::Minute | Fact::Second => return None,
            Fact::Ip => self.ip.map_or(Value::Null, |ip| ip.to_string().into()),
            Fact::Path => self.path.into(),
            Fact::Host => self.host.into(),
            Fact::Method => self.method.into(),
            Fact::UserAgent => self.user_agent.into(),
            Fact::Mfa => self.mfa.into(),
            Fact::Methods => self.login.map_or_else(Vec::new, |login| login.methods.clone()).into(),
            Fact::AuthenticationAge => self.login.and_then(|login| login.at).map(|at| at.timestamp()).into(),
            // What they are told from; telling is left to who needs to know.
            Fact::Place | Fact::Network => self.ip.map_or(Value::Null, |ip| ip.to_string().into()),
            Fact::Device => self.user_agent.into(),
            Fact::Context => self.context.clone().into(),
            Fact::Pending => self.pending.clone().into(),
            Fact::PromptData => self.prompt_data.clone().into(),
            Fact::Flow => self.flow.clone().into(),
            Fact::Logins => self.evidence.logins.as_ref().map(Vec::len).into(),
            Fact::Reputation => {
                self.evidence.reputation.map(|s| format!("address {}, user name {}", s.ip, s.username)).into()
            }
            // Nothing that can be told of them belongs into a log.
            Fact::Passwords => return None,
        })
    }
}

impl<'a> Facts<'a> {
    /// The same, asked by somebody who proved it in this way.
    #[must_use]
    pub fn with_login(self, login: &'a Login) -> Self {
        Self { mfa: login.mfa, login: Some(login), ..self }
    }

    /// Seconds since who asks proved who it is, as they were when this minute began.
    #[must_use]
    pub fn authentication_age(&self) -> Option<i64> {
        let minute = self.now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(self.now);
        Some((minute - self.login?.at?).num_seconds().max(0))
    }
}

/// How somebody proved who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Whether a second factor was among them.
    pub mfa: bool,
    /// By which means (RFC 8176): `pwd`, `otp`, `mfa` …
    pub methods: Vec<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

impl Login {
    /// One that somebody supposes who asks what would be decided. `mfa` among the means is a second factor.
    #[must_use]
    pub fn supposed(mfa: bool, methods: Vec<String>, at: Option<DateTime<Utc>>) -> Self {
        Self { mfa: mfa || methods.iter().any(|method| method == "mfa"), methods, at }
    }
}

/// Most characters of a text of the request that are kept.
const LOGGED_TEXT: usize = 2_048;

/// Names of the free-form facts that may stand in a log.
const LOGGED_CONTEXT: [&str; 6] =
    ["oauth_scopes", "oauth_grant_type", "oauth_response_type", "oauth_redirect_uri", "oauth_max_age", "is_sso"];

/// The circumstances of a question, as they are kept to ask it again. Of what people typed and of what a flow
/// carries nothing is kept, of the free-form facts only those that are no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptFacts {
    /// As in [`Facts`], and so are the others.
    pub now: DateTime<Utc>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// Path of the request.
    pub path: String,
    /// Host of the request.
    pub host: String,
    /// Method of the request.
    pub method: String,
    /// `User-Agent` of the request.
    pub user_agent: String,
    /// Whether the session was opened with a second factor.
    pub mfa: bool,
    /// How who asked proved it.
    pub login: Option<Login>,
    /// Free-form facts.
    pub context: Map<String, Value>,
}

impl KeptFacts {
    /// What may be kept of these circumstances.
    #[must_use]
    pub fn of(facts: &Facts<'_>) -> Self {
        let cut = |text: &str| text.chars().take(LOGGED_TEXT).collect();
        let logged = |name: &&str| Some(((*name).to_owned(), facts.context.get(*name)?.clone()));
        Self {
            now: facts.now,
            ip: facts.ip,
            path: cut(facts.path),
            host: cut(facts.host),
            method: cut(facts.method),
            user_agent: cut(facts.user_agent),
            mfa: facts.mfa,
            login: facts.login.cloned(),
            context: LOGGED_CONTEXT.iter().filter_map(logged).collect(),
        }
    }

    /// The circumstances again.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            ip: self.ip,
            path: &self.path,
            host: &self.host,
            method: &self.method,
            user_agent: &self.user_agent,
            mfa: self.mfa,
            login: self.login.as_ref(),
            context: &self.context,
            ..Facts::at(self.now)
        }
    }
}

/// An application as expressions see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppFact {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its heading in the portal; may be empty.
    pub group: String,
    /// Names of the entitlements that the principal holds in it.
    pub entitlements: Vec<String>,
    /// Their attributes, those of later names over those of earlier ones.
    pub entitlement_attributes: Map<String, Value>,
}

/// Names of a principal's groups, direct and inherited.
pub(crate) fn group_names(principal: &Principal) -> impl Iterator<Item = &str> {
    principal.groups.iter().map(|g| g.name.as_str())
}
