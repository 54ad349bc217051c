//! Bindings against the contract's table (4.3), written down naively.

use super::{access, app, bind, compile, group, noon, person, prepared};
use crate::{BindingInput, EngineMode, ExpressionInput, Facts, PolicyInput, Subject, Target, TextOrigin};
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Group(bool),
    User(bool),
    Expression(Option<bool>),
}

#[derive(Debug, Clone, Copy)]
struct Row {
    kind: Kind,
    enabled: bool,
    negate: bool,
    failure_result: bool,
}

fn row() -> impl Strategy<Value = Row> {
    let kind = prop_oneof![
        any::<bool>().prop_map(Kind::Group),
        any::<bool>().prop_map(Kind::User),
        any::<Option<bool>>().prop_map(Kind::Expression)
    ];
    (kind, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(kind, enabled, negate, failure_result)| Row {
        kind,
        enabled,
        negate,
        failure_result,
    })
}

fn model(rows: &[Row], all: bool, default_deny: bool) -> bool {
    let results: Vec<bool> = rows
        .iter()
        .filter(|r| r.enabled)
        .map(|r| match r.kind {
            Kind::Expression(None) => r.failure_result,
            Kind::Group(passes) | Kind::User(passes) | Kind::Expression(Some(passes)) => passes != r.negate,
        })
        .collect();
    match (results.is_empty(), all) {
        (true, _) => !default_deny,
        (false, true) => results.iter().all(|r| *r),
        (false, false) => results.iter().any(|r| *r),
    }
}

fn input(rows: &[Row], all: bool, default_access_deny: bool) -> PolicyInput {
    let ada = person("ada", &[]).user.pk;
    let mut input = PolicyInput { apps: vec![app("a", &[])], default_access_deny, ..PolicyInput::default() };
    if all {
        input.engine_modes.insert(Target::App("a".into()), EngineMode::All);
    }
    for (order, row) in (0..).zip(rows) {
        let id = Uuid::from_u128(order as u128);
        let subject = match row.kind {
            Kind::Group(member) => {
                let g = group(if member { "in" } else { "out" });
                Subject::Group(g.id, g.name)
            }
            Kind::User(same) => Subject::User(if same { ada } else { -1 }, "x".into()),
            Kind::Expression(result) => {
                let source = result.map_or_else(|| "throw 1".to_owned(), |r| r.to_string());
                let name = format!("e{order}");
                input.expressions.push(ExpressionInput {
                    id,
                    name: name.clone(),
                    source,
                    origin: TextOrigin::start("e"),
                });
                Subject::Policy(id, name)
            }
        };
        input.bindings.push(BindingInput {
            enabled: row.enabled,
            negate: row.negate,
            failure_result: row.failure_result,
            ..bind("a", order, subject)
        });
    }
    input
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bindings_decide_as_the_contract_says(rows in prop::collection::vec(row(), 0..5), all: bool, deny: bool) {
        let set = compile(&input(&rows, all, deny));
        let ada = prepared(person("ada", &["in"]));
        let decision = access(&set, Some(&ada), "a", &Facts::at(noon()));
        prop_assert_eq!(decision.allow, model(&rows, all, deny), "{:?}", decision);
        prop_assert_eq!(decision.allow, decision.needed.is_empty());
    }
}
