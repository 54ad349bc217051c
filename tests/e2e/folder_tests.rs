//! `lockgate test`: the tests of a configuration folder, run by the binary without a server.

use std::{fs, path::Path, time::Instant};

use lockgate_tests::{CommandOutcome, self_signed, workspace_root};
use serde_json::Value;
use tempfile::TempDir;

const APPS: &str = "\
app: wiki
name: Wiki
url: http://wiki.lockgate.test
forward_auth: { mode: single }
access:
  all: [{ group: Editors }, { policy: mornings }]
---
app: grafana
name: Grafana
tags: [management]
oauth2:
  client_id: grafana
  client_secret: { env: A_SECRET_THAT_NOBODY_SETS }
  redirect_uris: [http://grafana.lockgate.test/login]
access:
  any: [{ group: Editors }, { user: olga }]
---
mapping: team
scope: profile
expression: |
  #{ team: user.attributes?.team }
---
group: Editors
attributes: { team: writers }
---
group: Chiefs
parents: [Editors]
---
flow: enrol
title: Welcome
designation: enrollment
stages:
  - prompt:
      fields:
        - { key: username, label: Your name, type: username, required: true }
        - { key: password, label: A password, type: password, required: true }
  - write: { inactive: false }
  - deny: { message: Come back tomorrow. }
    when: \"now.hour >= 22\"
  - login
";

const CEDAR: &str = "\
@id(\"management-needs-mfa\")
@message(\"Sign in with a second factor.\")
forbid (principal, action == Action::\"access\", resource in Tag::\"management\")
unless { context.mfa };

@id(\"nobody-from-there\")
forbid (principal, action == Action::\"access\", resource == App::\"wiki\")
when { context has ip && context.ip.isInRange(ip(\"192.0.2.0/24\")) };
";

const PASSING: &str = "\
test: the house rules
users:
  ada: { groups: [Chiefs] }
  bob: {}
  olga: {}
expect:
  - ada can access wiki at 2026-11-24T08:00:00Z
  - nobody can access wiki at 2026-11-24T18:00:00Z
  - access: { user: ada, app: wiki, allow: false, ip: 192.0.2.7, at: 2026-11-24T08:00Z, message: nobody-from-there }
  - ada and olga can access grafana with mfa
  - access: { user: ada, app: grafana, allow: false, message: Sign in with a second factor. }
  - bob cannot access grafana with mfa
  - claims: { user: ada, app: grafana, mfa: true, equals: { team: writers }, has: { groups: [Chiefs, Editors] } }
---
test: somebody new
at: 2026-11-24T12:00:00Z
flow: enrol
steps:
  - prompt
  - prompt: { username: nina, password: a long one }
  - ends: login
    user: nina
    wrote: { username: nina, active: true }
---
test: too late in the evening
at: 2026-11-24T23:00:00Z
flow: enrol
steps:
  - prompt: { username: nina, password: a long one }
  - ends: deny
    shows: Come back tomorrow.
";

const FAILING: &str = "\
test: access
users:
  ada: { groups: [Chiefs] }
  bob: {}
expect:
  - ada can access wiki at 2026-11-24T18:00:00Z
  - ada can access wiki
  - bob can access grafana
  - access: { user: ada, app: grafana, allow: false, message: Ask the chief. }
---
test: claims
mfa: true
users:
  ada: { groups: [Chiefs], email: ada@example.com }
  bob: {}
expect:
  - claims: { user: ada, app: grafana, has: { team: readers }, lacks: [email], equals: { nonsense: 1 } }
  - claims: { user: bob, app: grafana, has: { team: readers } }
  - claims: { user: ada, app: grafana, scopes: [money], has: { team: writers } }
---
test: flow
users:
  ada: { password: secret }
flow: default-authentication-flow
steps:
  - identify: { uid_field: ada }
  - password: { password: wrong }
---
test: flow that ends otherwise
users:
  ada: { password: secret }
flow: default-authentication-flow
steps:
  - identify: { uid_field: ada }
    shows: Good evening
  - ends: login
---
test: flow for somebody else
users:
  ada: { password: secret }
flow: default-authentication-flow
steps:
  - identify: { uid_field: ada }
  - password: { password: secret }
  - ends: login
    user: bob
---
test: flow that asks for something else
as: ada
users:
  ada: { password: secret }
flow: enrol
steps:
  - password: { password: secret }
---
test: flow that leaves out what is expected
users: { nina: {} }
flow: enrol
steps:
  - prompt: { username: nina, password: x }
    fails: username
    shows: Username is already taken.
  - prompt: { username: mia, password: x }
  - deny
";

/// Flows that lead elsewhere, and secrets of every sort, none of which is set.
const WAYS: &str = "\
app: grafana
oauth2:
  client_id: grafana
  client_secret: { file: /run/secrets/that/nobody/mounts }
  signing_key: mine
  redirect_uris: [https://grafana.lockgate.test/login]
---
app: wiki
url: { env: AN_ADDRESS_THAT_NOBODY_SETS }
forward_auth: { mode: single }
access:
  any: [{ policy: broken }]
---
policy: broken
expression: user.attributes.no.such.thing
---
key_pair: mine
certificate: |
CERTIFICATE
key: { env: A_KEY_THAT_NOBODY_SETS }
---
flow: first
title: First
designation: stage_configuration
stages:
  - dummy: {}
  - redirect: { flow: second }
---
flow: second
title: Second of {{ brand }}
designation: stage_configuration
requires: require_authenticated
stages:
  - dummy: {}
---
test: signing out
as: ada
users: { ada: {} }
flow: default-invalidation-flow
steps:
  - ends: logout
---
test: consent
as: ada
users: { ada: {} }
flow: default-provider-authorization-explicit-consent
app: grafana
steps:
  - consent: {}
    shows: grafana
  - ends: done
    user: ada
---
test: one flow leads to another
as: ada
users: { ada: {} }
flow: first
steps:
  - dummy: {}
  - ends: redirect
    to: /if/flow/second/
---
test: and the steps go on there
as: ada
users: { ada: {} }
flow: first
steps:
  - dummy: {}
  - dummy: {}
    shows: Second of Lockgate
  - ends: done
---
test: who is not signed in gets no further
flow: first
steps:
  - dummy: {}
  - ends: deny
    shows: Sign in first.
---
test: settings
as: ada
users: { ada: { name: Ada, email: ada@example.com } }
flow: default-user-settings-flow
steps:
  - prompt: { username: ada, name: Ada Lovelace, email: ada@example.com, attributes.settings.locale: en }
  - ends: done
    wrote: { name: Ada Lovelace, attributes: { settings: { locale: en } } }
---
test: a broken policy
users: { ada: {} }
expect:
  - ada cannot access wiki
";

fn folder(tests: &str) -> TempDir {
    let folder = TempDir::with_prefix("lockgate-folder-tests-").expect("the temporary folder is writable");
    for (name, text) in
        [("apps.yaml", APPS), ("house.cedar", CEDAR), ("mornings.rhai", "now.hour < 12"), ("tests.yaml", tests)]
    {
        fs::write(folder.path().join(name), text).expect("a fresh folder is writable");
    }
    folder
}

fn run(folder: &Path, more: &[&str]) -> CommandOutcome {
    let place = folder.to_string_lossy();
    CommandOutcome::run(&[&["test", &*place], more].concat())
}

/// The output without how long it took.
fn timeless(text: &str) -> String {
    let timed = |line: &str| match line.rsplit_once(", in ") {
        Some((told, rest)) if rest.ends_with(" ms") => told.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(timed).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_tests_of_the_homelab_pass_without_its_secrets() {
    let told = run(&workspace_root().join("examples/homelab/config"), &["--coverage"]);
    assert_eq!(told.code, 0, "{}", told.text);
    let expected = "\
passed  tests.yaml:2   who opens what
passed  tests.yaml:19  roles in Grafana
passed  tests.yaml:33  a password that is wrong, and then right
passed  tests.yaml:48  nobody signs in to an account that was switched off

Covered: 10 of 10 (100 %).

note: the secret GRAFANA_CLIENT_SECRET is not set here, and a stand-in took its place
4 tests, 18 expectations: all passed
";
    assert_eq!(timeless(&told.text), expected);
}

#[test]
fn what_is_expected_of_access_claims_and_flows_is_asked_of_the_real_thing() {
    let folder = folder(PASSING);
    let told = run(folder.path(), &["--require-coverage", "90"]);
    assert_eq!(told.code, 0, "{}", told.text);
    assert!(told.text.contains("3 tests, 12 expectations: all passed"), "{}", told.text);
}

#[test]
fn whoever_was_invited_brings_along_what_the_invitation_says() {
    const INVITED: &str = "\
flow: join
title: Join
designation: enrollment
requires: require_unauthenticated
stages:
  - invitation
  - prompt:
      fields:
        - { key: username, label: Name, type: username }
        - { key: email, label: Address, type: text_read_only }
  - write: { inactive: false }
  - login
---
test: nina was invited
flow: join
next: /somewhere
invitation: { email: nina@example.com, attributes.team: writers }
steps:
  - prompt: { username: nina, email: another@example.com }
    shows: nina@example.com
  - ends: login
    to: /somewhere
    wrote: { username: nina, email: nina@example.com, attributes: { team: writers } }
---
test: an invitation that says nothing
flow: join
invitation: {}
steps:
  - prompt: { username: nina }
  - ends: login
---
test: nobody else gets in
flow: join
steps:
  - ends: deny
";
    let folder = TempDir::with_prefix("lockgate-folder-tests-").expect("the temporary folder is writable");
    fs::write(folder.path().join("join.yaml"), INVITED).expect("a fresh folder is writable");
    let told = run(folder.path(), &[]);
    assert!(told.code == 0 && told.text.contains("3 tests, 3 expectations: all passed"), "{}", told.text);
}

#[test]
fn flows_are_gone_through_wherever_they_lead_and_no_secret_is_needed() {
    let folder = TempDir::with_prefix("lockgate-folder-tests-").expect("the temporary folder is writable");
    let (certificate, _) = self_signed(folder.path(), "nobody.lockgate.test");
    let certificate = fs::read_to_string(certificate).expect("openssl wrote it").replace('\n', "\n  ");
    let ways = WAYS.replace("CERTIFICATE\n", &format!("  {}\n", certificate.trim_end()));
    fs::write(folder.path().join("ways.yaml"), ways).expect("a fresh folder is writable");
    let told = run(folder.path(), &[]);
    let failed: Vec<&str> = told.text.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert!(failed.len() == 1 && failed[0].ends_with("a broken policy"), "{}", told.text);
    // Nobody is kept out by what is broken: it would keep out everybody.
    assert!(told.text.contains("only because a policy could not be evaluated"), "{}", told.text);
    assert!(told.text.contains("failed: ways.yaml:15:"), "{}", told.text);
    assert!(told.text.contains("the secret A_KEY_THAT_NOBODY_SETS is not set here"), "{}", told.text);
    assert_eq!((told.code, CommandOutcome::at(folder.path()).code), (1, 1), "a check wants them all");
}

#[test]
fn a_failing_test_tells_what_was_expected_what_happened_and_why() {
    let folder = folder(FAILING);
    let told = run(folder.path(), &["--coverage"]);
    assert_eq!(told.code, 1, "{}", told.text);
    let found = timeless(&told.text);
    // Written anew, to be looked at, with BLESS=1 in the environment.
    let printed = workspace_root().join("tests/e2e/folder_tests.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&printed, &found).expect("written");
    }
    assert_eq!(found, fs::read_to_string(&printed).expect("what is printed"));
}

#[test]
fn build_servers_read_junit() {
    let folder = folder(FAILING);
    let told = run(folder.path(), &["--format", "junit"]);
    assert_eq!(told.code, 1, "{}", told.text);
    let document = roxmltree::Document::parse(&told.text).unwrap_or_else(|error| panic!("{error}:\n{}", told.text));
    let root = document.root_element();
    assert_eq!((root.attribute("tests"), root.attribute("failures")), (Some("12"), Some("12")));
    let suites: Vec<_> = root.children().filter(|node| node.has_tag_name("testsuite")).collect();
    assert_eq!(suites.iter().filter_map(|suite| suite.attribute("name")).count(), 7);
    let case = suites[0].children().find(|node| node.has_tag_name("testcase")).expect("a case");
    assert_eq!(case.attribute("name"), Some("ada can access wiki at 2026-11-24T18:00:00Z"));
    assert!(
        case.attribute("file").is_some_and(|file| file.ends_with("/tests.yaml")) && case.attribute("line") == Some("6")
    );
    let failure = case.children().find(|node| node.has_tag_name("failure")).expect("a failure");
    assert!(failure.attribute("message").is_some_and(|text| text.contains("The condition mornings is not met.")));
    assert!(failure.text().is_some_and(|text| text.contains("fails      the policy mornings (apps.yaml:6)")));

    fs::write(folder.path().join("broken.yaml"), "app: [<&>]\n").expect("a folder is writable");
    let told = run(folder.path(), &["--format", "junit"]);
    let document = roxmltree::Document::parse(&told.text).unwrap_or_else(|error| panic!("{error}:\n{}", told.text));
    assert_eq!((told.code, document.root_element().attribute("errors")), (1, Some("1")));
}

#[test]
fn coverage_lists_what_no_test_shows() {
    let folder = folder(
        "test: little\nusers: { ada: { groups: [Chiefs] } }\nexpect:\n  - ada can access wiki at 2026-11-24T08:00Z\n",
    );
    let told = run(folder.path(), &["--coverage"]);
    assert_eq!(told.code, 0, "{}", told.text);
    let listed: Vec<&str> = told.text.lines().filter(|line| line.starts_with("  ")).map(str::trim_end).collect();
    for line in [
        "  apps.yaml:6    binding  group Editors at app wiki: nobody is stopped by it",
        "  apps.yaml:6    binding  policy mornings at app wiki: nobody is stopped by it",
        "  apps.yaml:8    app      grafana: nobody asks for it",
        "  apps.yaml:16   binding  user olga at app grafana: it is not looked at",
        "  apps.yaml:18   mapping  team: it makes no claims",
        "  apps.yaml:29   flow     enrol: nobody goes through it",
        "  house.cedar:1  policy   management-needs-mfa: it decides nothing",
    ] {
        assert!(listed.contains(&line), "{line}:\n{}", told.text);
    }
    assert!(!told.text.contains("app      wiki"), "{}", told.text);

    let told = run(folder.path(), &["--require-coverage", "60"]);
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(told.text.contains("is covered, and 60 % is required"), "{}", told.text);
    let told = run(folder.path(), &["--format", "json"]);
    let report: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    let items = report["coverage"]["items"].as_array().expect("a list");
    assert!(items.iter().any(|item| item["kind"] == "app" && item["name"] == "wiki" && item["lacks"].is_null()));
    assert!(report["stand_ins"][0] == "A_SECRET_THAT_NOBODY_SETS" && report["passed"] == true, "{report}");
}

#[test]
fn a_folder_without_tests_passes_and_a_filter_without_tests_does_not() {
    let folder = folder("");
    let told = run(folder.path(), &[]);
    assert!(told.code == 0 && told.text.contains("no tests were run"), "{}", told.text);
    fs::write(folder.path().join("tests.yaml"), FAILING).expect("a folder is writable");
    let told = run(folder.path(), &["--filter", "CLAIMS"]);
    assert!(told.code == 1 && told.text.contains("1 test, 3 expectations: 3 failed"), "{}", told.text);
    let told = run(folder.path(), &["--filter", "elsewhere"]);
    assert!(told.code == 1 && told.text.contains("no test has \"elsewhere\" in its name"), "{}", told.text);
}

#[test]
fn a_broken_test_is_told_by_the_check_too() {
    let folder = folder("test: x\nusers: { ada: {} }\nexpect: [ada can access wikki]\n");
    for told in [run(folder.path(), &[]), CommandOutcome::at(folder.path())] {
        assert_eq!(told.code, 1, "{}", told.text);
        assert!(told.text.contains("tests.yaml:3:25"), "{}", told.text);
        assert!(told.text.contains("there is no app named \"wikki\"") && told.text.contains("did you mean \"wiki\"?"));
    }
}

#[test]
fn two_hundred_expectations_and_twenty_flows_take_no_time() {
    let mut tests = String::new();
    for number in 0..20 {
        tests.push_str(&format!(
            "test: group {number}\nusers: {{ ada: {{ groups: [Chiefs], password: x }}, bob: {{}} }}\nexpect:\n"
        ));
        for hour in 0..5 {
            let at = format!("at 2026-11-24T{:02}:00:00Z", hour + 13);
            tests.push_str(&format!("  - ada and bob cannot access wiki {at}\n"));
        }
        tests.push_str("flow: default-authentication-flow\nsteps:\n");
        tests.push_str("  - identify: { uid_field: ada }\n  - password: { password: x }\n  - ends: login\n---\n");
    }
    let folder = folder(&tests);
    let began = Instant::now();
    let told = run(folder.path(), &["--format", "json"]);
    let took = began.elapsed();
    let report: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    assert_eq!((told.code, &report["expectations"]), (0, &Value::from(220)), "{}", told.text);
    let tests: f64 = report["tests"].as_array().into_iter().flatten().filter_map(|test| test["seconds"].as_f64()).sum();
    println!("200 expectations of access and 20 flows: {tests:.3} s of {took:.3?} for the whole command");
    // Without optimisation everything takes ten times as long.
    let limit = if cfg!(debug_assertions) { 10.0 } else { 1.0 };
    assert!(tests < limit, "{tests} s");
}

const TIMES: &str = "\
app: wiki
url: http://wiki.lockgate.test
access:
  any: [{ group: Temps }, { user: ada, until: 2026-12-31 }]
---
group: Temps
---
test: it ends by itself
users:
  ada:
  tom: { groups: [{ group: Temps, from: 2026-12-01, until: 2026-12-24 }] }
expect:
  - ada can access wiki at 2026-12-31T23:59:59Z
  - ada cannot access wiki at 2027-01-01T00:00:00Z
  - tom cannot access wiki at 2026-11-30T23:59:59Z
  - tom can access wiki at 2026-12-24T23:59:59Z
  - tom cannot access wiki at 2026-12-25T00:00:00Z
  - access: { user: ada, app: wiki, allow: false, at: 2027-06-01T00:00:00Z, message: ended on 2027-01-01 }
";

#[test]
fn what_ends_by_itself_is_asked_about_at_a_moment() {
    let directory = tempfile::tempdir().expect("a folder");
    fs::write(directory.path().join("apps.yaml"), TIMES).expect("a file");
    let told = run(directory.path(), &["--at", "2026-12-10T12:00:00Z"]);
    assert_eq!(told.code, 0, "{}", told.text);
}
