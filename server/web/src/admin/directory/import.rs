//! Accounts out of a table: what each line would do is told before anything is done. Tables beyond 1 MiB the script
//! sends in parts; the same table once more changes nothing, so that an interrupted import is begun again.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble},
        resource::text,
    },
    common::{is_missing, refused, status},
};
use crate::{
    flow::form::Form as Sent,
    pages::admin::{
        Action, Badge, Cell, Column, Control, Crumb, Empty, Facts, Field, Form, Heading, Note, Panel, Row, Table, Text,
        Tone,
    },
};
use axum::{body::Bytes, extract::Request, http::StatusCode, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_policies::Action as Act;
use serde_json::Value;

const API: &str = "/lockgate/users/import/";

/// Lines of a report that are shown.
const MOST_LINES: usize = 500;

/// `GET /if/admin/users/import/`.
pub(super) async fn blank(desk: Desk) -> Response {
    let paged = form_page(&desk, "", &Wish::default(), Vec::new());
    desk.answer(paged)
}

/// What is wanted beside what stands in the table.
#[derive(Debug, Default, Clone, Copy)]
struct Wish {
    update: bool,
    create_groups: bool,
}

impl Wish {
    fn of(sent: &Sent) -> Self {
        let yes = |name: &str| sent.get(name) == Some("true");
        Self { update: yes("update"), create_groups: yes("create_groups") }
    }

    fn query(self, dry_run: bool) -> String {
        format!("?dry_run={dry_run}&update={}&create_groups={}", self.update, self.create_groups)
    }
}

fn head(title: &str) -> Heading {
    Heading {
        crumbs: vec![Crumb { label: "Users".into(), href: format!("{ROOT}users/") }],
        title: title.to_owned(),
        api: Some(format!("POST /api/v3{API}")),
        ..Heading::default()
    }
}

fn form_page(desk: &Desk, table: &str, wish: &Wish, problems: Vec<(String, String)>) -> Paged {
    if !desk.may(Act::Create, "user") {
        return Err(Trouble::Refused(StatusCode::FORBIDDEN, "You may not make accounts.".into()));
    }
    let status = status(&problems);
    let mut form = Form::new(format!("{ROOT}users/import/"), &desk.csrf, "Check")
        .fields(vec![
            Field::new("file", "File", Control::File { accept: ".csv,text/csv" })
                .hint("CSV in UTF-8. Larger than 1 MiB: the script sends it in parts."),
            Field::new("table", "Or lines", Control::code(table, 6)).hint("Pasted, with the same header."),
            Field::new("update", "Change accounts that are there already", Control::Tick(wish.update))
                .hint("Unticked, a line of an account that differs is refused."),
            Field::new("create_groups", "Make groups that are not there", Control::Tick(wish.create_groups)),
        ])
        .cancel(format!("{ROOT}users/"))
        .wrong(problems);
    form.multipart = true;
    let lead = "Nothing is done yet: you are told first what each line would do.";
    let mut head = head("Import users");
    head.lead = lead.into();
    Ok(desk.page_with(status, head, vec![Panel::bare(form), columns()]))
}

/// What a table looks like.
fn columns() -> Panel {
    let known = [
        ("username", "Needed. Unique."),
        ("email", "The address."),
        ("name", "The person's name."),
        ("active", "yes or no; yes where it is empty."),
        ("groups", "Names of groups, with semicolons between them."),
        ("path", "Folder in the directory."),
        ("type", "internal, external or service_account."),
        ("attributes", "JSON. Or attributes.NAME for one of them."),
        ("password_hash", "argon2 or pbkdf2_sha256, as another directory wrote it."),
    ];
    let example = crate::pages::admin::Code {
        caption: "Example".into(),
        text: "username,email,name,groups\nada,ada@example.com,Ada Lovelace,Staff; Engineers\n".into(),
        copy: true,
        ..Default::default()
    };
    let facts = known.into_iter().fold(Facts::default(), |facts, (name, says)| facts.with(name, says));
    Panel::new(
        "Columns",
        vec![Text("The first line names them, in any order.".into()).into(), facts.into(), example.into()],
    )
}

/// `POST /if/admin/users/import/`: a dry run, or the import itself once that was seen.
pub(super) async fn send(desk: Desk, request: Request) -> Response {
    let paged = sent(&desk, request).await;
    desk.answer(paged)
}

async fn sent(desk: &Desk, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let wish = Wish::of(&sent);
    let table = match given(&sent) {
        Ok(table) => table,
        Err(problem) => return form_page(desk, sent.get("table").unwrap_or_default(), &wish, vec![problem]),
    };
    let dry_run = sent.get("sure") != Some("true");
    let path = format!("{API}{}", wish.query(dry_run));
    let reply = desk.rest.upload(&path, &desk.csrf, "text/csv", Bytes::from(table.clone())).await?;
    if !reply.status.is_success() {
        let trouble = refused(&reply);
        if is_missing(&trouble) || reply.status == StatusCode::FORBIDDEN {
            return Err(trouble);
        }
        return form_page(desk, &table, &wish, reply.problems());
    }
    Ok(report(desk, &table, wish, &reply.json(), dry_run))
}

/// The table that was sent: what was pasted, or the file, which travels as a data URI.
fn given(sent: &Sent) -> Result<String, (String, String)> {
    let wrong = |field: &str, sentence: &str| Err((field.to_owned(), sentence.to_owned()));
    if let Some(file) = sent.get("file").and_then(|uri| uri.split_once(";base64,")) {
        let bytes = STANDARD.decode(file.1).unwrap_or_default();
        return match String::from_utf8(bytes) {
            Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
            Err(_) => wrong("file", "This is not UTF-8. Save it as \"CSV UTF-8\"."),
        };
    }
    match sent.get("table").map(str::trim_end) {
        Some(text) if !text.trim().is_empty() => Ok(format!("{text}\n")),
        _ => wrong("file", "Choose a file, or paste lines."),
    }
}

fn report(desk: &Desk, table: &str, wish: Wish, told: &Value, dry_run: bool) -> Response {
    let figure = |name: &str| told[name].as_i64().unwrap_or_default();
    let words = if dry_run { ["Would be made", "Would be changed"] } else { ["Made", "Changed"] };
    let facts = Facts::default()
        .with("Lines", figure("rows"))
        .with(words[0], figure("created"))
        .with(words[1], figure("updated"))
        .with("As they are", figure("unchanged"))
        .with("Refused", figure("refused"));
    let mut panels = Vec::new();
    let useful = figure("created") + figure("updated");
    if dry_run && useful > 0 {
        panels.push(Panel::new("Nothing was done yet", vec![facts.into(), sure(desk, table, wish, told).into()]));
    } else {
        let note = match (dry_run, figure("refused")) {
            (true, 0) => Note::new(Tone::Good, "Everything is as the table says: there is nothing to do."),
            (true, _) => Note::new(Tone::Bad, "No line could be taken. Correct the table and check it again."),
            (false, 0) => Note::new(Tone::Good, "Imported."),
            (false, _) => Note::new(
                Tone::Warn,
                "Imported but for the lines below. Correct them and send the table once more: what is there stays as it is.",
            ),
        };
        let again = Action::link("Another table", format!("{ROOT}users/import/"));
        let users = Action::link("To the users", format!("{ROOT}users/")).toned(Tone::Main);
        panels.push(Panel::new("What became of it", vec![note.into(), facts.into()]).action(again).action(users));
    }
    panels.push(Panel::bare(lines(told, dry_run)));
    desk.page(head(if dry_run { "Import users: check" } else { "Import users: done" }), panels)
}

/// The way on: the table goes along.
fn sure(desk: &Desk, table: &str, wish: Wish, told: &Value) -> Form {
    let hidden = |name: &str, value: String| Field::new(name, "", Control::Hidden(value));
    let useful = told["created"].as_i64().unwrap_or_default() + told["updated"].as_i64().unwrap_or_default();
    let mut fields = vec![hidden("sure", "true".into()), hidden("table", table.to_owned())];
    for (name, yes) in [("update", wish.update), ("create_groups", wish.create_groups)] {
        if yes {
            fields.push(hidden(name, "true".into()));
        }
    }
    let mut form = Form::new(format!("{ROOT}users/import/"), &desk.csrf, format!("Import {useful}"))
        .fields(fields)
        .cancel(format!("{ROOT}users/import/"));
    form.multipart = true;
    if told["refused"].as_i64().unwrap_or_default() > 0 {
        form.note = Some(Note::new(Tone::Warn, "Refused lines are left out."));
    }
    form
}

/// What becomes of single lines, refused ones first.
fn lines(told: &Value, dry_run: bool) -> Table {
    let mut report: Vec<&Value> = told["report"].as_array().into_iter().flatten().collect();
    report.sort_by_key(|line| (text(line, "outcome") != "refused", line["line"].as_u64()));
    let more = report.len().saturating_sub(MOST_LINES);
    let row = |line: &&Value| {
        let badge = match (text(line, "outcome"), dry_run) {
            ("refused", _) => Badge::new("Refused", Tone::Bad),
            ("created", true) => Badge::new("Would be made", Tone::Good),
            ("created", false) => Badge::new("Made", Tone::Good),
            ("updated", true) => Badge::new("Would be changed", Tone::Info),
            (_, _) => Badge::new("Changed", Tone::Info),
        };
        Row {
            key: None,
            cells: vec![
                Cell::Number(line["line"].as_i64().unwrap_or_default()),
                Cell::from(text(line, "username")),
                Cell::Badges(vec![badge]),
                Cell::from(text(line, "message")),
            ],
        }
    };
    let mut rows: Vec<Row> = report.iter().take(MOST_LINES).map(row).collect();
    if more > 0 {
        let cells = vec![Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::from(format!("{more} more lines"))];
        rows.push(Row { key: None, cells });
    }
    Table {
        caption: "Lines".into(),
        columns: ["Line", "User name", "What becomes of it", "Why"].map(Column::new).into(),
        rows,
        empty: Empty { title: "No line changes anything".into(), ..Empty::default() },
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refused_lines_stand_first() {
        let told = json!({"report": [
            {"line": 2, "username": "ada", "outcome": "created", "message": ""},
            {"line": 3, "username": "bob", "outcome": "refused", "message": "email: Enter a valid email address."},
        ]});
        let table = lines(&told, true);
        assert!(matches!(table.rows[0].cells[0], Cell::Number(3)));
        assert_eq!(
            Wish { update: true, create_groups: false }.query(true),
            "?dry_run=true&update=true&create_groups=false"
        );
    }
}
