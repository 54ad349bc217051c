//! An explanation of the API in words.

use super::super::resource::{key_text, text};
use super::test::lines;
use crate::pages::admin::{Badge, Cell, Code, Column, Empty, Note, Panel, Part, Row, Table, Text, Tone};
use serde_json::Value;

/// What it says, as panels: the answer first. `policy` is marked where the explanation names it.
pub(super) fn panels(user: &str, app: &str, told: &Value, policy: Option<&str>) -> Vec<Panel> {
    let trace = &told["trace"];
    let mut panels = vec![Panel::bare(answer(user, app, told))];
    let changes = changes(&trace["changes"]);
    if !changes.is_empty() {
        let parts = changes.into_iter().map(|line| Text(line).into()).collect();
        panels.push(Panel::new("The smallest change that would allow it", parts));
    }
    panels.push(Panel::new("Bindings", vec![bindings(trace, policy).into()]).lead(mode(trace)));
    if let Some(files) = policies(trace) {
        panels.push(Panel::new("Policies of files that speak of it", vec![files.into()]));
    }
    if let Some(memberships) = memberships(trace) {
        panels.push(Panel::new("Memberships that have a time", vec![memberships.into()]));
    }
    panels.extend(facts(&told["decision"]["facts_used"]));
    panels
}

fn answer(user: &str, app: &str, told: &Value) -> Note {
    let allow = told["allow"] == true;
    let mut lines = lines(&told["told"]);
    lines.extend(self::lines(&told["decision"]["messages"]));
    lines.extend(self::lines(&told["decision"]["errors"]).into_iter().map(|error| format!("Went wrong: {error}")));
    lines.dedup();
    let (tone, may) = if allow { (Tone::Good, "may") } else { (Tone::Bad, "may not") };
    Note { tone, title: format!("{user} {may} open {app}"), lines, actions: Vec::new() }
}

fn mode(trace: &Value) -> &'static str {
    match (trace["bindings"].as_array().is_none_or(Vec::is_empty), text(trace, "mode")) {
        (true, _) => "",
        (false, "all") => "All of them have to pass.",
        (false, _) => "One of them has to pass.",
    }
}

fn bindings(trace: &Value, policy: Option<&str>) -> Table {
    let row = |binding: &Value| {
        let not = if binding["negate"] == true { "not " } else { "" };
        let what = format!("{not}{}", text(binding, "what"));
        let is_asked = policy.is_some() && binding["policy"].as_str() == policy;
        let mut badges = vec![result(binding)];
        if is_asked {
            badges.push(Badge::new("This policy", Tone::Info));
        }
        Row { key: None, cells: vec![what.into(), Cell::Badges(badges), place(&binding["origin"])] }
    };
    let list = trace["bindings"].as_array().map(Vec::as_slice).unwrap_or_default();
    Table {
        caption: "Bindings".into(),
        columns: ["Asks for", "Result", "Declared"].map(Column::new).into(),
        rows: list.iter().map(row).collect(),
        empty: Empty {
            title: "Nothing is bound to it".into(),
            hint: "Whoever has an account may open it, unless a policy of a file forbids it.".into(),
            action: None,
        },
        ..Table::default()
    }
}

fn result(binding: &Value) -> Badge {
    match (word(&binding["timing"]), binding["passes"].as_bool()) {
        ("over", _) => Badge::new("Is over", Tone::Warn),
        ("ahead", _) => Badge::new("Is ahead", Tone::Warn),
        (_, Some(true)) => Badge::new("Passes", Tone::Good),
        (_, Some(false)) => Badge::new("Fails", Tone::Bad),
        (_, None) => Badge::new("Not asked", Tone::Plain),
    }
}

/// The name of an alternative, with or without what it holds.
fn word(value: &Value) -> &str {
    value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str)).unwrap_or_default()
}

fn place(origin: &Value) -> Cell {
    match text(origin, "file") {
        "" => Cell::Nothing,
        file => Cell::Code(format!("{file}:{}", origin["line"])),
    }
}

