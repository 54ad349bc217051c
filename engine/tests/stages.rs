//! One telling story a stage.

mod world;

use lockgate_engine::{
    AppContext, Challenge, Context, Effect, Outcome, Pending, Standing,
    challenge::{LogoutUrl, Permission},
    context::{ConsentRequest, Passage, SessionEndContext},
    ports::Event,
};
use serde_json::{Value, json};
use world::{BINDING, FLOW, Place, Policy, World, build, id, page, stage};

fn login_flow(identification: Value, password: Value) -> lockgate_engine::CompiledFlow {
    let mut body = json!({"user_fields": ["username", "email"]});
    body.as_object_mut().expect("an object").extend(identification.as_object().cloned().unwrap_or_default());
    let stages = [
        stage("identification_stage", body),
        stage("password_stage", password),
        stage("user_login_stage", json!({"session_duration": "hours=1"})),
    ];
    build("authentication", json!({}), &stages, &[])
}

fn ended(outcome: &Outcome) -> &Challenge {
    match outcome {
        Outcome::Ended(challenge) => challenge,
        other => panic!("not the end: {other:?}"),
    }
}

fn denial(outcome: &Outcome) -> String {
    let page = serde_json::to_value(ended(outcome)).expect("serialises");
    assert_eq!(page["component"], "ak-stage-access-denied");
    page["error_message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_login_from_the_first_page_to_the_session() {
    let (world, flow) = (World::default(), login_flow(json!({}), json!({})));
    let mut plan = world.start(&flow, "next=%2Fdeep%3Fa%3D1", Context::default()).expect("starts");
    let first = world.page(&flow, &mut plan);
    assert_eq!(first["component"], "ak-stage-identification");
    assert_eq!(first["user_fields"], json!(["username", "email"]));
    assert_eq!((&first["primary_action"], &first["flow_info"]["title"]), (&json!("Continue"), &json!("Acme")));
    assert_eq!(first["captcha_stage"], Value::Null);

    let step = world.post(&flow, &mut plan, json!({"component": "ak-stage-identification", "uid_field": "ADA"}));
    assert_eq!(step.outcome, Outcome::Next);
    let second = world.page(&flow, &mut plan);
    assert_eq!((&second["component"], &second["pending_user"]), (&json!("ak-stage-password"), &json!("ADA")));

    let wrong = page(world.post(&flow, &mut plan, json!({"password": "no"})));
    assert_eq!(wrong["response_errors"], json!({"password": [{"string": "Invalid password", "code": "invalid"}]}));
    assert!(matches!(&world.lock().events[..], [Event::LoginFailed { user: Some(1), reason: "wrong_password", .. }]));

    assert_eq!(world.post(&flow, &mut plan, json!({"password": "ada-secret"})).outcome, Outcome::Next);
    let last = world.get(&flow, &mut plan);
    assert_eq!(last.outcome, Outcome::Done { to: "/deep?a=1".to_owned() });
    let [Effect::Login(login), Effect::Completed { user: Some(1), passage, .. }] = &last.effects[..] else {
        panic!("{:?}", last.effects)
    };
    assert_eq!(passage, &Passage { signed_in: Some(1), consented: None });
    assert_eq!((login.user, login.auth_method.as_deref()), (1, Some("password")));
    assert_eq!(login.duration, Some(chrono::TimeDelta::hours(1)));
}

#[test]
fn unknown_names_look_like_wrong_passwords() {
    let flow = login_flow(json!({}), json!({}));
    let pages = ["ada", "nobody"].map(|name| {
        let world = World::default();
        let mut plan = world.plan(&flow);
        assert_eq!(world.post(&flow, &mut plan, json!({"uid_field": name})).outcome, Outcome::Next);
        let asked = world.page(&flow, &mut plan).to_string();
        let refused = page(world.post(&flow, &mut plan, json!({"password": "wrong"}))).to_string();
        let blank = |text: String| text.replace(name, "*").replace(&lockgate_engine::avatar::initials(name), "*");
        (blank(asked), blank(refused))
    });
    assert_eq!(pages[0], pages[1]);

    let open = login_flow(json!({"pretend_user_exists": false}), json!({}));
    let world = World::default();
    let mut plan = world.plan(&open);
    let page = page(world.post(&open, &mut plan, json!({"uid_field": "nobody"})));
    assert_eq!(page["response_errors"]["non_field_errors"][0]["string"], "Failed to authenticate.");
    assert_eq!(page["pending_user_identifier"], "nobody");
}

#[test]
fn identification_can_ask_for_the_password_on_the_same_page() {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"], "password_stage": id(5)})),
        Place("password_stage", json!({}), json!({})),
        stage("user_login_stage", json!({})),
    ];
    let flow = build(
        "authentication",
        json!({}),
        &stages,
        &[(5, "password_stage", json!({"failed_attempts_before_cancel": 2}))],
    );
    let world = World::default();
    world.lock().policies.insert(id(BINDING + 1), Policy::UnlessAuthenticated);
    let mut plan = world.plan(&flow);
    let first = world.page(&flow, &mut plan);
    assert_eq!((&first["password_fields"], &first["primary_action"]), (&json!(true), &json!("Log in")));
    let missing = page(world.post(&flow, &mut plan, json!({"uid_field": "ada"})));
    assert_eq!(missing["response_errors"]["password"][0]["code"], "required");
    let wrong = page(world.post(&flow, &mut plan, json!({"uid_field": "ada", "password": "x"})));
    assert_eq!(wrong["response_errors"]["non_field_errors"][0]["string"], "Failed to authenticate.");
    assert_eq!(
        world.post(&flow, &mut plan, json!({"uid_field": "ada", "password": "ada-secret"})).outcome,
        Outcome::Next
    );
    assert!(matches!(&world.get(&flow, &mut plan).effects[..], [Effect::Login(_), Effect::Completed { .. }]));
}

