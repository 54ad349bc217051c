//! What must hold for every flow and every sequence of responses.

mod world;

use lockgate_engine::{CompiledFlow, Context, Effect, Outcome, Plan, Step, ports::Factor};
use lockgate_model::kinds::DeviceClass;
use proptest::prelude::*;
use serde_json::{Value, json};
use world::{BINDING, OTHER_FLOW, Place, Policy, World, build, id};

const PROMPT: u128 = 30_000;
const PASSWORD: u128 = 30_010;
const SETUP: u128 = 30_020;

/// One request.
#[derive(Debug, Clone)]
enum Act {
    Get,
    Post(Value),
    /// Whatever is asked, answered as this person would, with the password given.
    Answer(&'static str, String),
    /// The session's user changes, as by another tab.
    Session(Option<i64>),
    /// Time passes, in hours.
    Wait(i64),
}

fn name() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("ada")),
        Just(json!("ADA@example.com")),
        Just(json!("bob")),
        Just(json!("eve")),
        Just(json!("nobody")),
        Just(json!("")),
    ]
}

fn password() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("ada-secret")), Just(json!("bob-secret")), Just(json!("eve-secret")), Just(json!("wrong"))]
}

fn junk() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\\\\/\u{0}\"{}]{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("component".to_owned()),
        Just("uid_field".to_owned()),
        Just("password".to_owned()),
        Just("remember_me".to_owned()),
        Just("username".to_owned()),
        Just("pending_user".to_owned()),
        "[a-z_]{1,8}",
    ];
    prop::collection::vec((key, leaf), 0..5).prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

fn answer() -> impl Strategy<Value = Act> {
    let person = prop_oneof![4 => Just("ada"), 2 => Just("bob"), 1 => Just("eve"), 1 => Just("nobody")];
    (person, prop::bool::weighted(0.8)).prop_map(|(person, right)| {
        Act::Answer(person, if right { format!("{person}-secret") } else { "wrong".to_owned() })
    })
}

/// Flows of any stages, half of them around a way that leads to a session.
fn stages() -> impl Strategy<Value = Vec<Place>> {
    let some = || prop::collection::vec(stage_strategy(), 0..3);
    let way = (some(), some(), some(), any::<bool>()).prop_map(|(first, between, then, ask)| {
        let identify = world::stage("identification_stage", json!({"user_fields": ["username"]}));
        let login =
            world::stage("user_login_stage", json!({"remember_me_offset": if ask { "days=1" } else { "seconds=0" }}));
        let mut way: Vec<Place> = Vec::from([identify]);
        way.extend(first);
        way.push(world::stage("password_stage", json!({})));
        way.extend(between);
        way.push(login);
        way.extend(then);
        way
    });
    prop_oneof![way, prop::collection::vec(stage_strategy(), 1..7)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Get),
        4 => (name(), password()).prop_map(|(n, p)| Act::Post(json!({"component": "ak-stage-identification", "uid_field": n, "password": p}))),
        4 => password().prop_map(|p| Act::Post(json!({"component": "ak-stage-password", "password": p}))),
        2 => any::<bool>().prop_map(|r| Act::Post(json!({"component": "ak-stage-user-login", "remember_me": r}))),
        2 => (name(), password()).prop_map(|(n, p)| Act::Post(json!({"component": "ak-stage-prompt", "username": n, "password": p}))),
        1 => Just(Act::Post(json!({"component": "ak-stage-dummy"}))),
        24 => answer(),
        2 => junk().prop_map(Act::Post),
        1 => prop_oneof![Just(None), Just(Some(1)), Just(Some(2))].prop_map(Act::Session),
        1 => (0_i64..30).prop_map(Act::Wait),
    ]
}

