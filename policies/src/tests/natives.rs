//! The kinds of policies that are rules of our own: when each passes.

use super::{noon, person};
use crate::{
    Check, CheckError, Coordinates, Env, Evidence, Facts, History, Native, Outcome, PasswordFacts, PastLogin, Scores,
    Wants, Whereabouts,
};
use chrono::TimeDelta;
use lockgate_model::{Principal, kinds};
use serde_json::{Map, Value, json};

fn native(kind: &str, mut body: Value) -> Check {
    body["name"] = json!("it");
    fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
        serde_json::from_value(body).expect("a policy")
    }
    let rule = match kind {
        "dummy" => Native::Dummy(read::<kinds::DummyPolicy>(body)),
        "event_matcher" => Native::EventMatcher(read::<kinds::EventMatcherPolicy>(body)),
        "geoip" => Native::GeoIP(read::<kinds::GeoIPPolicy>(body)),
        "password" => Native::Password(read::<kinds::PasswordPolicy>(body)),
        "password_expiry" => Native::PasswordExpiry(read::<kinds::PasswordExpiryPolicy>(body)),
        "reputation" => Native::Reputation(read::<kinds::ReputationPolicy>(body)),
        "unique_password" => Native::UniquePassword(read::<kinds::UniquePasswordPolicy>(body)),
        other => panic!("no kind {other}"),
    };
    Check::native("it", rule)
}

fn ask(check: &Check, user: Option<&Principal>, facts: &Facts<'_>) -> Result<Outcome, CheckError> {
    check.run(&Env::new(user, facts))
}

fn passes(check: &Check, facts: &Facts<'_>) -> bool {
    ask(check, Some(&person("ada", &[])), facts).expect("an answer").passing
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("a map")
}

#[test]
fn a_dummy_says_what_it_is_told_and_waits_for_nothing() {
    for result in [true, false] {
        let check = native("dummy", json!({"result": result, "wait_min": 3600, "wait_max": 3600}));
        assert_eq!(passes(&check, &Facts::at(noon())), result);
        assert!(check.reads().only_principal());
    }
}

#[test]
fn an_event_matches_when_everything_given_is_so() {
    let event = json!({
        "action": "model_updated", "app": "lockgate.api", "client_ip": "10.0.0.1",
        "context": {"model": {"app": "authentik_core", "model_name": "user"}},
    });
    let table = [
        (json!({"action": "model_updated"}), true),
        (json!({"action": "login"}), false),
        (json!({"action": "model_updated", "app": "lockgate.api"}), true),
        (json!({"action": "model_updated", "app": "lockgate.flows"}), false),
        (json!({"client_ip": "10.0.0.1"}), true),
        (json!({"client_ip": "10.0.0.2"}), false),
        (json!({"model": "authentik_core.user"}), true),
        (json!({"model": "authentik_core.group"}), false),
        (json!({"action": "custom_"}), false),
        (json!({"query": "action = 1"}), false),
    ];
    for (fields, expected) in table {
        let check = native("event_matcher", fields.clone());
        let context = map(json!({"event": event}));
        assert_eq!(passes(&check, &Facts { context: &context, ..Facts::at(noon()) }), expected, "{fields}");
        assert!(!passes(&check, &Facts::at(noon())), "without an event: {fields}");
    }
    let context = map(json!({"event": {"action": "custom_deploy"}}));
    let custom = native("event_matcher", json!({"action": "custom_"}));
    assert!(passes(&custom, &Facts { context: &context, ..Facts::at(noon()) }));
}

const BERLIN: Coordinates = Coordinates { latitude: 52.52, longitude: 13.40 };
const PARIS: Coordinates = Coordinates { latitude: 48.86, longitude: 2.35 };

