//! Revisions of the configuration: who changed what, how it stands, and the way back.

use super::{health, pressed, settled};
use crate::{
    admin::{
        ROOT,
        desk::{Desk, Paged, Trouble, done},
        events::listing,
        list,
        resource::{ColumnDef, Resource, column, key_text, part, text},
    },
    pages::admin::{
        Action, Badge, Cell, Code, Control, Crumb, Empty, Facts, Field, Form, Heading, Note, Panel, Part, Tab, Tone,
        Width,
    },
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

pub(super) const HOME: &str = "/if/admin/revisions/";

/// Most revisions that are looked through for what a way back would change.
const FURTHEST: i64 = 200;

/// Most lines of a difference.
const MOST_LINES: usize = 2_000;

static COLUMNS: &[ColumnDef] = &[
    column("Revision", |one| Cell::Link {
        text: format!("Revision {}", one["number"]),
        href: String::new(),
        below: text(one, "summary").to_owned(),
    }),
    column("Author", |one| Cell::from(text(one, "author"))),
    column("By way of", |one| Cell::badge(way(text(one, "origin")), Tone::Plain)),
    column("Commit", commit),
    column("When", |one| Cell::time(one["created"].as_str())),
];

static REVISIONS: LazyLock<Resource> = LazyLock::new(|| Resource {
    columns: COLUMNS,
    searched: false,
    lead: "Every change of the configuration, with who made it. Any of them can be gone back to.",
    ..listing("revisions", "lockgate/revisions", "revision", "number", "Revisions")
});

/// Where a revision came from, in words.
fn way(origin: &str) -> &str {
    match origin {
        "start" => "Start",
        "folder" => "Folder",
        "api" => "API",
        "apply" => "Apply",
        "rollback" => "Way back",
        other => other,
    }
}

fn commit(revision: &Value) -> Cell {
    match (text(revision, "git_commit"), revision["git_dirty"] == json!(true)) {
        ("", _) => Cell::Nothing,
        (commit, dirty) => {
            let short: String = commit.chars().take(12).collect();
            Cell::Code(if dirty { format!("{short} and more") } else { short })
        }
    }
}

/// The views of revisions: the list, and where what is in force differs from texts.
pub(super) fn tabs(is_list: bool) -> Vec<Tab> {
    let tab = |label: &str, href: &str, here| Tab { label: label.to_owned(), href: href.to_owned(), here };
    vec![tab("Revisions", HOME, is_list), tab("Drift", "/if/admin/drift/", !is_list)]
}

/// How it stands with the configuration; null where it is not told.
async fn standing(desk: &Desk) -> Value {
    // Who may not see it, sees the list alone.
    let told = desk.rest.get("/lockgate/overview/?days=1").await.unwrap_or_default();
    told["configuration"].clone()
}

/// What keeps something newer from being in force.
pub(in crate::admin) fn troubles(told: &Value) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(error) = told["error"].as_str() {
        let title = "The newest configuration is not in force";
        let lines = error.lines().map(str::to_owned).collect();
        notes.push(Note { tone: Tone::Bad, title: title.to_owned(), lines, ..Note::default() });
    }
    if told["held"] == json!(true) {
        let line = "Somebody went back to an earlier revision. The folder counts again once something in it changes.";
        notes.push(Note::new(Tone::Warn, line).titled("The folder is held back"));
    }
    notes
}

/// `GET /if/admin/revisions/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let table = list::table(desk, &REVISIONS, &[]).await?;
    let told = standing(desk).await;
    let mut panels: Vec<Panel> = troubles(&told).into_iter().map(Panel::bare).collect();
    if let Some(facts) = health(&told) {
        panels.push(Panel::new("How it stands", vec![facts.into()]));
    }
    panels.push(Panel::bare(table));
    let mut head = Heading {
        title: REVISIONS.plural.clone(),
        lead: REVISIONS.lead.to_owned(),
        tabs: tabs(true),
        api: Some("GET /api/v3/lockgate/revisions/".to_owned()),
        ..Heading::default()
    };
    if desk.may(Act::Update, "revision") {
        let label = if told["commit"].is_string() { "Pull now" } else { "Read the folder again" };
        head.actions.push(Action::post(label, format!("{HOME}reload/"), []));
    }
    Ok(desk.page(head, panels))
}

