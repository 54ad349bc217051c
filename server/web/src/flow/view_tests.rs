//! Every component of the engine has its page.

use super::*;
use crate::page::Page;
use askama::Template;
use lockgate_engine::FlowInfo;
use lockgate_model::kinds::{FlowDesignation, FlowLayout, PromptType, UserField};

fn who(name: &str) -> Who {
    Who { pending_user: name.into(), pending_user_avatar: initials(name) }
}

fn frame() -> Frame {
    Frame {
        action_url: "/if/flow/login/?next=%2Fx".into(),
        csrf: "t0ken".into(),
        restart_url: "/if/flow/login/".into(),
        ..Frame::default()
    }
}

fn framed(body: challenge::Body, response_errors: ResponseErrors) -> Challenge {
    let flow_info = FlowInfo {
        title: "Welcome".into(),
        background: "/media/sea.jpg".into(),
        background_themed_urls: None,
        cancel_url: CANCEL.into(),
        layout: FlowLayout::SidebarLeftFrameBackground,
    };
    Challenge { body, flow_info: Some(flow_info), response_errors }
}

fn shown_as(body: challenge::Body) -> FlowPage {
    page(framed(body, ResponseErrors::default()), frame(), None)
}

fn identification(password_fields: bool) -> challenge::Body {
    challenge::Body::Identification(Box::new(challenge::Identification {
        user_fields: vec![UserField::Email, UserField::Username],
        pending_user_identifier: Some("ada".into()),
        password_fields,
        allow_show_password: true,
        application_pre: Some("Wiki".into()),
        application_pre_launch: None,
        flow_designation: FlowDesignation::Authentication,
        captcha_stage: None,
        enroll_url: None,
        recovery_url: Some("/if/flow/recovery/".into()),
        passwordless_url: None,
        primary_action: "Log in".into(),
        sources: Vec::new(),
        show_source_labels: false,
        enable_remember_me: false,
        passkey_challenge: None,
    }))
}

fn prompt_field(key: &str, field_type: PromptType) -> challenge::PromptField {
    challenge::PromptField {
        field_key: key.into(),
        label: key.to_uppercase(),
        field_type,
        required: true,
        placeholder: String::new(),
        initial_value: "set".into(),
        order: 0,
        sub_text: String::new(),
        choices: None,
    }
}

fn captcha() -> challenge::Captcha {
    challenge::Captcha {
        who: who("ada"),
        js_url: "https://captcha.example.com/api.js".into(),
        site_key: "k".into(),
        interactive: false,
    }
}

fn prompt() -> challenge::Body {
    challenge::Body::Prompt(challenge::Prompt {
        fields: vec![
            prompt_field("name", PromptType::Text),
            prompt_field("news", PromptType::Checkbox),
            prompt_field("password", PromptType::Password),
            prompt_field("secret", PromptType::Hidden),
            prompt_field("size", PromptType::RadioButtonGroup),
        ],
    })
}

fn all() -> Vec<challenge::Body> {
    let permission = |id: &str| challenge::Permission { id: id.into(), name: id.to_uppercase() };
    vec![
        identification(true),
        challenge::Body::Password(challenge::Password {
            who: who("ada"),
            recovery_url: None,
            allow_show_password: false,
        }),
        challenge::Body::UserLogin(challenge::UserLogin { who: who("ada") }),
        challenge::Body::Captcha(captcha()),
        challenge::Body::Consent(challenge::Consent {
            who: who("ada"),
            header_text: "You're about to sign into Wiki.".into(),
            permissions: vec![permission("openid")],
            additional_permissions: vec![permission("email")],
            token: "c".into(),
            application: None,
        }),
        prompt(),
        challenge::Body::Dummy(challenge::Dummy { name: "dummy".into() }),
        challenge::Body::Autosubmit(challenge::Autosubmit {
            url: "https://app.example.com/acs".into(),
            attrs: [("code".to_owned(), "1".to_owned())].into(),
            title: None,
        }),
        challenge::Body::AccessDenied(challenge::AccessDenied {
            who: who("ada"),
            error_message: Some("Not you.".into()),
        }),
        challenge::Body::FlowError(challenge::FlowError { request_id: "r".into(), error: None }),
        challenge::Body::SessionEnd(challenge::SessionEnd {
            who: who("ada"),
            application_name: Some("Wiki".into()),
            application_launch_url: None,
            invalidation_flow_url: None,
            overview_url: None,
            brand_name: "Acme".into(),
        }),
        challenge::Body::redirect("/x"),
        challenge::Body::Shell(challenge::Shell { body: "<p>ours</p>".into() }),
    ]
}