fn in_berlin(before: &[(Coordinates, i64)]) -> Evidence {
    let place = Whereabouts { country: Some("DE".to_owned()), asn: Some(3320), coordinates: Some(BERLIN) };
    let logins = before
        .iter()
        .map(|(coordinates, hours)| PastLogin { at: noon() - TimeDelta::hours(*hours), coordinates: *coordinates });
    Evidence { place: Some(place), logins: Some(logins.collect()), ..Evidence::default() }
}

#[test]
fn a_country_or_a_network_is_enough() {
    let table = [
        (json!({"countries": ["DE"]}), true),
        (json!({"countries": ["FR"]}), false),
        (json!({"asns": [3320]}), true),
        (json!({"asns": [1]}), false),
        (json!({"countries": ["FR"], "asns": [3320]}), true),
        (json!({"countries": ["FR"], "asns": [1]}), false),
        (json!({}), true),
    ];
    for (fields, expected) in table {
        let check = native("geoip", fields.clone());
        let evidence = in_berlin(&[]);
        assert_eq!(passes(&check, &Facts { evidence: &evidence, ..Facts::at(noon()) }), expected, "{fields}");
        assert!(ask(&check, None, &Facts::at(noon())).is_err(), "nobody knows where: {fields}");
        assert!(check.reads().reusable(), "an address stays where it is");
    }
}

#[test]
fn journeys_have_to_be_possible() {
    // Paris and Berlin are 878 km apart.
    let table = [
        (json!({"check_history_distance": true}), vec![(BERLIN, 1)], true),
        (json!({"check_history_distance": true}), vec![(PARIS, 1)], false),
        (json!({"check_history_distance": true, "history_max_distance_km": 900}), vec![(PARIS, 1)], true),
        (json!({"check_history_distance": true}), vec![(BERLIN, 1), (PARIS, 2)], false),
        (json!({"check_history_distance": true, "history_login_count": 1}), vec![(BERLIN, 1), (PARIS, 2)], true),
        (json!({"check_impossible_travel": true}), vec![(PARIS, 0)], false),
        (json!({"check_impossible_travel": true}), vec![(PARIS, 1)], true),
        (json!({"check_impossible_travel": true, "impossible_tolerance_km": 1000}), vec![(PARIS, 0)], true),
        (json!({"check_impossible_travel": true}), vec![], true),
    ];
    for (fields, before, expected) in table {
        let check = native("geoip", fields.clone());
        let evidence = in_berlin(&before);
        assert_eq!(
            passes(&check, &Facts { evidence: &evidence, ..Facts::at(noon()) }),
            expected,
            "{fields} {before:?}"
        );
        assert!(!check.reads().reusable(), "the next sign-in changes it");
        let unknown = Evidence { logins: None, ..in_berlin(&[]) };
        assert!(ask(&check, None, &Facts { evidence: &unknown, ..Facts::at(noon()) }).is_err());
    }
}

fn said(check: &Check, password: &str) -> (bool, Vec<String>) {
    let typed = map(json!({"password": password}));
    let outcome = ask(check, Some(&person("ada", &[])), &Facts { prompt_data: &typed, ..Facts::at(noon()) });
    let outcome = outcome.expect("an answer");
    (outcome.passing, outcome.messages)
}

#[test]
fn a_password_is_made_as_the_rules_say() {
    let table = [
        (json!({"length_min": 8}), "1234567", false),
        (json!({"length_min": 8}), "12345678", true),
        (json!({"length_min": 4}), "äöüß", true),
        (json!({"amount_digits": 2}), "a1b", false),
        (json!({"amount_digits": 2}), "a1b2", true),
        (json!({"amount_uppercase": 1}), "abc", false),
        (json!({"amount_uppercase": 1}), "abC", true),
        (json!({"amount_lowercase": 1}), "ABC", false),
        (json!({"amount_lowercase": 1}), "ABc", true),
        (json!({"amount_symbols": 1}), "abc", false),
        (json!({"amount_symbols": 1}), "a-c", true),
        (json!({"amount_symbols": 1, "symbol_charset": "#"}), "a-c", false),
        (json!({"length_min": 8, "check_static_rules": false}), "1", true),
    ];
    for (fields, password, expected) in table {
        assert_eq!(said(&native("password", fields.clone()), password).0, expected, "{fields} {password}");
    }
}

