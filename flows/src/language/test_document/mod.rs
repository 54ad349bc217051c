//! `test:` documents. They are read when everything else is declared, and become no objects.

mod expect;
mod people;
mod sentence;
mod steps;

pub(crate) use expect::{ACCESS_KEYS, CLAIMS_KEYS, SENTENCE_FORM};
pub(crate) use people::{USER_KEYS, USER_TYPES};
pub(crate) use steps::{END_STEP_KEYS, STAGE_STEP_KEYS};

use super::{Declaration, Loaded, Loader};
use crate::{
    diagnostics::Diagnostic,
    node::{Node, Value as Yaml, quoted},
    span::Span,
    test_document::{Circumstances, Expectation, TestDocument, TestUser},
};
use chrono::{DateTime, NaiveDateTime, Utc};
use lockgate_model::people::GroupFact;
use std::{collections::HashMap, net::IpAddr};

/// Keys of a test.
pub(crate) const TEST_KEYS: [&str; 13] =
    ["test", "groups", "users", "at", "ip", "mfa", "expect", "flow", "as", "app", "next", "invitation", "steps"];

/// What is known while one test is read.
struct Reading {
    groups: Vec<GroupFact>,
    users: Vec<TestUser>,
    /// What is so where an entry says nothing else.
    usual: Circumstances,
    expect: Vec<Expectation>,
}

impl Loader<'_> {
    /// Reads every test among the documents.
    pub(crate) fn finish_tests(&mut self, trees: &[Node], loaded: &mut Loaded) {
        let mut seen: HashMap<&str, &Span> = HashMap::new();
        for tree in trees {
            let Some([(key, node), ..]) = tree.map() else { continue };
            let Some(name) = node.text().filter(|name| key.text == "test" && !name.trim().is_empty()) else { continue };
            if let Some(first) = seen.insert(name, &node.span) {
                let message = format!("the test \"{name}\" is declared twice");
                let complaint = Diagnostic::error("duplicate", &node.span, message);
                self.diagnostics.push(complaint.related(first, "first declared at"));
            }
            let doc = Declaration { name, at: &node.span, entries: tree.map().unwrap_or_default() };
            let test = self.test(&doc);
            loaded.tests.push(test);
        }
    }

    fn test(&mut self, doc: &Declaration<'_>) -> TestDocument {
        self.only(doc.entries, &format!("test \"{}\"", doc.name), &TEST_KEYS);
        let groups = doc.entry("groups").map(|(_, node)| self.own_groups(node)).unwrap_or_default();
        let mut reading = Reading { groups, users: Vec::new(), usual: Circumstances::default(), expect: Vec::new() };
        if let Some((_, node)) = doc.entry("users") {
            self.test_users(node, &mut reading);
        }
        for (key, node) in doc.entries {
            self.circumstance(&key.text, node, &mut reading.usual);
        }
        match doc.entry("expect") {
            Some((_, node)) => self.expectations(node, &mut reading),
            None if doc.entry("flow").is_none() => {
                let message = format!("the test \"{}\" expects nothing", doc.name);
                let complaint = Diagnostic::error("required", doc.at, message);
                self.diagnostics.push(complaint.expected("a list `expect:`, or a flow with its `steps:`"));
            }
            None => {}
        }
        let flow = self.flow_test(doc, &reading);
        let Reading { groups, users, expect, .. } = reading;
        TestDocument { name: doc.name.to_owned(), span: doc.at.clone(), groups, users, expect, flow }
    }

    /// Takes a key that says what else is so; `false` for any other key.
    fn circumstance(&mut self, key: &str, node: &Node, into: &mut Circumstances) -> bool {
        match key {
            "at" => into.at = self.moment(node).or(into.at),
            "ip" => into.ip = self.address(node).or(into.ip),
            "mfa" => into.mfa = self.flag(node, key).unwrap_or(into.mfa),
            "path" => into.path = self.words(node, key).unwrap_or_default(),
            "host" => into.host = self.words(node, key).unwrap_or_default(),
            "method" => into.method = self.words(node, key).unwrap_or_default(),
            "user_agent" => into.user_agent = self.words(node, key).unwrap_or_default(),
            _ => return false,
        }
        true
    }

    fn moment(&mut self, node: &Node) -> Option<DateTime<Utc>> {
        let found = node.text().and_then(moment);
        if found.is_none() {
            self.wrong(node, "at", MOMENT);
        }
        found
    }

    fn address(&mut self, node: &Node) -> Option<IpAddr> {
        let found = node.text().and_then(|text| text.parse().ok());
        if found.is_none() {
            self.wrong(node, "ip", ADDRESS);
        }
        found
    }

    fn flag(&mut self, node: &Node, key: &str) -> Option<bool> {
        match node.value {
            Yaml::Bool(flag) => Some(flag),
            _ => {
                self.wrong(node, key, "true or false");
                None
            }
        }
    }

    /// A text.
    fn words(&mut self, node: &Node, key: &str) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() {
            self.wrong(node, key, "a text");
        }
        text
    }

    /// One text, or a list of them; each with its place.
    fn texts_in<'n>(&mut self, node: &'n Node, key: &str) -> Vec<(&'n str, &'n Span)> {
        let items = node.list().unwrap_or(std::slice::from_ref(node));
        let mut names = Vec::new();
        for item in items {
            match item.text() {
                Some(text) => names.push((text, &item.span)),
                None => self.wrong(item, key, "a text, or a list of texts"),
            }
        }
        names
    }

    /// Where in the test's users somebody is.
    fn test_user(&mut self, reading: &Reading, name: &str, at: &Span) -> Option<usize> {
        let found = reading.users.iter().position(|user| user.username == name);
        if found.is_none() {
            let complaint = Diagnostic::error("dangling", at, format!("this test has no user {}", quoted(name)));
            let complaint = complaint.near(name, reading.users.iter().map(|user| user.username.as_str()));
            self.diagnostics.push(match complaint.hint {
                Some(_) => complaint,
                None => complaint.hint(format!("declare them under `users:`, as `{name}: {{ groups: [] }}`")),
            });
        }
        found
    }

    /// Whether there is such an application or flow; a complaint otherwise.
    fn is_declared(&mut self, target: &str, name: &str, at: &Span) -> bool {
        let found = self.names.resolve(target, name, at);
        found.map_err(|complaint| self.diagnostics.push(*complaint)).is_ok()
    }
}

const MOMENT: &str = "a moment such as 2026-12-24T18:00:00Z";
const ADDRESS: &str = "an IP address such as 10.0.0.1";

/// A moment: RFC 3339, whose seconds may be left away in UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let short = || NaiveDateTime::parse_from_str(text.strip_suffix('Z')?, "%Y-%m-%dT%H:%M").ok();
    let full = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    full.or_else(|| short().map(|at| at.and_utc()))
}
