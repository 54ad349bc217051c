//! Sample data for every page, in the states that people meet.

use super::*;
use crate::page::Page;
use axum::http::StatusCode;
use lockgate_texts::Language;
use std::cell::Cell;

/// A page with sample data, and the name that its preview gets.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) html: String,
    pub(super) response: axum::response::Response,
}

fn sample<P: Page>(name: &str, page: &P) -> Sample {
    let html = page.render().expect("sample renders");
    Sample { name: name.to_owned(), html, response: crate::page::respond(StatusCode::OK, page) }
}

fn brand() -> BrandView {
    BrandView {
        footer_links: vec![
            FooterLink { name: "Help".into(), href: Some("https://help.example.com/".into()) },
            FooterLink { name: "Privacy".into(), href: Some("/privacy".into()) },
            FooterLink { name: "Example Ltd".into(), href: None },
        ],
        t: LANGUAGE.get(),
        ..BrandView::default()
    }
}

thread_local! {
    /// What the samples of this test are written in.
    static LANGUAGE: Cell<Language> = const { Cell::new(Language::English) };
}

/// Every page in a language.
pub(super) fn all_in(language: Language) -> Vec<Sample> {
    LANGUAGE.set(language);
    let all = all();
    LANGUAGE.set(Language::English);
    all
}

fn flow(title: &str, body: Body) -> FlowPage {
    FlowPage {
        brand: brand(),
        title: title.into(),
        layout: Layout::Stacked,
        action_url: "/if/flow/default-authentication-flow/?next=%2Fif%2Fuser%2F&x=\"<>".into(),
        csrf: "wK0cM1pE3nq".into(),
        cancel_url: "/flows/-/cancel/".into(),
        switch_url: "/flows/-/default/invalidation/".into(),
        errors: Errors::default(),
        form_targets: Vec::new(),
        frames: Vec::new(),
        body,
    }
}

fn wrong(page: FlowPage, general: &[&str], fields: &[(&str, &str)]) -> FlowPage {
    let field = |(field, message): &(&str, &str)| FieldError { field: (*field).into(), message: (*message).into() };
    FlowPage {
        errors: Errors {
            general: general.iter().map(|m| (*m).into()).collect(),
            fields: fields.iter().map(field).collect(),
        },
        ..page
    }
}

fn person() -> Person {
    Person { name: "ada.lovelace@example.com".into(), avatar_url: None }
}

fn identification() -> Identification {
    Identification {
        user_fields: vec!["email".into(), "username".into()],
        primary_action: "Continue".into(),
        ..Identification::default()
    }
}

fn login() -> Identification {
    Identification {
        password: true,
        allow_show_password: true,
        primary_action: "Sign in".into(),
        application: Some("Grafana".into()),
        recovery_url: Some("/if/flow/default-recovery-flow/".into()),
        ..identification()
    }
}

fn widget(field: &'static str) -> Widget {
    Widget {
        field,
        script: "https://challenges.cloudflare.com/turnstile/v0/api.js".into(),
        site_key: "1x00000000000000000000AA".into(),
        interactive: true,
    }
}

