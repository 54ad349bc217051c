//! Who gains and loses, over a directory in memory.

use crate::{
    config::{Desk, Note, Refusal, Texts},
    places::GeoFiles,
};
use chrono::DateTime;
use lockgate_flows::{
    Folder,
    plan::{AccessPart, AccessShift, PlanReport},
};
use lockgate_model::UserType;
use lockgate_store::{NewUser, SealKey, Store};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, path::PathBuf};
use uuid::Uuid;

const BASE: &str = "
app: wiki
name: Wiki
url: https://wiki.example.com
forward_auth: { mode: single }
access:
  any: [{ group: Editors }]
---
app: board
name: Board
url: https://board.example.com
oauth2:
  client_id: board
  client_secret: { env: BOARD }
  redirect_uris: [https://board.example.com/back]
  scopes: [openid, profile, badge]
---
mapping: badge
scope: badge
expression: |
  #{ badge: user.username, level: 1 }
---
group: Editors
---
group: Staff
---
group: Interns
";

struct House {
    desk: Desk,
    store: Store,
}

fn texts(files: &[(&str, &str)]) -> Texts {
    Texts { folder: Folder::of(files.iter().copied()), root: PathBuf::new(), received: false }
}

impl House {
    async fn new() -> Self {
        let store = Store::in_memory(SealKey::derive(b"a key of the tests").expect("a key")).await.expect("a store");
        store.installation().set("install_id", "tests").await.expect("set");
        let variables = BTreeMap::from([("BOARD".to_owned(), "a-secret-of-the-board".to_owned())]);
        let house = Self { desk: Desk::new(store.clone(), variables.into(), None, &GeoFiles::default()), store };
        house.apply(&[("apps.yaml", BASE)]).await;
        for (name, groups) in [
            ("ada", vec!["Editors"]),
            ("bob", vec!["Staff"]),
            ("cy", vec!["Staff", "Interns"]),
            ("dan", vec!["Interns"]),
            ("eve", vec![]),
        ] {
            house.user(name, &groups, true).await;
        }
        house.user("gone", &["Staff", "Editors"], false).await;
        house
    }

    async fn user(&self, name: &str, groups: &[&str], is_active: bool) {
        let mut keys = Vec::new();
        for group in groups {
            keys.push(self.store.groups().by_name(group).await.expect("asked").expect("declared").pk);
        }
        let user = NewUser {
            uuid: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
            username: name.to_owned(),
            name: name.to_uppercase(),
            email: format!("{name}@example.com"),
            is_active,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            attributes: Map::new(),
            groups: keys,
            password_hash: None,
        };
        self.store.users().create(user, DateTime::UNIX_EPOCH).await.expect("made");
    }

    async fn apply(&self, files: &[(&str, &str)]) -> i64 {
        let applied = self.desk.apply(&texts(files), &Note::default(), None).await;
        applied.unwrap_or_else(|refusal| panic!("{refusal}")).revision
    }

    async fn plan(&self, files: &[(&str, &str)]) -> PlanReport {
        self.desk.plan(&texts(files)).await.unwrap_or_else(|refusal| panic!("{refusal}"))
    }
}

fn parts<'r>(report: &'r PlanReport, app: &str) -> Vec<&'r AccessPart> {
    report.access.apps.iter().filter(|a| a.app == app).flat_map(|a| &a.parts).collect()
}

type Row<'a> = (AccessShift, u64, Option<&'a str>, Vec<&'a str>);

fn rows<'r>(report: &'r PlanReport, app: &str) -> Vec<Row<'r>> {
    let row = |p: &'r AccessPart| {
        (p.shift, p.count, p.group.as_deref(), p.examples.iter().map(String::as_str).collect::<Vec<_>>())
    };
    parts(report, app).into_iter().map(row).collect()
}

#[tokio::test]
async fn service_accounts_are_looked_at_as_they_will_be() {
    let house = House::new().await;
    let with = |groups: &str| format!("service_account: bot\ngroups: [{groups}]\n");
    let plan = async |text: &str| house.plan(&[("apps.yaml", BASE), ("bot.yaml", text)]).await;
    let parts = |report: &PlanReport| {
        let parts = report
            .access
            .apps
            .iter()
            .flat_map(|app| app.parts.iter().map(|part| (app.app.clone(), part.shift, part.examples.clone())));
        parts.collect::<Vec<_>>()
    };
    let bot = |shift| vec![("wiki".to_owned(), shift, vec!["bot".to_owned()])];
    let made = plan(&with("Editors")).await;
    // Nothing keeps anybody from an application without bindings.
    assert!(parts(&made).contains(&bot(AccessShift::Gains)[0]), "{:?}", parts(&made));
    house.apply(&[("apps.yaml", BASE), ("bot.yaml", &with("Editors"))]).await;
    assert!(parts(&plan(&with("Editors")).await).is_empty());
    assert_eq!(parts(&plan(&with("Staff")).await), bot(AccessShift::Loses));
    let gone = house.plan(&[("apps.yaml", BASE)]).await;
    assert!(parts(&gone).contains(&bot(AccessShift::Loses)[0]), "{:?}", parts(&gone));
    house.apply(&[("apps.yaml", BASE), ("bot.yaml", &with("Staff"))]).await;
    assert_eq!(parts(&plan(&with("Staff, Editors")).await), bot(AccessShift::Gains));
}

