//! A target that many groups may reach answers as it would if every policy were asked.

use super::{access, app, bind, compile, in_group, noon, person, prepared};
use crate::{BindingInput, Facts, PolicyInput, PolicySet, Subject};
use lockgate_model::Period;

/// Bindings of forty groups, of which two are turned around or over, and one of a user.
fn set() -> PolicySet {
    let mut bindings: Vec<BindingInput> = (0..40).map(|n| bind("wiki", n, in_group(&format!("g{n}")))).collect();
    bindings[5].negate = true;
    bindings[6].period = Period { until: Some(noon()), ..Period::ALWAYS };
    let eve = person("eve", &[]);
    bindings.push(bind("wiki", 40, Subject::User(eve.user.pk, "eve".to_owned())));
    compile(&PolicyInput {
        bindings,
        cedar_files: vec![(
            "shut.cedar".to_owned(),
            r#"@id("shut") forbid (principal in Group::"Shut", action == Action::"access", resource);"#.to_owned(),
        )],
        apps: vec![app("wiki", &[])],
        ..PolicyInput::default()
    })
}

fn opened_by(set: &PolicySet, name: &str, groups: &[&str]) -> (bool, Vec<String>) {
    let decision = access(set, Some(&prepared(person(name, groups))), "wiki", &Facts::at(noon()));
    assert_eq!(decision.errors, Vec::<String>::new());
    (decision.allow, decision.determining.into_iter().map(|policy| policy.id).collect())
}

fn ids(orders: &[i32]) -> Vec<String> {
    let mut ids: Vec<String> =
        orders.iter().map(|order| format!("binding:{}", bind("wiki", *order, in_group("x")).id)).collect();
    ids.sort();
    ids
}

#[test]
fn each_group_opens_and_is_named() {
    let set = set();
    // Whoever is not in the sixth is let in by what is turned around.
    assert_eq!(opened_by(&set, "ada", &["g7"]), (true, ids(&[5, 7])));
    assert_eq!(opened_by(&set, "ada", &["g5", "g39", "g8", "else"]), (true, ids(&[8, 39])));
    assert_eq!(opened_by(&set, "eve", &["g5"]), (true, ids(&[40])));
}

#[test]
fn nobody_else_gets_in() {
    let set = set();
    assert_eq!(opened_by(&set, "ada", &["g5"]), (false, Vec::new()));
    assert_eq!(opened_by(&set, "ada", &["g5", "else"]), (false, Vec::new()));
    // What is over opens nothing.
    assert_eq!(opened_by(&set, "ada", &["g5", "g6"]), (false, Vec::new()));
    assert_eq!(opened_by(&set, "ada", &["g7", "Shut"]), (false, vec!["shut".to_owned()]));
}