fn full_login() -> Identification {
    Identification {
        enroll_url: Some("/if/flow/enrollment/".into()),
        passwordless_url: Some("/if/flow/passwordless/".into()),
        passwordless_title: "Sign in with a passkey".into(),
        passkey: Some(r#"{"challenge":"AAAA"}"#.into()),
        sources: vec![LoginSource { name: "GitHub".into(), url: "/source/oauth/login/github/".into(), icon_url: None }],
        ..login()
    }
}

fn field(key: &str, kind: FieldKind, label: &str) -> PromptField {
    PromptField {
        key: key.into(),
        label: label.into(),
        kind,
        required: true,
        placeholder: String::new(),
        value: String::new(),
        sub_text: String::new(),
        choices: Vec::new(),
    }
}

fn choices(of: &[(&str, &str)]) -> Vec<Choice> {
    of.iter().map(|(value, label)| Choice { value: (*value).into(), label: (*label).into() }).collect()
}

fn every_field() -> Vec<PromptField> {
    use FieldKind as K;
    let sizes = choices(&[("s", "Small: up to 5 people"), ("m", "Medium: up to 50"), ("l", "Large")]);
    vec![
        PromptField {
            value: "Takes about two minutes. You can change everything later.".into(),
            ..field("intro", K::Static, "Tell us about you")
        },
        PromptField {
            value: "New accounts are looked at by a person first.".into(),
            ..field("a1", K::AlertInfo, "Good to know")
        },
        PromptField {
            value: "Your browser is older than we test with.".into(),
            ..field("a2", K::AlertWarning, "Old browser")
        },
        PromptField {
            value: "Everything in this account will be gone.".into(),
            ..field("a3", K::AlertDanger, "This cannot be undone")
        },
        PromptField { placeholder: "Ada Lovelace".into(), ..field("name", K::Text, "Full name") },
        PromptField {
            sub_text: "Letters, digits, dots.".into(),
            value: "ada".into(),
            ..field("username", K::Username, "Username")
        },
        field("email", K::Email, "Email"),
        field("password", K::Password, "Password"),
        field("password_repeat", K::Password, "Password, once more"),
        field("part", K::Separator, "Your team"),
        PromptField { choices: sizes.clone(), value: "m".into(), ..field("size", K::RadioButtonGroup, "Team size") },
        PromptField { choices: sizes, placeholder: "Choose a plan".into(), ..field("plan", K::Dropdown, "Plan") },
        PromptField {
            choices: choices(&[("en", "English"), ("de", "Deutsch")]),
            required: false,
            ..field("locale", K::Locale, "Language")
        },
        PromptField { value: "3".into(), ..field("seats", K::Number, "Seats") },
        PromptField { value: "2026-11-23".into(), ..field("start", K::Date, "First day") },
        PromptField { value: "2026-11-23T09:30:00+01:00".into(), ..field("call", K::DateTime, "Call us at") },
        PromptField { required: false, ..field("attributes.picture", K::File, "Picture") },
        PromptField {
            required: false,
            placeholder: "What do you want to use it for?".into(),
            ..field("about", K::TextArea, "Anything else")
        },
        PromptField { value: "EX-2026-0042".into(), ..field("ticket", K::TextReadOnly, "Ticket") },
        PromptField { value: "Line one\nLine two".into(), ..field("terms", K::TextAreaReadOnly, "Terms") },
        PromptField { value: "7".into(), ..field("hidden", K::Hidden, "") },
        field("line", K::Separator, ""),
        PromptField {
            sub_text: "At most once a month.".into(),
            required: false,
            value: "true".into(),
            ..field("news", K::Checkbox, "Send me news")
        },
    ]
}

fn new_password() -> Vec<PromptField> {
    vec![
        PromptField {
            sub_text: "At least 8 characters. Longer beats cleverer.".into(),
            ..field("password", FieldKind::Password, "New password")
        },
        field("password_repeat", FieldKind::Password, "New password, once more"),
    ]
}

fn consent() -> Consent {
    let permission = |id: &str, name: &str| Permission { id: id.into(), name: name.into() };
    Consent {
        person: person(),
        application: "Grafana".into(),
        permissions: vec![
            permission("openid", "Know who you are"),
            permission("email", "See your email address"),
            permission("profile", "See your name, username and groups"),
        ],
        additional_permissions: vec![permission("offline_access", "Stay connected while you are away")],
        token: "c0n5ent".into(),
        ..Consent::default()
    }
}

fn denial() -> Denial {
    Denial {
        application: Some("Media server".into()),
        reason: Some("Management applications open with a second factor only.".into()),
        missing: vec![
            "You need to be a member of the group Media Admins.".into(),
            "You need to sign in with a second factor.".into(),
        ],
        any_of_missing: false,
        decision_id: Some("01939b1e-7f2c-7c41-9a55-3f0f6d1c2b7e".into()),
        back_url: Some("/if/user/".into()),
        switch_url: Some("/flows/-/default/invalidation/".into()),
        restart_url: None,
    }
}

fn portal() -> PortalPage {
    let card = |name: &str, description: &str| AppCard {
        name: name.into(),
        launch_url: "https://app.example.com/".into(),
        description: description.into(),
        ..AppCard::default()
    };
    PortalPage {
        brand: brand(),
        person: person(),
        display_name: "Ada Lovelace".into(),
        groups: vec![
            AppGroup {
                name: String::new(),
                apps: vec![
                    card("Grafana", "Dashboards and alerts for the house and everything in it"),
                    AppCard { new_tab: true, ..card("Home Assistant", "Lights, heating, doors") },
                    card("Paperless", "Every letter since 2014, with a search that finds it"),
                    AppCard { publisher: "Immich".into(), ..card("Photos", "") },
                ],
            },
            AppGroup {
                name: "Management".into(),
                apps: vec![
                    card("Traefik", "Routes"),
                    card("Proxmox VE", "Machines"),
                    card("Uptime", "What is up, what is not, and since when it has been so"),
                ],
            },
        ],
        notice: None,
        query: String::new(),
        settings_url: Some("/if/flow/default-user-settings-flow/".into()),
        password_url: Some("/if/flow/default-password-change/".into()),
        admin_url: None,
        sign_out_url: "/flows/-/default/invalidation/".into(),
    }
}

fn flows() -> Vec<(&'static str, FlowPage)> {
    let title = "Sign in to Lockgate";
    let login_page = |it| flow(title, Body::Identification(it));
    let password =
        Password { person: person(), recovery_url: Some("/if/flow/recovery/".into()), allow_show_password: true };
    let laid = |layout| FlowPage { layout, ..login_page(full_login()) };
    let themed = |theme| FlowPage { brand: BrandView { theme, ..brand() }, ..login_page(login()) };
    vec![
        ("login", login_page(login())),
        ("login-full", login_page(full_login())),
        (
            "login-wrong",
            wrong(
                login_page(Identification { value: "ada".into(), ..login() }),
                &[],
                &[("password", "That password isn’t right.")],
            ),
        ),
        ("login-failed", wrong(login_page(login()), &["Failed to authenticate."], &[])),
        ("login-light", themed(Theme::Light)),
        ("login-dark", themed(Theme::Dark)),
        ("identification", login_page(Identification { application: None, ..identification() })),
        ("password", flow(title, Body::Password(password))),
        ("user-login", flow(title, Body::UserLogin(person()))),
        ("captcha", flow(title, Body::Captcha(Captcha { person: person(), widget: widget("token") }))),
        (
            "login-captcha",
            flow(title, Body::Identification(Identification { captcha: Some(widget("captcha_token")), ..login() })),
        ),
        ("consent", flow("Redirecting to Grafana", Body::Consent(consent()))),
        (
            "prompt",
            wrong(
                flow("Create your account", Body::Prompt(every_field())),
                &["Passwords don’t match."],
                &[("username", "Username is already taken."), ("size", "Choose one.")],
            ),
        ),
        ("password-change", flow("Change your password", Body::Prompt(new_password()))),
        ("mail", flow("Check your email", Body::Mail(Mail { opened: None, again: true }))),
        (
            "mail-setup",
            flow(
                "Codes by email",
                Body::MailSetup(MailSetup { person: person(), email: Some("ada@example.com".into()) }),
            ),
        ),
        ("mail-setup-address", flow("Codes by email", Body::MailSetup(MailSetup { person: person(), email: None }))),
        (
            "phone-setup",
            flow(
                "Codes by SMS",
                Body::PhoneSetup(PhoneSetup { person: person(), number: Some("+4915123456789".into()), sent: true }),
            ),
        ),
        (
            "phone-setup-number",
            wrong(
                flow("Codes by SMS", Body::PhoneSetup(PhoneSetup { person: person(), ..PhoneSetup::default() })),
                &[],
                &[("phone_number", "Enter a phone number.")],
            ),
        ),
        ("duo-setup", flow("Duo", Body::DuoSetup(duo_setup()))),
        ("duo-known", flow("Duo", Body::DuoSetup(DuoSetup { person: person(), ..DuoSetup::default() }))),
        ("duo-asked", wrong(flow("Duo", Body::SecondFactor(duo(false))), &[], &[("duo", "The request was denied.")])),
        ("duo-asking", flow("Duo", Body::SecondFactor(duo(true)))),
        ("mail-opened", flow("Is this you?", Body::Mail(Mail { opened: Some(person()), again: false }))),
        ("dummy", flow("A stage for tests", Body::Dummy("dummy-stage".into()))),
        (
            "access-denied",
            flow("Access denied", Body::AccessDenied(AccessDenied { person: Some(person()), denial: denial() })),
        ),
        (
            "access-denied-visitor",
            flow(
                "Access denied",
                Body::AccessDenied(AccessDenied {
                    person: None,
                    denial: Denial {
                        reason: Some("Too many failed attempts. Start again.".into()),
                        restart_url: Some("/if/flow/default-authentication-flow/".into()),
                        ..Denial::default()
                    },
                }),
            ),
        ),
        (
            "flow-error",
            flow("This didn’t work", Body::FlowError(FlowError { request_id: "01939b1e7f2c7c41".into(), error: None })),
        ),
        (
            "signed-out-frames",
            FlowPage {
                frames: vec!["https://wiki.example.com/logout?iss=a&sid=b".into()],
                ..flow("You’ve signed out", Body::Leaving("https://app.example.com/?state=x".into()))
            },
        ),
        ("session-end", flow("You’ve logged out of Grafana", Body::SessionEnd(session_end()))),
        (
            "redirect",
            flow("Redirecting to Grafana", Body::Redirect("https://grafana.example.com/login?x=1&y=2".into())),
        ),
        (
            "autosubmit",
            flow(
                "Redirecting to Grafana",
                Body::Autosubmit(Autosubmit {
                    url: "https://grafana.example.com/acs".into(),
                    attrs: vec![("code".into(), "\"><script>".into())],
                }),
            ),
        ),
        ("shell", flow("A page of ours", Body::Shell("<p>Made by one of our own templates.</p>".into()))),
        ("layout-content-left", laid(Layout::ContentLeft)),
        ("layout-content-right", laid(Layout::ContentRight)),
        ("layout-sidebar-left", laid(Layout::SidebarLeft)),
        ("layout-sidebar-right", laid(Layout::SidebarRight)),
    ]
}

fn session_end() -> SessionEnd {
    SessionEnd {
        person: person(),
        application: Some("Grafana".into()),
        application_launch_url: Some("https://grafana.example.com/".into()),
        invalidation_flow_url: Some("/flows/-/default/invalidation/".into()),
        overview_url: Some("/if/user/".into()),
    }
}

fn device(step: DeviceStep) -> DevicePage {
    let switch_url = "/flows/-/default/invalidation/?next=%2Fdevice".into();
    DevicePage { brand: brand(), person: person(), switch_url, csrf: "wK0cM1pE3nq".into(), step }
}

fn confirm(permissions: Vec<Permission>) -> DeviceStep {
    let application = "Command line".into();
    DeviceStep::Confirm { application, icon_url: None, code: "BCDF-GHJK".into(), permissions }
}

fn sign_out() -> SignOutPage {
    SignOutPage {
        brand: brand(),
        person: person(),
        application: "Grafana".into(),
        csrf: "wK0cM1pE3nq".into(),
        action_url: "/application/o/grafana/end-session/".into(),
        fields: vec![("state".into(), "\"><x".into())],
    }
}

/// Every page in every state.
pub(super) fn all() -> Vec<Sample> {
    let mut all: Vec<Sample> = flows().iter().map(|(name, page)| sample(name, page)).collect();
    let details = vec![
        ("Error".to_owned(), "redirect_uri_mismatch".to_owned()),
        ("Sent".to_owned(), "https://grafana.example.com/login/generic_oauth?next=1".to_owned()),
    ];
    all.extend([
        sample("denied", &DeniedPage { brand: brand(), person: Some(person()), denial: denial() }),
        sample("404", &MessagePage::not_found(brand())),
        sample(
            "400-configuration",
            &MessagePage::configuration_error(
                brand(),
                "Grafana asked to send you to an address that is not on its list.",
                details,
            ),
        ),
        sample(
            "400",
            &MessagePage::bad_request(brand(), "This page was open for too long. Nothing is lost; begin once more."),
        ),
        sample("401", &MessagePage::unauthorized(brand(), "/flows/-/default/authentication/")),
        sample("429", &MessagePage::too_many_requests(brand(), 30)),
        sample("500", &MessagePage::internal_error(brand(), "01939b1e7f2c7c41")),
        sample("device", &device(DeviceStep::Ask { code: "BCDF-GHJK".into(), problem: None })),
        sample(
            "device-wrong",
            &device(DeviceStep::Ask { code: "BCDF".into(), problem: Some("There is no such code.".into()) }),
        ),
        sample(
            "device-confirm",
            &device(confirm(vec![Permission { id: "email".into(), name: "Email address".into() }])),
        ),
        sample("device-confirm-plain", &device(confirm(Vec::new()))),
        sample("device-allowed", &device(DeviceStep::Done { application: "Command line".into(), allowed: true })),
        sample("device-denied", &device(DeviceStep::Done { application: "Command line".into(), allowed: false })),
        sample("sign-out", &sign_out()),
        sample("portal", &portal()),
        sample("portal-empty", &PortalPage { groups: Vec::new(), ..portal() }),
        sample("portal-nothing", &PortalPage { groups: Vec::new(), query: "wiki".into(), ..portal() }),
    ]);
    all
}

fn duo_setup() -> DuoSetup {
    let activation = "duo://abc-ZGVm".to_owned();
    DuoSetup { person: person(), barcode: format!("https://api.duo.example/frame/qr?value={activation}"), activation }
}

fn duo(asking: bool) -> SecondFactor {
    let device = Device {
        uid: "7".into(),
        name: "My phone".into(),
        figures: true,
        passkey: None,
        mailed: false,
        texted: false,
        duo: true,
    };
    SecondFactor { person: person(), device: Some(device), asking, ..SecondFactor::default() }
}
