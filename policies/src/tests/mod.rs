//! What must hold of decisions and expressions, one sentence a test.

mod administration;
mod alike;
mod builtins;
mod conditions;
mod context;
mod decisions;
mod expressions;
mod many;
mod natives;
mod page;
mod roles;
mod speed;
mod templates;
mod times;
mod traces;
mod truth_table;

use crate::{
    Action, AppInput, BindingInput, Decision, Facts, GroupInput, PolicyInput, PolicySet, PreparedPrincipal, Question,
    Resource, Subject, Target,
};
use chrono::{DateTime, TimeZone, Utc};
use lockgate_model::people::{GroupFact, Principal, User, UserType};
use serde_json::{Map, json};
use std::sync::Arc;
use uuid::Uuid;

/// A Wednesday, at 10:20:30 UTC.
fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 25, 10, 20, 30).single().expect("a time")
}

fn group(name: &str) -> GroupInput {
    GroupInput { id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()), name: name.to_owned() }
}

fn person(username: &str, groups: &[&str]) -> Principal {
    let now = noon();
    Principal {
        user: User {
            pk: username.bytes().map(i64::from).sum(),
            uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, username.as_bytes()),
            username: username.to_owned(),
            name: format!("Name of {username}"),
            email: format!("{username}@example.com"),
            is_active: true,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            attributes: Map::new(),
            date_joined: now,
            last_login: None,
            last_updated: now,
            password_change_date: now,
        },
        uid: "f00".to_owned(),
        groups: groups.iter().map(|n| GroupFact { pk: group(n).id, name: (*n).to_owned() }).collect(),
        direct_groups: Vec::new(),
        roles: Vec::new(),
        timed: Vec::new(),
        holds_until: None,
        is_superuser: false,
        attributes: json!({"department": "lab", "n": [1, 2.5, null]}).as_object().cloned().expect("a map"),
    }
}

/// The person of the examples.
pub(crate) fn ada() -> Principal {
    let mut ada = person("ada", &["Editors", "staff"]);
    ada.user.name = "Ada Lovelace".to_owned();
    ada
}

fn prepared(principal: Principal) -> PreparedPrincipal {
    PreparedPrincipal::new(Arc::new(principal)).expect("prepares")
}

fn bind(app: &str, order: i32, subject: Subject) -> BindingInput {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{app}{order}").as_bytes());
    BindingInput {
        id,
        target: Target::App(app.to_owned()),
        order,
        enabled: true,
        period: lockgate_model::Period::ALWAYS,
        negate: false,
        failure_result: false,
        timeout: 30,
        subject,
        origin: None,
    }
}

fn in_group(name: &str) -> Subject {
    let group = group(name);
    Subject::Group(group.id, group.name)
}

fn app(slug: &str, tags: &[&str]) -> AppInput {
    AppInput {
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        group: String::new(),
        tags: tags.iter().map(|t| (*t).to_owned()).collect(),
    }
}

fn compile(input: &PolicyInput) -> PolicySet {
    match PolicySet::compile(input) {
        Ok(set) => set,
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn access(set: &PolicySet, principal: Option<&PreparedPrincipal>, app: &str, facts: &Facts<'_>) -> Decision {
    set.decide(&Question { id: Uuid::nil(), principal, action: Action::Access, resource: Resource::App(app), facts })
}
