//! The decisions that are kept: who was let in and who was not, and why.

use super::{WHEN, choices, listing, span};
use crate::{
    admin::{
        ROOT,
        desk::{Desk, Paged},
        list,
        resource::{ColumnDef, FilterDef, Resource, column, key_text, ordered, part, text},
        spec::label,
    },
    pages::admin::{
        Action, Badge, Cell, Code, Column, Crumb, Empty, Facts, Heading, Note, Panel, Part, Row, Table, Tone, Width,
    },
};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::Value;
use std::sync::LazyLock;

static COLUMNS: &[ColumnDef] = &[
    column("Decision", |one| Cell::Text(headline(one))),
    column("Answer", |one| answer(one["allow"] == Value::Bool(true))),
    column("Address", |one| Cell::Code(text(one, "client_ip").to_owned())),
    ordered("When", "created", |one| Cell::time(one["created"].as_str())),
];

static DECISIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    columns: COLUMNS,
    filters: &[
        FilterDef { param: "username", label: "User", options: &[] },
        FilterDef { param: "app", label: "Application", options: &[] },
        FilterDef { param: "allow", label: "Answer", options: &[("", "All"), ("true", "Let in"), ("false", "Denied")] },
        FilterDef { param: "client_ip", label: "Address", options: &[] },
        WHEN,
    ],
    ordering: "-created",
    searched: false,
    lead: "Who was let in and who was not. All denials are kept, and a share of the rest.",
    ..listing("decisions", "lockgate/decisions", "decision", "id", "Decisions")
});

fn answer(allow: bool) -> Cell {
    if allow { Cell::badge("Let in", Tone::Good) } else { Cell::badge("Denied", Tone::Bad) }
}

/// The decision in one sentence.
fn headline(one: &Value) -> String {
    let who = match text(one, "username") {
        "" => "A visitor",
        name => name,
    };
    let what = match (text(one, "app"), text(one, "resource")) {
        ("", resource) => resource.to_owned(),
        (app, _) => app.to_owned(),
    };
    if one["allow"] == Value::Bool(true) {
        format!("{who} was let into {what}")
    } else {
        format!("{who} was kept out of {what}")
    }
}

/// `GET /if/admin/decisions/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let ends = span(desk, desk.visit.identity.clock.now());
    let fixed: Vec<(&str, &str)> = ends
        .iter()
        .map(|(end, value)| (if *end == "after" { "created__gt" } else { "created__lt" }, value.as_str()))
        .collect();
    let mut table = list::table(desk, &DECISIONS, &fixed).await?;
    choices(desk, &mut table).await;
    let head = Heading {
        title: DECISIONS.plural.clone(),
        lead: DECISIONS.lead.to_owned(),
        api: Some("GET /api/v3/lockgate/decisions/".to_owned()),
        ..Heading::default()
    };
    Ok(desk.page(head, vec![Panel::bare(table)]))
}

/// `GET /if/admin/decisions/{key}/`.
pub(super) async fn one(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let api = format!("/lockgate/decisions/{}/", part(key));
    let kept = desk.rest.get(&api).await?;
    let decision = &kept["record"]["decision"];
    let allow = kept["allow"] == Value::Bool(true);
    let mut head = Heading {
        crumbs: vec![Crumb { label: DECISIONS.plural.clone(), href: DECISIONS.home() }],
        title: headline(&kept),
        badges: vec![if allow { Badge::new("Let in", Tone::Good) } else { Badge::new("Denied", Tone::Bad) }],
        api: Some(format!("GET /api/v3{api}")),
        ..Heading::default()
    };
    // The page asks each time that it is loaded.
    head.actions.push(Action::link("Ask again now", format!("{}{}/#now", DECISIONS.home(), part(key))));
    let mut panels = vec![
        Panel::new("What was asked", vec![asked(desk, &kept).into()]).wide(Width::Half),
        Panel::new("Why", why(decision, allow)).wide(Width::Half),
    ];
    panels.push(now(&kept, allow));
    panels.extend(looked_at(&kept["now"]["trace"]));
    panels.push(Panel::new("Facts that counted", vec![facts_used(decision).into()]));
    let raw = Code { caption: "JSON".to_owned(), text: format!("{:#}", kept["record"]), copy: true, diff: false };
    panels.push(Panel::new("As it is kept", vec![raw.into()]));
    Ok(desk.page(head, panels))
}

fn asked(desk: &Desk, kept: &Value) -> Facts {
    let user = match (text(kept, "username"), &kept["user"]) {
        ("", _) => Cell::from("A visitor who is not signed in"),
        (name, Value::Number(pk)) if desk.may(Act::Read, "user") => Cell::link(name, format!("{ROOT}users/{pk}/")),
        (name, _) => Cell::from(name),
    };
    let app = match text(kept, "app") {
        "" => Cell::from(text(kept, "resource")),
        slug => Cell::link(slug, format!("{ROOT}applications/{}/", part(slug))),
    };
    let person = &kept["record"]["person"];
    let groups = person["groups"].as_array().into_iter().flatten().map(key_text).collect::<Vec<_>>().join(", ");
    Facts::default()
        .with("User", user)
        .with("Application", app)
        .with("For", label(text(kept, "action")))
        .with("Time", Cell::time(kept["created"].as_str()))
        .with("Address", Cell::Code(text(kept, "client_ip").to_owned()))
        .with("Groups then", groups)
        .with("Id", Cell::Code(text(kept, "id").to_owned()))
}

