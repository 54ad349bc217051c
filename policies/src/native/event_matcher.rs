//! Everything that is given must be so in `context.event`.

use crate::expression::{Env, Outcome};
use lockgate_model::kinds::{EventActions, EventMatcherPolicy};
use serde_json::Value;

pub(super) fn run(policy: &EventMatcherPolicy, env: &Env<'_>) -> Outcome {
    let event = env.facts.context.get("event").filter(|event| event.is_object());
    Outcome::plain(event.is_some_and(|event| matches(policy, event)))
}

fn matches(policy: &EventMatcherPolicy, event: &Value) -> bool {
    let same = |wanted: Option<&str>, found: Option<&str>| wanted.is_none_or(|wanted| found == Some(wanted));
    let model = &event["context"]["model"];
    let model = model["app"].as_str().zip(model["model_name"].as_str()).map(|(app, name)| format!("{app}.{name}"));
    policy.action.is_none_or(|wanted| event["action"].as_str().is_some_and(|found| is_action(wanted, found)))
        && same(policy.client_ip.as_deref(), event["client_ip"].as_str())
        && same(policy.app.as_deref(), event["app"].as_str())
        && same(policy.model.as_deref(), model.as_deref())
        // The schema keeps it empty; what it is meant to ask cannot be answered.
        && policy.query.is_none()
}

fn is_action(wanted: EventActions, found: &str) -> bool {
    match wanted {
        EventActions::Custom => found.starts_with("custom_"),
        wanted => serde_json::to_value(wanted).is_ok_and(|word| word == found),
    }
}
