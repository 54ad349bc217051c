//! Lists.

use super::{
    desk::{Desk, Paged, Trouble},
    document, names,
    resource::{self, ColumnDef, Resource, Source, key_text},
};
use crate::pages::admin::{
    Action, Bulk, Cell, Column, Empty, Filter, Heading, Pager, Panel, Row, Search, Sort, Table, Tone,
};
use axum::{extract::Path, http::StatusCode, response::Response};
use lockgate_model::kind::{Family, KINDS};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// Rows on a page.
const PAGE: u64 = 25;

/// `GET /if/admin/{resource}/`.
pub(super) async fn page(desk: Desk, Path(slug): Path<String>) -> Response {
    let paged = listed(&desk, &slug).await;
    desk.answer(paged)
}

/// What is at this address, or that there is nothing.
pub(super) fn find(slug: &str) -> Result<&'static Resource, Trouble> {
    resource::by_slug(slug)
        .ok_or_else(|| Trouble::Refused(StatusCode::NOT_FOUND, "There is nothing at this address.".to_owned()))
}

async fn listed(desk: &Desk, slug: &str) -> Paged {
    let resource = find(slug)?;
    let table = table(desk, resource, &[]).await?;
    let mut head = Heading {
        title: resource.plural.clone(),
        lead: resource.lead.to_owned(),
        api: Some(format!("GET /api/v3{}", resource.api)),
        ..Heading::default()
    };
    if slug == "users" && desk.may(Act::Export, "user") {
        // What the list is narrowed to.
        let to = format!("/api/v3/lockgate/users/export/?{}", desk.visit.query);
        head.actions.push(Action::link("Export", to));
    }
    head.actions.extend(makers(desk, resource));
    Ok(desk.page(head, vec![Panel::bare(table)]))
}

/// Ways to make one, for who may.
pub(super) fn makers(desk: &Desk, resource: &Resource) -> Vec<Action> {
    let new = |label: String, of: &Resource| Action::link(label, format!("{}new/", of.home())).toned(Tone::Main);
    match (&resource.source, resource.slug.as_str()) {
        (_, "users") if desk.may(Act::Create, "user") => {
            let beside = |label: &str, path: &str| Action::link(label, format!("{}{path}", resource.home()));
            let mut makers = vec![beside("Import", "import/"), new("Create".to_owned(), resource)];
            if desk.may(Act::IssueToken, "user") {
                makers.insert(1, beside("Service account", "service-account/"));
            }
            makers
        }
        (_, "applications") if desk.may(Act::Create, "application") => {
            let guide = Action::link("Set up an application", format!("{}guide/", resource.home()));
            vec![guide, new("Create".to_owned(), resource)]
        }
        (_, slug) => {
            let explains = slug == "policies" && desk.may(Act::CheckAccess, "user");
            let explain = || Action::link("Explain access", format!("{}explain/", resource.home()));
            let makes = may_make(desk, resource).then(|| new("Create".to_owned(), resource));
            explains.then(explain).into_iter().chain(makes).collect()
        }
    }
}

/// Whether one can be made by who looks; of a family, one of any kind.
fn may_make(desk: &Desk, resource: &Resource) -> bool {
    match &resource.source {
        Source::Union(family) => kinds_of(*family).any(|of| desk.may(Act::Create, of.kind)),
        _ => resource.can_create() && desk.may(Act::Create, resource.kind),
    }
}

/// The kinds of a family that have pages.
pub(super) fn kinds_of(family: Family) -> impl Iterator<Item = &'static Resource> {
    let made = KINDS.iter().filter(move |kind| kind.meta.family == family && !kind.meta.path.is_empty());
    made.filter_map(|kind| resource::of(kind.meta.kind))
}

/// The list as the query asks for it, narrowed to what `fixed` says.
pub(super) async fn table(desk: &Desk, resource: &Resource, fixed: &[(&str, &str)]) -> Result<Table, Trouble> {
    let chosen = resource.can_delete && desk.may(Act::Delete, resource.kind);
    choosing(desk, resource, fixed, chosen).await
}

/// As [`table`], with rows that can be chosen or not: for what else can be done with them.
pub(super) async fn choosing(
    desk: &Desk,
    resource: &Resource,
    fixed: &[(&str, &str)],
    chosen: bool,
) -> Result<Table, Trouble> {
    let asked = Asked::of(desk, resource);
    let mut list = desk.rest.get(&format!("{}?{}", resource.api, asked.api_query(resource, fixed))).await?;
    let mut results = list["results"].as_array_mut().map(std::mem::take).unwrap_or_default();
    if !resource.named.is_empty() {
        names::fill(desk, resource.named, &mut results).await?;
    }
    Ok(Table {
        caption: resource.plural.clone(),
        columns: resource.columns.iter().map(|column| asked.column(column)).collect(),
        rows: results.iter().map(|one| row(desk, resource, one, chosen)).collect(),
        empty: asked.empty(resource, may_make(desk, resource)),
        action: if resource.searched || !resource.filters.is_empty() { desk.visit.path.clone() } else { String::new() },
        search: resource.searched.then(|| Search {
            name: "search".to_owned(),
            value: asked.search.clone(),
            label: format!("Search {}", resource.plural.to_lowercase()),
        }),
        filters: asked.filters(resource),
        kept: asked.ordering.iter().map(|order| ("ordering".to_owned(), order.clone())).collect(),
        reset: asked.is_narrowed().then(|| desk.visit.path.clone()),
        bulk: if chosen {
            vec![Bulk { label: "Delete".into(), value: "delete".into(), tone: Tone::Bad }]
        } else {
            Vec::new()
        },
        bulk_action: format!("{}bulk/", resource.home()),
        csrf: desk.csrf.clone(),
        pager: asked.pager(&list["pagination"]),
        live: 0,
    })
}

