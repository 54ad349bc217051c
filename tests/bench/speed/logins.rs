//! Steps of flows, and flows from their first look to their end, without a password. Logins are measured by `logins`.

use std::time::Duration;

use lockgate_tests::{Database, walks};
use serde_json::{Value, json};

use crate::floor::Floor;
use crate::request::Request;
use crate::sessions::{Crowd, FLOW, username};
use crate::table::Tables;

/// People, and how many of them come at the same time.
const PEOPLE: usize = 1_000;
const AT_ONCE: usize = 16;
/// How long flows are gone through.
const SPAN: Duration = Duration::from_secs(6);
/// A look at the flow, and an answer.
const REQUESTS: f64 = 2.0;

pub(crate) async fn measure(tables: &mut Tables, database: Database) {
    let mut crowd = Crowd::of(database).await;
    crowd.grow(PEOPLE).await;
    let port = crowd.server().port();
    let step = step(port);
    step.compare(tables, "a step of a flow", port, None).await;
    let floor = Floor::of(&step.told(port)).await;
    let bare = step.rate(floor.port, SPAN) / REQUESTS;
    let rate = rate(&crowd, PEOPLE).await;
    tables.rate("a flow of one stage, to its end", "two requests to an axum handler", bare, rate, None);
}

/// Flows a second that any of the first so many people go through.
pub(crate) async fn rate(crowd: &Crowd, people: usize) -> f64 {
    let answer = move |number: usize| identified(&username(number.wrapping_mul(613) % people));
    let done = walks(crowd.server().port(), FLOW, AT_ONCE, SPAN, answer).await;
    done as f64 / SPAN.as_secs_f64()
}

fn identified(name: &str) -> Value {
    json!({"component": "ak-stage-identification", "uid_field": name})
}

/// A look at a flow that was begun.
fn step(port: u16) -> Request {
    let path = format!("/api/v3/flows/executor/{FLOW}/?query=");
    let begun = Request::get(&path, &[("Host", "auth.lockgate.test")]).told(port);
    let cookies: Vec<&str> = begun
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .filter_map(|(_, value)| value.split(';').next())
        .collect();
    Request::get(&path, &[("Host", "auth.lockgate.test"), ("Cookie", &cookies.join("; "))])
}