/// `POST /if/admin/revisions/reload/`.
pub(super) async fn reload(desk: Desk, request: Request) -> Response {
    let paged = reloaded(&desk, request).await;
    desk.answer(paged)
}

async fn reloaded(desk: &Desk, request: Request) -> Paged {
    let reply = pressed(desk, request, "/lockgate/reload/").await?;
    let told = reply.json();
    if !reply.status.is_success() || told["error"].is_null() && told["held"] != json!(true) {
        return settled(&reply, HOME);
    }
    let mut panels: Vec<Panel> = troubles(&told).into_iter().map(Panel::bare).collect();
    panels.extend(health(&told).map(Panel::bare));
    let head = Heading {
        crumbs: vec![Crumb { label: REVISIONS.plural.clone(), href: HOME.to_owned() }],
        title: "Read again".to_owned(),
        ..Heading::default()
    };
    Ok(desk.page(head, panels))
}

/// `GET /if/admin/revisions/{key}/`.
pub(super) async fn one(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

/// The newest revision's number.
async fn newest(desk: &Desk) -> Result<i64, Trouble> {
    let list = desk.rest.get("/lockgate/revisions/?page_size=1").await?;
    Ok(list["results"][0]["number"].as_i64().unwrap_or_default())
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let api = REVISIONS.api_of(key);
    let one = desk.rest.get(&api).await?;
    let is_newest = one["number"].as_i64() == Some(newest(desk).await?);
    let mut head = Heading {
        crumbs: vec![Crumb { label: REVISIONS.plural.clone(), href: HOME.to_owned() }],
        title: format!("Revision {}", one["number"]),
        lead: text(&one, "summary").to_owned(),
        api: Some(format!("GET /api/v3{api}")),
        ..Heading::default()
    };
    if is_newest {
        head.badges.push(Badge::new("In force", Tone::Good));
    } else if desk.may(Act::Create, "revision") && one["kept"] == json!(true) {
        let back = Action::link("Go back to it", format!("{HOME}{}/rollback/", part(key)));
        head.actions.push(back.toned(Tone::Bad));
    }
    let facts = Facts::default()
        .with("Author", text(&one, "author"))
        .with("By way of", way(text(&one, "origin")))
        .with("Commit", commit(&one))
        .with("When", Cell::time(one["created"].as_str()));
    let what = match one["objects"].as_array() {
        Some(objects) => difference(objects.iter().map(Change::of).collect()),
        None => Empty {
            title: "What it changed is not known any more".to_owned(),
            hint: "Only the last revisions are kept with what they changed.".to_owned(),
            action: None,
        }
        .into(),
    };
    Ok(desk.page(head, vec![Panel::bare(facts), Panel::new("What it changed", vec![what])]))
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    word: String,
    name: String,
    place: String,
    /// Pointer, before, after, and whether it is a secret.
    fields: Vec<(String, Value, Value, bool)>,
}

impl Change {
    fn of(object: &Value) -> Self {
        let field = |field: &Value| {
            let secret = field["secret"] == json!(true);
            (text(field, "pointer").to_owned(), field["before"].clone(), field["after"].clone(), secret)
        };
        Self {
            word: text(object, "change").to_owned(),
            name: text(object, "name").to_owned(),
            place: text(object, "place").to_owned(),
            fields: object["fields"].as_array().into_iter().flatten().map(field).collect(),
        }
    }
}

/// What of these objects is different, with what was before and is now.
pub(super) fn difference_of(objects: &[Value]) -> Part {
    let changed = |object: &Value| {
        let mut change = Change::of(object);
        change.word = "edited".to_owned();
        change
    };
    difference(objects.iter().map(changed).collect())
}

/// Changes as the lines of a difference.
fn difference(changes: Vec<Change>) -> Part {
    if changes.is_empty() {
        return Empty { title: "Nothing changes".to_owned(), ..Empty::default() }.into();
    }
    let mut lines = Vec::new();
    for change in changes {
        let place = if change.place.is_empty() { String::new() } else { format!(" ({})", change.place) };
        lines.push(format!("@ {} {}{place}", change.word, change.name));
        for (pointer, before, after, secret) in change.fields {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            if secret {
                lines.push(format!("+ {name}: (a secret)"));
                continue;
            }
            let value = |value: &Value| key_text(value).replace('\n', "\n    ");
            if !before.is_null() {
                lines.extend(format!("{name}: {}", value(&before)).lines().map(|line| format!("- {line}")));
            }
            if !after.is_null() {
                lines.extend(format!("{name}: {}", value(&after)).lines().map(|line| format!("+ {line}")));
            }
        }
        lines.push(String::new());
    }
    if lines.len() > MOST_LINES {
        let left = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("@ and {left} more lines"));
    }
    Code { text: lines.join("\n").trim_end().to_owned(), diff: true, ..Code::default() }.into()
}