fn row(desk: &Desk, resource: &Resource, one: &Value, chosen: bool) -> Row {
    // What the folder declares is not deleted here.
    let chosen = chosen && document::folder(desk, resource, one).is_none();
    let cells = resource.columns.iter().enumerate().map(|(index, column)| {
        let cell = (column.cell)(one);
        if index == 0 { leading(cell, resource.href(one)) } else { cell }
    });
    Row { key: chosen.then(|| key_text(&one[resource.key])), cells: cells.collect() }
}

/// The first cell of a row leads to the thing.
fn leading(cell: Cell, to: String) -> Cell {
    match cell {
        Cell::Text(text) | Cell::Code(text) => Cell::link(text, to),
        Cell::Link { text, below, .. } => Cell::Link { text, href: to, below },
        Cell::Thing { text, below, picture, round, .. } => Cell::Thing { text, href: to, below, picture, round },
        Cell::Nothing => Cell::link("Without a name", to),
        other => other,
    }
}

/// What the query asks for.
struct Asked {
    path: String,
    page: u64,
    search: String,
    ordering: Option<String>,
    /// Parameters with their values.
    narrowed: Vec<(&'static str, String)>,
    default_order: &'static str,
}

impl Asked {
    fn of(desk: &Desk, resource: &Resource) -> Self {
        let narrowed = resource.filters.iter().filter_map(|f| Some((f.param, desk.asked(f.param)?)));
        let known = |order: &String| {
            resource.columns.iter().any(|c| !c.order.is_empty() && order.trim_start_matches('-') == c.order)
        };
        Self {
            path: desk.visit.path.clone(),
            page: desk.asked("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
            search: desk.asked("search").unwrap_or_default(),
            ordering: desk.asked("ordering").filter(known),
            narrowed: narrowed.collect(),
            default_order: resource.ordering,
        }
    }

    fn is_narrowed(&self) -> bool {
        !self.search.is_empty() || !self.narrowed.is_empty()
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        let search = (!self.search.is_empty()).then_some(("search", self.search.as_str()));
        search.into_iter().chain(self.narrowed.iter().map(|(name, value)| (*name, value.as_str()))).collect()
    }

    fn api_query(&self, resource: &Resource, fixed: &[(&str, &str)]) -> String {
        let order = self.ordering.as_deref().unwrap_or(self.default_order);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("page_size", &PAGE.to_string()).append_pair("page", &self.page.to_string());
        if !order.is_empty() {
            query.append_pair("ordering", order);
        }
        query.extend_pairs(self.pairs()).extend_pairs(resource.always).extend_pairs(fixed).finish()
    }

    fn here(&self, ordering: Option<&str>, page: u64) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs());
        if let Some(ordering) = ordering {
            query.append_pair("ordering", ordering);
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        let query = query.finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    fn column(&self, column: &ColumnDef) -> Column {
        let current = self.ordering.as_deref().unwrap_or(self.default_order);
        let sort = (!column.order.is_empty()).then(|| {
            let state = match current.strip_prefix('-') {
                Some(order) if order == column.order => "descending",
                None if current == column.order => "ascending",
                _ => "",
            };
            let next = if state == "ascending" { format!("-{}", column.order) } else { column.order.to_owned() };
            Sort { href: self.here(Some(&next), 1), state }
        });
        Column { label: column.label.to_owned(), sort, numeric: column.numeric }
    }

    fn filters(&self, resource: &Resource) -> Vec<Filter> {
        let value = |param: &str| {
            let found = self.narrowed.iter().find(|(name, _)| *name == param);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let options = |list: &[(&str, &str)]| list.iter().map(|(v, l)| ((*v).to_owned(), (*l).to_owned())).collect();
        resource
            .filters
            .iter()
            .map(|filter| Filter {
                name: filter.param.to_owned(),
                label: filter.label.to_owned(),
                options: options(filter.options),
                value: value(filter.param),
                kind: "text",
            })
            .collect()
    }

    fn pager(&self, pagination: &Value) -> Option<Pager> {
        let number = |name: &str| pagination[name].as_u64().unwrap_or_default();
        let order = self.ordering.as_deref();
        (number("count") > 0).then(|| Pager {
            from: number("start_index"),
            to: number("end_index"),
            count: number("count"),
            previous: (number("previous") > 0).then(|| self.here(order, number("previous"))),
            next: (number("next") > 0).then(|| self.here(order, number("next"))),
        })
    }

    fn empty(&self, resource: &Resource, may_make: bool) -> Empty {
        if self.is_narrowed() || self.page > 1 {
            let action = Some(Action::link("Show all", &self.path));
            return Empty {
                title: "Nothing matches".into(),
                hint: "Try fewer words, or other filters.".into(),
                action,
            };
        }
        let title = format!("There are no {} yet", resource.plural.to_lowercase());
        let action = may_make.then(|| Action::link("Create the first one", format!("{}new/", resource.home())));
        Empty { title, hint: resource.lead.to_owned(), action: action.map(|action| action.toned(Tone::Main)) }
    }
}
