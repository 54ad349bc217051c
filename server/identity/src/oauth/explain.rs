//! What a token would say, and why: for administrators who ask before somebody signs in.

use super::{Contents, GrantFacts, contents::is_registered};
use crate::config::Snapshot;
use chrono::{DateTime, Utc};
use lockgate_policies::MappingError;
use serde_json::Value;

/// A claim and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedClaim {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

/// Where a claim comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The protocol: no mapping can set it.
    Protocol,
    /// A mapping.
    Mapping {
        /// Its name.
        name: String,
        /// The scope that asks for it.
        scope: String,
        /// File, or the object that holds its text.
        file: String,
        /// Line from 1.
        line: u32,
        /// Earlier mappings that set the same claim, in vain.
        over: Vec<String>,
    },
}

/// What was set in vain, because it is the protocol's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The claim.
    pub claim: String,
    /// The mapping that set it.
    pub mapping: String,
}

/// What a token would say.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Claims in the token's order.
    pub claims: Vec<ExplainedClaim>,
    /// What mappings set in vain.
    pub ignored: Vec<Ignored>,
}

impl Contents<'_> {
    /// The claims of the ID token as they would be at `now`, each with its reason.
    ///
    /// # Errors
    /// The first mapping that fails: then there would be no token.
    pub fn explain(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Result<Explanation, MappingError> {
        let made = self.made(snapshot, now)?;
        let source = |name: &str| {
            let mut setters = made.granted.iter().filter(|made| made.claims.contains_key(name));
            let Some(last) = setters.next_back().filter(|_| !is_registered(name)) else { return Source::Protocol };
            let (file, line) = snapshot.mapping_place(last.mapping.id).unwrap_or_default();
            Source::Mapping {
                name: last.mapping.name.clone(),
                scope: last.mapping.scope.clone(),
                file: file.to_owned(),
                line,
                over: setters.map(|made| made.mapping.name.clone()).collect(),
            }
        };
        let token = self.id_token(&made, now);
        let claims = token.into_iter().map(|(name, value)| ExplainedClaim { source: source(&name), name, value });
        let vain = made.granted.iter().flat_map(|made| {
            let names = made.claims.keys().filter(|name| is_registered(name));
            names.map(|claim| Ignored { claim: claim.clone(), mapping: made.mapping.name.clone() })
        });
        Ok(Explanation { claims: claims.collect(), ignored: vain.collect() })
    }
}

/// The facts of a login at `now`, for a preview.
#[must_use]
pub fn preview_facts(iss: String, now: DateTime<Utc>) -> GrantFacts {
    GrantFacts { iss, auth_time: Some(now.timestamp()), amr: vec!["pwd".to_owned()], ..GrantFacts::default() }
}
