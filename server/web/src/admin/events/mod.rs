//! What happened: the log of events, and the decisions that are kept.

mod decisions;
mod detail;
mod words;

use super::{
    ROOT,
    desk::{Desk, Paged},
    list,
    resource::{ColumnDef, FilterDef, Resource, Source, column, key_text, ordered, text},
};
use crate::{
    Web,
    pages::admin::{Action, Badge, Cell, Chart, ChartBar, Heading, Panel, Table, Tone},
};
use axum::{
    Router,
    body::Body,
    http::{HeaderValue, header},
    response::Response,
    routing::get,
};
use chrono::{DateTime, DurationRound as _, SecondsFormat, TimeDelta, Utc};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

/// Where the log is.
pub(super) const HOME: &str = "/if/admin/events/";

/// Seconds between two looks of a list that is live.
const LIVE: u32 = 4;

/// Parts of an export as JSON, each of a hundred events.
const MOST_PARTS: u64 = 100;

/// Routes.
pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/if/admin/events/", get(page))
        .route("/if/admin/events/export.json", get(export))
        .route("/if/admin/events/{key}/", get(detail::page))
        .route("/if/admin/decisions/", get(decisions::page))
        .route("/if/admin/decisions/{key}/", get(decisions::one))
}

/// A list of something that no form makes.
pub(super) fn listing(slug: &str, api: &str, kind: &'static str, key: &'static str, plural: &str) -> Resource {
    Resource {
        slug: slug.to_owned(),
        api: format!("/{api}/"),
        kind,
        key,
        noun: plural.trim_end_matches('s').to_owned(),
        plural: plural.to_owned(),
        lead: "",
        columns: &[],
        filters: &[],
        searched: true,
        always: &[],
        named: &[],
        ordering: "",
        source: Source::None,
        tabs: &[],
        has_used_by: false,
        can_delete: false,
    }
}

/// How far back a list looks.
const WHEN: FilterDef = FilterDef {
    param: "when",
    label: "Time",
    options: &[("", "Any time"), ("1h", "Last hour"), ("1d", "Last day"), ("7d", "Last week"), ("30d", "Last month")],
};

static COLUMNS: &[ColumnDef] = &[
    column("What happened", |event| Cell::Text(words::sentence(event))),
    ordered("Kind", "action", |event| {
        let action = text(event, "action");
        Cell::badge(words::name(action), words::of(action).tone)
    }),
    column("Address", |event| match text(event, "client_ip") {
        "" => Cell::Nothing,
        address => Cell::Code(address.to_owned()),
    }),
    ordered("When", "created", |event| Cell::time(event["created"].as_str())),
];

static EVENTS: LazyLock<Resource> = LazyLock::new(|| Resource {
    columns: COLUMNS,
    filters: &[
        FilterDef { param: "user", label: "User", options: &[] },
        FilterDef { param: "application", label: "Application", options: &[] },
        FilterDef { param: "actions", label: "Kind", options: &[] },
        FilterDef { param: "client_ip", label: "Address", options: &[] },
        WHEN,
        FilterDef { param: "from", label: "From", options: &[] },
        FilterDef { param: "until", label: "Until", options: &[] },
    ],
    ordering: "-created",
    lead: "Everything that matters for security, as it happened.",
    ..listing("events", "events/events", "event", "pk", "Events")
});

/// The moments between which the list is asked for, as the API takes them; days are whole.
fn span(desk: &Desk, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let written = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Secs, true);
    let back = desk.asked("when").and_then(|when| match when.as_str() {
        "1h" => Some(TimeDelta::hours(1)),
        "1d" => Some(TimeDelta::days(1)),
        "7d" => Some(TimeDelta::days(7)),
        "30d" => Some(TimeDelta::days(30)),
        _ => None,
    });
    let day = |name: &str| {
        let asked = desk.asked(name)?;
        asked.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
    };
    let after = back.map(|back| now - back).into_iter().chain(day("from")).max();
    let before = day("until").map(|day| day + TimeDelta::days(1) - TimeDelta::microseconds(1));
    let before = before.map(|time| ("before", time.to_rfc3339_opts(SecondsFormat::Micros, true)));
    after.map(|time| ("after", written(time))).into_iter().chain(before).collect()
}

