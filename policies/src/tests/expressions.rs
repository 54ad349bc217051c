use super::{noon, person};
use crate::{Env, EvalErrorKind, Expression, Fact, Facts, Stopwatch, TextOrigin};
use lockgate_model::people::Principal;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

fn compile(source: &str) -> Expression {
    Expression::compile("test", source, &TextOrigin::start("test.rhai")).unwrap_or_else(|e| panic!("{source}: {e}"))
}

fn refusal(source: &str) -> String {
    Expression::compile("test", source, &TextOrigin::start("test.rhai")).map(|_| ()).expect_err(source).to_string()
}

fn value(source: &str, user: Option<&Principal>) -> Value {
    compile(source).eval_value(&Env::new(user, &Facts::at(noon()))).unwrap_or_else(|e| panic!("{source}: {e}"))
}

#[test]
fn scripts_see_the_facts() {
    let ada = person("ada", &["Grafana Admins", "staff"]);
    for (source, expected) in [
        ("user.username", json!("ada")),
        ("user.groups", json!(["Grafana Admins", "staff"])),
        ("user.attributes.department", json!("lab")),
        ("user.group_attributes()[\"n\"]", json!([1, 2.5, null])),
        ("request.user.email", json!("ada@example.com")),
        ("user[\"type\"]", json!("internal")),
        ("ak_is_group_member(user, \"staff\")", json!(true)),
        ("ak_is_group_member(request.user, #{ name: \"nobody\" })", json!(false)),
        ("\"staff\" in user.groups", json!(true)),
        ("now.hour >= 7 && now.hour < 20 && now.weekday <= 5", json!(true)),
        ("[now.year, now.month, now.day, now.weekday, now.minute, now.second]", json!([2026, 11, 25, 3, 20, 30])),
        ("if user.is_active { return True; } return False;", json!(true)),
        ("context.missing == None", json!(true)),
        ("!pending.authenticated", json!(true)),
        (
            "let names = []; for g in user.groups { names.push(g.to_lower()); } names",
            json!(["grafana admins", "staff"]),
        ),
        ("user.groups.filter(|g| g.contains(\"Admins\"))", json!(["Grafana Admins"])),
        ("fn f(u) { u.name } f(user)", json!("Name of ada")),
        ("`${user.username}!`", json!("ada!")),
        ("regex_match(user.email, \"@example\\\\.com$\")", json!(true)),
        ("regex_replace(\"a-b-c\", \"-\", \"+\")", json!("a+b+c")),
        ("list_flatten([\"x\"])", json!("x")),
        ("slugify(\" Héllo  World_1! \")", json!("hllo-world_1")),
        ("ip_address(\"::ffff:10.1.2.3\") in ip_network(\"10.0.0.0/8\")", json!(true)),
        ("ak_client_ip in ip_network(\"10.0.0.0/8\")", json!(false)),
    ] {
        assert_eq!(value(source, Some(&ada)), expected, "{source}");
    }
    assert_eq!(value("[user.is_authenticated, user.username, user.groups]", None), json!([false, "", []]));
}

#[test]
fn truth_is_pythons_and_messages_come_along() {
    let facts = Facts::at(noon());
    for (source, passing) in [
        ("1", true),
        ("0", false),
        ("\"\"", false),
        ("[]", false),
        ("#{a: 1}", true),
        ("()", false),
        ("let x = 1;", false),
    ] {
        assert_eq!(compile(source).eval_bool(&Env::new(None, &facts)).expect(source).passing, passing, "{source}");
    }
    let outcome = compile("ak_message(\"Come back later.\"); false").eval_bool(&Env::new(None, &facts)).expect("runs");
    assert_eq!((outcome.passing, outcome.messages), (false, vec!["Come back later.".to_owned()]));
    let error = compile("|x| x").eval_bool(&Env::new(None, &facts)).expect_err("a function is no answer");
    assert_eq!(error.kind, EvalErrorKind::Result);
}

#[test]
fn mistakes_are_named_with_place_and_remedy() {
    for (source, message) in [
        ("usr.name", "test.rhai:1:1: unknown variable \"usr\" (did you mean \"user\"?)"),
        (
            "true &&\n  user.usrname == 1",
            "test.rhai:2:8: user has no property \"usrname\" (did you mean \"username\"?)",
        ),
        ("now[\"huor\"] > 3", "test.rhai:1:5: now has no property \"huor\" (did you mean \"hour\"?)"),
        (
            "regex_mach(user.name, \"x\")",
            "test.rhai:1:1: unknown function \"regex_mach\" (did you mean \"regex_match\"?)",
        ),
        ("resolve_dns(\"x\")", "test.rhai:1:1: the function \"resolve_dns\" is not available (expressions do no I/O)"),
        (
            "http_request.path",
            "test.rhai:1:1: unknown variable \"http_request\" (read `request.path`, `request.host`, `request.method` or `request.ip`)",
        ),
        ("eval(\"1\")", "test.rhai:1:1: \"eval\" is not available in expressions"),
        ("import \"x\" as y;", "test.rhai:1:1: \"import\" is not available in expressions"),
    ] {
        assert_eq!(refusal(source), message, "{source}");
    }
    let python = refusal("return user.name == \"a\" and True");
    assert!(python.contains("written in Rhai, not in Python"), "{python}");
    let origin = TextOrigin { file: "flows/login.yaml".into(), line: 7, column: 12 };
    let error = Expression::compile("when", "!pendin.x", &origin).expect_err("unknown");
    assert_eq!((error.line, error.column, error.snippet.as_str()), (7, 13, "!pendin.x"));
}