#[tokio::test]
async fn nobody_is_asked_about_where_nothing_decides_otherwise() {
    let house = House::new().await;
    let report = house.plan(&[("apps.yaml", &BASE.replace("name: Wiki", "name: Pages"))]).await;
    assert!(report.has_changes() && report.access.apps.is_empty() && report.access.claims.is_empty());
    let same = house.plan(&[("apps.yaml", &format!("# a comment\n{BASE}"))]).await;
    assert!(!same.has_changes() && same.moved > 0 && same.access.people == 0, "{same:?}");
}

#[tokio::test]
async fn a_group_that_explains_who_gains_is_named_once() {
    let house = House::new().await;
    let both = BASE.replace("{ group: Editors }]", "{ group: Staff }, { group: Interns }]");
    let report = house.plan(&[("apps.yaml", &both)]).await;
    assert_eq!(report.access.people, 5);
    let told = rows(&report, "wiki");
    assert_eq!(
        told,
        [
            // cy is told with the first of the two groups.
            (AccessShift::Gains, 2, Some("Interns"), vec!["cy", "dan"]),
            (AccessShift::Gains, 1, Some("Staff"), vec!["bob"]),
            (AccessShift::Loses, 1, Some("Editors"), vec!["ada"]),
        ]
    );
    assert!(parts(&report, "wiki")[0].all && !parts(&report, "wiki")[1].all);
}

#[tokio::test]
async fn names_attributes_and_factors_are_decided_about_one_by_one() {
    let house = House::new().await;
    let by_name = r#"@id("a") permit (principal is User, action == Action::"access", resource == App::"wiki")
        when { principal.email like "e*@example.com" };"#;
    let report = house.plan(&[("apps.yaml", BASE), ("a.cedar", by_name)]).await;
    assert_eq!(rows(&report, "wiki"), [(AccessShift::Gains, 1, None, vec!["eve"])]);
    let factor = r#"@id("a") forbid (principal is User, action == Action::"access", resource) unless { context.mfa };"#;
    let report = house.plan(&[("apps.yaml", BASE), ("a.cedar", factor)]).await;
    assert_eq!(rows(&report, "wiki"), [(AccessShift::NeedsMfa, 1, Some("Editors"), vec!["ada"])]);
    assert_eq!(parts(&report, "board").iter().map(|p| p.count).sum::<u64>(), 5);
}

#[tokio::test]
async fn what_fails_counts_as_denied_and_is_told() {
    let house = House::new().await;
    let failing = BASE.replace("{ group: Editors }]", "{ group: Editors }, { policy: odd }]");
    let report = house.plan(&[("apps.yaml", &failing), ("odd.rhai", "throw \"boom\"")]).await;
    assert!(parts(&report, "wiki").iter().all(|p| !p.shift.is_gain()), "{report:?}");
    assert!(report.access.problems.iter().any(|p| p.starts_with("app wiki: odd.rhai:1:1: ") && p.contains("boom")));
}

#[tokio::test]
async fn groups_of_the_plan_count_in_the_world_after_it() {
    let house = House::new().await;
    let parent = BASE.replace("group: Staff\n", "group: Staff\nparents: [Editors]\n");
    let report = house.plan(&[("apps.yaml", &parent)]).await;
    assert_eq!(rows(&report, "wiki"), [(AccessShift::Gains, 2, Some("Staff"), vec!["bob", "cy"])]);
    // The claim of groups in the tokens of the other application, for them alone.
    let [claims] = report.access.claims.as_slice() else { panic!("{:?}", report.access.claims) };
    assert_eq!((claims.app.as_str(), claims.claims[0].claim.as_str(), claims.claims[0].count), ("board", "groups", 2));
    assert_eq!(claims.claims[0].examples[0].after, json!(["Editors", "Staff"]));
}

#[tokio::test]
async fn claims_are_compared_for_those_with_access() {
    let house = House::new().await;
    let other = BASE.replace("badge: user.username, level: 1", "badge: user.name, level: 1, colour: 3");
    let report = house.plan(&[("apps.yaml", &other)]).await;
    let [claims] = report.access.claims.as_slice() else { panic!("{:?}", report.access.claims) };
    let told: Vec<_> = claims.claims.iter().map(|c| (c.claim.as_str(), c.count)).collect();
    assert_eq!(told, [("badge", 5), ("colour", 5)]);
    let example = &claims.claims[0].examples[0];
    assert_eq!((example.user.as_str(), &example.before, &example.after), ("ada", &json!("ada"), &json!("ADA")));
    assert_eq!(claims.claims[1].examples[0].before, Value::Null);
    let renamed = BASE.replace("client_id: board", "client_id: table");
    let report = house.plan(&[("apps.yaml", &renamed)]).await;
    assert_eq!(report.access.claims[0].claims[0].claim, "aud");
}