/// The span under the names that the API of events gives its ends.
fn event_span(desk: &Desk) -> Vec<(&'static str, String)> {
    let ends = span(desk, desk.visit.identity.clock.now());
    ends.into_iter().map(|(end, time)| (if end == "after" { "created__gte" } else { "created__lte" }, time)).collect()
}

/// What chooses events, as the API takes it.
fn chosen(desk: &Desk) -> String {
    let given = ["search", "user", "application", "actions", "client_ip"].into_iter();
    let given = given.filter_map(|name| Some((name, desk.asked(name)?)));
    let pairs = given.chain(event_span(desk));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `GET /if/admin/events/`.
async fn page(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let live = desk.asked("live").is_some();
    let ends = event_span(desk);
    let fixed: Vec<(&str, &str)> = ends.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut table = list::table(desk, &EVENTS, &fixed).await?;
    choices(desk, &mut table).await;
    if live {
        table.live = LIVE;
        table.kept.push(("live".to_owned(), "1".to_owned()));
    }
    let mut panels = Vec::new();
    if let Ok(volume) = desk.rest.get(&format!("/events/events/volume/?history_days=30&{}", chosen(desk))).await {
        panels.push(chart(desk, &volume));
    }
    panels.push(Panel::bare(table));
    let mut head = Heading {
        title: "Event log".to_owned(),
        lead: EVENTS.lead.to_owned(),
        api: Some("GET /api/v3/events/events/".to_owned()),
        ..Heading::default()
    };
    head.actions.push(switch(desk, live));
    if desk.may(Act::Export, "event") {
        head.actions.push(Action::link("CSV", format!("/api/v3/events/events/export/?{}", chosen(desk))));
        head.actions.push(Action::link("JSON", format!("{HOME}export.json?{}", desk.visit.query)));
    }
    if live {
        head.badges.push(Badge::new("Live", Tone::Good));
    }
    Ok(desk.page(head, panels))
}

/// The other state of the live list: the same query, but for that.
fn switch(desk: &Desk, live: bool) -> Action {
    let pairs = url::form_urlencoded::parse(desk.visit.query.as_bytes());
    let kept = pairs.filter(|(name, _)| name != "live" && name != "page" && name != "done");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept);
    if !live {
        query.append_pair("live", "1");
    }
    Action::link(if live { "Stop following" } else { "Follow live" }, format!("{HOME}?{}", query.finish()))
}

/// Fills in what can be chosen, which is not known before.
async fn choices(desk: &Desk, table: &mut Table) {
    // Who may not see applications types their names.
    let apps = desk.all("/core/applications/?ordering=name&superuser_full_list=true").await.unwrap_or_default();
    let apps: Vec<(String, String)> =
        apps.iter().map(|app| (text(app, "slug").to_owned(), text(app, "name").to_owned())).collect();
    for filter in &mut table.filters {
        let mut options: Vec<(String, String)> = match filter.name.as_str() {
            "application" | "app" => apps.clone(),
            "actions" => words::TABLE.iter().map(|s| (s.action.to_owned(), s.name.to_owned())).collect(),
            "from" | "until" => {
                filter.kind = "date";
                continue;
            }
            _ => continue,
        };
        let known = filter.value.is_empty() || options.iter().any(|(value, _)| *value == filter.value);
        if !known {
            options.push((filter.value.clone(), filter.value.clone()));
        }
        if !options.is_empty() {
            options.sort_by_cached_key(|(_, label)| label.to_lowercase());
            options.insert(0, (String::new(), "All".to_owned()));
            filter.options = options;
        }
    }
}

