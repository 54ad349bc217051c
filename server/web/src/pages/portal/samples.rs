//! Sample data for every page of the portal, in the states that people meet.

use super::*;
use crate::pages::samples::{Sample, brand, person, sample};

fn frame(section: Section) -> Frame {
    Frame {
        person: person(),
        display_name: "Ada Lovelace".into(),
        section,
        csrf: "wK0cM1pE3nq".into(),
        password_url: Some("/if/flow/default-password-change/?next=%2Fif%2Fuser%2Ffactors%2F".into()),
        sign_out_url: "/flows/-/default/invalidation/".into(),
        ..Frame::default()
    }
}

fn at(words: &str) -> Moment {
    Moment { exact: "2026-11-28T09:30:00Z".into(), words: words.into() }
}

fn card(name: &str, description: &str) -> AppCard {
    AppCard {
        slug: name.to_lowercase().replace(' ', "-"),
        name: name.into(),
        launch_url: "https://app.example.com/".into(),
        description: description.into(),
        because: brand().t.because_group("Household"),
        why: vec![brand().t.why_group("Household")],
        ..AppCard::default()
    }
}

fn shelves() -> LibraryPage {
    let shelf = |name: &str, favourites: bool, apps: Vec<AppCard>| AppGroup { name: name.into(), favourites, apps };
    let many = vec![brand().t.why_group("Household"), brand().t.why_group_through("Admins", "<Everything> & more")];
    LibraryPage {
        brand: brand(),
        frame: Frame { admin_url: Some("/if/admin/".into()), ..frame(Section::Library) },
        groups: vec![
            shelf(
                "",
                true,
                vec![
                    AppCard { favourite: true, ..card("Home Assistant", "Lights, heating, doors") },
                    AppCard { favourite: true, new_tab: true, ..card("Photos", "") },
                ],
            ),
            shelf(
                "",
                false,
                vec![
                    AppCard {
                        why: many,
                        ..card("Grafana", "Dashboards and alerts for the house and everything in it")
                    },
                    card("Paperless", "Every letter since 2014, with a search that finds it"),
                    AppCard { publisher: "Jellyfin".into(), ..card("Films", "") },
                ],
            ),
            shelf("Management", false, vec![card("Traefik", "Routes"), card("Proxmox VE", "Machines")]),
        ],
        wishes: vec![Wish { name: "Budget".into(), description: "Where the money went".into() }],
        query: String::new(),
    }
}

fn profile() -> ProfilePage {
    let row = |name: &str, value: &str| Row { name: name.into(), value: value.into() };
    let theme = |value: &'static str, label: &str| ThemeChoice { value, label: label.into(), chosen: value == "dark" };
    ProfilePage {
        brand: brand(),
        frame: Frame { done: Some("Saved.".into()), ..frame(Section::Profile) },
        rows: vec![row("Name", "Ada Lovelace"), row("Username", "ada"), row("Email", "")],
        groups: vec!["Household".into(), "Grafana <Editors>".into()],
        edit_url: Some("/if/flow/default-user-settings-flow/?next=%2Fif%2Fuser%2Fsettings%2F".into()),
        languages: vec![(String::new(), "Automatic".into(), true), ("de".into(), "Deutsch".into(), false)],
        themes: vec![theme("automatic", "Automatic"), theme("light", "Light"), theme("dark", "Dark")],
        leave_url: Some("/if/flow/default-unenrollment-flow/".into()),
    }
}

fn factors() -> FactorsPage {
    let factor = |kind: FactorKind, name: &str, used: Option<Moment>| FactorView {
        kind,
        pk: "7".into(),
        name: name.into(),
        created: Some(at("1 March 2026")),
        used,
        ..FactorView::default()
    };
    let offers = FactorKind::ALL.map(|kind: FactorKind| Offer {
        kind,
        url: "/flows/-/configure/01939b1e-7f2c-7c41-9a55-3f0f6d1c2b7e/?next=%2Fif%2Fuser%2Ffactors%2F".into(),
        ..Offer::default()
    });
    FactorsPage {
        brand: brand(),
        frame: frame(Section::Factors),
        password_changed: Some(at("1 March 2026")),
        factors: vec![
            factor(FactorKind::Webauthn, "Laptop", Some(at("today"))),
            factor(FactorKind::Totp, "My phone \"><x", None),
        ],
        offers: offers.into(),
        advises_codes: true,
    }
}