#[tokio::test]
async fn a_way_back_brings_documents_and_groups_and_keeps_members() {
    let house = House::new().await;
    let first = house.store.documents().current_revision().await.expect("read");
    let next = BASE.replace("name: Wiki", "name: Pages").replace("group: Staff\n", "group: Staff\nsuperuser: true\n");
    let next = next.replace("group: Interns\n", "group: Trainees\n");
    let second = house.apply(&[("apps.yaml", &next)]).await;
    assert!(second > first);
    assert_eq!(house.apply(&[("apps.yaml", &next)]).await, second, "twice the same makes one revision");
    let members = house.store.groups().by_name("Interns").await.expect("read").expect("kept").pk;
    let back = house.desk.roll_back(first, &Note::default()).await.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(back.is_new);
    assert!(!house.plan(&[("apps.yaml", BASE)]).await.has_changes(), "everything is as it was");
    let staff = house.store.groups().by_name("Staff").await.expect("read").expect("kept");
    assert!(!staff.is_superuser);
    assert_eq!(house.store.groups().members(members, DateTime::UNIX_EPOCH).await.expect("read").len(), 2);
    let trainees = house.store.groups().by_name("Trainees").await.expect("read").expect("people's data now");
    assert_eq!(trainees.origin, lockgate_model::Origin::Api);
    let nowhere = house.desk.roll_back(99, &Note::default()).await;
    assert!(matches!(nowhere, Err(Refusal::NoReturn(99))), "{nowhere:?}");
}

#[tokio::test]
async fn what_does_not_compile_leaves_nothing_behind() {
    let house = House::new().await;
    let before = house.store.documents().current_revision().await.expect("read");
    let broken = format!("{BASE}---\ngroup: Newcomers\n");
    let cedar = "permit (principal, action == Action::\"access\", resource) when { principal.nonsense };";
    let refused = house.desk.apply(&texts(&[("apps.yaml", &broken), ("a.cedar", cedar)]), &Note::default(), None).await;
    let Err(Refusal::Unsound(diagnostics)) = refused else { panic!("{refused:?}") };
    assert!(diagnostics.iter().any(|d| d.span.to_string().starts_with("a.cedar:1")), "{diagnostics:?}");
    assert_eq!(house.store.groups().by_name("Newcomers").await.expect("read"), None);
    assert_eq!(house.store.documents().current_revision().await.expect("read"), before);
    let stale = house.desk.apply(&texts(&[("apps.yaml", BASE)]), &Note::default(), Some(before - 1)).await;
    assert!(matches!(stale, Err(Refusal::Outdated { .. })), "{stale:?}");
}

#[tokio::test]
async fn what_ends_or_begins_by_itself_is_told_where_the_plan_says_so() {
    let house = House::new().await;
    let timed = |entries: &str| BASE.replace("any: [{ group: Editors }]", &format!("any: [{entries}]"));
    let texts = timed("{ group: Editors, until: 2999-12-31 }, { group: Interns, from: 2999-06-01, until: 2999-06-30 }");
    let report = house.plan(&[("apps.yaml", &texts)]).await;
    let told = |report: &PlanReport| {
        let text = lockgate_flows::plan::text(report);
        text.lines()
            .filter(|l| l.starts_with("    + ") || l.starts_with("    - "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let field = report.objects.iter().flat_map(|o| &o.fields).find(|f| f.pointer == "/until").expect("a field");
    assert_eq!((&field.before, &field.after), (&Value::Null, &json!("3000-01-01T00:00:00Z")));
    assert_eq!(
        told(&report),
        [
            "    + gain access on 2999-06-01 00:00 UTC, until 2999-07-01 00:00 UTC: all 2 members of Interns (cy, dan)",
            "    - lose access on 3000-01-01 00:00 UTC: the only member of Editors (ada)",
        ]
    );
    assert_eq!(report.access.apps[0].counts(), (0, 0));
    // What is in force and stays is no news.
    house.apply(&[("apps.yaml", &texts)]).await;
    let renamed = texts.replace("name: Wiki", "name: The wiki");
    assert!(house.plan(&[("apps.yaml", &renamed)]).await.access.apps.is_empty());
    let gains = house.plan(&[("apps.yaml", &timed("{ group: Editors }, { group: Staff, until: 2999-12-31 }"))]).await;
    let row = told(&gains).into_iter().find(|line| line.contains("Staff"));
    assert_eq!(row.as_deref(), Some("    + gain access, until 3000-01-01 00:00 UTC: all 2 members of Staff (bob, cy)"));
}
