//! `flow:` and `steps:` of a test.

use super::Reading;
use crate::{
    diagnostics::Diagnostic,
    language::{Declaration, Loader, values::json_of, words},
    node::{Key, Node, Value as Yaml},
    span::Span,
    test_document::{Ending, FlowStep, FlowTest, StepAction},
};
use serde_json::{Map, Value};

/// Keys beside a stage word in a step.
pub(crate) const STAGE_STEP_KEYS: [&str; 3] = ["name", "fails", "shows"];
/// Keys of the step in which a flow is over.
pub(crate) const END_STEP_KEYS: [&str; 5] = ["ends", "user", "to", "shows", "wrote"];

/// The key of prompts that ask for a password.
const PASSWORD_KEY: &str = "password";

const STEP: &str = "a stage word with its answers, such as { password: { password: … } }, or { ends: login }";

impl Loader<'_> {
    pub(super) fn flow_test(&mut self, doc: &Declaration<'_>, reading: &Reading) -> Option<FlowTest> {
        let Some((key, node)) = doc.entry("flow") else {
            for key in ["steps", "as", "app", "next", "invitation"] {
                if let Some((found, _)) = doc.entry(key) {
                    let message = format!("\"{key}\" belongs to a flow, and this test names none");
                    self.diagnostics.push(Diagnostic::error("required", &found.span, message).expected("`flow:`"));
                }
            }
            return None;
        };
        let slug = self.words(node, "flow")?;
        let signed_in = doc.entry("as").and_then(|(_, node)| {
            let name = self.words(node, "as")?;
            self.test_user(reading, &name, &node.span)
        });
        let app = doc.entry("app").and_then(|(_, node)| self.words(node, "app").map(|app| (app, &node.span)));
        let app = app.filter(|(app, at)| self.is_declared("application", app, at)).map(|(app, _)| app);
        let next = doc.entry("next").and_then(|(_, node)| self.words(node, "next"));
        let invitation = doc.entry("invitation").and_then(|(_, node)| self.invitation(node));
        let known = self.is_declared("flow", &slug, &node.span);
        let steps = match doc.entry("steps") {
            Some((_, list)) => self.steps(list),
            None => {
                let label = format!("test \"{}\"", doc.name);
                self.missing(&key.span, "steps", &label, "a list: what is answered, and how the flow ends");
                Vec::new()
            }
        };
        let circumstances = reading.usual.clone();
        known.then(|| FlowTest { slug, span: key.span.clone(), signed_in, app, next, invitation, circumstances, steps })
    }

    /// What an invitation says. The same is refused here as where one is made.
    fn invitation(&mut self, node: &Node) -> Option<Map<String, Value>> {
        let Some(entries) = node.map() else {
            self.wrong(node, "invitation", "a map of what it says, such as { email: ada@example.com }, or {}");
            return None;
        };
        if let Some((key, _)) = entries.iter().find(|(key, _)| key.text == PASSWORD_KEY) {
            let complaint = Diagnostic::error("invalid", &key.span, "an invitation holds no password");
            self.diagnostics.push(complaint.hint("take it out, and answer it where the flow asks for it"));
        }
        Some(as_map(node))
    }

    fn steps(&mut self, node: &Node) -> Vec<FlowStep> {
        let Some(items) = node.list().filter(|items| !items.is_empty()) else {
            self.wrong(node, "steps", "a list that is not empty");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.step(item)).collect()
    }

    fn step(&mut self, item: &Node) -> Option<FlowStep> {
        match &item.value {
            Yaml::Text(word) => self.is_stage(word, &item.span).then(|| FlowStep {
                span: item.span.clone(),
                action: StepAction::Stage { word: word.clone(), name: None, answer: None, fails: None },
                shows: Vec::new(),
            }),
            Yaml::Map(entries) if entries.iter().any(|(key, _)| key.text == "ends") => self.end_step(entries),
            Yaml::Map(entries) => self.stage_step(item, entries),
            _ => {
                self.wrong(item, "steps", STEP);
                None
            }
        }
    }

    fn stage_step(&mut self, item: &Node, entries: &[(Key, Node)]) -> Option<FlowStep> {
        let mut others = entries.iter().filter(|(key, _)| !STAGE_STEP_KEYS.contains(&key.text.as_str()));
        let Some((key, node)) = others.next() else {
            self.wrong(item, "steps", STEP);
            return None;
        };
        if let Some((second, _)) = others.next() {
            let known: Vec<&str> = STAGE_STEP_KEYS.into_iter().chain([key.text.as_str()]).collect();
            self.unknown_key(second, "a step", &known);
        }
        let word = self.is_stage(&key.text, &key.span).then(|| key.text.clone());
        let answer = match &node.value {
            Yaml::Null => None,
            Yaml::Map(_) => Some(as_map(node)),
            _ => {
                self.wrong(node, &key.text, "a map of what is answered, such as { password: … }");
                None
            }
        };
        let name = item.get("name").and_then(|node| self.words(node, "name"));
        let fails = item.get("fails").and_then(|node| self.words(node, "fails"));
        if let (Some(node), None) = (item.get("fails"), &answer) {
            self.error("conflict", &node.span, "nothing is answered here, so nothing can fail");
        }
        let shows = self.shown(item);
        let action = StepAction::Stage { word: word?, name, answer, fails };
        Some(FlowStep { span: key.span.clone(), action, shows })
    }

    fn is_stage(&mut self, word: &str, at: &Span) -> bool {
        if words::stage_kind(word).is_some() {
            return true;
        }
        let complaint = Diagnostic::error("unknown_stage", at, format!("there is no stage word \"{word}\""));
        let known = words::stage_words();
        let expected = format!("one of {}, or ends", known.join(", "));
        self.diagnostics.push(complaint.near(word, known.into_iter().chain(["ends"])).expected(expected));
        false
    }

    fn end_step(&mut self, entries: &[(Key, Node)]) -> Option<FlowStep> {
        self.only(entries, "the step in which a flow ends", &END_STEP_KEYS);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name);
        let (key, node) = get("ends")?;
        let how = Ending::WORDS.iter().find(|(word, _)| node.text() == Some(word)).map(|(_, how)| *how);
        if how.is_none() {
            let known = Ending::WORDS.map(|(word, _)| word);
            let message = format!("wrong value for \"ends\": {}", node.found());
            let complaint = Diagnostic::error("invalid_choice", &node.span, message);
            let complaint = complaint.near(node.text().unwrap_or_default(), known);
            self.diagnostics.push(complaint.expected(format!("one of {}", known.join(", "))));
        }
        let user = get("user").and_then(|(_, node)| self.words(node, "user"));
        let to = get("to").and_then(|(_, node)| self.words(node, "to"));
        let wrote = get("wrote").and_then(|(_, node)| self.map(node, "wrote", false).map(|_| as_map(node)));
        let shows = get("shows").map(|(_, node)| self.texts_shown(node)).unwrap_or_default();
        let action = StepAction::Ends { how: how?, user, to, wrote: wrote.unwrap_or_default() };
        Some(FlowStep { span: key.span.clone(), action, shows })
    }

    fn shown(&mut self, item: &Node) -> Vec<(String, Span)> {
        item.get("shows").map(|node| self.texts_shown(node)).unwrap_or_default()
    }

    fn texts_shown(&mut self, node: &Node) -> Vec<(String, Span)> {
        self.texts_in(node, "shows").into_iter().map(|(text, span)| (text.to_owned(), span.clone())).collect()
    }
}

fn as_map(node: &Node) -> Map<String, Value> {
    match json_of(node) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