fn sessions() -> SessionsPage {
    let session = |device: &str, current: bool| SessionView {
        uuid: "01939b1e-7f2c-7c41-9a55-3f0f6d1c2b7e".into(),
        device: device.into(),
        handheld: !current,
        place: "Vienna, AT, Example Net".into(),
        ip: "2001:db8:85a3::8a2e:370:7334".into(),
        used: Some(at("today")),
        expires: Some(at("tomorrow")),
        current,
    };
    let sessions = vec![session("Firefox on Linux", true), session("Safari on iOS", false)];
    SessionsPage { brand: brand(), frame: frame(Section::Sessions), sessions }
}

fn consents() -> ConsentsPage {
    let consent = |application: &str, permissions: Vec<String>, expires: Option<Moment>| ConsentView {
        pk: 3,
        application: application.into(),
        icon_url: None,
        permissions,
        expires,
    };
    ConsentsPage {
        brand: brand(),
        frame: frame(Section::Consents),
        consents: vec![
            consent("Grafana", vec!["Email address".into(), "General Profile Information".into()], None),
            consent("Wiki", Vec::new(), Some(at("next year"))),
        ],
    }
}

fn tokens() -> TokensPage {
    let token = |name: &str, app_password: bool| TokenView {
        identifier: "mail-abc".into(),
        name: name.into(),
        app_password,
        expires: (!app_password).then(|| at("next year")),
    };
    TokensPage {
        brand: brand(),
        frame: frame(Section::Tokens),
        tokens: vec![token("Mail on my laptop", true), token("Backup script", false)],
        lives: vec![(7, "7 days".into(), false), (90, "90 days".into(), true)],
        ..TokensPage::default()
    }
}

fn activity() -> ActivityPage {
    let entry = |icon: &'static str, mood: Mood, sentence_html: String| ActivityView {
        icon,
        mood,
        sentence_html,
        whence: vec!["Vienna, AT".into(), "Firefox on Linux".into(), "192.0.2.1".into()],
        at: at("today"),
    };
    let t = brand().t;
    ActivityPage {
        brand: brand(),
        frame: frame(Section::Activity),
        entries: vec![
            entry("in", Mood::Plain, t.did_sign_in().into_owned()),
            entry("warn", Mood::Refused, t.was_refused_html("<Wiki>")),
            entry("shield", Mood::Notable, t.did_add_factor_html("My phone")),
        ],
        newer_url: Some("/if/user/activity/?page=1".into()),
        older_url: Some("/if/user/activity/?page=3".into()),
    }
}

fn confirm() -> ConfirmPage {
    let t = brand().t;
    ConfirmPage {
        brand: brand(),
        frame: frame(Section::Factors),
        question: t.remove_factor_question("My <phone>"),
        consequence: t.remove_factor_means().into_owned(),
        action_url: "/if/user/factors/totp/7/remove/".into(),
        act: t.remove().into_owned(),
        danger: true,
    }
}

/// Every page of the portal in every state.
pub(in crate::pages) fn all() -> Vec<Sample> {
    let made = KeyView { name: "Backup".into(), key: "wK0cM1pE3nq".repeat(5), app_password: false };
    let acting = PortalNotice::Acting { original: "akadmin".into(), action_url: "/if/user/impersonation/end/" };
    let noticed = |notice| LibraryPage { frame: Frame { notice: Some(notice), ..shelves().frame }, ..shelves() };
    vec![
        sample("portal", &shelves()),
        sample("portal-empty", &LibraryPage { groups: Vec::new(), wishes: Vec::new(), ..shelves() }),
        sample("portal-nothing", &LibraryPage { groups: Vec::new(), query: "wiki".into(), ..shelves() }),
        sample("portal-acting", &noticed(acting)),
        sample("portal-recovered", &noticed(PortalNotice::Recovered)),
        sample("portal-profile", &profile()),
        sample("portal-factors", &factors()),
        sample("portal-factors-none", &FactorsPage { factors: Vec::new(), advises_codes: false, ..factors() }),
        sample(
            "portal-factors-refused",
            &FactorsPage {
                frame: Frame { problem: Some("Sign in with one first.".into()), ..frame(Section::Factors) },
                ..factors()
            },
        ),
        sample("portal-sessions", &sessions()),
        sample("portal-consents", &consents()),
        sample("portal-consents-none", &ConsentsPage { consents: Vec::new(), ..consents() }),
        sample("portal-tokens", &tokens()),
        sample("portal-tokens-made", &TokensPage { made: Some(made), ..tokens() }),
        sample("portal-tokens-none", &TokensPage { tokens: Vec::new(), ..tokens() }),
        sample("portal-tokens-wrong", &TokensPage { wrong: Some("Give it a name first.".into()), ..tokens() }),
        sample("portal-activity", &activity()),
        sample("portal-activity-none", &ActivityPage { entries: Vec::new(), ..activity() }),
        sample("portal-confirm", &confirm()),
    ]
}