#[test]
fn too_many_wrong_passwords_end_the_flow_also_across_restarts() {
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        Place(
            "password_stage",
            json!({"failed_attempts_before_cancel": 2}),
            json!({"invalid_response_action": "restart"}),
        ),
    ];
    let flow = build("authentication", json!({}), &stages, &[]);
    let world = World::default();
    let mut plan = world.plan(&flow);
    for expected in [true, false] {
        world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
        let step = world.post(&flow, &mut plan, json!({"password": "wrong"}));
        assert_eq!(step.outcome == Outcome::Next, expected);
        if !expected {
            assert_eq!(denial(&step.outcome), "Too many failed attempts. Start again.");
        }
    }
}

#[test]
fn a_flood_is_told_to_come_back_later() {
    let (world, flow) = (World::default(), login_flow(json!({}), json!({})));
    let mut plan = world.plan(&flow);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.lock().overloaded = true;
    let step = world.post(&flow, &mut plan, json!({"password": "ada-secret"}));
    assert_eq!(step.retry_after, Some(3));
    assert_eq!(page(step)["response_errors"]["non_field_errors"][0]["code"], "throttled");
    world.lock().overloaded = false;
    assert_eq!(world.post(&flow, &mut plan, json!({"password": "ada-secret"})).outcome, Outcome::Next);
}

#[test]
fn a_response_to_another_challenge_is_a_complaint() {
    let (world, flow) = (World::default(), login_flow(json!({}), json!({})));
    let mut plan = world.plan(&flow);
    let body = json!({"component": "ak-stage-password", "password": "ada-secret"});
    let page = page(world.post(&flow, &mut plan, body));
    assert_eq!(
        (&page["component"], &page["response_errors"]["component"][0]["code"]),
        (&json!("ak-stage-identification"), &json!("invalid"))
    );
}

#[test]
fn user_login_asks_whether_to_remember_and_refuses_who_proved_nothing() {
    let remember = stage("user_login_stage", json!({"session_duration": "hours=1", "remember_me_offset": "days=1"}));
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("password_stage", json!({})),
        remember,
    ];
    let flow = build("authentication", json!({}), &stages, &[]);
    let world = World::default();
    let mut plan = world.plan(&flow);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.post(&flow, &mut plan, json!({"password": "ada-secret"}));
    assert_eq!(world.page(&flow, &mut plan)["pending_user"], "ada");
    assert_eq!(page(world.post(&flow, &mut plan, json!({})))["response_errors"]["remember_me"][0]["code"], "required");
    let step = world.post(&flow, &mut plan, json!({"remember_me": true}));
    let Some(Effect::Login(login)) = step.effects.first() else { panic!("{step:?}") };
    assert_eq!((login.remember, login.duration), (true, Some(chrono::TimeDelta::hours(25))));

    // Without a password stage, in a flow of any purpose.
    for designation in ["authentication", "recovery", "stage_configuration", "enrollment"] {
        let stages =
            [stage("identification_stage", json!({"user_fields": ["username"]})), stage("user_login_stage", json!({}))];
        let flow = build(designation, json!({}), &stages, &[]);
        let mut plan = world.plan(&flow);
        world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
        let step = world.get(&flow, &mut plan);
        assert_eq!(denial(&step.outcome), "Nobody has proven who they are yet.");
        assert!(step.effects.is_empty());
    }
}

