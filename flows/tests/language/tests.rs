//! `test:` documents: what they are read as. What is wrong with broken ones is in `broken/test-*.yaml`.

use crate::{load, text};
use lockgate_flows::{
    Folder, Nobody, json_schema, render,
    test_document::{ClaimPlace, Ending, Expected, StepAction, TestDocument},
};
use serde_json::json;

const APPS: &str = "app: grafana\n---\napp: wiki\n---\ngroup: Editors\n---\n";

const WHOLE: &str = "\
test: everything that a test can say
groups: [Contractors]
at: 2026-06-01T10:00:00Z
ip: 10.0.0.1
users:
  ada: { groups: [Editors, Staff], email: ada@example.com, attributes: { team: a }, password: secret }
  bob:
  eve: { groups: [Contractors], superuser: true, active: false, type: external, path: users/out, name: Eve }
expect:
  - ada and bob can access grafana, wiki
  - nobody can access wiki from 10.0.0.2 with mfa at 2026-12-24T18:00Z
  - access: { user: [ada, eve], app: wiki, allow: false, message: no entry, mfa: true, path: /x, host: h, method: GET, user_agent: a }
  - claims: { user: ada, app: grafana, scopes: [openid], in: userinfo, has: { groups: [Editors] }, lacks: [email] }
  - claims: { user: ada, app: grafana, lacks: { groups: [Staff] }, equals: { sub: x } }
flow: default-authentication-flow
as: bob
app: wiki
next: /if/user/
steps:
  - identify: { uid_field: ada }
    name: default-authentication-identification
  - password: { password: wrong }
    fails: password
    shows: [Invalid, password]
  - password
  - password: { password: secret }
  - ends: login
    user: ada
    to: /if/user/
    wrote: { name: Ada }
";

fn one(yaml: &str) -> TestDocument {
    let mut checked = text(yaml);
    assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
    checked.loaded.tests.pop().expect("a test")
}

#[test]
fn a_test_says_who_what_and_how() {
    let test = one(&format!("{APPS}{WHOLE}"));
    let told: Vec<&str> = test.expect.iter().map(|e| e.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "ada can access grafana",
            "ada can access wiki",
            "bob can access grafana",
            "bob can access wiki",
            "ada cannot access wiki with mfa from 10.0.0.2 at 2026-12-24T18:00:00Z",
            "bob cannot access wiki with mfa from 10.0.0.2 at 2026-12-24T18:00:00Z",
            "eve cannot access wiki with mfa from 10.0.0.2 at 2026-12-24T18:00:00Z",
            "ada cannot access wiki with mfa",
            "eve cannot access wiki with mfa",
            "claims of ada at grafana",
            "claims of ada at grafana",
        ]
    );
    assert_eq!(test.expect[0].circumstances.ip.map(|ip| ip.to_string()).as_deref(), Some("10.0.0.1"));
    assert_eq!(test.expect[7].expected, Expected::Denied { message: Some("no entry".to_owned()) });
    let Expected::Claims(claims) = &test.expect[9].expected else { panic!("claims are expected") };
    assert_eq!((claims.place, &claims.lacks), (ClaimPlace::Userinfo, &vec![("email".to_owned(), None)]));
    let groups: Vec<Vec<&str>> =
        test.users.iter().map(|user| user.groups.iter().map(|group| group.name.as_str()).collect()).collect();
    assert_eq!(groups, [vec!["Editors", "Staff"], vec![], vec!["Contractors"]]);
    assert_eq!(test.users[0].groups[1].pk, uuid::Uuid::from_u128(7), "a group that is there keeps its key");
}

#[test]
fn a_way_through_a_flow_is_a_list_of_steps() {
    let flow = one(&format!("{APPS}{WHOLE}")).flow.expect("a flow");
    assert_eq!((flow.signed_in, flow.next.as_deref(), flow.steps.len()), (Some(1), Some("/if/user/"), 5));
    let StepAction::Stage { word, answer, fails, .. } = &flow.steps[1].action else { panic!("a stage") };
    assert_eq!((word.as_str(), fails.as_deref()), ("password", Some("password")));
    assert_eq!(answer.as_ref().map(|a| a["password"].clone()), Some(json!("wrong")));
    assert_eq!(flow.steps[1].shows.len(), 2);
    let StepAction::Stage { answer: None, .. } = &flow.steps[2].action else { panic!("a page that is looked at") };
    let StepAction::Ends { how, wrote, .. } = &flow.steps[4].action else { panic!("an end") };
    assert_eq!((*how, &wrote["name"]), (Ending::Login, &json!("Ada")));
}

#[test]
fn tests_are_no_objects_and_need_not_stand_behind_what_they_speak_of() {
    let folder = |with: &str| Folder::of([("a-tests.yaml", with.to_owned()), ("b.yaml", APPS.to_owned())]);
    let (with, without) = (load(&folder(WHOLE), &Nobody), load(&folder(""), &Nobody));
    assert!(with.is_sound(), "{}", render(&with.diagnostics));
    assert_eq!(with.loaded.documents, without.loaded.documents);
    assert_eq!((with.loaded.tests.len(), without.loaded.tests.len()), (1, 0));
}

#[test]
fn the_schema_for_editors_knows_tests() {
    let schema = json_schema();
    let validator = jsonschema::draft202012::new(&schema).expect("a valid schema");
    let values = |yaml: &str| serde_saphyr::from_str::<serde_json::Value>(yaml).expect("valid YAML");
    assert!(validator.is_valid(&values(WHOLE)));
    for wrong in [
        "test: x\n",
        "test: x\nexpect: [ada opens wiki]\n",
        "test: x\nflow: a\n",
        "test: x\nexpect: [{ access: { user: ada, app: wiki } }]\n",
        "test: x\nexpect: [{ claims: { user: ada, app: wiki } }]\n",
        "test: x\nflow: a\nsteps: [{ ends: nowhere }]\n",
        "test: x\nflow: a\nsteps: [{ identfy: {} }]\n",
        "test: x\nusers: { ada: { pasword: x } }\nexpect: [ada can access wiki]\n",
    ] {
        assert!(!validator.is_valid(&values(wrong)), "{wrong}");
    }
}
