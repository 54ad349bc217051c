//! What tokens say (OpenID Connect Core, sections 2, 3.1.3.6, 5.3.2; RFC 9068, section 2.2).

use super::{GrantFacts, OPENID};
use crate::config::{Client, MadeClaims, Snapshot};
use chrono::{DateTime, Utc};
use lockgate_model::{Principal, kinds::SubMode};
use lockgate_policies::{Facts, MappingError};
use serde_json::{Map, Value, json};

/// `acr` of every login: clients that were written for the reference look for it.
pub const ACR: &str = "goauthentik.io/providers/oauth2/default";

/// Claims that mappings cannot set: they are what a token proves.
pub const REGISTERED: &[&str] = &[
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "s_hash",
    "scope",
    "sid",
    "sub",
    "uid",
];

/// The claims of OpenID Connect Core, section 5.4, by the scope that asks for them.
const STANDARD: &[(&str, &[&str])] = &[
    ("email", &["email", "email_verified"]),
    (
        "profile",
        &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
            "groups",
        ],
    ),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// `sub` of a person at a client. Who lacks what it is made of has the hash that nobody else has: an empty
/// one would make all of them one person (OpenID Connect Core, section 2).
#[must_use]
pub fn subject(client: &Client, who: &Principal) -> String {
    let or_uid = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or(&who.uid).to_owned();
    match client.sub_mode {
        SubMode::HashedUserId => who.uid.clone(),
        SubMode::UserId => who.user.pk.to_string(),
        SubMode::UserUuid => who.user.uuid.to_string(),
        SubMode::UserUsername => who.user.username.clone(),
        SubMode::UserEmail => or_uid(Some(&who.user.email)),
        SubMode::UserUpn => or_uid(who.attributes.get("upn").and_then(Value::as_str)),
    }
}

/// Whom tokens speak for, to whom, and within which scopes.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    /// The client.
    pub client: &'a Client,
    /// The person.
    pub who: &'a Principal,
    /// Granted scopes.
    pub scopes: &'a [String],
    /// How the grant came to be.
    pub facts: &'a GrantFacts,
}

impl<'a> Contents<'a> {
    /// What the mappings of the granted scopes make, and of those that claims were asked from one by one.
    ///
    /// # Errors
    /// The first mapping that fails.
    pub fn made(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Result<Made<'a>, MappingError> {
        let login = self.facts.login();
        let facts = Facts::at(now).with_login(&login);
        let granted = snapshot.claims(self.client, self.scopes, self.who, &facts)?;
        let asked = match self.asked_scopes().as_slice() {
            [] => Vec::new(),
            more => snapshot.claims(self.client, more, self.who, &facts)?,
        };
        Ok(Made { granted, asked })
    }

    /// Until when what [`Self::made`] makes at `now` stays the same for the same person and
    /// configuration: some mappings read the time. At most `latest`.
    #[must_use]
    pub fn good_until(&self, snapshot: &Snapshot, now: DateTime<Utc>, latest: DateTime<Utc>) -> DateTime<Utc> {
        let granted = snapshot.claims_expire(self.client, self.scopes, now);
        let asked = snapshot.claims_expire(self.client, &self.asked_scopes(), now);
        granted.into_iter().chain(asked).fold(latest, Ord::min)
    }

    /// The scopes beyond the granted ones that single claims were asked from.
    fn asked_scopes(&self) -> Vec<String> {
        let single = self.facts.claims.userinfo.iter().chain(&self.facts.claims.id_token);
        let mut more: Vec<String> = single.filter_map(|claim| scope_of(claim)).map(str::to_owned).collect();
        more.retain(|scope| !self.scopes.contains(scope));
        more.sort();
        more.dedup();
        more
    }

    /// The ID token but for its hashes; `now` becomes `iat`.
    #[must_use]
    pub fn id_token(&self, made: &Made<'_>, now: DateTime<Utc>) -> Map<String, Value> {
        let mut claims = Map::new();
        // Without an access token there is no userinfo to ask, so they are all here then (section 5.4);
        // whoever issues one decides by the client's switch.
        if self.client.claims_in_id_token {
            claims = made.granted_claims();
        }
        made.single(&self.facts.claims.id_token, &mut claims);
        claims.extend(self.common(now));
        claims
    }

