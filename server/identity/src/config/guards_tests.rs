use super::*;
use chrono::DateTime;
use lockgate_model::Origin;
use lockgate_policies::PolicyInput;
use serde_json::{Value, json};

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

const APP: u128 = 1;
const FLOW: u128 = 2;
const STAGE: u128 = 3;
const PLACE: u128 = 4;
const POLICY: u128 = 5;
const OTHER: u128 = 6;
const GROUP: u128 = 7;

fn document(kind: &str, number: u128, name: &str, body: Value) -> Document {
    Document {
        id: id(number),
        number: None,
        kind: kind.to_owned(),
        name: name.to_owned(),
        origin: Origin::Api,
        source: None,
        managed: None,
        body,
        version: 1,
        created: DateTime::UNIX_EPOCH,
        updated: DateTime::UNIX_EPOCH,
    }
}

/// An application, a flow with a stage, and two policies, in a mode.
fn world(mode: &str) -> Vec<Document> {
    let policy =
        |number, name: &str| document("expression_policy", number, name, json!({"name": name, "expression": "true"}));
    vec![
        document("application", APP, "Films", json!({"name": "Films", "slug": "films", "policy_engine_mode": mode})),
        document(
            "flow",
            FLOW,
            "in",
            json!({"name": "in", "slug": "in", "title": "In", "designation": "authentication", "policy_engine_mode": mode}),
        ),
        document("deny_stage", STAGE, "never", json!({"name": "never"})),
        document(
            "flow_stage_binding",
            PLACE,
            "place",
            json!({"target": id(FLOW), "stage": id(STAGE), "order": 0, "policy_engine_mode": mode}),
        ),
        policy(POLICY, "only-bob"),
        policy(OTHER, "office-hours"),
    ]
}

fn binding(number: u128, target: u128, more: Value) -> Document {
    let mut body = json!({"target": id(target), "order": number});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    document("policy_binding", number, "binding", body)
}

fn by_policy(number: u128, target: u128) -> Document {
    binding(number, target, json!({"policy": id(POLICY)}))
}

fn objects(documents: &[Document]) -> ObjectSet {
    ObjectSet::parse(documents.to_vec(), &|_| true).unwrap_or_else(|unsound| panic!("{unsound:?}"))
}

/// Deletes the policy with its bindings, and the objects in `with`, of which the change itself speaks.
fn delete(before: &[Document], with: &[u128]) -> Result<(), StillGuards> {
    let gone = |d: &Document| {
        let bound = d.body["policy"] == json!(id(POLICY)) || with.iter().any(|w| d.body["target"] == json!(id(*w)));
        d.id == id(POLICY) || bound || with.iter().any(|w| d.id == id(*w))
    };
    let mut after: Vec<Document> = before.iter().filter(|d| !gone(d)).cloned().collect();
    for stage in after.iter_mut().filter(|d| d.kind == "prompt_stage") {
        stage.body["validation_policies"] = json!([]);
    }
    let before: Vec<&Document> = before.iter().collect();
    check(&before, &objects(&after), &|d| with.iter().any(|w| d.id == id(*w)))
}

#[test]
fn the_last_binding_keeps_its_policy() {
    for target in [APP, FLOW, PLACE] {
        let mut before = world("any");
        before.push(by_policy(10, target));
        let refused = delete(&before, &[]).expect_err("a refusal").to_string();
        assert!(refused.contains("only-bob"), "{refused}");
        before.push(by_policy(11, target));
        assert!(delete(&before, &[]).is_err(), "both go");
    }
    let mut before = world("any");
    before.push(by_policy(10, APP));
    assert!(delete(&before, &[]).expect_err("a refusal").to_string().contains("application \"films\""));
}

#[test]
fn another_binding_is_enough_only_where_one_is_enough() {
    let with_other = |mode: &str, target, other: Value| {
        let mut before = world(mode);
        before.extend([by_policy(10, target), binding(11, target, other)]);
        delete(&before, &[])
    };
    for target in [APP, FLOW] {
        assert_eq!(with_other("any", target, json!({"policy": id(OTHER)})), Ok(()));
        assert_eq!(with_other("any", target, json!({"group": id(GROUP)})), Ok(()));
        assert!(with_other("any", target, json!({"policy": id(OTHER), "enabled": false})).is_err());
        assert!(with_other("all", target, json!({"policy": id(OTHER)})).is_err());
    }
    assert!(with_other("any", PLACE, json!({"policy": id(OTHER)})).is_err(), "a stage might be skipped");
}

