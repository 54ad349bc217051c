//! The first page: how it stands, in figures.

use super::{
    ROOT,
    desk::{Desk, Paged},
    events,
    resource::{key_text, part, text},
    system,
};
use crate::pages::admin::{
    Action, Cell, Chart, ChartBar, Column, Empty, Facts, Figure, Figures, Heading, Note, Panel, Row, Step, Steps,
    Table, Tone, Width,
};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// Spans that can be looked back: days, and what they are called.
const SPANS: [(&str, &str); 4] = [("1", "Day"), ("7", "Week"), ("30", "Month"), ("90", "Quarter")];

/// `GET /if/admin/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = overview(&desk).await;
    desk.answer(paged)
}

async fn overview(desk: &Desk) -> Paged {
    let days = desk.asked("days").filter(|days| SPANS.iter().any(|(known, _)| known == days));
    let days = days.unwrap_or_else(|| "7".to_owned());
    let told = desk.rest.get(&format!("/lockgate/overview/?days={days}")).await?;
    let mut panels: Vec<Panel> = warnings(&told).into_iter().map(Panel::bare).collect();
    if is_new(desk, &told).await {
        panels.push(first_steps(desk));
    }
    let figures = figures(&told);
    if !figures.0.is_empty() {
        panels.push(Panel::bare(figures));
    }
    panels.extend(activity(&told, &days));
    panels.extend(applications(&told));
    panels.extend(recent(desk).await);
    panels.extend(factors(&told));
    panels.extend(configuration(&told));
    panels.extend(jobs(&told));
    panels.extend(certificates(desk, &told));
    if panels.is_empty() {
        let title = "Nothing to tell you here".to_owned();
        let hint = "What you may administer is on the left.".to_owned();
        panels.push(Panel::bare(Empty { title, hint, action: None }));
    }
    let lead = match text(&told, "version") {
        "" => String::new(),
        version => format!("Lockgate {version}"),
    };
    let api = Some(format!("GET /api/v3/lockgate/overview/?days={days}"));
    Ok(desk.page(Heading { title: "Overview".to_owned(), lead, api, ..Heading::default() }, panels))
}

fn link(label: &str, path: &str) -> Action {
    Action::link(label, format!("{ROOT}{path}"))
}

/// What somebody should look at now.
fn warnings(told: &Value) -> Vec<Note> {
    let mut notes = system::troubles(&told["configuration"]);
    for note in &mut notes {
        note.actions.push(link("Revisions", "revisions/"));
    }
    notes
}

/// Whether nobody but the first administrator has done anything here yet.
async fn is_new(desk: &Desk, told: &Value) -> bool {
    let people = told["users"]["total"].as_u64().unwrap_or(u64::MAX);
    let programs = told["users"]["service_accounts"].as_u64().unwrap_or_default();
    if people.saturating_sub(programs) > 1 || !desk.may(Act::Create, "application") {
        return false;
    }
    let apps = desk.rest.get("/core/applications/?page_size=1&superuser_full_list=true").await;
    apps.is_ok_and(|apps| apps["pagination"]["count"] == json!(0))
}

fn first_steps(desk: &Desk) -> Panel {
    let step = |title: &str, line: &str, action: Action| Step {
        title: title.to_owned(),
        lines: vec![line.to_owned()],
        actions: vec![action.toned(Tone::Main)],
        ..Step::default()
    };
    let mut steps = Vec::new();
    if desk.may(Act::Create, "user") {
        let line = "An account for yourself, and for everybody who should get in; or send invitations.";
        steps.push(step("Create a person", line, link("Create", "users/new/")));
    }
    let line = "Something to sign in to: by OpenID Connect, or behind your reverse proxy.";
    steps.push(step("Set up an application", line, link("Set up", "applications/guide/")));
    if desk.may(Act::Read, "revision") {
        let line = "A folder of text, in git if you like, can hold all of it: put it at LOCKGATE_CONFIG_DIR, or send it \
                    with lockgate apply.";
        steps.push(step("Take over a configuration", line, link("Revisions", "revisions/")));
    }
    Panel::new("What to do first", vec![Steps(steps).into()]).lead("The gates are up, and nobody has come yet.")
}

fn sum(points: &Value, name: &str) -> Option<u64> {
    let points = points.as_array()?;
    points.iter().map(|point| point[name].as_u64()).sum()
}