#[test]
fn an_inactive_account_stays_out() {
    let world = World::default();
    let eve = world.lock().users[&3].0.clone();
    let flow = build("recovery", json!({}), &[stage("user_login_stage", json!({}))], &[]);
    let context = Context { pending: Some(Pending::vouched(&eve)), ..Context::default() };
    let mut plan = world.start(&flow, "", context).expect("starts");
    assert_eq!(denial(&world.get(&flow, &mut plan).outcome), "This account is inactive.");
}

#[test]
fn user_logout_ends_the_session_and_the_page_names_the_app() {
    let world = World::signed_in(1);
    let flow = build(
        "invalidation",
        json!({"authentication": "require_authenticated"}),
        &[stage("user_logout_stage", json!({}))],
        &[],
    );
    let app = AppContext { pk: id(9), slug: "g".into(), name: "Grafana".into(), launch_url: String::new() };
    let context =
        Context { application: Some(app), session_end: Some(SessionEndContext::default()), ..Context::default() };
    let mut plan = world.start(&flow, "", context).expect("starts");
    let step = world.get(&flow, &mut plan);
    assert_eq!(step.effects.first(), Some(&Effect::Logout));
    let page = page(step);
    assert_eq!((&page["component"], &page["application_name"]), (&json!("ak-stage-session-end"), &json!("Grafana")));
}

#[test]
fn applications_are_told_of_a_logout_before_the_flow_ends() {
    let world = World::signed_in(1);
    let flow = build("invalidation", json!({}), &[stage("user_logout_stage", json!({}))], &[]);
    let told = |context: Context| Context {
        logout_urls: vec![LogoutUrl {
            url: "https://wiki.example.com/logout".into(),
            provider_name: "wiki".into(),
            binding: "redirect".into(),
        }],
        ..context
    };
    let redirect = Some("https://app.example.com/".to_owned());
    let mut plan = world.start(&flow, "", told(Context { redirect, ..Context::default() })).expect("starts");
    let step = world.get(&flow, &mut plan);
    assert!(matches!(&step.effects[..], [Effect::Logout, Effect::Completed { .. }]), "{:?}", step.effects);
    assert!(step.outcome.keeps_plan());
    let frames = page(step);
    assert_eq!(frames["component"], "ak-provider-iframe-logout");
    assert_eq!(frames["logout_urls"][0]["url"], "https://wiki.example.com/logout");
    // The session is over by now.
    let world = World::default();
    let step = world.post(&flow, &mut plan, json!({}));
    assert_eq!(step.outcome, Outcome::Done { to: "https://app.example.com/".to_owned() });
    assert!(step.effects.is_empty(), "it was completed once: {:?}", step.effects);

    // A stage that leads elsewhere leads there after the frames.
    let world = World::signed_in(1);
    let away = json!({"mode": "static", "target_static": "https://example.com/bye"});
    let stages = [stage("user_logout_stage", json!({})), stage("redirect_stage", away)];
    let flow = build("invalidation", json!({}), &stages, &[]);
    let mut plan = world.start(&flow, "", told(Context::default())).expect("starts");
    let step = world.get(&flow, &mut plan);
    assert!(matches!(&step.effects[..], [Effect::Logout]), "it was not gone through: {:?}", step.effects);
    assert_eq!(page(step)["component"], "ak-provider-iframe-logout");
    let step = World::default().post(&flow, &mut plan, json!({}));
    assert_eq!(step.outcome, Outcome::Done { to: "https://example.com/bye".to_owned() });
    assert!(step.effects.is_empty(), "{:?}", step.effects);

    // Where the login goes on, the application that is left is told alone.
    let world = World::signed_in(1);
    let flow = build("invalidation", json!({}), &[stage("dummy_stage", json!({}))], &[]);
    let left =
        LogoutUrl { url: "https://g.example.com/logout".into(), ..told(Context::default()).logout_urls[0].clone() };
    let mut plan =
        world.start(&flow, "", told(Context { left_urls: vec![left], ..Context::default() })).expect("starts");
    world.get(&flow, &mut plan);
    let frames = page(world.post(&flow, &mut plan, json!({})));
    assert_eq!(frames["logout_urls"].as_array().map(Vec::len), Some(1));
    assert_eq!(frames["logout_urls"][0]["url"], "https://g.example.com/logout");

    // Where nobody is signed out of anything, nobody is told.
    let world = World::signed_in(1);
    let flow = build("invalidation", json!({}), &[stage("dummy_stage", json!({}))], &[]);
    let mut plan = world.start(&flow, "", told(Context::default())).expect("starts");
    world.get(&flow, &mut plan);
    assert!(matches!(world.post(&flow, &mut plan, json!({})).outcome, Outcome::Done { .. }));
}

