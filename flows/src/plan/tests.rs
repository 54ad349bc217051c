//! The whole text that a reader of a plan sees.

use super::*;
use chrono::DateTime;
use lockgate_model::{Document, Group, Origin, Source};
use serde_json::{Map, json};
use std::collections::HashMap;
use uuid::Uuid;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn document(number: u128, kind: &str, name: &str, body: Value) -> Document {
    Document {
        id: id(number),
        number: None,
        kind: kind.to_owned(),
        name: name.to_owned(),
        origin: Origin::Folder,
        source: Some(Source { file: "apps.yaml".to_owned(), line: 3 }),
        managed: None,
        body,
        version: 1,
        created: DateTime::UNIX_EPOCH,
        updated: DateTime::UNIX_EPOCH,
    }
}

fn group(number: u128, name: &str) -> Group {
    Group {
        pk: id(number),
        num_pk: 1,
        name: name.to_owned(),
        is_superuser: false,
        parents: Vec::new(),
        attributes: Map::new(),
        origin: Origin::Folder,
        source: None,
    }
}

fn app(name: &str) -> Document {
    document(1, "application", "grafana", json!({"name": name, "slug": "grafana"}))
}

fn binding(number: u128, field: &str, subject: Value) -> Document {
    let body = json!({"target": id(1), "order": 0, field: subject});
    document(number, "policy_binding", &format!("{}/{number}", id(1)), body)
}

fn compared(before: (&[Document], &[Group]), after: (&[Document], &[Group])) -> (Vec<ObjectChange>, u64) {
    let users = HashMap::from([(7, "ada".to_owned())]);
    let names = Names::new(before.0.iter().chain(after.0), before.1.iter().chain(after.1), users);
    changes(before, after, &names)
}

#[test]
fn joints_are_called_what_the_author_means() {
    let policy =
        document(20, "expression_policy", "office-hours", json!({"name": "office-hours", "expression": "true"}));
    let flow = document(
        30,
        "flow",
        "enrollment",
        json!({"name": "e", "slug": "enrollment", "title": "e", "designation": "enrollment"}),
    );
    let stage = document(31, "deny_stage", "no", json!({"name": "no"}));
    let place = document(32, "flow_stage_binding", "x", json!({"target": id(30), "stage": id(31), "order": 10}));
    let on_stage =
        document(33, "policy_binding", "y", json!({"target": id(32), "policy": id(20), "order": 0, "negate": true}));
    let after = [
        app("Grafana"),
        binding(10, "group", json!(id(50))),
        binding(11, "user", json!(7)),
        binding(12, "policy", json!(id(20))),
        policy,
        flow,
        stage,
        place,
        on_stage,
    ];
    let (found, _) = compared((&[], &[]), (&after, &[group(50, "Grafana Admins")]));
    let names: Vec<&str> = found.iter().map(|change| change.name.as_str()).collect();
    for name in [
        "app grafana",
        "access of app grafana: group Grafana Admins",
        "access of app grafana: user ada",
        "access of app grafana: policy office-hours",
        "stage no of flow enrollment",
        "access of stage no of flow enrollment: not policy office-hours",
        "group Grafana Admins",
    ] {
        assert!(names.contains(&name), "{name} in {names:#?}");
    }
    assert!(found.iter().all(|change| change.change == ChangeSort::Created));
}

#[test]
fn a_move_in_the_text_is_no_change_and_a_default_written_out_is_none() {
    let mut after = app("Grafana");
    after.source = Some(Source { file: "apps.yaml".to_owned(), line: 30 });
    after.body["group"] = json!("");
    after.version = 9;
    after.number = Some(4);
    after.updated = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1);
    assert_eq!(compared((&[app("Grafana")], &[]), (&[after], &[])), (Vec::new(), 1));
}

#[test]
fn what_changes_is_told_field_by_field_and_secrets_are_not_shown() {
    let pair = |key: &str| {
        document(5, "key_pair", "signing", json!({"name": "signing", "certificate_data": "", "key_data": key}))
    };
    let mut before = app("Grafana");
    before.origin = Origin::Api;
    let (found, _) = compared((&[before, pair("old")], &[]), (&[app("Dashboards"), pair("new")], &[]));
    let report = PlanReport { objects: found, ..PlanReport::default() };
    let told = text(&report);
    assert!(
        told.contains("~ app grafana (taken over from api; apps.yaml:3)\n    name: \"Grafana\" -> \"Dashboards\"\n"),
        "{told}"
    );
    assert!(told.contains("    key_data: (secret changed)\n"), "{told}");
    let json = json!(report).to_string();
    assert!(!told.contains("old") && !json.contains("old") && !json.contains("new\""), "{json}");
}

