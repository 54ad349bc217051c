//! Bindings against the contract's table (4.3), written down naively.

use super::{access, app, bind, compile, group, noon, person, prepared};
use crate::{BindingInput, Cacheability, EngineMode, ExpressionInput, Facts, PolicyInput, Subject, Target, TextOrigin};
use chrono::TimeDelta;
use lockgate_model::Period;
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
    /// Hours from the moment of the question to its beginning and to its end.
    times: (Option<i64>, Option<i64>),
}

impl Row {
    fn counts(&self) -> bool {
        self.enabled && self.is_in_time()
    }

    fn is_in_time(&self) -> bool {
        self.times.0.is_none_or(|from| from <= 0) && self.times.1.is_none_or(|until| until > 0)
    }

    fn period(&self) -> Period {
        let at = |hours: i64| noon() + TimeDelta::hours(hours);
        Period { from: self.times.0.map(at), until: self.times.1.map(at) }
    }
}

/// Beginnings before ends, with the moment of the question before, at and after either.
fn times() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    let apart = (prop::option::of(-2_i64..=1), prop::option::of(-1_i64..=2));
    prop_oneof![
        Just((None, None)),
        apart.prop_filter("a beginning before the end", |times| match times {
            (Some(from), Some(until)) => from < until,
            _ => true,
        })
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let kind = prop_oneof![
        any::<bool>().prop_map(Kind::Group),
        any::<bool>().prop_map(Kind::User),
        any::<Option<bool>>().prop_map(Kind::Expression)
    ];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (kind, flags, times()).prop_map(|(kind, (enabled, negate, failure_result), times)| Row {
        kind,
        enabled,
        negate,
        failure_result,
        times,
    })
}

fn model(rows: &[Row], all: bool, default_deny: bool) -> bool {
    let results: Vec<bool> = rows
        .iter()
        .filter(|r| r.counts())
        .map(|r| match r.kind {
            Kind::Expression(None) => r.failure_result,
            Kind::Group(passes) | Kind::User(passes) | Kind::Expression(Some(passes)) => passes != r.negate,
        })
        .collect();
    match (results.is_empty(), all) {
        // What was guarded at any time does not become open by time.
        (true, _) => !default_deny && rows.iter().all(|r| !r.enabled),
        // What is asked for cannot be met outside its time; what keeps people out keeps nobody out then.
        (false, true) => results.iter().all(|r| *r) && !rows.iter().any(|r| r.enabled && !r.is_in_time() && !r.negate),
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
            period: row.period(),
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
        // A decision is reused until the next beginning or end and no longer; one that failed is never.
        let counted = rows.iter().filter(|r| r.enabled).flat_map(|r| [r.times.0, r.times.1]).flatten();
        let next = counted.filter(|hours| *hours > 0).min().map(|hours| noon() + TimeDelta::hours(hours));
        let expected = match next {
            _ if rows.iter().any(|r| r.counts() && matches!(r.kind, Kind::Expression(None))) => Cacheability::Never,
            Some(next) => Cacheability::Until(next),
            None => Cacheability::Unbounded,
        };
        prop_assert_eq!(decision.cacheable, expected);
    }
}