fn consent_context(scopes: &[&str]) -> Context {
    let permissions = scopes.iter().map(|s| Permission { name: (*s).to_owned(), id: (*s).to_owned() }).collect();
    Context {
        application: Some(AppContext {
            pk: id(9),
            slug: "g".into(),
            name: "Grafana".into(),
            launch_url: String::new(),
        }),
        consent: Some(ConsentRequest { permissions, ..ConsentRequest::default() }),
        redirect: Some("https://grafana.example.com/callback".to_owned()),
        ticket: Some("errand".to_owned()),
        ..Context::default()
    }
}

#[test]
fn consent_is_asked_once_and_again_for_more() {
    let world = World::signed_in(1);
    let flow = build("authorization", json!({}), &[stage("consent_stage", json!({"mode": "expiring"}))], &[]);
    let mut plan = world.start(&flow, "", consent_context(&["openid"])).expect("starts");
    let first = world.page(&flow, &mut plan);
    assert_eq!(first["permissions"], json!([{"name": "openid", "id": "openid"}]));
    let forged = page(world.post(&flow, &mut plan, json!({"token": "guess"})));
    assert_eq!(
        (&forged["response_errors"]["token"][0]["code"], &forged["token"]),
        (&json!("invalid"), &first["token"])
    );
    let step = world.post(&flow, &mut plan, json!({"token": first["token"]}));
    assert_eq!(step.outcome, Outcome::Done { to: "https://grafana.example.com/callback".to_owned() });
    let [Effect::Completed { ticket: Some(ticket), user: Some(1), passage, .. }] = &step.effects[..] else {
        panic!("{:?}", step.effects)
    };
    let agreed = Passage { consented: Some(vec!["openid".to_owned()]), ..Passage::default() };
    assert_eq!((ticket.as_str(), passage), ("errand", &agreed));

    let mut again = world.start(&flow, "", consent_context(&["openid"])).expect("starts");
    let step = world.get(&flow, &mut again);
    assert!(matches!(step.outcome, Outcome::Done { .. }));
    let [Effect::Completed { passage, .. }] = &step.effects[..] else { panic!("{:?}", step.effects) };
    assert_eq!(passage.consented, None, "nobody was asked this time");
    let mut more = world.start(&flow, "", consent_context(&["openid", "email"])).expect("starts");
    let page = world.page(&flow, &mut more);
    assert_eq!(
        (&page["permissions"][0]["id"], &page["additional_permissions"][0]["id"]),
        (&json!("openid"), &json!("email"))
    );

    let mut insisting = consent_context(&["openid"]);
    insisting.consent.as_mut().expect("a request").always = true;
    let mut insisted = world.start(&flow, "", insisting).expect("starts");
    let page = world.page(&flow, &mut insisted);
    assert_eq!((&page["permissions"][0]["id"], &page["additional_permissions"]), (&json!("openid"), &json!([])));
    let step = world.post(&flow, &mut insisted, json!({"token": page["token"]}));
    assert!(matches!(step.outcome, Outcome::Done { .. }));

    let stranger = World::default();
    let mut plan = stranger.start(&flow, "", consent_context(&["openid"])).expect("starts");
    assert_eq!(denial(&stranger.get(&flow, &mut plan).outcome), "Sign in first.");
}

fn prompt(key: &str, kind: &str, more: Value) -> Value {
    let mut body = json!({"field_key": key, "label": key, "type": kind});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    body
}