/// The big figures.
fn figures(told: &Value) -> Figures {
    let mut figures = Vec::new();
    let mut add = |figure: u64, label: &str, below: String, path: &str, tone: Tone| {
        let (figure, label) = (grouped(figure), label.to_owned());
        figures.push(Figure { figure, label, below, href: format!("{ROOT}{path}"), tone });
    };
    let users = &told["users"];
    if let Some(active) = users["active"].as_u64() {
        let programs = users["service_accounts"].as_u64().unwrap_or_default();
        add(active, "Active accounts", format!("{programs} of programs"), "users/?is_active=true", Tone::Plain);
    }
    if let Some(signed_in) = sum(&told["activity"], "sign_ins") {
        let failed = sum(&told["activity"], "failed_sign_ins").unwrap_or_default();
        add(signed_in, "Sign-ins", format!("{} failed", grouped(failed)), "events/?actions=login", Tone::Plain);
    }
    if let Some(denials) = sum(&told["activity"], "denials") {
        add(denials, "Denials", "Kept out of applications".to_owned(), "decisions/?allow=false", Tone::Plain);
    }
    if let Some(without) = users["without_factor"].as_u64() {
        let tone = if without > 0 { Tone::Warn } else { Tone::Good };
        let below = "Active people".to_owned();
        add(without, "Without a second factor", below, "users/?second_factor=false&is_active=true&type=internal", tone);
    }
    if let Some(failing) = told["jobs"]["failing"].as_u64() {
        let tone = if failing > 0 { Tone::Bad } else { Tone::Good };
        let below = if failing > 0 { "To be looked at" } else { "All went well" };
        add(failing, "Failed jobs", below.to_owned(), "jobs/?aggregated_status=error,rejected", tone);
    }
    Figures(figures)
}

/// A figure with thin spaces between thousands.
fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let first = digits.len() % 3;
    let mut told = digits[..first].to_owned();
    for start in (first..digits.len()).step_by(3) {
        if !told.is_empty() {
            told.push('\u{202f}');
        }
        told.push_str(&digits[start..start + 3]);
    }
    told
}

/// Sign-ins, and what was refused, over time.
fn activity(told: &Value, days: &str) -> Option<Panel> {
    let points = told["activity"].as_array()?;
    let step = if days == "1" { TimeDelta::hours(1) } else { TimeDelta::days(1) };
    let bar = |point: &Value| {
        let time = text(point, "time").parse::<DateTime<Utc>>().ok();
        let figure = |name: &str| point[name].as_u64().unwrap_or_default();
        ChartBar {
            label: time.map(|time| events::label(time, step)).unwrap_or_default(),
            value: figure("sign_ins"),
            other: figure("failed_sign_ins") + figure("denials"),
        }
    };
    let chart = Chart {
        caption: "Sign-ins, and what was refused".to_owned(),
        axis: if days == "1" { "Hour (UTC)" } else { "Day (UTC)" }.to_owned(),
        first: "Sign-ins".to_owned(),
        second: "Failed sign-ins and denials".to_owned(),
        bars: points.iter().map(bar).collect(),
        lying: false,
    };
    let mut panel = Panel::new("Activity", vec![chart.into()]).wide(Width::TwoThirds);
    for (span, label) in SPANS {
        let tone = if span == days { Tone::Main } else { Tone::Plain };
        panel.actions.push(Action::link(label, format!("{ROOT}?days={span}")).toned(tone));
    }
    Some(panel)
}

fn applications(told: &Value) -> Option<Panel> {
    let apps = told["applications"].as_array()?;
    if apps.is_empty() {
        let empty = Empty {
            title: "Nobody has opened one".to_owned(),
            hint: "Applications that people open appear here.".to_owned(),
            action: Some(link("Applications", "applications/")),
        };
        return Some(Panel::new("Top applications", vec![empty.into()]).wide(Width::Third));
    }
    let row = |app: &Value| {
        let cell = Cell::link(text(app, "name"), format!("{ROOT}applications/{}/", part(text(app, "slug"))));
        let figure = |name: &str| Cell::Number(app[name].as_i64().unwrap_or_default());
        Row { key: None, cells: vec![cell, figure("authorizations"), figure("users")] }
    };
    let numeric = |label: &str| Column { numeric: true, ..Column::new(label) };
    let table = Table {
        caption: "Applications that were opened most often".to_owned(),
        columns: vec![Column::new("Application"), numeric("Opened"), numeric("People")],
        rows: apps.iter().take(7).map(row).collect(),
        ..Table::default()
    };
    Some(Panel::new("Top applications", vec![table.into()]).wide(Width::Third))
}

/// What happened last.
async fn recent(desk: &Desk) -> Option<Panel> {
    if !desk.may(Act::Read, "event") {
        return None;
    }
    let last = desk.rest.get("/events/events/?ordering=-created&page_size=6").await.ok()?;
    let panel = Panel::new("What happened last", vec![events::recent(&last).into()]);
    Some(panel.wide(Width::TwoThirds).action(link("Event log", "events/")))
}