#[test]
fn what_guards_nothing_may_go() {
    assert_eq!(delete(&world("all"), &[]), Ok(()));
    let mut disabled = world("all");
    disabled.push(binding(10, APP, json!({"policy": id(POLICY), "enabled": false})));
    assert_eq!(delete(&disabled, &[]), Ok(()));
    let mut guarded = world("all");
    guarded.push(by_policy(10, APP));
    assert!(delete(&guarded, &[]).is_err());
    assert_eq!(delete(&guarded, &[10]), Ok(()), "the binding is deleted by name");
    assert_eq!(delete(&guarded, &[APP]), Ok(()), "the application goes too");
    let mut negated = world("any");
    negated.push(binding(10, APP, json!({"policy": id(POLICY), "negate": true})));
    assert!(delete(&negated, &[]).is_err());
}

#[test]
fn a_prompt_keeps_the_policies_that_its_answers_must_pass() {
    let mut before = world("any");
    let body = json!({"name": "ask", "fields": [], "validation_policies": [id(POLICY)]});
    before.push(document("prompt_stage", 20, "ask", body));
    assert!(delete(&before, &[]).expect_err("a refusal").to_string().contains("prompt stage \"ask\""));
    assert_eq!(delete(&before, &[20]), Ok(()));
}

#[test]
fn an_application_that_is_closed_without_bindings_needs_none() {
    let settings = document("settings", 30, "settings", json!({"default_access": "deny"}));
    let closed = |mode: &str, others: Vec<Document>| {
        let mut before = world(mode);
        before.extend([settings.clone(), by_policy(10, APP)]);
        before.extend(others);
        delete(&before, &[])
    };
    assert_eq!(closed("any", vec![]), Ok(()));
    assert_eq!(closed("all", vec![]), Ok(()));
    let other = binding(11, APP, json!({"policy": id(OTHER)}));
    assert!(closed("all", vec![other]).is_err(), "one of two that all have to pass");
    assert!(closed("any", vec![by_policy(12, FLOW)]).is_err(), "a flow is open without bindings");
}

fn group(number: u128, name: &str, parents: &[u128]) -> Group {
    Group {
        pk: id(number),
        num_pk: 1,
        name: name.to_owned(),
        is_superuser: false,
        parents: parents.iter().map(|parent| id(*parent)).collect(),
        attributes: serde_json::Map::new(),
        origin: Origin::Api,
        source: None,
    }
}

fn cedar(text: &str) -> PolicySet {
    let input = PolicyInput { cedar_files: vec![("a.cedar".to_owned(), text.to_owned())], ..PolicyInput::default() };
    PolicySet::compile(&input).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn a_group_that_is_kept_out_stays() {
    let banned = group(GROUP, "Banned", &[]);
    let with = |target, more: Value| {
        let mut documents = world("any");
        documents.push(binding(10, target, more));
        group_may_go(&objects(&documents), &cedar(""), &banned, &[])
    };
    assert_eq!(with(APP, json!({"group": id(GROUP)})), Ok(()), "nobody passes it any more");
    assert!(with(APP, json!({"group": id(GROUP), "negate": true})).is_err());
    assert_eq!(with(APP, json!({"group": id(GROUP), "negate": true, "enabled": false})), Ok(()));
    assert!(with(PLACE, json!({"group": id(GROUP)})).is_err());
}

#[test]
fn a_group_inside_of_one_that_is_kept_out_stays() {
    // Two that are in each other, above the one that shall go.
    let all = [group(GROUP, "Banned", &[41]), group(41, "Outer", &[GROUP]), group(42, "Inner", &[41])];
    let mut documents = world("any");
    documents.push(binding(10, APP, json!({"group": id(GROUP), "negate": true})));
    let go = |group: &Group| group_may_go(&objects(&documents), &cedar(""), group, &all);
    let refused = go(&all[2]).expect_err("its members would be let in").to_string();
    assert!(refused.contains("\"Banned\", which members of \"Inner\" are in, guards"), "{refused}");
    assert_eq!(go(&group(43, "Beside", &[])), Ok(()));
}

#[test]
fn a_group_that_a_cedar_policy_keeps_out_stays() {
    let policies = cedar(r#"@id("no-banned") forbid (principal in Group::"Banned", action, resource);"#);
    let all = [group(GROUP, "Banned", &[]), group(41, "Inner", &[GROUP]), group(42, "Beside", &[])];
    let go = |group: &Group| group_may_go(&objects(&world("any")), &policies, group, &all);
    for held in &all[..2] {
        let refused = go(held).expect_err("its members would be let in").to_string();
        assert!(refused.contains("named by the Cedar policy \"no-banned\""), "{refused}");
    }
    assert_eq!(go(&all[2]), Ok(()));
    assert!(group_may_be_renamed(&policies, &all[0]).is_err());
    assert_eq!(group_may_be_renamed(&policies, &all[1]), Ok(()), "its parents stay");
}