/// What going back over these revisions, oldest first, would change: each field to what it was before the first of them.
fn undone(revisions: &[Vec<Change>]) -> Vec<Change> {
    type Fields = BTreeMap<String, (Value, Value, bool)>;
    let mut objects: BTreeMap<String, (String, String, Fields)> = BTreeMap::new();
    for change in revisions.iter().flatten() {
        let entry = objects
            .entry(change.name.clone())
            .or_insert_with(|| (change.word.clone(), change.word.clone(), Fields::new()));
        entry.1.clone_from(&change.word);
        for (pointer, before, after, secret) in &change.fields {
            let field = entry.2.entry(pointer.clone()).or_insert_with(|| (before.clone(), after.clone(), *secret));
            field.1.clone_from(after);
        }
    }
    let back = |(name, (first, last, fields)): (String, (String, String, Fields))| {
        let word = match (first.as_str(), last.as_str()) {
            // It came and went.
            ("created", "deleted") => return None,
            ("created", _) => "deleted",
            (_, "deleted") => "created",
            _ => "changed",
        };
        let fields = fields.into_iter().filter(|(_, (before, after, secret))| before != after || *secret);
        let fields: Vec<_> =
            fields.map(|(pointer, (before, after, secret))| (pointer, after, before, secret)).collect();
        let same = word == "changed" && fields.is_empty();
        (!same).then(|| Change { word: word.to_owned(), name, place: String::new(), fields })
    };
    objects.into_iter().filter_map(back).collect()
}

/// `GET /if/admin/revisions/{key}/rollback/`.
pub(super) async fn ask(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = asked(&desk, &key, Vec::new(), "").await;
    desk.answer(paged)
}