#[test]
fn the_sandbox_holds() {
    let facts = Facts::at(noon());
    for (source, kind) in [
        ("loop { }", EvalErrorKind::Limit),
        ("let n = 0; while true { n += 1; }", EvalErrorKind::Limit),
        ("fn f(n) { f(n + 1) } f(0)", EvalErrorKind::Limit),
        ("let s = \"0123456789\"; loop { s += s; }", EvalErrorKind::Limit),
        ("let s = \"x\"; s.pad(1000000000, \"y\"); s", EvalErrorKind::Limit),
        ("let a = []; a.pad(1000000000, 1); a", EvalErrorKind::Limit),
        ("let a = [1]; loop { a = [a, a]; }", EvalErrorKind::Limit),
        ("let a = [1]; loop { a += a; }", EvalErrorKind::Limit),
        ("let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }", EvalErrorKind::Limit),
        ("let s = \"x\"; for i in 0..15 { s += s; } regex_replace(s, \"\", s)", EvalErrorKind::Failed),
        ("regex_match(\"x\", \"(a{1000}){1000}\")", EvalErrorKind::Failed),
        ("sleep(60); true", EvalErrorKind::Failed),
        ("user.name = \"root\"; user.nothing.more", EvalErrorKind::Failed),
        ("throw \"no\"", EvalErrorKind::Failed),
    ] {
        let Ok(expression) = Expression::compile("test", source, &TextOrigin::start("t")) else { continue };
        let error = expression.eval_value(&Env::new(None, &facts)).expect_err(source);
        assert_eq!(error.kind, kind, "{source}: {error}");
    }
    for source in ["timestamp()", "import \"std\" as s; 1", "export let x = 1;", "open_file(\"x\")"] {
        let run =
            Expression::compile("test", source, &TextOrigin::start("t")).map(|e| e.eval_value(&Env::new(None, &facts)));
        assert!(!matches!(run, Ok(Ok(_))), "{source} must not run");
    }
    assert!(
        Expression::compile("deep", &format!("{}1{}", "(".repeat(500), ")".repeat(500)), &TextOrigin::start("t"))
            .is_err()
    );
    assert!(Expression::compile("long", &" ".repeat(70_000), &TextOrigin::start("t")).is_err());
}

#[test]
fn a_script_is_stopped_at_its_deadline() {
    let ticks = Arc::new(AtomicU64::new(0));
    let stopwatch: Stopwatch = Arc::new(move || Duration::from_millis(ticks.fetch_add(1, Ordering::Relaxed)));
    let facts = Facts::at(noon());
    let env = Env { stopwatch: Some(&stopwatch), timeout: Duration::from_millis(20), ..Env::new(None, &facts) };
    let error = compile("loop { }").eval_bool(&env).expect_err("stops");
    assert_eq!(error.kind, EvalErrorKind::Timeout);
    assert!(compile("1 + 1").eval_bool(&env).is_ok());
}

#[test]
fn what_a_script_reads_is_known_before_it_runs() {
    let reads = |source: &str| compile(source).reads().iter().collect::<Vec<_>>();
    assert_eq!(reads("1 == 1"), []);
    assert_eq!(reads("user.name == \"x\""), [Fact::User]);
    assert_eq!(reads("now.hour > 7 && request.ip == \"::1\""), [Fact::Ip, Fact::Hour]);
    assert_eq!(reads("now.weekday"), [Fact::Day]);
    assert_eq!(reads("let t = now; t.hour"), [Fact::Day, Fact::Hour, Fact::Minute, Fact::Second]);
    assert_eq!(reads("let m = #{}; m[now].hour"), [Fact::Day, Fact::Hour, Fact::Minute, Fact::Second]);
    assert_eq!(reads("loop { break mfa; }"), [Fact::Mfa]);
    assert_eq!(reads("switch 1 { 1 => `${context.x}`, _ => flow.slug }"), [Fact::Context, Fact::Flow]);
    assert_eq!(reads("[1].map(|x| mfa)"), [Fact::Mfa]);
    assert_eq!(reads("try { throw 1 } catch (e) { prompt_data.x }"), [Fact::PromptData]);
    assert_eq!(reads("ak_client_ip"), [Fact::Ip]);
}

#[test]
fn the_claims_of_a_mapping_are_told_from_its_text() {
    for (source, keys) in [
        ("#{ name: user.name, inner: #{ hidden: 1, more: user.name } }", vec!["inner", "name"]),
        ("#{ fixed: 1 }", vec!["fixed"]),
        ("if user.is_superuser { #{ role: user.name } } else { #{ other: user.name } }", vec!["other", "role"]),
        ("let claims = #{ a: user.name }; claims.b = 1; claims", vec!["a"]),
        ("user.name", vec![]),
        ("()", vec![]),
    ] {
        let compiled = Expression::compile("m", source, &TextOrigin::start("m.rhai")).expect(source);
        assert_eq!(compiled.map_keys(), keys, "{source}");
    }
}
