//! What policies and expressions see of the circumstances, and under what a decision is kept.

use super::{access, app, compile, noon, person, prepared};
use crate::{
    Cacheability, Decision, Env, Expression, Facts, Login, Network, Place, Places, PolicyInput, PolicySet, Resource,
    TextOrigin, World,
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";

/// Knows 203.0.113.0/24, and counts who asks.
#[derive(Debug, Default)]
struct Atlas(AtomicUsize);

impl Places for Atlas {
    fn place(&self, ip: IpAddr) -> Option<Place> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            country: "DE".to_owned(),
            continent: "EU".to_owned(),
            city: "Berlin".to_owned(),
            lat: Some(52.5),
            long: None,
        };
        ip.to_string().starts_with("203.0.113.").then_some(place)
    }

    fn network(&self, ip: IpAddr) -> Option<Network> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let network = Network { asn: 64500, organization: "Example".to_owned() };
        ip.to_string().starts_with("203.0.113.").then_some(network)
    }

    fn databases(&self) -> (bool, bool) {
        (true, true)
    }
}

fn known() -> Option<IpAddr> {
    Some("203.0.113.7".parse().expect("an address"))
}

fn folder(text: &str) -> PolicySet {
    compile(&PolicyInput {
        apps: vec![app("a", &[]), app("b", &[])],
        cedar_files: vec![("f.cedar".into(), text.into())],
        ..PolicyInput::default()
    })
}