    /// As [`Self::id_token`], for an answer that has no access token beside it.
    #[must_use]
    pub fn lone_id_token(&self, made: &Made<'_>, now: DateTime<Utc>) -> Map<String, Value> {
        let mut claims = made.granted_claims();
        made.single(&self.facts.claims.id_token, &mut claims);
        claims.extend(self.common(now));
        claims
    }

    /// The access token; `jti` names it.
    #[must_use]
    pub fn access_token(&self, made: &Made<'_>, now: DateTime<Utc>, jti: &str) -> Map<String, Value> {
        let mut claims = Map::new();
        if self.client.claims_in_id_token {
            claims = made.granted_claims();
        }
        claims.extend(self.common(now));
        claims.insert("azp".to_owned(), json!(self.client.client_id));
        claims.insert("client_id".to_owned(), json!(self.client.client_id));
        claims.insert("scope".to_owned(), json!(self.scopes.join(" ")));
        claims.insert("uid".to_owned(), json!(jti));
        claims.insert("jti".to_owned(), json!(jti));
        if let Some(jkt) = &self.facts.jkt {
            claims.insert("cnf".to_owned(), json!({"jkt": jkt}));
        }
        claims
    }

    /// The userinfo answer.
    #[must_use]
    pub fn userinfo(&self, made: &Made<'_>) -> Map<String, Value> {
        let mut claims = made.granted_claims();
        made.single(&self.facts.claims.userinfo, &mut claims);
        claims.insert("sub".to_owned(), json!(subject(self.client, self.who)));
        claims
    }

    /// Whether an ID token belongs to the answer.
    #[must_use]
    pub fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == OPENID)
    }

    fn common(&self, now: DateTime<Utc>) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| _ = claims.insert(name.to_owned(), value);
        put("iss", json!(self.facts.iss));
        put("sub", json!(subject(self.client, self.who)));
        put("aud", json!(self.client.client_id));
        put("exp", json!(self.facts.expires(now, self.client.access_life).timestamp()));
        put("iat", json!(now.timestamp()));
        if let Some(at) = self.facts.auth_time {
            put("auth_time", json!(at));
        }
        put("acr", json!(ACR));
        if !self.facts.amr.is_empty() {
            put("amr", json!(self.facts.amr));
        }
        if let Some(sid) = &self.facts.sid {
            put("sid", json!(sid));
        }
        if let Some(nonce) = &self.facts.nonce {
            put("nonce", json!(nonce));
        }
        claims
    }
}

/// The scope that a standard claim belongs to.
#[must_use]
pub fn scope_of(claim: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(_, claims)| claims.contains(&claim)).map(|(scope, _)| *scope)
}

/// What mappings made.
#[derive(Debug, Clone, Default)]
pub struct Made<'c> {
    /// By granted scopes.
    pub granted: Vec<MadeClaims<'c>>,
    /// By scopes that single claims were asked from.
    asked: Vec<MadeClaims<'c>>,
}

impl Made<'_> {
    /// Claims of the granted scopes, later mappings over earlier ones. What a token proves stays as it is.
    #[must_use]
    pub fn granted_claims(&self) -> Map<String, Value> {
        let all = self.granted.iter().flat_map(|made| made.claims.clone());
        all.filter(|(name, _)| !is_registered(name)).collect()
    }

    /// Adds those of the claims that were asked for and that there are.
    fn single(&self, names: &[String], claims: &mut Map<String, Value>) {
        for name in names.iter().filter(|name| !is_registered(name)) {
            let all = self.granted.iter().chain(&self.asked);
            if let Some(value) = all.filter_map(|made| made.claims.get(name)).next_back() {
                claims.insert(name.clone(), value.clone());
            }
        }
    }
}

pub(super) fn is_registered(name: &str) -> bool {
    REGISTERED.contains(&name)
}
