//! What is expected of access and claims, asked of the policies and mappings that serve requests.

use super::{
    report::Failure,
    values::{holds, holds_any},
    world::World,
};
use crate::{
    config::{App, Client},
    decisions::grounds,
    oauth::{Contents, GrantFacts, Made, preview_facts},
};
use lockgate_flows::test_document::{ClaimPlace, Expectation, Expected, ExpectedClaims};
use lockgate_model::Principal;
use lockgate_policies::{Cacheability, Decision, Facts, Login, Resource, describe_denial};
use serde_json::{Map, Value};
use std::sync::PoisonError;

/// Address of the sign-in host where the folder does not tell it.
const BASE: &str = "http://localhost:9000";

/// One expectation, asked.
pub(super) struct Asking<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) expectation: &'a Expectation,
}

impl Asking<'_> {
    /// Why it fails; nothing when it passes.
    pub(super) fn failures(&self) -> Vec<Failure> {
        let person = self.world.person(self.expectation.user, self.world.moment(&self.expectation.circumstances));
        let (Some(who), Some(app)) = (person, self.world.snapshot.app(&self.expectation.app)) else {
            return vec![self.failure("somebody at an app", "they are gone", Vec::new())];
        };
        match self.decided(&who) {
            Err(failure) => vec![failure],
            Ok(decision) => match &self.expectation.expected {
                Expected::Allowed => self.allowed(&who, app, &decision),
                Expected::Denied { message } => self.denied(&who, app, &decision, message.as_deref()),
                Expected::Claims(claims) => self.claims(&who, app, &decision, claims),
            },
        }
    }

    fn failure(&self, expected: impl Into<String>, happened: impl Into<String>, why: Vec<String>) -> Failure {
        let span = self.expectation.span.clone();
        Failure { span, expected: expected.into(), happened: happened.into(), why }
    }

    fn decided(&self, who: &Principal) -> Result<Decision, Failure> {
        let so = &self.expectation.circumstances;
        // By password just now, and by a second factor where the test says so.
        let methods = ["pwd"].into_iter().chain(so.mfa.then_some("mfa")).map(str::to_owned).collect();
        let login = Login { mfa: so.mfa, methods, at: Some(self.world.moment(so)) };
        let facts = Facts {
            ip: so.ip,
            mfa: so.mfa,
            login: Some(&login),
            path: &so.path,
            host: &so.host,
            method: &so.method,
            user_agent: &so.user_agent,
            ..Facts::at(self.world.moment(so))
        };
        let decided = self.world.access(who, &self.expectation.app, &facts);
        decided.map_err(|error| self.failure("a decision", error.to_string(), Vec::new()))
    }

    fn allowed(&self, who: &Principal, app: &App, decision: &Decision) -> Vec<Failure> {
        if decision.allow {
            return Vec::new();
        }
        let (user, name) = (&who.user.username, &app.application.name);
        vec![self.failure(format!("{user} may open {name}"), kept_out(user, decision), self.why(who, app, decision))]
    }

    fn denied(&self, who: &Principal, app: &App, decision: &Decision, message: Option<&str>) -> Vec<Failure> {
        let (user, name) = (&who.user.username, &app.application.name);
        let why = || self.why(who, app, decision);
        if decision.allow {
            return vec![self.failure(format!("{user} is kept out of {name}"), format!("{user} may open it"), why())];
        }
        // What keeps everybody out by being broken proves nothing.
        if !decision.errors.is_empty() {
            let happened = format!("{user} is kept out only because a policy could not be evaluated");
            return vec![self.failure(format!("{user} is kept out of {name} by a policy"), happened, why())];
        }
        let told = describe_denial(decision).join(" ");
        match message.filter(|message| !told.contains(message)) {
            None => Vec::new(),
            Some(message) => {
                vec![self.failure(format!("{user} is told \"{message}\""), format!("{user} is told \"{told}\""), why())]
            }
        }
    }

    /// What a decision depended on.
    fn why(&self, who: &Principal, app: &App, decision: &Decision) -> Vec<String> {
        let resource = Resource::App(&app.application.slug);
        let mut why = grounds(self.world.snapshot, resource, Some(who), decision);
        let groups: Vec<&str> = who.groups.iter().map(|group| group.name.as_str()).collect();
        why.push(match groups.is_empty() {
            true => format!("{} is in no group", who.user.username),
            false => format!("{} is in {}", who.user.username, groups.join(", ")),
        });
        let reads_time = matches!(decision.cacheable, Cacheability::Until(_));
        if reads_time && self.expectation.circumstances.at.is_none() {
            let now =
                self.world.moment(&self.expectation.circumstances).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            why.push(format!("this depends on the time, which is {now} here: say `at …` where it matters"));
        }
        why
    }

    fn claims(&self, who: &Principal, app: &App, decision: &Decision, wanted: &ExpectedClaims) -> Vec<Failure> {
        let (user, name) = (&who.user.username, &app.application.name);
        let Some(client) = app.client.as_ref() else {
            return vec![self.failure(
                format!("{user} has claims at {name}"),
                format!("{name} has no provider"),
                Vec::new(),
            )];
        };
        if !decision.allow {
            let expected = format!("{user} has claims at {name}");
            let happened = format!("there would be no token: {}", kept_out(user, decision));
            return vec![self.failure(expected, happened, self.why(who, app, decision))];
        }
        let scopes = wanted.scopes.as_ref().unwrap_or(&client.scopes);
        if let Some(unknown) = scopes.iter().find(|scope| !client.scopes.contains(scope)) {
            let happened = format!("{name} has {}", client.scopes.join(", "));
            return vec![self.failure(format!("{name} has the scope {unknown}"), happened, Vec::new())];
        }
        let facts = self.grant_facts(client);
        let contents = Contents { client, who, scopes, facts: &facts };
        let now = self.world.moment(&self.expectation.circumstances);
        let made = match contents.made(self.world.snapshot, now) {
            Ok(made) => made,
            Err(error) => return vec![self.failure("a token", format!("there would be none: {error}"), Vec::new())],
        };
        let mut touched = self.world.touched.lock().unwrap_or_else(PoisonError::into_inner);
        made.granted.iter().for_each(|made| touched.mapping(made.mapping.id));
        drop(touched);
        let claims = match wanted.place {
            ClaimPlace::IdToken => contents.id_token(&made, now),
            ClaimPlace::AccessToken => contents.access_token(&made, now, "a-test"),
            ClaimPlace::Userinfo => contents.userinfo(&made),
            ClaimPlace::Anywhere => {
                let mut all = contents.userinfo(&made);
                all.extend(contents.id_token(&made, now));
                all
            }
        };
        self.compared(&claims, &made, wanted)
    }

    fn grant_facts(&self, client: &Client) -> GrantFacts {
        let so = &self.expectation.circumstances;
        let base = self.world.snapshot.public_base(None).unwrap_or_else(|| BASE.to_owned());
        let mut facts = preview_facts(client.issuer(&base), self.world.moment(so));
        if so.mfa {
            facts.mfa = true;
            facts.amr.push("mfa".to_owned());
        }
        facts
    }

    fn compared(&self, claims: &Map<String, Value>, made: &Made<'_>, wanted: &ExpectedClaims) -> Vec<Failure> {
        let mut failures = Vec::new();
        let mut fail = |name: &str, expected: String| {
            let happened = match claims.get(name) {
                Some(value) => format!("{name} is {value}"),
                None => {
                    let known: Vec<&str> = claims.keys().map(String::as_str).collect();
                    format!("there is no claim {name}; there are {}", known.join(", "))
                }
            };
            failures.push(self.failure(expected, happened, self.made_by(name, made).into_iter().collect()));
        };
        for (name, value) in &wanted.has {
            if !claims.get(name).is_some_and(|actual| holds(actual, value)) {
                let verb = if value.is_array() || value.is_object() { "contains" } else { "is or contains" };
                fail(name, format!("{name} {verb} {value}"));
            }
        }
        for (name, value) in &wanted.equals {
            if claims.get(name) != Some(value) {
                fail(name, format!("{name} is exactly {value}"));
            }
        }
        for (name, unwanted) in &wanted.lacks {
            match (claims.get(name), unwanted) {
                (Some(_), None) => fail(name, format!("no claim {name}")),
                (Some(actual), Some(value)) if holds_any(actual, value) => {
                    fail(name, format!("{name} contains none of {value}"));
                }
                _ => {}
            }
        }
        failures
    }

    fn made_by(&self, name: &str, made: &Made<'_>) -> Option<String> {
        let last = made.granted.iter().rev().find(|made| made.claims.contains_key(name))?;
        let place = self.world.snapshot.mapping_place(last.mapping.id);
        let place = place.filter(|(file, _)| *file != last.mapping.name);
        let place = place.map(|(file, line)| format!(" ({file}:{line})")).unwrap_or_default();
        Some(format!("{name} comes from the mapping {} of scope {}{place}", last.mapping.name, last.mapping.scope))
    }
}

fn kept_out(user: &str, decision: &Decision) -> String {
    format!("{user} is kept out: {}", describe_denial(decision).join(" "))
}