/// Sorts of second factors in words.
fn factor(kind: &str) -> String {
    match kind {
        "webauthn" => "Passkeys".to_owned(),
        "totp" => "Codes of an app".to_owned(),
        "static" => "Codes on paper".to_owned(),
        "duo" => "Duo".to_owned(),
        "sms" => "Codes by SMS".to_owned(),
        "email" => "Codes by e-mail".to_owned(),
        other => super::spec::label(other),
    }
}

fn factors(told: &Value) -> Option<Panel> {
    let factors = told["factors"].as_array()?;
    let counted = |one: &&Value| one["count"].as_u64().unwrap_or_default();
    let mut used: Vec<&Value> = factors.iter().filter(|one| counted(one) > 0).collect();
    used.sort_by_key(|one| std::cmp::Reverse(counted(one)));
    let part = if used.is_empty() {
        let hint = "People set them up on their own pages, or while they sign in.".to_owned();
        Empty { title: "Nobody has one yet".to_owned(), hint, action: None }.into()
    } else {
        let bar = |one: &&Value| ChartBar {
            label: factor(text(one, "kind")),
            value: one["count"].as_u64().unwrap_or_default(),
            other: 0,
        };
        Chart {
            caption: "Confirmed ones, by sort".to_owned(),
            axis: "Sort".to_owned(),
            first: "Factors".to_owned(),
            second: String::new(),
            bars: used.iter().map(bar).collect(),
            lying: true,
        }
        .into()
    };
    Some(Panel::new("Second factors", vec![part]).wide(Width::Third))
}

fn configuration(told: &Value) -> Option<Panel> {
    let facts: Facts = system::health(&told["configuration"])?;
    let panel = Panel::new("Configuration", vec![facts.into()]).wide(Width::Third);
    Some(panel.action(link("Revisions", "revisions/")))
}

/// Jobs that have failed, if any has.
fn jobs(told: &Value) -> Option<Panel> {
    let last = told["jobs"]["last"].as_array().filter(|last| !last.is_empty())?;
    let row = |job: &Value| {
        let address = format!("{ROOT}jobs/{}/", part(&key_text(&job["pk"])));
        let name = Cell::link(super::spec::label(text(job, "name")), address);
        Row { key: None, cells: vec![name, Cell::time(job["time"].as_str())] }
    };
    let table = Table {
        caption: "Jobs that failed last".to_owned(),
        columns: ["Job", "Failed"].map(Column::new).into(),
        rows: last.iter().map(row).collect(),
        ..Table::default()
    };
    let panel = Panel::new("Failed jobs", vec![table.into()]).wide(Width::Third);
    Some(panel.action(link("All", "jobs/?aggregated_status=error,rejected")))
}

/// Certificates that end soon.
fn certificates(desk: &Desk, told: &Value) -> Option<Panel> {
    let ending = told["certificates"].as_array()?;
    let now = desk.visit.identity.clock.now();
    let row = |one: &Value| {
        let address = format!("{ROOT}certificates/{}/", part(&key_text(&one["pk"])));
        let users = one["used_by"].as_array().map_or(0, Vec::len);
        let below = match users {
            0 => "Used by nothing".to_owned(),
            1 => "Used by one".to_owned(),
            users => format!("Used by {users}"),
        };
        let name = Cell::Link { text: text(one, "name").to_owned(), href: address, below };
        let until = text(one, "expires").parse::<DateTime<Utc>>().ok();
        Row { key: None, cells: vec![name, until.map_or(Cell::Nothing, |until| system::ending(until, now))] }
    };
    let table = Table {
        caption: "Certificates that end within thirty days".to_owned(),
        columns: ["Certificate", "State"].map(Column::new).into(),
        rows: ending.iter().map(row).collect(),
        empty: Empty {
            title: "None ends soon".to_owned(),
            hint: "Those that end within thirty days appear here.".to_owned(),
            action: None,
        },
        ..Table::default()
    };
    let panel = Panel::new("Certificates", vec![table.into()]).wide(Width::Third);
    Some(panel.action(link("All", "certificates/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_figures_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1\u{202f}000");
        assert_eq!(grouped(12_345_678), "12\u{202f}345\u{202f}678");
    }

    #[test]
    fn what_is_not_told_is_not_shown() {
        let told = json!({"version": null, "users": null, "activity": null, "jobs": null});
        assert!(figures(&told).0.is_empty());
        assert!(activity(&told, "7").is_none() && applications(&told).is_none() && factors(&told).is_none());
        assert!(configuration(&told).is_none() && jobs(&told).is_none());
        let points = json!([{"sign_ins": 2, "denials": null}, {"sign_ins": 3, "denials": null}]);
        assert_eq!((sum(&points, "sign_ins"), sum(&points, "denials")), (Some(5), None));
    }
}