fn stage_strategy() -> impl Strategy<Value = Place> {
    let stages = prop_oneof![
        3 => (any::<bool>(), any::<bool>()).prop_map(|(inline, pretend)| {
            let password = inline.then(|| id(PASSWORD));
            ("identification_stage", json!({"user_fields": ["username", "email"], "password_stage": password, "pretend_user_exists": pretend}))
        }),
        3 => (1_i32..4).prop_map(|n| ("password_stage", json!({"failed_attempts_before_cancel": n}))),
        3 => any::<bool>().prop_map(|ask| {
            ("user_login_stage", json!({"remember_me_offset": if ask { "days=1" } else { "seconds=0" }}))
        }),
        1 => Just(("user_logout_stage", json!({}))),
        1 => Just(("dummy_stage", json!({}))),
        1 => Just(("deny_stage", json!({}))),
        1 => Just(("consent_stage", json!({}))),
        1 => any::<bool>().prop_map(|open| ("invitation_stage", json!({"continue_flow_without_invitation": open}))),
        1 => Just(("user_delete_stage", json!({}))),
        2 => any::<bool>().prop_map(|deny| {
            let otherwise = if deny { "deny" } else { "skip" };
            ("authenticator_validate_stage", json!({"not_configured_action": otherwise}))
        }),
        1 => Just(("authenticator_validate_stage", json!({"not_configured_action": "configure", "configuration_stages": [id(SETUP)]}))),
        1 => Just(("authenticator_totp_stage", json!({}))),
        1 => Just(("authenticator_static_stage", json!({}))),
        1 => Just(("authenticator_webauthn_stage", json!({}))),
        2 => Just(("prompt_stage", json!({"fields": [id(PROMPT), id(PROMPT + 1)]}))),
        2 => prop_oneof![Just("never_create"), Just("create_when_required"), Just("always_create")]
            .prop_map(|mode| ("user_write_stage", json!({"user_creation_mode": mode, "create_users_as_inactive": false}))),
        1 => any::<bool>().prop_map(|keep| {
            ("redirect_stage", json!({"mode": "flow", "target_flow": id(OTHER_FLOW), "keep_context": keep}))
        }),
    ];
    let action = prop_oneof![Just("retry"), Just("restart"), Just("restart_with_context")];
    (stages, action, any::<bool>(), any::<bool>()).prop_map(|((kind, body), action, plan, again)| {
        Place(
            kind,
            body,
            json!({"invalid_response_action": action, "evaluate_on_plan": plan, "re_evaluate_policies": again}),
        )
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        12 => Just(Policy::Pass),
        1 => Just(Policy::Fail),
        1 => Just(Policy::Error),
        1 => Just(Policy::UnlessAuthenticated),
    ]
}

fn flow_of(designation: &str, stages: &[Place]) -> CompiledFlow {
    let prompt = |key: &str, kind: &str| json!({"field_key": key, "label": key, "type": kind, "required": false});
    let extra = [
        (PROMPT, "prompt", prompt("username", "text")),
        (PROMPT + 1, "prompt", prompt("password", "password")),
        (PASSWORD, "password_stage", json!({})),
        (SETUP, "authenticator_static_stage", json!({"token_count": 2})),
    ];
    build(designation, json!({}), stages, &extra)
}

/// A browser: one session, at most one plan, and the check of every sign-in.
struct Browser {
    world: World,
    flow: CompiledFlow,
    plan: Option<Plan>,
    logins: usize,
}

impl Browser {
    fn new(flow: CompiledFlow, policies: &[Policy]) -> Self {
        let world = World::default();
        // Ada's app shows what her password is; so does Eve's. Bob's passkey, and Eve's, is called so.
        for (pk, name) in [(1, "ada"), (3, "eve")] {
            let factor = Factor { pk, class: DeviceClass::Totp, name: "app".to_owned(), last_used: None };
            world.lock().factors.insert(pk, vec![(factor, format!("{name}-secret"))]);
        }
        for (pk, name) in [(2, "bob"), (3, "eve")] {
            let key = Factor { pk: 10, class: DeviceClass::Webauthn, name: format!("{name}-secret"), last_used: None };
            world.lock().factors.entry(pk).or_default().push((key, String::new()));
        }
        for (n, policy) in (0_u128..).zip(policies) {
            world.lock().policies.insert(id(BINDING + n), *policy);
        }
        Self { world, flow, plan: None, logins: 0 }
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match act {
            Act::Session(user) => {
                let state = self.world.lock().clone();
                // Whoever was deleted is signed in nowhere.
                let found = user.and_then(|pk| state.users.get(&pk));
                self.world.session = found.map(|(user, _)| world::principal(user.clone()));
                return Ok(());
            }
            Act::Wait(hours) => {
                self.world.request.now += chrono::TimeDelta::hours(*hours);
                return Ok(());
            }
            Act::Get | Act::Post(_) | Act::Answer(..) => {}
        }
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => {
                self.world.lock().accepted.clear();
                self.world.lock().codes_accepted.clear();
                match self.world.start(&self.flow, "", Context::default()) {
                    Ok(plan) => plan,
                    Err(step) => return self.check(*step, None),
                }
            }
        };
        let (step, plan) = self.identical(act, &plan)?;
        self.check(step, Some(plan))
    }

    /// Takes the step on the plan as it is, on a stored copy, and on a second one as a double submit
    /// would; all three must come to the same.
    fn identical(&self, act: &Act, plan: &Plan) -> Result<(Step, Plan), TestCaseError> {
        let stored = serde_json::to_string(plan).expect("serialises");
        let take = |world: &World, mut plan: Plan| {
            let step = match act {
                Act::Answer(name, password) => {
                    let token = plan.context.consent_token.clone().unwrap_or_default();
                    let mut body = json!({"uid_field": name, "username": name, "password": password, "code": password, "remember_me": true, "token": token});
                    // Whoever is asked for a passkey shows one.
                    if let Some(asked) = plan.context.ceremonies.values().next() {
                        let owner = ["ada", "bob", "eve"].iter().position(|known| known == name).map(|at| at + 1);
                        let shown =
                            json!({"challenge": asked.state, "key": password, "owner": owner, "verified": true});
                        body["webauthn"] = shown.clone();
                        body["response"] = shown;
                    }
                    world.post(&self.flow, &mut plan, body)
                }
                Act::Post(body) if lockgate_engine::Response::from_json(body.clone()).is_some() => {
                    world.post(&self.flow, &mut plan, body.clone())
                }
                _ => world.get(&self.flow, &mut plan),
            };
            (step, plan)
        };
        let twin = self.world.clone();
        let again = self.world.clone();
        let first = take(&self.world, plan.clone());
        let restored: Plan = serde_json::from_str(&stored).expect("deserialises");
        prop_assert_eq!(&restored, plan);
        prop_assert_eq!(&take(&twin, restored), &first);
        prop_assert_eq!(&take(&again, serde_json::from_str(&stored).expect("deserialises")), &first);
        Ok(first)
    }

    fn check(&mut self, step: Step, plan: Option<Plan>) -> Result<(), TestCaseError> {
        for effect in &step.effects {
            match effect {
                Effect::Login(login) => {
                    self.logins += 1;
                    let accepted = self.world.lock().accepted.clone();
                    prop_assert!(accepted.contains(&login.user), "signed in as {} without a password", login.user);
                    prop_assert!(login.auth_method.is_some());
                    let shown = self.world.lock().codes_accepted.contains(&login.user);
                    prop_assert!(shown || !login.mfa, "a second factor that nobody has shown");
                    let user = self.world.lock().users[&login.user].0.clone();
                    prop_assert!(user.is_active);
                    self.world.session = Some(world::principal(user));
                }
                Effect::Logout => self.world.session = None,
                Effect::UserWritten { .. } | Effect::Remember { .. } | Effect::Completed { .. } => {}
            }
        }
        let keeps = step.outcome.keeps_plan();
        self.plan = plan.filter(|_| keeps);
        if let Outcome::Switch { query, context, .. } = step.outcome {
            // The same stages stand for the other flow, with all that was passed on.
            self.plan = self.world.start(&self.flow, &query, *context).ok();
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_signs_in_without_an_accepted_password(
        stages in stages(),
        policies in prop::collection::vec(policy(), 10),
        acts in prop::collection::vec(act(), 1..24),
    ) {
        let mut browser = Browser::new(flow_of("authentication", &stages), &policies);
        for act in &acts {
            browser.act(act)?;
        }
    }

    #[test]
    fn an_error_of_a_policy_never_leads_to_a_sign_in(
        broken in 0_usize..3,
        acts in prop::collection::vec(act(), 1..16),
    ) {
        let stages = [
            world::stage("identification_stage", json!({"user_fields": ["username"]})),
            world::stage("password_stage", json!({})),
            world::stage("user_login_stage", json!({})),
        ];
        let mut policies = [Policy::Pass; 3];
        policies[broken] = Policy::Error;
        let mut browser = Browser::new(flow_of("authentication", &stages), &policies);
        for act in &acts {
            browser.act(act)?;
        }
        prop_assert_eq!(browser.logins, 0);
    }
}

/// The properties would hold for an engine that signs nobody in.
#[test]
fn the_right_password_does_sign_in() {
    let stages = [
        world::stage("identification_stage", json!({"user_fields": ["username"]})),
        world::stage("password_stage", json!({})),
        world::stage("user_login_stage", json!({})),
    ];
    let mut browser = Browser::new(flow_of("authentication", &stages), &[]);
    for body in [json!({"uid_field": "ada"}), json!({"password": "ada-secret"})] {
        browser.act(&Act::Post(body)).expect("holds");
    }
    browser.act(&Act::Get).expect("holds");
    assert_eq!(browser.logins, 1);
}