/// What a decision rests on.
fn why(decision: &Value, allow: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let list = |name: &str| decision[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let told: Vec<String> = list("messages").iter().map(key_text).collect();
    if !told.is_empty() {
        parts
            .push(Note { tone: Tone::Info, title: "They were told".to_owned(), lines: told, ..Note::default() }.into());
    }
    let failed: Vec<String> = list("errors").iter().map(key_text).collect();
    if !failed.is_empty() {
        parts.push(Note { tone: Tone::Bad, title: "What failed".to_owned(), lines: failed, ..Note::default() }.into());
    }
    let policies: Vec<(String, String)> = list("determining").iter().map(policy).collect();
    let needed: Vec<String> = list("needed").iter().map(need).collect();
    let mut facts = Facts::default();
    facts = match policies.is_empty() {
        true => facts.with("Decided by", if allow { "" } else { "Nothing that lets them in" }),
        false => facts.with(
            "Decided by",
            Cell::Code(policies.iter().map(|(id, place)| format!("{id}{place}")).collect::<Vec<_>>().join("\n")),
        ),
    };
    if !allow {
        let text = needed.iter().enumerate().map(|(n, one)| if n == 0 { sentence(one) } else { one.clone() });
        facts = facts.with("Needed", text.collect::<Vec<_>>().join(", and "));
    }
    parts.push(facts.into());
    parts
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A policy's id, and where it stands.
fn policy(policy: &Value) -> (String, String) {
    let place = match (policy["file"].as_str(), policy["line"].as_u64()) {
        (Some(file), Some(line)) => format!(" ({file}:{line})"),
        _ => String::new(),
    };
    (text(policy, "id").to_owned(), place)
}

/// What would have been needed, in words.
fn need(need: &Value) -> String {
    if let Some(word) = need.as_str() {
        return match word {
            "login" => "to be signed in",
            "active" => "an active account",
            "user" => "to be one of the accounts that it was given to by name",
            "not_user" => "to be another account",
            "mfa" => "a session opened with a second factor",
            "superuser" => "to be an administrator",
            "permission" => "a policy that gives access: none does",
            other => other,
        }
        .to_owned();
    }
    let Some((word, value)) = need.as_object().and_then(|map| map.iter().next()) else { return need.to_string() };
    let name = match value {
        Value::Array(list) => list.first().map(key_text).unwrap_or_default(),
        other => key_text(other),
    };
    let when = value.as_array().and_then(|list| list.get(1)).map(key_text).unwrap_or_default();
    match word.as_str() {
        "group" => format!("the group {name}"),
        "not_group" => format!("not to be in the group {name}"),
        "check" => format!("that the policy {name} passes"),
        "not_check" => format!("that the policy {name} does not pass"),
        "membership_ended" => format!("that the membership in {name} had not ended {when}"),
        "membership_ahead" => format!("that the membership in {name} had begun, which it does {when}"),
        "ended" => format!("that what lets in {name} had not ended {when}"),
        "ahead" => format!("that what lets in {name} had begun, which it does {when}"),
        "not_forbidden" => format!("that the policy {name} does not forbid it"),
        "any_of" => {
            let some = value.as_array().into_iter().flatten().map(self::need).collect::<Vec<_>>();
            some.join(" or ")
        }
        _ => need.to_string(),
    }
}

/// What would help, in words; as policies' changes are told.
fn change(change: &Value) -> String {
    if let Some(word) = change.as_str() {
        return match word {
            "sign_in" => "sign in",
            "activate" => "activate the account",
            "second_factor" => "sign in with a second factor",
            "superuser" => "become an administrator",
            other => other,
        }
        .to_owned();
    }
    let Some((word, value)) = change.as_object().and_then(|map| map.iter().next()) else { return change.to_string() };
    let (group, what, at) = (text(value, "group"), text(value, "what"), text(value, "at"));
    match word.as_str() {
        "join" => format!("join the group {}", key_text(value)),
        "leave" => format!("leave the group {}", key_text(value)),
        "renew" => format!("renew the membership in {group}, which ended {at}"),
        "await" => format!("wait for the membership in {group}, which begins {at}"),
        "extend" => format!("extend the binding of {what}, which ended {at}"),
        "begin" => format!("wait for the binding of {what}, which begins {at}"),
        "pass" => format!("meet the condition {}", key_text(value)),
        "fail" => format!("no longer meet the condition {}", key_text(value)),
        _ => change.to_string(),
    }
}

/// What the configuration in force makes of the same question.
fn now(kept: &Value, then: bool) -> Panel {
    let mut panel = Panel::new("Asked again under the present configuration", Vec::new());
    panel.id = "now".to_owned();
    let now = &kept["now"];
    if now.is_null() {
        let sentence = "It cannot be asked again: the account is gone, or nobody was signed in.";
        panel.parts.push(Note::new(Tone::Plain, sentence).into());
        return panel;
    }
    let allow = now["allow"] == Value::Bool(true);
    let (tone, title) = match (then, allow) {
        (true, true) => (Tone::Good, "They would be let in, as they were"),
        (false, false) => (Tone::Bad, "They would be kept out, as they were"),
        (true, false) => (Tone::Warn, "They would be kept out now"),
        (false, true) => (Tone::Warn, "They would be let in now"),
    };
    let told: Vec<String> = now["told"].as_array().into_iter().flatten().map(key_text).collect();
    panel.parts.push(Note { tone, title: title.to_owned(), lines: told, ..Note::default() }.into());
    let ways = now["trace"]["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ways: Vec<String> = ways
        .iter()
        .map(|way| way.as_array().into_iter().flatten().map(change).collect::<Vec<_>>().join(", and "))
        .map(|way| sentence(&way))
        .collect();
    if !ways.is_empty() {
        let title = "Any of these would let them in".to_owned();
        panel.parts.push(Note { tone: Tone::Info, title, lines: ways, ..Note::default() }.into());
    }
    panel
}

/// Bindings and policies, and what each came to.
fn looked_at(trace: &Value) -> Vec<Panel> {
    let result = |value: &Value, yes: &str, no: &str| match value.as_bool() {
        Some(true) => Cell::badge(yes, Tone::Good),
        Some(false) => Cell::badge(no, Tone::Bad),
        None => Cell::badge("Not asked", Tone::Plain),
    };
    let bindings = trace["bindings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let binding = |one: &Value| {
        let not = if one["negate"] == Value::Bool(true) { "not " } else { "" };
        let origin = match (text(&one["origin"], "file"), &one["origin"]["line"]) {
            ("", _) => Cell::Nothing,
            (file, line) => Cell::Code(format!("{file}:{line}")),
        };
        let what = sentence(&format!("{not}{}", text(one, "what")));
        Row { key: None, cells: vec![Cell::from(what), result(&one["passes"], "Passes", "Fails"), origin] }
    };
    let policies = trace["policies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let policy = |one: &Value| {
        let (id, place) = policy(one);
        let effect = if text(one, "effect") == "permit" {
            Cell::badge("Lets in", Tone::Good)
        } else {
            Cell::badge("Keeps out", Tone::Bad)
        };
        let applies = match (one["applies"].as_bool(), text(one, "error")) {
            (_, error) if !error.is_empty() => Cell::badge(error, Tone::Bad),
            (Some(true), _) => Cell::badge("Applies", Tone::Info),
            (Some(false), _) => Cell::badge("Does not apply", Tone::Plain),
            (None, _) => Cell::badge("Cannot be told", Tone::Warn),
        };
        let decides = Cell::Yes(one["determining"] == Value::Bool(true));
        Row { key: None, cells: vec![Cell::Code(format!("{id}{place}")), effect, applies, decides] }
    };
    let mode = match text(trace, "mode") {
        "all" => "All of them have to pass.",
        "any" => "One of them has to pass.",
        _ => "",
    };
    let mut panels = Vec::new();
    if !bindings.is_empty() {
        let table = Table {
            caption: "Bindings".to_owned(),
            columns: ["Binding", "Now", "Declared at"].map(Column::new).into(),
            rows: bindings.iter().map(binding).collect(),
            ..Table::default()
        };
        panels.push(Panel::new("Bindings of the application", vec![table.into()]).lead(mode));
    }
    if !policies.is_empty() {
        let table = Table {
            caption: "Policies".to_owned(),
            columns: ["Policy", "Says", "Now", "Decides"].map(Column::new).into(),
            rows: policies.iter().map(policy).collect(),
            ..Table::default()
        };
        panels.push(Panel::new("Policies that were looked at", vec![table.into()]));
    }
    panels
}

fn facts_used(decision: &Value) -> Table {
    let facts = decision["facts_used"].as_object().into_iter().flatten();
    let row = |(name, value): (&String, &Value)| Row {
        key: None,
        cells: vec![Cell::from(label(name)), Cell::Code(key_text(value))],
    };
    Table {
        caption: "Facts".to_owned(),
        columns: ["Fact", "Value"].map(Column::new).into(),
        rows: facts.map(row).collect(),
        empty: Empty {
            title: "It rests on no facts".to_owned(),
            hint: "Only who asked and what for counted.".to_owned(),
            action: None,
        },
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_needed_is_told_in_words() {
        assert_eq!(need(&json!("mfa")), "a session opened with a second factor");
        let any = json!({"any_of": [{"group": "Media"}, {"check": "office"}]});
        assert_eq!(need(&any), "the group Media or that the policy office passes");
        let ended = json!({"membership_ended": ["Media", "2026-11-01T00:00:00Z"]});
        assert_eq!(need(&ended), "that the membership in Media had not ended 2026-11-01T00:00:00Z");
        assert_eq!(change(&json!({"join": "Media"})), "join the group Media");
        assert_eq!(change(&json!("second_factor")), "sign in with a second factor");
    }
}