fn forbid(condition: &str) -> String {
    format!(r#"forbid (principal, action == Action::"access", resource == App::"a") unless {{ {condition} }};"#)
}

/// The answer for an application that is open under this condition.
fn open(condition: &str, world: &World, facts: &Facts<'_>) -> Decision {
    let set = folder(&forbid(condition)).in_world(world.clone());
    let decision = access(&set, Some(&prepared(person("ada", &[]))), "a", facts);
    assert_eq!(decision.errors, [""; 0]);
    decision
}

fn run(source: &str, world: &World, facts: &Facts<'_>) -> serde_json::Value {
    let script = Expression::compile("e", source, &TextOrigin::start("e")).unwrap_or_else(|e| panic!("{e}"));
    let ada = person("ada", &[]);
    let mut env = Env::new(Some(&ada), facts);
    env.world = Some(world);
    script.eval_value(&env).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn how_somebody_signed_in_counts_and_for_how_long() {
    let world = World::default();
    let login =
        Login { mfa: true, methods: vec!["pwd".into(), "otp".into()], at: Some(noon() - TimeDelta::minutes(7)) };
    let facts = Facts::at(noon()).with_login(&login);
    let with = |condition: &str| open(condition, &world, &facts);
    assert!(with(r#"context.authentication_methods.contains("otp") && context.mfa"#).allow);
    assert!(!with(r#"context.authentication_methods.contains("webauthn")"#).allow);
    let fresh = r#"context has authentication_age && context.authentication_age < 600"#;
    let decision = with(fresh);
    assert!(decision.allow);
    // 7 minutes before 10:20:30, told at 10:20:00.
    assert_eq!(decision.facts_used["authentication_age"], 390);
    assert_eq!(decision.cacheable, Cacheability::Until(noon() + TimeDelta::seconds(30)));
    assert!(!open(fresh, &world, &Facts { now: noon() + TimeDelta::minutes(4), ..facts }).allow);
    assert!(!open(fresh, &world, &Facts::at(noon())).allow, "nobody knows how old");
    assert_eq!(
        run("[authentication_methods.contains(\"otp\"), authentication_age, mfa]", &world, &facts).to_string(),
        "[true,390,true]"
    );
    assert_eq!(
        run("[authentication_methods, authentication_age]", &world, &Facts::at(noon())).to_string(),
        "[[],null]"
    );
}

#[test]
fn country_and_network_are_known_where_a_database_knows() {
    let world = World { places: Some(Arc::new(Atlas::default())), ..World::default() };
    let facts = Facts { ip: known(), ..Facts::at(noon()) };
    let elsewhere = Facts { ip: Some("198.51.100.1".parse().expect("an address")), ..facts };
    let country = r#"context has country && context.country == "DE""#;
    let decision = open(country, &world, &facts);
    assert!(decision.allow);
    assert_eq!(decision.facts_used["place"]["city"], "Berlin");
    assert!(!open(country, &world, &elsewhere).allow);
    assert!(!open(country, &World::default(), &facts).allow, "no database");
    assert!(open("context has asn && context.asn == 64500", &world, &facts).allow);
    assert!(!open("context has asn && context.asn == 64500", &world, &Facts { ip: None, ..facts }).allow);
    let mapped = Facts { ip: Some("::ffff:203.0.113.7".parse().expect("an address")), ..facts };
    assert!(open(country, &world, &mapped).allow, "the same address, come in through an IPv6 socket");

    assert_eq!(
        run("[geoip.country, geoip.city, geoip.continent, geoip.lat, geoip.long, asn.asn, asn.as_org]", &world, &facts),
        serde_json::json!(["DE", "Berlin", "EU", 52.5, null, 64500, "Example"])
    );
    assert_eq!(run("[geoip == (), asn == ()]", &world, &elsewhere).to_string(), "[true,true]");
}

#[test]
fn what_may_be_unknown_has_to_be_asked_for_first() {
    for attribute in ["country == \"DE\"", "asn == 1", "authentication_age < 60", "ip.isLoopback()"] {
        let input = PolicyInput {
            apps: vec![app("a", &[])],
            cedar_files: vec![("f.cedar".into(), forbid(&format!("context.{attribute}")))],
            ..PolicyInput::default()
        };
        let problems = PolicySet::compile(&input).expect_err("not asked for");
        assert!(problems[0].message.contains("optional"), "{}", problems[0]);
        assert_eq!((problems[0].file.as_str(), problems[0].line), ("f.cedar", 1), "{}", problems[0]);
    }
}

#[test]
fn devices_are_told_from_what_they_say() {
    let world = World::default();
    let facts = Facts { user_agent: FIREFOX, ..Facts::at(noon()) };
    let phone = r#"context.device.kind == "smartphone" && context.device.os == "iPhone""#;
    assert!(open(r#"context.device.browser == "Firefox" && context.device.kind == "pc""#, &world, &facts).allow);
    assert!(!open(phone, &world, &facts).allow);
    assert!(open(phone, &world, &Facts { user_agent: IPHONE, ..facts }).allow);
    assert!(open(r#"context.device.os == """#, &world, &Facts { user_agent: "", ..facts }).allow);
    assert_eq!(run("device.browser + \" on \" + device.os", &world, &facts), "Firefox on Linux");
    let wrong = Expression::compile("e", "device.color", &TextOrigin::start("e")).expect_err("no such property");
    assert!(wrong.message.contains("device has no property"), "{wrong}");
}

#[test]
fn hours_are_told_in_the_zone_of_the_installation() {
    let berlin = World { zone: chrono_tz::Europe::Berlin, ..World::default() };
    let kathmandu = World { zone: chrono_tz::Asia::Kathmandu, ..World::default() };
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
    let facts = Facts::at(at("2026-11-25T23:20:00Z"));
    for (world, hour, weekday) in [(&World::default(), 23, 3), (&berlin, 0, 4), (&kathmandu, 5, 4)] {
        let both = format!("context.hour == {hour} && context.weekday == {weekday}");
        assert!(open(&both, world, &facts).allow, "{both}");
        assert_eq!(run("[now.hour, now.weekday]", world, &facts).to_string(), format!("[{hour},{weekday}]"));
    }
    // The same moment, whatever the zone; summer time counts.
    assert_eq!(run("now.unix", &berlin, &facts), facts.now.timestamp());
    assert!(open("context.hour == 12", &berlin, &Facts::at(at("2026-07-01T10:59:59Z"))).allow);
    assert!(open(r#"context.now == datetime("2026-11-25T23:20:00Z")"#, &berlin, &facts).allow);
}

#[test]
fn no_decision_outlives_an_hour_of_any_zone() {
    let start = Utc.with_ymd_and_hms(2026, 3, 28, 21, 0, 0).single().expect("a time");
    let zones = [chrono_tz::Europe::Berlin, chrono_tz::Asia::Kathmandu, chrono_tz::Australia::Lord_Howe];
    for zone in zones {
        let world = World { zone, ..World::default() };
        let set = folder(&forbid("context.hour >= 0")).in_world(world.clone());
        let ada = prepared(person("ada", &[]));
        for minutes in (0..24 * 60).step_by(7) {
            let facts = Facts::at(start + TimeDelta::minutes(minutes));
            let hour = run("now.hour", &world, &facts);
            let Cacheability::Until(end) = access(&set, Some(&ada), "a", &facts).cacheable else {
                panic!("kept for ever");
            };
            let last = Facts { now: end - TimeDelta::seconds(1), ..facts };
            assert_eq!(run("now.hour", &world, &last), hour, "{zone} {minutes}");
        }
    }
}

#[test]
fn nothing_is_looked_up_that_nobody_reads() {
    let atlas = Arc::new(Atlas::default());
    let world = World { places: Some(Arc::<Atlas>::clone(&atlas)), ..World::default() };
    let facts = Facts { ip: known(), user_agent: FIREFOX, ..Facts::at(noon()) };
    let set = folder(&forbid(r#"context has country && context.country == "DE""#)).in_world(world);
    let ada = prepared(person("ada", &[]));
    assert!(access(&set, Some(&ada), "b", &facts).allow);
    assert_eq!(atlas.0.load(Ordering::Relaxed), 0, "the other application does not care");
    assert!(set.reads(Resource::App("b")).expect("known").only_principal());
    let reads = set.reads(Resource::App("a")).expect("known");
    let key = reads.key(&facts);
    assert_eq!(atlas.0.load(Ordering::Relaxed), 0, "a key needs no look-up");
    let moved = Facts { ip: Some("198.51.100.1".parse().expect("an address")), ..facts };
    assert_ne!(key, reads.key(&moved));
    assert_eq!(key, reads.key(&Facts { user_agent: IPHONE, ..facts }));
    assert!(access(&set, Some(&ada), "a", &facts).allow);
    assert_ne!(atlas.0.load(Ordering::Relaxed), 0);
}

#[test]
fn every_fact_that_a_policy_reads_is_in_its_key() {
    let old = Login { mfa: false, methods: vec!["pwd".into()], at: Some(noon() - TimeDelta::hours(1)) };
    let new = Login { mfa: true, methods: vec!["webauthn".into()], at: Some(noon()) };
    let here = Facts { ip: known(), user_agent: FIREFOX, ..Facts::at(noon()).with_login(&old) };
    let there = Facts {
        ip: Some("198.51.100.1".parse().expect("an address")),
        user_agent: IPHONE,
        ..Facts::at(noon()).with_login(&new)
    };
    for condition in [
        "context.mfa",
        r#"context.authentication_methods.contains("pwd")"#,
        "context has authentication_age && context.authentication_age > 60",
        "context has ip && context.ip.isLoopback()",
        r#"context has country && context.country == "DE""#,
        "context has asn && context.asn == 1",
        r#"context.device.os == "Linux""#,
        r#"context.user_agent like "*Firefox*""#,
    ] {
        let set = folder(&forbid(condition));
        let reads = set.reads(Resource::App("a")).expect("known");
        assert_ne!(reads.key(&here), reads.key(&there), "{condition}");
    }
}