#[test]
fn a_bad_password_is_told_in_words_and_an_absent_one_fails() {
    let rules = json!({"length_min": 8, "amount_digits": 1});
    let told = said(&native("password", rules.clone()), "short");
    assert_eq!(told, (false, vec!["A password needs at least 8 characters.\nA password needs a digit.".to_owned()]));
    let mut own = rules;
    own["error_message"] = json!("Eight, please.");
    let check = native("password", own);
    assert_eq!(said(&check, "short"), (false, vec!["Eight, please.".to_owned()]));
    let absent = ask(&check, None, &Facts::at(noon())).expect("an answer");
    assert_eq!((absent.passing, absent.messages), (false, vec!["Password not set in context".to_owned()]));
    for context in [json!({"password": "long enough 1"}), json!({"prompt_data": {"password": "long enough 1"}})] {
        let context = map(context);
        assert!(passes(&check, &Facts { context: &context, ..Facts::at(noon()) }));
    }
}

#[test]
fn a_password_that_is_easily_guessed_is_too_weak() {
    let check = native("password", json!({"check_zxcvbn": true}));
    let (passing, messages) = said(&check, "password1");
    assert!(!passing && messages[0] == "Password is too weak." && messages.len() > 1, "{messages:?}");
    assert!(said(&check, "trellis-mango-orbit-58").0);
    assert!(!said(&check, "ada@example.com").0, "one's own address is the first guess");
    assert!(said(&native("password", json!({"check_zxcvbn": true, "zxcvbn_score_threshold": -1})), "a").0);
    // Passwords of the demonstration of zxcvbn, with what the version says that is built in.
    for (password, score) in [
        ("zxcvbn", 0),
        ("password", 0),
        ("qwER43@!", 2),
        ("Tr0ub4dour&3", 2),
        ("correcthorsebatterystaple", 4),
        ("coRrecth0rseba++ery9.23.2007staple$", 4),
        ("p@ssword", 0),
        ("abcdefghijk987654321", 1),
        ("neverforget13/3/1997", 3),
        ("rWibMFACxAUGZmxhVncy", 4),
        ("Ba9ZyWABu99[BK#6MBgbH88Tofv)vs$w", 4),
    ] {
        let typed = map(json!({"password": password}));
        let facts = Facts { prompt_data: &typed, ..Facts::at(noon()) };
        assert_eq!(crate::strength(&crate::Env::new(None, &facts), "password"), score, "{password}");
        for threshold in 0..4 {
            let check = native("password", json!({"check_zxcvbn": true, "zxcvbn_score_threshold": threshold}));
            assert_eq!(said(&check, password).0, i32::from(score) > threshold, "{password} above {threshold}");
        }
    }
    assert!(said(&check, &"trellis-mango-orbit-58".repeat(40)).0, "the rest of a long one is not looked at");
}

#[test]
fn a_leaked_password_fails_and_one_that_cannot_be_looked_up_too() {
    let check = native("password", json!({"check_have_i_been_pwned": true, "hibp_allowed_count": 2, "length_min": 4}));
    let typed = map(json!({"password": "hunter2"}));
    for (leaked, expected) in [(0, true), (2, true), (3, false)] {
        let mut evidence = Evidence::default();
        evidence.passwords.insert("password".to_owned(), PasswordFacts { leaked: Some(leaked), history: None });
        let facts = Facts { prompt_data: &typed, evidence: &evidence, ..Facts::at(noon()) };
        let outcome = ask(&check, None, &facts).expect("an answer");
        assert_eq!(outcome.passing, expected);
        assert!(expected || outcome.messages == ["Password exists on 3 online lists."]);
    }
    let error = ask(&check, None, &Facts { prompt_data: &typed, ..Facts::at(noon()) }).expect_err("not looked up");
    assert_eq!(error.told(), Some("The password could not be checked. Please try again later."));
}