#[test]
fn what_a_role_permits_and_who_holds_it_is_told() {
    let role = |permissions: Value, groups: &[u128]| {
        let groups: Vec<Uuid> = groups.iter().map(|number| id(*number)).collect();
        document(6, "role", "desk", json!({"name": "desk", "permissions": permissions, "groups": groups}))
    };
    let (before, after) = (role(json!(["view_user"]), &[]), role(json!(["view_user", "reset_user_password"]), &[50]));
    let groups = [group(50, "Help desk")];
    let (found, _) = compared((&[before], &groups), (&[after], &groups));
    let told = text(&PlanReport { objects: found, ..PlanReport::default() });
    let expected = "\
~ role desk (apps.yaml:3)
    groups: [] -> [\"Help desk\"]
    permissions: [\"view_user\"] -> [\"view_user\",\"reset_user_password\"]

0 to create, 1 to change, 0 to delete.
";
    assert_eq!(told, expected);
}

#[test]
fn groups_are_declarations() {
    let (before, mut after) = ([group(50, "Editors"), group(51, "Staff"), group(52, "Gone")], vec![]);
    after.push(Group { parents: vec![id(51)], is_superuser: true, ..group(50, "Editors") });
    after.push(group(51, "Staff"));
    after.push(Group { origin: Origin::Api, ..group(52, "Gone") });
    after.push(group(53, "New"));
    let (found, _) = compared((&[], &before), (&[], &after));
    let told = text(&PlanReport { objects: found, ..PlanReport::default() });
    let expected = "\
~ group Editors
    parents: [] -> [\"Staff\"]
    superuser: false -> true
- group Gone (left the folder; it stays with its members)
+ group New

1 to create, 1 to change, 1 to delete.
";
    assert_eq!(told, expected);
}

fn report() -> PlanReport {
    let part = |shift, count, group: Option<&str>, examples: &[&str]| AccessPart {
        at: None,
        until: None,
        shift,
        count,
        group: group.map(str::to_owned),
        all: true,
        examples: examples.iter().map(|name| (*name).to_owned()).collect(),
    };
    let change = |change, kind: &str, name: &str, fields| ObjectChange {
        change,
        kind: kind.to_owned(),
        name: name.to_owned(),
        adopted_from: None,
        place: Some("apps.yaml:3".to_owned()),
        fields,
    };
    let policy = FieldChange {
        pointer: "/expression".to_owned(),
        before: json!("let a = 1;\nuser.is_active\n"),
        after: json!("let a = 1;\nuser.is_active && now.hour > 7\n"),
        secret: false,
    };
    PlanReport {
        base_revision: 4,
        objects: vec![
            change(ChangeSort::Created, "policy_binding", "access of app wiki: group Editors", Vec::new()),
            change(ChangeSort::Changed, "expression_policy", "policy hours", vec![policy]),
            change(ChangeSort::Deleted, "application", "app old", Vec::new()),
        ],
        moved: 2,
        kept: vec![KeptObject { kind: "brand".to_owned(), name: "authentik-default".to_owned() }],
        warnings: vec!["a.cedar:1:1: this policy can never apply".to_owned()],
        access: AccessReport {
            looked: true,
            people: 1_204,
            apps: vec![
                AppAccess {
                    app: "wiki".to_owned(),
                    parts: vec![
                        part(AccessShift::Gains, 12, Some("Editors"), &["ada", "bob", "cy"]),
                        part(AccessShift::NeedsMfa, 1, None, &["d|an"]),
                    ],
                },
                AppAccess { app: "old".to_owned(), parts: vec![part(AccessShift::Loses, 1, Some("Lab"), &["eve"])] },
            ],
            claims: vec![AppClaims {
                app: "wiki".to_owned(),
                claims: vec![ClaimChange {
                    claim: "groups".to_owned(),
                    count: 1_200,
                    examples: vec![ClaimExample {
                        user: "ada".to_owned(),
                        before: Value::Null,
                        after: json!(["Editors"]),
                    }],
                }],
            }],
            problems: vec!["app wiki: hours:1:1: boom".to_owned()],
        },
    }
}

#[test]
fn a_report_in_text() {
    let expected = "\
+ access of app wiki: group Editors (apps.yaml:3)
~ policy hours (apps.yaml:3)
    expression:
      - user.is_active
      + user.is_active && now.hour > 7
- app old (apps.yaml:3)

2 objects only moved in the text.
The builtin brand \"authentik-default\" was edited and stays as it is.
warning: a.cedar:1:1: this policy can never apply

Access, for 1,204 active accounts:
  wiki
    + gain access: all 12 members of Editors (ada, bob, cy, …)
    - need a second factor from now on: 1 person (d|an)
  old
    - lose access: the only member of Lab (eve)
Claims in the tokens of wiki:
    groups changes for 1,200 people
        ada: (none) -> [\"Editors\"]
  failed, and counts as denied: app wiki: hours:1:1: boom

1 to create, 1 to change, 1 to delete; access is gained 12 times and lost 2 times; claims change in the tokens of 1 application.
";
    assert_eq!(text(&report()), expected);
}

#[test]
fn a_report_in_markdown() {
    let expected = "\
## Lockgate plan

1 to create, 1 to change, 1 to delete; access is gained 12 times and lost 2 times; claims change in the tokens of 1 application.

### Access

Over 1,204 active accounts.

| Application | | Who |
|---|---|---|
| wiki | 🟢 gain access | all 12 members of Editors (ada, bob, cy, …) |
| wiki | 🔴 need a second factor from now on | 1 person (d\\|an) |
| old | 🔴 lose access | the only member of Lab (eve) |

### Claims

| Application | Claim | For | Example |
|---|---|---|---|
| wiki | groups | 1,200 people | ada: (none) → \\[\"Editors\"\\] |

<details>
<summary>Objects</summary>

```diff
+ access of app wiki: group Editors
! policy hours
    expression:
      - user.is_active
      + user.is_active && now.hour > 7
- app old
```

</details>

- The builtin brand `authentik-default` was edited and stays as it is.
- **Warning:** a.cedar:1:1: this policy can never apply
- **Failed, and counts as denied:** app wiki: hours:1:1: boom
";
    assert_eq!(markdown(&report()), expected);
}

#[test]
fn a_report_survives_the_way_over_the_api() {
    let sent = serde_json::to_string(&report()).expect("JSON");
    assert_eq!(serde_json::from_str::<PlanReport>(&sent).expect("a report"), report());
    assert_eq!(text(&PlanReport::default()), "No changes.\n");
    assert_eq!(markdown(&PlanReport::default()), "## Lockgate plan\n\nNo changes.\n");
}