fn policies(trace: &Value) -> Option<Table> {
    let in_files = trace["policies"].as_array()?.iter().filter(|policy| !text(policy, "file").is_empty());
    let row = |policy: &Value| {
        let effect = match text(policy, "effect") {
            "forbid" => Cell::badge("Forbids", Tone::Bad),
            _ => Cell::badge("Permits", Tone::Good),
        };
        let applies = match policy["applies"].as_bool() {
            Some(true) if policy["determining"] == true => Cell::badge("Applies and decides", Tone::Info),
            Some(true) => Cell::badge("Applies", Tone::Plain),
            Some(false) => Cell::badge("Does not apply", Tone::Plain),
            None => Cell::from(format!("Failed: {}", text(policy, "error"))),
        };
        let message = Cell::from(text(policy, "message"));
        Row { key: None, cells: vec![text(policy, "id").into(), effect, applies, message, place(policy)] }
    };
    let rows: Vec<Row> = in_files.map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: "Policies of files".into(),
        columns: ["Policy", "Effect", "Here", "Says", "Declared"].map(Column::new).into(),
        rows,
        ..Table::default()
    })
}

fn memberships(trace: &Value) -> Option<Table> {
    let row = |membership: &Value| {
        let time = |name: &str| Cell::time(membership[name].as_str());
        let group = Cell::from(text(&membership["group"], "name"));
        Row { key: None, cells: vec![group, time("from"), time("until")] }
    };
    let rows: Vec<Row> = trace["memberships"].as_array()?.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: "Memberships that have a time".into(),
        columns: ["Group", "From", "Until"].map(Column::new).into(),
        rows,
        ..Table::default()
    })
}

fn facts(used: &Value) -> Option<Panel> {
    let used = used.as_object()?.iter().filter(|(name, _)| *name != "checks");
    let lines: Vec<String> = used.map(|(name, value)| format!("{name} = {value}")).collect();
    let code = Part::from(Code { text: lines.join("\n"), ..Code::default() });
    (!lines.is_empty()).then(|| Panel::new("Facts that were read", vec![code]))
}

/// Every smallest set of changes, as a sentence each.
fn changes(sets: &Value) -> Vec<String> {
    let sets = sets.as_array().map(Vec::as_slice).unwrap_or_default();
    let one = |set: &Value| {
        let all: Vec<String> = set.as_array().into_iter().flatten().map(change).collect();
        all.join(", and ")
    };
    let capital = |text: String| {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let told = sets.iter().enumerate();
    told.map(|(n, set)| if n == 0 { capital(one(set)) } else { format!("Or {}", one(set)) } + ".").collect()
}

fn change(change: &Value) -> String {
    let held = &change[word(change)];
    let name = key_text(held);
    let at = || text(held, "at").get(..16).unwrap_or_default().replace('T', " ");
    match word(change) {
        "sign_in" => "sign in".to_owned(),
        "activate" => "activate the account".to_owned(),
        "join" => format!("join the group {name}"),
        "leave" => format!("leave the group {name}"),
        "second_factor" => "sign in with a second factor".to_owned(),
        "superuser" => "become an administrator".to_owned(),
        "renew" => format!("renew the membership in {}, which ended {} UTC", text(held, "group"), at()),
        "await" => format!("wait for the membership in {}, which begins {} UTC", text(held, "group"), at()),
        "extend" => format!("extend the binding of {}, which ended {} UTC", text(held, "what"), at()),
        "begin" => format!("wait for the binding of {}, which begins {} UTC", text(held, "what"), at()),
        "pass" => format!("meet the condition {name}"),
        "fail" => format!("no longer meet the condition {name}"),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_are_told_in_sentences() {
        let sets = json!([[{"join": "Media"}], ["second_factor", {"renew": {"group": "Staff", "at": "2026-01-02T03:04:00Z"}}]]);
        let told = [
            "Join the group Media.",
            "Or sign in with a second factor, and renew the membership in Staff, which ended 2026-01-02 03:04 UTC.",
        ];
        assert_eq!(changes(&sets), told);
    }
}