/// What went wrong among what happened.
fn is_trouble(action: &str) -> bool {
    matches!(words::of(action).tone, Tone::Bad) || matches!(action, "login_failed" | "policy_execution")
}

/// How much happened: by hours for a day, by days for longer.
fn chart(desk: &Desk, volume: &Value) -> Panel {
    let now = desk.visit.identity.clock.now();
    let (step, steps) = match desk.asked("when").as_deref() {
        Some("1h" | "1d") => (TimeDelta::hours(1), 24),
        Some("7d") => (TimeDelta::days(1), 7),
        _ => (TimeDelta::days(1), 30),
    };
    let last = now.duration_trunc(step).unwrap_or(now);
    let mut bars: BTreeMap<DateTime<Utc>, ChartBar> = (0..steps)
        .map(|back| last - step * back)
        .map(|time| (time, ChartBar { label: label(time, step), ..ChartBar::default() }))
        .collect();
    for figure in volume.as_array().into_iter().flatten() {
        let time = figure["time"].as_str().and_then(|time| time.parse::<DateTime<Utc>>().ok());
        let Some((_, bar)) = time.and_then(|time| bars.range_mut(..=time).next_back()) else { continue };
        let slot = if is_trouble(text(figure, "action")) { &mut bar.other } else { &mut bar.value };
        *slot += figure["count"].as_u64().unwrap_or_default();
    }
    Panel::bare(Chart {
        caption: if step == TimeDelta::hours(1) { "Events of the last day" } else { "Events by day" }.to_owned(),
        axis: if step == TimeDelta::hours(1) { "Hour (UTC)" } else { "Day (UTC)" }.to_owned(),
        first: "Events".to_owned(),
        second: "Failures and denials".to_owned(),
        bars: bars.into_values().collect(),
        lying: false,
    })
}

/// A point of a chart in words.
pub(super) fn label(time: DateTime<Utc>, step: TimeDelta) -> String {
    let format = if step < TimeDelta::days(1) { "%H:%M" } else { "%-d %b" };
    time.format(format).to_string()
}

/// The last events, for pages that show more than them.
pub(super) fn recent(events: &Value) -> Table {
    let row = |event: &Value| {
        let sentence = words::sentence(event);
        let action = text(event, "action");
        crate::pages::admin::Row {
            key: None,
            cells: vec![
                Cell::link(sentence, format!("{HOME}{}/", key_text(&event["pk"]))),
                Cell::badge(words::name(action), words::of(action).tone),
                Cell::time(event["created"].as_str()),
            ],
        }
    };
    Table {
        caption: "What happened last".to_owned(),
        columns: ["What happened", "Kind", "When"].map(crate::pages::admin::Column::new).into(),
        rows: events["results"].as_array().into_iter().flatten().map(row).collect(),
        ..Table::default()
    }
}

/// `GET /if/admin/events/export.json`: the newest of the events that the query chooses.
async fn export(desk: Desk) -> Response {
    let paged = exported(&desk).await;
    desk.answer(paged)
}

async fn exported(desk: &Desk) -> Paged {
    if !desk.may(Act::Export, "event") {
        let sentence = "You do not have permission to perform this action.";
        return Err(super::desk::Trouble::Refused(axum::http::StatusCode::FORBIDDEN, sentence.to_owned()));
    }
    let query = chosen(desk);
    let mut all = Vec::new();
    for number in 1..=MOST_PARTS {
        let part = format!("/events/events/?ordering=-created&page_size=100&page={number}&{query}");
        let mut part = desk.rest.get(&part).await?;
        all.extend(part["results"].as_array_mut().map(std::mem::take).unwrap_or_default());
        if part["pagination"]["next"].as_u64().unwrap_or_default() == 0 {
            break;
        }
    }
    let mut response = Response::new(Body::from(json!(all).to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"events.json\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Where the page of an event is.
pub(super) fn address(pk: &str) -> String {
    format!("{ROOT}events/{}/", super::resource::part(pk))
}
