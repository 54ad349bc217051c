//! What a decision and a mapping cost: `cargo bench -p lockgate-policies`. Prints a table in Markdown.

use cedar_policy::{Authorizer, Context, Decision as Verdict, Entities, Entity, EntityUid, Request};
use chrono::{DateTime, Utc};
use lockgate_model::people::{GroupFact, Principal, User, UserType};
use lockgate_policies::{
    Action, AppInput, BindingInput, ClaimMapping, Env, Facts, PolicyInput, PolicySet, PreparedPrincipal, Question,
    Resource, Subject, Target, TextOrigin,
};
use serde_json::Map;
use std::{collections::HashSet, hint::black_box, str::FromStr, sync::Arc, time::Instant};
use uuid::Uuid;

const RUNS: u32 = 20_000;

fn main() {
    println!("| what | µs | Cedar alone, µs | ratio |\n|---|---:|---:|---:|");
    let ada = prepared(ada());
    for policies in [10, 100, 1_000] {
        let bound = compiled(policies, 0);
        let what = format!("a decision, {policies} bindings on the application");
        beside(&what, || decided(&bound, &ada), &Bare::of(policies));
    }
    let alone = Bare::of(1);
    for policies in [10, 100, 1_000] {
        let spread = compiled(1, policies);
        let what = format!("a decision, {policies} policies in files over other applications");
        beside(&what, || decided(&spread, &ada), &alone);
    }
    let set = compiled(10, 10);
    let facts = Facts::at(DateTime::<Utc>::UNIX_EPOCH);
    let question = asked(&ada, &facts);
    each("an explanation with its trace, 10 bindings", || drop(black_box(set.explain(&question))));
    let text = r#"#{ name: user.name, email: user.email, groups: user.groups.filter(|g| g.starts_with("g")) }"#;
    let mapping = ClaimMapping::compile("profile", "profile", text, &TextOrigin::start("bench")).expect("compiles");
    let who = ada.principal();
    each("a mapping", || drop(black_box(mapping.claims(&Env::new(Some(who), &facts)))));
    each("a principal made ready", || drop(black_box(PreparedPrincipal::new(Arc::clone(who)))));
}

fn each(what: &str, run: impl Fn()) {
    println!("| {what} | {:.1} | | |", micros(run));
}

/// The same question put to Cedar beside it.
fn beside(what: &str, run: impl Fn(), bare: &Bare) {
    let (here, floor) = (micros(run), micros(|| bare.decided()));
    println!("| {what} | {here:.1} | {floor:.1} | {:.2} |", floor / here);
}

/// Microseconds of one run.
fn micros(run: impl Fn()) -> f64 {
    (0..RUNS / 20).for_each(|_| run());
    let start = Instant::now();
    (0..RUNS).for_each(|_| run());
    start.elapsed().as_secs_f64() * 1e6 / f64::from(RUNS)
}

/// The floor: Cedar's authorizer with policies, entities and a request that were made before.
struct Bare {
    policies: cedar_policy::PolicySet,
    entities: Entities,
    request: Request,
}

impl Bare {
    /// So many policies, each for one group, of which the last lets in.
    fn of(policies: usize) -> Self {
        let uid = |text: &str| EntityUid::from_str(text).expect("an entity");
        let group = |n: usize| if n + 1 == policies { "g0".to_owned() } else { format!("other{n}") };
        let text = |n: usize| {
            let head = r#"permit (principal is User, action == Action::"access", resource == App::"wiki")"#;
            format!("{head} when {{ principal in Group::\"{}\" }};\n", group(n))
        };
        let texts: String = (0..policies).map(text).collect();
        let groups: HashSet<EntityUid> = (0..10).map(|n| uid(&format!(r#"Group::"g{n}""#))).collect();
        let ada = uid(r#"User::"ada""#);
        let entities = groups.iter().cloned().map(|group| Entity::new_no_attrs(group, HashSet::new()));
        let entities: Vec<_> = entities.chain([Entity::new_no_attrs(ada.clone(), groups.clone())]).collect();
        let (action, wiki) = (uid(r#"Action::"access""#), uid(r#"App::"wiki""#));
        Self {
            policies: texts.parse().expect("policies"),
            entities: Entities::from_entities(entities, None).expect("entities"),
            request: Request::new(ada, action, wiki, Context::empty(), None).expect("a request"),
        }
    }

    fn decided(&self) {
        let response = Authorizer::new().is_authorized(&self.request, &self.policies, &self.entities);
        assert_eq!(black_box(response).decision(), Verdict::Allow);
    }
}

fn decided(set: &PolicySet, who: &PreparedPrincipal) {
    let facts = Facts::at(DateTime::<Utc>::UNIX_EPOCH);
    assert!(black_box(set.decide(&asked(who, &facts))).allow);
}

fn asked<'q>(who: &'q PreparedPrincipal, facts: &'q Facts<'q>) -> Question<'q> {
    let resource = Resource::App("wiki");
    Question { id: Uuid::nil(), principal: Some(who), action: Action::Access, resource, facts }
}

/// Bindings of groups on `wiki`, of which the last lets in, and policies in files over applications of a tag
/// that it does not have.
fn compiled(bound: usize, elsewhere: usize) -> PolicySet {
    let bindings = (0..bound).map(|n| BindingInput {
        id: Uuid::from_u128(n as u128 + 1),
        target: Target::App("wiki".to_owned()),
        order: i32::try_from(n).unwrap_or(i32::MAX),
        enabled: true,
        period: lockgate_model::Period::ALWAYS,
        negate: false,
        failure_result: false,
        timeout: 30,
        subject: if n + 1 == bound { group("g0") } else { group(&format!("other{n}")) },
        origin: None,
    });
    let file = |n| {
        format!(
            "@id(\"p{n}\") forbid (principal, action == Action::\"access\", resource in Tag::\"t{n}\") unless {{ context.mfa }};"
        )
    };
    let app = |slug: &str, tags| AppInput { slug: slug.to_owned(), name: slug.to_owned(), group: String::new(), tags };
    let input = PolicyInput {
        bindings: bindings.collect(),
        cedar_files: vec![("many.cedar".to_owned(), (0..elsewhere).map(file).collect::<Vec<_>>().join("\n"))],
        apps: vec![app("wiki", Vec::new()), app("other", (0..elsewhere).map(|n| format!("t{n}")).collect())],
        ..PolicyInput::default()
    };
    PolicySet::compile(&input).expect("compiles")
}

fn group(name: &str) -> Subject {
    Subject::Group(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()), name.to_owned())
}

fn prepared(principal: Principal) -> PreparedPrincipal {
    PreparedPrincipal::new(Arc::new(principal)).expect("prepares")
}

/// Somebody in ten groups.
fn ada() -> Principal {
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let groups = (0..10).map(|n| format!("g{n}"));
    Principal {
        user: User {
            pk: 1,
            uuid: Uuid::from_u128(1),
            username: "ada".to_owned(),
            name: "Ada Lovelace".to_owned(),
            email: "ada@example.com".to_owned(),
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
        groups: groups
            .map(|name| GroupFact { pk: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()), name })
            .collect(),
        direct_groups: Vec::new(),
        roles: Vec::new(),
        timed: Vec::new(),
        holds_until: None,
        is_superuser: false,
        attributes: Map::new(),
    }
}