#[test]
fn only_a_password_that_passes_the_rules_is_looked_up() {
    let check = native("password", json!({"check_have_i_been_pwned": true, "length_min": 8}));
    for (password, wanted) in [("short", false), ("long enough", true)] {
        let typed = map(json!({"password": password}));
        let mut wants = Wants::default();
        check.want(&Facts { prompt_data: &typed, ..Facts::at(noon()) }, &mut wants);
        assert_eq!(wants.passwords.iter().any(|want| want.leaked && want.password == password), wanted);
    }
}

#[test]
fn a_password_expires_to_the_minute() {
    let ada = person("ada", &[]);
    for (days, age, expected) in [
        (30, TimeDelta::days(29), true),
        (30, TimeDelta::days(30) - TimeDelta::seconds(1), true),
        (30, TimeDelta::days(30), false),
        (30, TimeDelta::days(300), false),
        (0, TimeDelta::zero(), false),
    ] {
        let facts = Facts::at(noon() + age);
        let denied = ask(&native("password_expiry", json!({"days": days, "deny_only": true})), Some(&ada), &facts);
        let denied = denied.expect("an answer");
        assert_eq!((denied.passing, denied.retires_password), (expected, false), "{days} {age}");
        let check = native("password_expiry", json!({"days": days}));
        let retired = ask(&check, Some(&ada), &facts).expect("an answer");
        assert_eq!((retired.passing, retired.retires_password), (expected, !expected), "{days} {age}");
        assert!(ask(&check, None, &facts).is_err(), "nobody's password");
        assert_eq!(check.reads().expires(noon()).map(|end| end - noon()), Some(TimeDelta::seconds(30)));
    }
}

#[test]
fn a_reputation_passes_at_or_below_its_threshold() {
    let evidence = Evidence { reputation: Some(Scores { ip: -4, username: -3, both: -2 }), ..Evidence::default() };
    let ip = Some("10.0.0.1".parse().expect("an address"));
    let facts = Facts { ip, evidence: &evidence, ..Facts::at(noon()) };
    let table = [
        (json!({}), true),
        (json!({"threshold": -6}), false),
        (json!({"check_username": false, "threshold": -4}), true),
        (json!({"check_username": false}), false),
        (json!({"check_ip": false, "threshold": -3}), true),
        (json!({"check_ip": false, "threshold": -4}), false),
    ];
    for (fields, expected) in table {
        let check = native("reputation", fields.clone());
        assert_eq!(passes(&check, &facts), expected, "{fields}");
        assert!(ask(&check, None, &Facts { ip, ..Facts::at(noon()) }).is_err(), "scores that nobody fetched");
        assert!(!check.reads().reusable());
    }
    let unknown = Facts { evidence: &evidence, ..Facts::at(noon()) };
    assert!(ask(&native("reputation", json!({})), None, &unknown).is_err(), "an address that is not known");
}

#[test]
fn a_password_is_unique_among_so_many() {
    let typed = map(json!({"password": "again"}));
    for (count, history, expected) in [
        (1, History::Used(0), false),
        (1, History::Used(1), true),
        (3, History::Used(2), false),
        (3, History::New, true),
    ] {
        let mut evidence = Evidence::default();
        evidence.passwords.insert("password".to_owned(), PasswordFacts { leaked: None, history: Some(history) });
        let check = native("unique_password", json!({"num_historical_passwords": count}));
        let facts = Facts { prompt_data: &typed, evidence: &evidence, ..Facts::at(noon()) };
        assert_eq!(passes(&check, &facts), expected, "{count} {history:?}");
        assert!(ask(&check, None, &Facts { prompt_data: &typed, ..Facts::at(noon()) }).is_err());
    }
    let none = native("unique_password", json!({"num_historical_passwords": 0}));
    assert!(passes(&none, &Facts { prompt_data: &typed, ..Facts::at(noon()) }));
}
