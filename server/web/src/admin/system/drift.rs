//! Drift: where what is in force differs from what the folder, git and the server as it ships say.

use super::revisions::{HOME, difference_of, tabs};
use crate::{
    admin::{
        ROOT,
        desk::{Desk, Paged},
        resource::{self, key_text, part, text},
    },
    pages::admin::{Action, Cell, Column, Empty, Facts, Heading, Note, Panel, Part, Row, Table, Tone},
};
use axum::response::Response;
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// `GET /if/admin/drift/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = shown(&desk).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk) -> Paged {
    let told = desk.rest.get("/lockgate/drift/").await?;
    let mut head = Heading {
        title: "Drift".to_owned(),
        lead: "Where what is in force differs from what the folder, git and the server as it ships say.".to_owned(),
        tabs: tabs(false),
        api: Some("GET /api/v3/lockgate/drift/".to_owned()),
        ..Heading::default()
    };
    if desk.may(Act::Update, "revision") && !told["folder"].is_null() {
        head.actions.push(Action::post("Read the folder again", format!("{HOME}reload/"), []));
    }
    let mut panels: Vec<Panel> = errors(&told).into_iter().map(Panel::bare).collect();
    panels.push(Panel::new("Sources", vec![sources(&told).into()]));
    let lead = "They ship with the server and were edited here: an update of the server leaves them as they are.";
    panels.push(Panel::new("Edited builtin objects", edited(&told)).lead(lead));
    let lead = "They neither ship nor stand in the folder. To adopt one, save its YAML as a file there.";
    panels.push(Panel::new("Made here", beside(&told)).lead(lead));
    Ok(desk.page(head, panels))
}

/// What keeps something newer from being in force.
fn errors(told: &Value) -> Vec<Note> {
    let named = [
        ("folder_error", "The folder is not in force"),
        ("pull_error", "Git cannot be pulled"),
        ("revision_error", "A newer revision cannot be loaded"),
    ];
    let note = |(member, title): (&str, &str)| {
        let lines = told[member].as_str()?.lines().map(str::to_owned).collect();
        Some(Note { tone: Tone::Bad, title: title.to_owned(), lines, ..Note::default() })
    };
    named.into_iter().filter_map(note).collect()
}

/// Folder, commit and revision.
fn sources(told: &Value) -> Facts {
    let folder = match text(told, "folder") {
        "in_force" => Cell::badge("In force", Tone::Good),
        "pending" => Cell::badge("Changed since, not read yet", Tone::Warn),
        "broken" => Cell::badge("Does not compile", Tone::Bad),
        "held" => Cell::badge("Held back", Tone::Warn),
        _ => Cell::from("None is read"),
    };
    let number = key_text(&told["revision"]);
    let mut facts = Facts::default()
        .with("Revision in force", Cell::link(&number, format!("{HOME}{}/", part(&number))))
        .with("Folder", folder);
    let commit = &told["commit"];
    if commit.is_object() {
        let short: String = text(commit, "commit").chars().take(12).collect();
        let dirty = if commit["dirty"] == json!(true) { " and changes beside it" } else { "" };
        let of = key_text(&commit["revision"]);
        facts = facts
            .with("Last commit", Cell::Code(format!("{short}{dirty}")))
            .with("It became revision", Cell::link(&of, format!("{HOME}{}/", part(&of))))
            .with("Since", Cell::time(commit["created"].as_str()));
    }
    if !told["pulled"].is_null() {
        facts = facts.with("Pulled", Cell::time(told["pulled"].as_str()));
    }
    facts
}

/// Where the page of an object is.
fn address(object: &Value) -> Option<String> {
    let of = resource::of(text(object, "kind"))?;
    let key = match (of.key, object["identifier"].as_str()) {
        ("slug" | "name", Some(identifier)) => identifier.to_owned(),
        _ => text(object, "pk").to_owned(),
    };
    Some(format!("{ROOT}{}/{}/", of.slug, part(&key)))
}

fn named(object: &Value) -> Cell {
    match address(object) {
        Some(address) => Cell::link(text(object, "name"), address),
        None => Cell::from(text(object, "name")),
    }
}

fn noun(object: &Value) -> String {
    let kind = text(object, "kind");
    resource::of(kind).map_or_else(|| kind.to_owned(), |of| of.noun.clone())
}

/// What ships before, what is in force after.
fn edited(told: &Value) -> Vec<Part> {
    let objects = told["edited"].as_array().map(Vec::as_slice).unwrap_or_default();
    if objects.is_empty() {
        let hint = "Everything that ships is as it shipped, or stands in the folder.".to_owned();
        return vec![Empty { title: "Nothing was edited".to_owned(), hint, action: None }.into()];
    }
    let row = |one: &Value| {
        let fields = one["fields"].as_array().map_or(0, Vec::len);
        let cells = vec![
            named(one),
            Cell::from(noun(one)),
            Cell::Number(i64::try_from(fields).unwrap_or_default()),
            Cell::time(one["updated"].as_str()),
        ];
        Row { key: None, cells }
    };
    let mut columns: Vec<Column> = ["Name", "Kind", "Fields", "Edited"].map(Column::new).into();
    columns[2].numeric = true;
    let caption = "Edited builtin objects".to_owned();
    let table = Table { caption, columns, rows: objects.iter().map(row).collect(), ..Table::default() };
    vec![table.into(), difference_of(objects)]
}

/// What neither ships nor stands in the folder.
fn beside(told: &Value) -> Vec<Part> {
    let objects = told["beside"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut parts = Vec::new();
    if told["beside_count"].as_u64().unwrap_or_default() > objects.len() as u64 {
        let line = format!("The first {} of {} are shown.", objects.len(), told["beside_count"]);
        parts.push(Note::new(Tone::Info, line).into());
    }
    let row = |one: &Value| {
        let yaml = address(one).map(|home| vec![Action::link("YAML", format!("{home}yaml/"))]);
        Row { key: None, cells: vec![named(one), Cell::from(noun(one)), yaml.map_or(Cell::Nothing, Cell::Actions)] }
    };
    let table = Table {
        caption: "Objects that were made here".to_owned(),
        columns: ["Name", "Kind", "Adopt"].map(Column::new).into(),
        rows: objects.iter().map(row).collect(),
        empty: Empty { title: "Nothing was made here".to_owned(), ..Empty::default() },
        ..Table::default()
    };
    parts.push(table.into());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_is_told_by_where_it_comes_from() {
        let told = json!({"folder_error": "apps.yaml:1: no\nmore", "pull_error": null, "revision_error": "torn"});
        let notes = errors(&told);
        let titles: Vec<&str> = notes.iter().map(|note| note.title.as_str()).collect();
        assert_eq!(titles, ["The folder is not in force", "A newer revision cannot be loaded"]);
        assert_eq!(notes[0].lines, ["apps.yaml:1: no", "more"]);
    }

    #[test]
    fn objects_lead_to_their_pages() {
        let of = |kind: &str| address(&json!({"kind": kind, "pk": "1-2", "identifier": "wiki", "name": "The wiki"}));
        assert_eq!(of("application").as_deref(), Some("/if/admin/applications/wiki/"));
        assert_eq!(of("brand").as_deref(), Some("/if/admin/brands/1-2/"));
        assert_eq!(of("no such kind"), None);
    }
}