#[test]
fn enrolment_asks_checks_writes_and_signs_in() {
    let extra = [
        (50, "prompt", prompt("username", "username", json!({"order": 1}))),
        (51, "prompt", prompt("password", "password", json!({"order": 2}))),
        (52, "prompt", prompt("password_repeat", "password", json!({"order": 3}))),
        (53, "prompt", prompt("attributes.team.lead", "checkbox", json!({"order": 4, "required": false}))),
        (
            54,
            "prompt",
            prompt(
                "colour",
                "dropdown",
                json!({"order": 5, "placeholder": "[\"red\", {\"value\": \"b\", \"label\": \"Blue\"}]", "placeholder_expression": true}),
            ),
        ),
        (60, "expression_policy", json!({"expression": "true"})),
    ];
    let stages = [
        stage(
            "prompt_stage",
            json!({"fields": [id(54), id(53), id(52), id(51), id(50)], "validation_policies": [id(60)]}),
        ),
        stage(
            "user_write_stage",
            json!({"create_users_as_inactive": false, "create_users_group": id(77), "user_type": "internal"}),
        ),
        stage("user_login_stage", json!({})),
    ];
    let flow = build("enrollment", json!({}), &stages, &extra);
    let world = World::default();
    let mut plan = world.plan(&flow);
    let asked = world.page(&flow, &mut plan);
    assert_eq!(asked["fields"][0]["field_key"], "username");
    assert_eq!(asked["fields"][4]["choices"][1], json!({"value": "b", "label": "Blue"}));

    let answers = |name: &str, repeat: &str| json!({"username": name, "password": "pw", "password_repeat": repeat, "attributes.team.lead": "on", "colour": "b", "is_superuser": true});
    let errors = |body: Value, plan: &mut _| page(world.post(&flow, plan, body))["response_errors"].clone();
    assert_eq!(errors(answers("carol", "other"), &mut plan)["non_field_errors"][0]["string"], "Passwords don't match.");
    assert_eq!(errors(answers("ada", "pw"), &mut plan)["username"][0]["string"], "Username is already taken.");
    world.lock().policies.insert(id(60), Policy::Fail);
    assert_eq!(errors(answers("carol", "pw"), &mut plan)["non_field_errors"][0]["string"], "No.");
    world.lock().policies.clear();
    assert_eq!(world.post(&flow, &mut plan, answers("carol", "pw")).outcome, Outcome::Next);
    let stored = serde_json::to_string(&plan).expect("serialises");
    assert!(!stored.contains("\"pw\"") && stored.contains("sealed:pw"), "no password is stored as typed");

    let step = world.get(&flow, &mut plan);
    let [
        Effect::UserWritten { user: 4, created: true, password_changed: true, keep_other_sessions: false },
        Effect::Login(login),
        _,
    ] = &step.effects[..]
    else {
        panic!("{step:?}")
    };
    assert_eq!((login.user, login.auth_method.as_deref()), (4, None));
    let carol = world.lock().users[&4].clone();
    assert_eq!((carol.0.username.as_str(), carol.1.as_str()), ("carol", "pw"));
    assert_eq!(carol.0.attributes["team/lead"], true);
}

#[test]
fn read_only_fields_keep_their_value_and_settings_are_written_to_oneself() {
    let extra = [
        (
            50,
            "prompt",
            prompt(
                "username",
                "text_read_only",
                json!({"initial_value": "user.username", "initial_value_expression": true}),
            ),
        ),
        (51, "prompt", prompt("name", "text", json!({"required": false}))),
    ];
    let stages = [stage("prompt_stage", json!({"fields": [id(50), id(51)]})), stage("user_write_stage", json!({}))];
    let flow = build("stage_configuration", json!({}), &stages, &extra);
    let world = World::signed_in(1);
    let mut plan = world.plan(&flow);
    assert_eq!(world.page(&flow, &mut plan)["fields"][0]["initial_value"], "ada");
    world.post(&flow, &mut plan, json!({"username": "root", "name": "Ada L"}));
    let step = world.get(&flow, &mut plan);
    let written = Effect::UserWritten { user: 1, created: false, password_changed: false, keep_other_sessions: false };
    assert_eq!(step.effects[0], written);
    let ada = world.lock().users[&1].0.clone();
    assert_eq!((ada.username.as_str(), ada.name.as_str()), ("ada", "Ada L"));
}

#[test]
fn user_write_does_not_touch_an_account_whose_name_was_only_typed() {
    let extra = [(50, "prompt", prompt("password", "password", json!({})))];
    let stages = [
        stage("identification_stage", json!({"user_fields": ["username"]})),
        stage("prompt_stage", json!({"fields": [id(50)]})),
        stage("user_write_stage", json!({"user_creation_mode": "never_create"})),
    ];
    let flow = build("recovery", json!({}), &stages, &extra);
    let world = World::default();
    let mut plan = world.plan(&flow);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    world.post(&flow, &mut plan, json!({"password": "mine now"}));
    assert_eq!(denial(&world.get(&flow, &mut plan).outcome), "Nobody has proven who they are yet.");
    assert_eq!(world.lock().users[&1].1, "ada-secret");
}

