//! What came of going through a flow.

use super::{
    super::resource::{key_text, text},
    stages::word,
};
use crate::pages::admin::{Badge, Cell, Facts, Note, Panel, Step, Steps, Tone};
use serde_json::Value;

/// How it ended, and the way there.
pub(super) fn panels(told: &Value) -> Vec<Panel> {
    let mut panels = vec![Panel::bare(end(told))];
    let steps: Vec<Step> = told["steps"].as_array().into_iter().flatten().map(|one| step(one, told)).collect();
    if !steps.is_empty() {
        panels.push(Panel::new("The way", vec![Steps(steps).into()]));
    }
    let notes = lines(&told["notes"]);
    if !notes.is_empty() {
        let note = Note { tone: Tone::Info, title: "To know".into(), lines: notes, actions: Vec::new() };
        panels.push(Panel::bare(note));
    }
    panels
}

fn lines(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(key_text).collect()
}

fn end(told: &Value) -> Note {
    let end = &told["end"];
    let who = told["user"].as_str().unwrap_or("A visitor");
    let name = end["user"].as_str().unwrap_or(who);
    let to = end["to"].as_str().map(|to| format!(" and goes to {to}")).unwrap_or_default();
    let (tone, title) = match text(end, "how") {
        "signed_in" => (Tone::Good, format!("{name} is signed in{to}")),
        "signed_out" => (Tone::Good, format!("{name} is signed out{to}")),
        "done" => (Tone::Good, format!("The flow is done for {name}")),
        "redirect" => (Tone::Good, format!("{name} gets through{to}")),
        "denied" => (Tone::Bad, format!("{name} is turned away")),
        "waits" => (Tone::Info, format!("It waits for an answer at {}", text(end, "stage"))),
        _ => (Tone::Bad, "It failed".to_owned()),
    };
    let mut lines: Vec<String> = end["message"].as_str().map(str::to_owned).into_iter().collect();
    let asks = self::lines(&end["asks"]);
    if !asks.is_empty() {
        lines.push(format!("It asks for {}: fill that in below.", asks.join(", ")));
    }
    let methods = self::lines(&end["methods"]);
    if !methods.is_empty() {
        lines.push(format!("By {}.", methods.join(", ")));
    }
    if let Some(seconds) = end["session_seconds"].as_u64() {
        lines.push(format!("The session lasts {}.", length(seconds)));
    }
    if let Some(wrote) = end["wrote"].as_str() {
        lines.push(format!("The account {wrote} would have been written."));
    }
    lines.extend(self::lines(&end["why"]));
    Note { tone, title, lines, actions: Vec::new() }
}

fn length(seconds: u64) -> String {
    let counted = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match seconds {
        86_400.. if seconds.is_multiple_of(86_400) => counted(seconds / 86_400, "day"),
        3_600.. if seconds.is_multiple_of(3_600) => counted(seconds / 3_600, "hour"),
        60.. if seconds.is_multiple_of(60) => counted(seconds / 60, "minute"),
        _ => counted(seconds, "second"),
    }
}

fn step(one: &Value, told: &Value) -> Step {
    let outcome = text(one, "outcome");
    let tone = match outcome {
        "accepted" | "passed" => Tone::Good,
        "skipped" => Tone::Plain,
        "shown" | "redirected" => Tone::Info,
        _ => Tone::Bad,
    };
    let badge = match word(outcome) {
        Cell::Text(word) => Some(Badge::new(word, tone)),
        _ => None,
    };
    let mut facts = Facts::default();
    let (asks, answered) = (lines(&one["asks"]), lines(&one["answered"]));
    if !asks.is_empty() {
        facts = facts.with("Asks for", asks.join(", "));
    }
    if !answered.is_empty() {
        facts = facts.with("Answered", answered.join(", "));
    }
    let complaints = one["complaints"].as_object().into_iter().flatten();
    for (field, said) in complaints {
        let said = match said {
            Value::Array(_) => lines(said).join(" "),
            other => key_text(other),
        };
        facts = facts.with(format!("Wrong: {field}"), said);
    }
    let kind = match text(one, "flow") {
        flow if flow == text(told, "flow") => text(one, "kind").to_owned(),
        flow => format!("{} in {flow}", text(one, "kind")),
    };
    Step { title: text(one, "stage").to_owned(), kind, badge, lines: lines(&one["why"]), facts, ..Step::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_the_largest_unit_that_fits() {
        assert_eq!(length(86_400), "1 day");
        assert_eq!(length(7_200), "2 hours");
        assert_eq!(length(90), "90 seconds");
    }
}
