//! Who may open an application, and why.

use super::super::{
    ROOT,
    desk::{Desk, Paged},
    object, policies,
    replaced::named,
    resource::{part, text},
};
use crate::pages::admin::{Action, Badge, Cell, Column, Empty, Filter, Note, Pager, Panel, Row, Search, Table, Tone};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// People on a page.
const PAGE: u64 = 25;

/// `GET /if/admin/applications/{key}/access/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

/// What the query narrows the list to.
struct Asked {
    search: String,
    allowed: String,
    mfa: String,
    page: u64,
}

impl Asked {
    fn of(desk: &Desk) -> Self {
        let word = |name: &str| desk.asked(name).unwrap_or_default();
        let flag = |name: &str| Some(word(name)).filter(|word| word == "true" || word == "false").unwrap_or_default();
        let page = word("page").parse().unwrap_or(1).max(1);
        Self { search: word("search"), allowed: flag("allowed"), mfa: flag("mfa"), page }
    }

    fn query(&self, page: u64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("search", &self.search), ("allowed", &self.allowed), ("mfa", &self.mfa)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        query.finish()
    }
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let application = named("application");
    let app = desk.rest.get(&application.api_of(key)).await?;
    let slug = text(&app, "slug");
    let asked = Asked::of(desk);
    let api = format!("/lockgate/applications/{}/access/", part(slug));
    let list = desk.rest.get(&format!("{api}?page_size={PAGE}&{}", asked.query(asked.page))).await?;
    let mut head = object::head(desk, application, &app, "access/");
    head.api = Some(format!("GET /api/v3{api}"));
    let mut panels = vec![Panel::bare(table(desk, slug, &asked, &list))];
    if list["truncated"] == true {
        let line = "There are more people than were looked at. Search for somebody to be sure.";
        panels.insert(0, Panel::bare(Note::new(Tone::Warn, line)));
    }
    Ok(desk.page(head, panels))
}

/// Reasons one after the other: what ends by itself, or announces the next, needs nothing between.
pub(in super::super) fn in_one(reasons: &[&str]) -> String {
    reasons.iter().fold(String::new(), |told, reason| {
        let between = match told.chars().last() {
            None => "",
            Some('.' | ':') => " ",
            Some(_) => "; ",
        };
        told + between + *reason
    })
}

fn table(desk: &Desk, slug: &str, asked: &Asked, list: &Value) -> Table {
    let explains = desk.may(Act::CheckAccess, "user");
    let row = |one: &Value| {
        let user = &one["user"];
        let username = text(user, "username");
        let person = Cell::Thing {
            text: username.to_owned(),
            href: format!("{ROOT}users/{}/", user["pk"]),
            below: text(user, "name").to_owned(),
            picture: None,
            round: true,
        };
        let allowed = match one["allowed"] == true {
            true => Badge::new("May open it", Tone::Good),
            false => Badge::new("May not", Tone::Bad),
        };
        let reasons: Vec<&str> = one["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let more = match explains {
            true => Cell::Actions(vec![Action::link("Explain", policies::explain_link(username, slug))]),
            false => Cell::Nothing,
        };
        Row { key: None, cells: vec![person, Cell::Badges(vec![allowed]), in_one(&reasons).into(), more] }
    };
    let rows = list["results"].as_array().into_iter().flatten().map(row).collect();
    let path = &desk.visit.path;
    let at = |page: u64| format!("{path}?{}", asked.query(page));
    let number = |name: &str| list["pagination"][name].as_u64().unwrap_or_default();
    let options = |all: &[(&str, &str)]| all.iter().map(|(v, l)| ((*v).to_owned(), (*l).to_owned())).collect();
    let filter = |name: &str, label: &str, all: &[(&str, &str)], value: &str| Filter {
        name: name.into(),
        label: label.into(),
        options: options(all),
        value: value.into(),
        kind: "text",
    };
    let narrowed = !asked.query(1).is_empty();
    Table {
        caption: "Who may open it".into(),
        columns: ["Person", "Access", "Why", "More"].map(Column::new).into(),
        rows,
        empty: Empty {
            title: "Nobody".into(),
            hint: if narrowed {
                "Nobody matches. Try fewer words, or other filters."
            } else {
                "There is nobody to ask about."
            }
            .into(),
            action: narrowed.then(|| Action::link("Show all", path)),
        },
        action: path.clone(),
        search: Some(Search { name: "search".into(), value: asked.search.clone(), label: "Search people".into() }),
        filters: vec![
            filter("allowed", "Access", &[("", "All"), ("true", "May open it"), ("false", "May not")], &asked.allowed),
            filter("mfa", "Signed in", &[("", "With a password"), ("true", "With a second factor")], &asked.mfa),
        ],
        reset: narrowed.then(|| path.clone()),
        pager: (number("count") > 0).then(|| Pager {
            from: number("start_index"),
            to: number("end_index"),
            count: number("count"),
            previous: (number("previous") > 0).then(|| at(number("previous"))),
            next: (number("next") > 0).then(|| at(number("next"))),
        }),
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::in_one;

    #[test]
    fn reasons_are_read_as_one_text() {
        assert_eq!(in_one(&["One of these:", "A is missing.", "B is."]), "One of these: A is missing. B is.");
        assert_eq!(in_one(&["the group A", "the user b"]), "the group A; the user b");
        assert_eq!(in_one(&[]), "");
    }
}
