//! `expect:` of a test: sentences, and the long forms of access and claims.

use super::{
    Reading,
    sentence::{self, FORM, Who},
};
use crate::{
    diagnostics::Diagnostic,
    language::{Loader, values::json_of},
    node::{Key, Node, Value as Yaml},
    span::Span,
    test_document::{Circumstances, ClaimPlace, Expectation, Expected, ExpectedClaims},
};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Keys of the long form of access.
pub(crate) const ACCESS_KEYS: [&str; 11] =
    ["user", "app", "allow", "message", "at", "ip", "mfa", "path", "host", "method", "user_agent"];
/// Keys of an expectation of claims.
pub(crate) const CLAIMS_KEYS: [&str; 9] = ["user", "app", "scopes", "in", "has", "lacks", "equals", "at", "mfa"];

const FORMS: &str = "a sentence such as `ada can access grafana`, or { access: … } or { claims: … }";

impl Loader<'_> {
    pub(super) fn expectations(&mut self, node: &Node, reading: &mut Reading) {
        let Some(items) = node.list() else { return self.wrong(node, "expect", "a list") };
        if items.is_empty() {
            self.error("empty", &node.span, "this test expects nothing");
        }
        for item in items {
            match &item.value {
                Yaml::Text(text) => self.sentence(item, text, reading),
                Yaml::Map(entries) => self.long_form(item, entries, reading),
                _ => self.wrong(item, "expect", FORMS),
            }
        }
    }

    fn sentence(&mut self, node: &Node, text: &str, reading: &mut Reading) {
        let read = match sentence::read(text, &reading.usual) {
            Ok(read) => read,
            Err(unclear) => {
                let span = unclear.at.map_or_else(|| node.span.clone(), |word| word.span(node));
                let complaint = Diagnostic::error("sentence", &span, unclear.message).expected(unclear.expected);
                return self.diagnostics.push(complaint);
            }
        };
        let users = match &read.who {
            Who::Everybody => self.everybody(&node.span, reading),
            Who::Users(words) => {
                words.iter().filter_map(|word| self.test_user(reading, word.text, &word.span(node))).collect()
            }
        };
        let is_app = |loader: &mut Self, word: &sentence::Word<'_>| {
            loader.is_declared("application", word.text, &word.span(node))
        };
        let apps: Vec<&str> = read.apps.iter().filter(|word| is_app(self, word)).map(|word| word.text).collect();
        let expected = if read.allow { Expected::Allowed } else { Expected::Denied { message: None } };
        expect(reading, &users, &apps, &expected, &read.circumstances, &node.span);
    }

    fn everybody(&mut self, at: &Span, reading: &Reading) -> Vec<usize> {
        if reading.users.is_empty() {
            let complaint = Diagnostic::error("empty", at, "this test has no users, so this says nothing");
            self.diagnostics.push(complaint.hint("declare some under `users:`, as `ada: { groups: [] }`"));
        }
        (0..reading.users.len()).collect()
    }

    fn long_form(&mut self, item: &Node, entries: &[(Key, Node)], reading: &mut Reading) {
        let [(key, value), more @ ..] = entries else { return self.wrong(item, "expect", FORMS) };
        for (extra, _) in more {
            self.unknown_key(extra, "an expectation", &[key.text.as_str()]);
        }
        match key.text.as_str() {
            "access" => self.access_expectation(&key.span, value, reading),
            "claims" => self.claims_expectation(&key.span, value, reading),
            _ => {
                let message = format!("nothing can be expected of \"{}\"", key.text);
                let complaint = Diagnostic::error("unknown_key", &key.span, message);
                self.diagnostics.push(complaint.near(&key.text, ["access", "claims"]).expected(FORMS));
            }
        }
    }

    fn access_expectation(&mut self, at: &Span, node: &Node, reading: &mut Reading) {
        let Some(entries) = self.map(node, "access", false) else { return };
        self.only(entries, "an access expectation", &ACCESS_KEYS);
        let circumstances = self.circumstances_in(entries, &reading.usual);
        let (users, apps) = self.of_whom_at_what(at, node, "access", reading);
        let allow = match node.get("allow") {
            Some(flag) => self.flag(flag, "allow"),
            None => {
                self.missing(at, "allow", "the access expectation", "true or false");
                None
            }
        };
        let message = node.get("message").and_then(|text| self.words(text, "message"));
        let expected = match (allow, message) {
            (Some(true), Some(_)) => {
                let message = "who may open an app is told nothing, so \"message\" needs `allow: false`";
                return self.error("conflict", node.get("message").map_or(at, |n| &n.span), message);
            }
            (Some(true), None) => Expected::Allowed,
            (_, message) => Expected::Denied { message },
        };
        let apps: Vec<&str> = apps.iter().map(String::as_str).collect();
        expect(reading, &users, &apps, &expected, &circumstances, at);
    }

    fn claims_expectation(&mut self, at: &Span, node: &Node, reading: &mut Reading) {
        let Some(entries) = self.map(node, "claims", false) else { return };
        self.only(entries, "an expectation of claims", &CLAIMS_KEYS);
        let circumstances = self.circumstances_in(entries, &reading.usual);
        let (users, apps) = self.of_whom_at_what(at, node, "claims", reading);
        let names = |loader: &mut Self, key: &str| -> Option<Vec<String>> {
            let list = node.get(key)?;
            Some(loader.texts_in(list, key).into_iter().map(|(name, _)| name.to_owned()).collect())
        };
        let claims = ExpectedClaims {
            scopes: names(self, "scopes"),
            place: node.get("in").map(|word| self.claim_place(word)).unwrap_or_default(),
            has: node.get("has").map(|map| self.claim_values(map, "has")).unwrap_or_default(),
            equals: node.get("equals").map(|map| self.claim_values(map, "equals")).unwrap_or_default(),
            lacks: node.get("lacks").map(|list| self.lacking(list)).unwrap_or_default(),
        };
        if ["has", "lacks", "equals"].iter().all(|key| node.get(key).is_none()) {
            self.missing(at, "has", "the expectation of claims", "`has:`, `lacks:` or `equals:`");
        }
        let apps: Vec<&str> = apps.iter().map(String::as_str).collect();
        expect(reading, &users, &apps, &Expected::Claims(claims), &circumstances, at);
    }

    fn circumstances_in(&mut self, entries: &[(Key, Node)], usual: &Circumstances) -> Circumstances {
        let mut circumstances = usual.clone();
        for (key, value) in entries {
            self.circumstance(&key.text, value, &mut circumstances);
        }
        circumstances
    }

    /// `user:` and `app:`, one or several of each.
    fn of_whom_at_what(&mut self, at: &Span, node: &Node, form: &str, reading: &Reading) -> (Vec<usize>, Vec<String>) {
        let label = format!("the expectation of {form}");
        let mut both = [Vec::new(), Vec::new()];
        for (key, found) in ["user", "app"].into_iter().zip(&mut both) {
            match node.get(key) {
                Some(value) => *found = self.texts_in(value, key),
                None => self.missing(at, key, &label, &format!("the name of a {key} of this test")),
            }
        }
        let [users, apps] = both;
        let users = users.into_iter().filter_map(|(name, at)| self.test_user(reading, name, at)).collect();
        let apps = apps.into_iter().filter(|(name, at)| self.is_declared("application", name, at));
        (users, apps.map(|(name, _)| name.to_owned()).collect())
    }

    fn claim_place(&mut self, node: &Node) -> ClaimPlace {
        let known = ClaimPlace::WORDS.iter().find(|(word, _)| node.text() == Some(word));
        if let Some((_, place)) = known {
            return *place;
        }
        self.wrong(node, "in", &format!("one of {}", ClaimPlace::WORDS.map(|(word, _)| word).join(", ")));
        ClaimPlace::default()
    }

    fn claim_values(&mut self, node: &Node, key: &str) -> Map<String, Value> {
        match json_of(node) {
            Value::Object(map) if !map.is_empty() => map,
            _ => {
                self.wrong(node, key, "a map of claims, such as { groups: [Admins] }");
                Map::new()
            }
        }
    }

    fn lacking(&mut self, node: &Node) -> Vec<(String, Option<Value>)> {
        match json_of(node) {
            Value::Object(map) => map.into_iter().map(|(claim, value)| (claim, Some(value))).collect(),
            _ => self.texts_in(node, "lacks").into_iter().map(|(claim, _)| (claim.to_owned(), None)).collect(),
        }
    }
}