#[test]
fn deny_dummy_and_redirect_do_what_they_say() {
    let world = World::default();
    let one = |kind, body: Value| {
        let flow = build("authentication", json!({}), &[stage(kind, body)], &[]);
        let mut plan = world.start(&flow, "next=/deep", Context::default()).expect("starts");
        (world.get(&flow, &mut plan).outcome, plan, flow)
    };
    assert_eq!(denial(&one("deny_stage", json!({"deny_message": "Not today."})).0), "Not today.");
    assert_eq!(denial(&one("deny_stage", json!({})).0), "Request has been denied.");

    let (_, mut plan, flow) = one("dummy_stage", json!({"name": "hello"}));
    assert_eq!(world.page(&flow, &mut plan)["name"], "hello");
    assert_eq!(world.post(&flow, &mut plan, json!({})).outcome, Outcome::Done { to: "/deep".to_owned() });
    let broken = serde_json::to_value(ended(&one("dummy_stage", json!({"throw_error": true})).0)).expect("serialises");
    assert_eq!((&broken["component"], &broken["request_id"]), (&json!("ak-stage-flow-error"), &json!("request-1")));
    assert_eq!(broken.get("error"), None, "details are for superusers");

    let to = "https://example.com/x".to_owned();
    assert_eq!(one("redirect_stage", json!({"mode": "static", "target_static": to})).0, Outcome::Done { to });
    let (outcome, ..) = one("redirect_stage", json!({"mode": "flow", "target_flow": id(world::OTHER_FLOW)}));
    let Outcome::Switch { to, slug, query, context, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((to.as_str(), slug.as_str(), query.as_str()), ("/if/flow/other/?next=%2Fdeep", "other", "next=%2Fdeep"));
    assert!(context.is_redirected);
}

#[test]
fn a_flow_is_refused_to_whom_it_is_not_for() {
    let start = |more: Value, query: &str| {
        let flow = build("authorization", more, &[], &[]);
        World::default().start(&flow, query, Context::default()).map_err(|step| step.outcome)
    };
    let needs = "require_authenticated";
    assert_eq!(start(json!({"authentication": needs}), "next=/x"), Err(Outcome::Done { to: "/x".to_owned() }));
    assert_eq!(denial(&start(json!({"authentication": needs}), "next=//x").expect_err("refused")), "Sign in first.");
    let message = json!({"authentication": needs, "denied_action": "message"});
    assert_eq!(denial(&start(message, "next=/x").expect_err("refused")), "Sign in first.");
    let on = json!({"authentication": needs, "denied_action": "continue"});
    assert_eq!(start(on, ""), Err(Outcome::Done { to: "/".to_owned() }));
    for requirement in ["require_superuser", "require_redirect", "require_outpost", "require_token"] {
        assert!(start(json!({"authentication": requirement}), "").is_err(), "{requirement}");
    }

    let world = World::default();
    let flow = login_flow(json!({}), json!({}));
    world.lock().policies.insert(id(FLOW), Policy::Fail);
    assert_eq!(denial(&world.start(&flow, "", Context::default()).expect_err("refused").outcome), "No.");
    world.lock().policies.insert(id(FLOW), Policy::Error);
    let failed = world.start(&flow, "next=/x", Context::default()).expect_err("refused").outcome;
    assert_eq!(ended(&failed).body.component(), "ak-stage-flow-error");
}

#[test]
fn a_plan_begins_anew_when_configuration_or_session_have_changed() {
    let (mut world, flow) = (World::default(), login_flow(json!({}), json!({})));
    let mut plan = world.plan(&flow);
    world.post(&flow, &mut plan, json!({"uid_field": "ada"}));
    assert_eq!(world.page(&flow, &mut plan)["component"], "ak-stage-password");
    let mut changed = flow.clone();
    changed.stages[1].binding_id = id(424_242);
    let step = world.post(&changed, &mut plan, json!({"password": "ada-secret"}));
    assert_eq!((step.outcome, plan.context.auth_method.clone()), (Outcome::Next, None));
    assert_eq!(world.page(&changed, &mut plan)["component"], "ak-stage-identification");

    world.post(&changed, &mut plan, json!({"uid_field": "ada"}));
    world.post(&changed, &mut plan, json!({"password": "ada-secret"}));
    assert_eq!(plan.context.pending.as_ref().map(|p| p.standing), Some(Standing::Proven));
    world.session = World::signed_in(2).session;
    assert_eq!(world.page(&changed, &mut plan)["component"], "ak-stage-identification");
}
