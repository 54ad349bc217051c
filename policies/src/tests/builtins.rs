use super::{noon, person};
use crate::{
    AppFact, ClaimMapping, Env, Expression, Facts, MappingError, TextOrigin, builtin_mappings, builtin_policies,
};
use serde_json::{Map, Value, json};

fn claims(scope: &str) -> Value {
    let mapping = builtin_mappings().iter().find(|m| m.scope_name == scope).expect(scope);
    let compiled =
        ClaimMapping::compile(mapping.name, scope, mapping.source, &TextOrigin::start(mapping.file)).expect(scope);
    let ada = person("ada", &["staff"]);
    let facts = Facts::at(noon());
    let app = AppFact { entitlements: vec!["editor".into()], ..AppFact::default() };
    compiled.claims(&Env { app: Some(&app), ..Env::new(Some(&ada), &facts) }).expect(scope).into()
}

#[test]
fn default_mappings_give_the_contracts_claims() {
    assert_eq!(builtin_mappings().len(), 7);
    for scope in ["openid", "offline_access", "goauthentik.io/api"] {
        assert_eq!(claims(scope), json!({}), "{scope}");
    }
    assert_eq!(claims("email"), json!({"email": "ada@example.com", "email_verified": false}));
    assert_eq!(
        claims("profile"),
        json!({"name": "Name of ada", "given_name": "Name of ada", "preferred_username": "ada", "nickname": "ada", "groups": ["staff"]})
    );
    assert_eq!(claims("entitlements"), json!({"entitlements": ["editor"], "roles": ["editor"]}));
    assert_eq!(
        claims("ak_proxy"),
        json!({"ak_proxy": {"user_attributes": {"department": "lab", "n": [1, 2.5, null]}, "is_superuser": false}})
    );
}

#[test]
fn a_mapping_must_return_a_map() {
    let compiled = ClaimMapping::compile("m", "m", "[1]", &TextOrigin::start("m.rhai")).expect("compiles");
    let facts = Facts::at(noon());
    let error = compiled.claims(&Env::new(None, &facts)).expect_err("a list");
    assert!(matches!(error, MappingError::NotAMap { found: "a list", .. }), "{error}");
    assert!(error.to_string().starts_with("m.rhai:1: mapping \"m\" must return a map"), "{error}");
}

fn policy(name: &str, facts: &Facts<'_>) -> (bool, Vec<String>) {
    let policy = builtin_policies().iter().find(|p| p.name == name).expect(name);
    let compiled =
        Expression::compile(name, policy.source, &TextOrigin::start(policy.file)).unwrap_or_else(|e| panic!("{e}"));
    let ada = person("ada", &[]);
    let outcome = compiled.eval_bool(&Env::new(Some(&ada), facts)).unwrap_or_else(|e| panic!("{e}"));
    (outcome.passing, outcome.messages)
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("a map")
}

#[test]
fn builtin_policies_decide_their_flows() {
    let none = Facts::at(noon());
    let authenticated = map(json!({"authenticated": true}));
    assert!(policy("default-authentication-flow-password-stage", &none).0);
    assert!(!policy("default-authentication-flow-password-stage", &Facts { pending: &authenticated, ..none }).0);
    let open = map(json!({"setup_open": true}));
    assert!(!policy("default-oobe-password-usable", &none).0);
    assert!(policy("default-oobe-password-usable", &Facts { context: &open, ..none }).0);

    let name = "default-user-settings-authorization";
    let renamed = map(json!({"name": "Ada L.", "email": "ada@example.com", "locale": "en"}));
    assert_eq!(policy(name, &Facts { prompt_data: &renamed, ..none }), (true, vec![]));
    let moved = map(json!({"email": "root@example.com"}));
    assert_eq!(
        policy(name, &Facts { prompt_data: &moved, ..none }),
        (false, vec!["You are not allowed to change your email address.".to_owned()])
    );
    let settings = map(json!({"settings": {"default_user_change_email": true, "default_user_change_name": false}}));
    assert!(policy(name, &Facts { prompt_data: &moved, context: &settings, ..none }).0);
    assert!(!policy(name, &Facts { prompt_data: &renamed, context: &settings, ..none }).0);
}