/// Adds one expectation for each of these people at each of these applications.
fn expect(
    reading: &mut Reading,
    users: &[usize],
    apps: &[&str],
    expected: &Expected,
    circumstances: &Circumstances,
    at: &Span,
) {
    for user in users {
        for app in apps {
            let text = told(&reading.users[*user].username, app, expected, circumstances, &reading.usual);
            reading.expect.push(Expectation {
                text,
                span: at.clone(),
                user: *user,
                app: (*app).to_owned(),
                circumstances: circumstances.clone(),
                expected: expected.clone(),
            });
        }
    }
}

/// An expectation as a sentence; what is so in the whole test is not said again.
fn told(user: &str, app: &str, expected: &Expected, now: &Circumstances, usual: &Circumstances) -> String {
    let mut text = match expected {
        Expected::Allowed => format!("{user} can access {app}"),
        Expected::Denied { .. } => format!("{user} cannot access {app}"),
        Expected::Claims(_) => format!("claims of {user} at {app}"),
    };
    // Writing to a String cannot fail.
    if now.mfa != usual.mfa {
        let _ = write!(text, " {} mfa", if now.mfa { "with" } else { "without" });
    }
    if let Some(ip) = now.ip.filter(|_| now.ip != usual.ip) {
        let _ = write!(text, " from {ip}");
    }
    if let Some(at) = now.at.filter(|_| now.at != usual.at) {
        let _ = write!(text, " at {}", at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    }
    text
}

/// The form of a sentence, for editors.
pub(crate) const SENTENCE_FORM: &str = FORM;