async fn asked(desk: &Desk, key: &str, problems: Vec<(String, String)>, message: &str) -> Paged {
    let one = desk.rest.get(&REVISIONS.api_of(key)).await?;
    let number = one["number"].as_i64().unwrap_or_default();
    let newest = newest(desk).await?;
    let mut later: Vec<Vec<Change>> = Vec::new();
    let mut unknown = newest - number > FURTHEST;
    for number in number + 1..=newest.min(number + FURTHEST) {
        let objects = match desk.rest.get(&REVISIONS.api_of(&number.to_string())).await {
            Ok(revision) => revision["objects"].clone(),
            // Numbers may be left out.
            Err(crate::rest::Refusal::Said(StatusCode::NOT_FOUND, _)) => continue,
            Err(refusal) => return Err(refusal.into()),
        };
        match objects.as_array() {
            Some(objects) => later.push(objects.iter().map(Change::of).collect()),
            None => unknown = true,
        }
    }
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let action = format!("{HOME}{}/rollback/", part(key));
    let mut form = Form::new(action, &desk.csrf, format!("Go back to revision {number}"))
        .fields(vec![
            Field::new("message", "Why", Control::text(message)).hint("It stands with the new revision."),
            Field::new("confirm", format!("Type {number} to confirm"), Control::text("")).required(),
        ])
        .cancel(format!("{HOME}{number}/"));
    form.tone = Tone::Bad;
    let form = form.wrong(problems);
    let mut panels = Vec::new();
    if unknown {
        let line = "Some of the later revisions are not kept with what they changed: below is only a part.";
        panels.push(Panel::bare(Note::new(Tone::Warn, line)));
    }
    let line = "A folder or repository is held back until something in it changes.";
    panels.push(Panel::bare(Note::new(Tone::Info, line).titled("It becomes a new revision; nothing is forgotten")));
    panels.push(Panel::new("What changes", vec![difference(undone(&later))]).wide(Width::Full));
    panels.push(Panel::bare(form));
    let head = Heading {
        crumbs: vec![
            Crumb { label: REVISIONS.plural.clone(), href: HOME.to_owned() },
            Crumb { label: format!("Revision {number}"), href: format!("{HOME}{number}/") },
        ],
        title: format!("Go back to revision {number}?"),
        lead: text(&one, "summary").to_owned(),
        api: Some(format!("POST /api/v3{}rollback/", REVISIONS.api_of(key))),
        ..Heading::default()
    };
    Ok(desk.page_with(status, head, panels))
}

/// `POST /if/admin/revisions/{key}/rollback/`.
pub(super) async fn roll_back(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = rolled_back(&desk, &key, request).await;
    desk.answer(paged)
}

async fn rolled_back(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let message = sent.get("message").unwrap_or_default().trim().to_owned();
    if sent.get("confirm").map(str::trim) != Some(key) {
        let wrong = vec![("confirm".to_owned(), "This is not its number.".to_owned())];
        return asked(desk, key, wrong, &message).await;
    }
    let api = format!("{}rollback/", REVISIONS.api_of(key));
    let reply = desk.send(Method::POST, &api, &json!({"message": message})).await?;
    if !reply.status.is_success() {
        return asked(desk, key, reply.problems(), &message).await;
    }
    let number = key_text(&reply.json()["revision"]);
    Ok(done(&format!("{ROOT}revisions/{}/", part(&number)), "done"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(word: &str, name: &str, fields: &[(&str, Value, Value)]) -> Change {
        let fields = fields.iter().map(|(p, b, a)| ((*p).to_owned(), b.clone(), a.clone(), false)).collect();
        Change { word: word.to_owned(), name: name.to_owned(), place: String::new(), fields }
    }

    #[test]
    fn a_way_back_changes_what_was_changed_since() {
        let later = [
            vec![change("changed", "app a", &[("/name", json!("One"), json!("Two")), ("/x", json!(1), json!(2))])],
            vec![
                change("changed", "app a", &[("/name", json!("Two"), json!("Three")), ("/x", json!(2), json!(1))]),
                change("created", "app b", &[("/name", Value::Null, json!("B"))]),
                change("created", "app c", &[]),
            ],
            vec![change("deleted", "app c", &[])],
        ];
        let wanted = [
            change("changed", "app a", &[("/name", json!("Three"), json!("One"))]),
            change("deleted", "app b", &[("/name", json!("B"), Value::Null)]),
        ];
        assert_eq!(undone(&later), wanted);
    }

    #[test]
    fn a_difference_has_a_line_for_each_value() {
        let Part::Code(code) = difference(vec![change("changed", "app a", &[("/name", json!("One"), json!("Two"))])])
        else {
            panic!("it is text");
        };
        assert_eq!(code.text, "@ changed app a\n- name: One\n+ name: Two");
    }
}