#[test]
fn every_component_has_its_page() {
    for body in all() {
        let component = body.component();
        let page = shown_as(body);
        assert_eq!(page.body.component(), component);
        assert_eq!(page.layout, Layout::SidebarLeft);
        assert_eq!(page.brand.background_url.as_deref(), Some("/media/sea.jpg"));
        let html = page.render().expect("renders");
        assert!(!page.policy().header_value().is_empty());
        let asks = html.contains("method=\"post\"") && component != "ak-stage-autosubmit";
        assert_eq!(asks, html.contains("name=\"csrf_token\" value=\"t0ken\""), "{component}");
        assert_eq!(asks, html.contains(&format!("name=\"component\" value=\"{component}\"")), "{component}");
    }
}

#[test]
fn the_end_of_a_flow_has_its_status() {
    let statuses: Vec<u16> = all().iter().map(|body| status(body).as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 403, 500, 200, 200, 200]);
}

#[test]
fn complaints_stand_in_the_order_of_the_page() {
    let mut wrong = ResponseErrors::one("password", "invalid", "Invalid password");
    wrong.add("uid_field", "blank", "Say who you are.");
    wrong.add("uid_field", "invalid", "And properly.");
    wrong.add("elsewhere", "invalid", "Something else.");
    wrong.add("component", "invalid", "This answers \"x\", but the flow is at \"y\".");
    let errors = errors(&identification(true), &wrong, Language::English);
    let fields: Vec<_> = errors.fields.iter().map(|e| (e.field.as_str(), e.message.as_str())).collect();
    assert_eq!(
        fields,
        [("uid_field", "Say who you are."), ("uid_field", "And properly."), ("password", "Invalid password")]
    );
    assert_eq!(errors.general, ["This page was out of date. Here is where you are.", "Something else."]);
    // A page without the field says it all the same.
    assert_eq!(super::errors(&identification(false), &wrong, Language::English).general.len(), 3);
}

#[tokio::test]
async fn what_was_typed_stays_but_for_secrets() {
    let body = "component=ak-stage-prompt&name=Ada&password=hunter2&secret=mine&size=m";
    let request = axum::extract::Request::builder()
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(body));
    let form = Form::read(request.expect("a request")).await.expect("a form");
    let wrong = ResponseErrors::one("name", "invalid", "Too short.");
    let Body::Prompt(fields) = page(framed(prompt(), wrong), frame(), Some(&form)).body else { panic!("a prompt") };
    let values: Vec<_> = fields.iter().map(|field| field.value.as_str()).collect();
    assert_eq!(values, ["Ada", "", "set", "set", "m"]);
}

#[test]
fn a_denied_page_speaks_to_who_is_signed_in() {
    let denied = || {
        let who = who("somebody else");
        challenge::Body::AccessDenied(challenge::AccessDenied { who, error_message: Some("Too many tries.".into()) })
    };
    let Body::AccessDenied(visitor) = shown_as(denied()).body else { panic!("denied") };
    assert!(visitor.person.is_none() && visitor.denial.switch_url.is_none() && visitor.denial.back_url.is_none());
    assert_eq!(visitor.denial.restart_url.as_deref(), Some("/if/flow/login/"));
    let html = shown_as(denied()).render().expect("renders");
    assert!(html.contains("Too many tries.") && !html.contains("You are signed in"), "{html}");

    let frame = Frame { user: Some("ada".into()), ..frame() };
    let html = page(framed(denied(), ResponseErrors::default()), frame, None).render().expect("renders");
    assert!(html.contains("You are signed in") && html.contains("ada") && !html.contains("somebody"), "{html}");
}

#[test]
fn text_to_be_read_needs_no_name() {
    let silent = challenge::PromptField { initial_value: String::new(), ..prompt_field("intro", PromptType::Static) };
    assert_eq!(field(silent).label, "INTRO");
    assert_eq!(field(prompt_field("intro", PromptType::AlertInfo)).label, "");
    assert_eq!(field(prompt_field("name", PromptType::TextReadOnly)).label, "NAME");
}

#[test]
fn not_you_leads_back_to_the_same_flow() {
    let page = shown_as(challenge::Body::UserLogin(challenge::UserLogin { who: who("ada") }));
    assert_eq!(page.switch_url, "/flows/-/cancel/?next=%2Fif%2Fflow%2Flogin%2F%3Fnext%3D%252Fx");
    // Who is signed in and is not who the page says signs out, and comes back to where the flow was going.
    let consent = shown_as(prompt());
    assert_eq!(
        (consent.switch_url.as_str(), consent.cancel_url.as_str()),
        ("/flows/-/default/invalidation/?next=%2Fx", CANCEL)
    );
}
