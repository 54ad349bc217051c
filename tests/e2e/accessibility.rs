//! Every page that people see, on phones and desktops, light and dark: nothing keeps anybody out (WCAG 2.2 AA, as far
//! as a program can tell), and nothing is wider than its window. Pictures are left under `target/screenshots`.

use std::time::{SystemTime, UNIX_EPOCH};

use lockgate_tests::{BOOTSTRAP_PASSWORD, CaptchaService, Database, LOOKS, Look, MailSink, Server, eventually};
use serde_json::Value;
use totp_rs::Totp;

const PASSWORD: &str = "trellis-mango-orbit-58";
const WRONG: &str = "[aria-invalid=true], .summary";

const FOLDER: &str = r#"brand: authentik-default
default: true
title: Acme
flow_authentication: default-authentication-flow
flow_invalidation: default-invalidation-flow
flow_recovery: default-recovery-flow
flow_unenrollment: default-unenrollment-flow
flow_user_settings: default-user-settings-flow
---
flow: offers
title: Offers
designation: authentication
stages:
  - identify: { by: [username], enrollment: default-enrollment-flow, passwordless: default-magic-link-flow }
---
flow: phone
title: A phone
designation: stage_configuration
requires: require_authenticated
stages:
  - enroll_sms: { provider: generic, from: Acme, account: "https://sms.example.com/send", auth: { env: CAPTCHA_KEY } }
---
app: wiki
name: The wiki
url: https://wiki.example.com
description: What we know, and where to find it when somebody asks.
group: Reading
oauth2:
  client_id: wiki
  client_type: public
  redirect_uris: [https://wiki.example.com/callback]
  consent: explicit
  grants: [authorization_code, device_code]
---
app: closed
name: The closed one
url: https://closed.example.com
oauth2:
  client_id: closed
  client_type: public
  redirect_uris: [https://closed.example.com/callback]
access:
  all: [{ group: Nobody }]
---
group: Nobody
---
flow: every-field
title: Every field
designation: stage_configuration
stages:
  - prompt:
      fields:
        - { key: text, label: Some words, type: text, help: As many as you like., placeholder: Lorem ipsum }
        - { key: area, label: More words, type: text_area, required: false }
        - { key: fixed, label: Fixed words, type: text_read_only, value: Always so }
        - { key: fixed_area, label: More fixed words, type: text_area_read_only, value: Always so }
        - { key: username, label: Name, type: username }
        - { key: email, label: Address, type: email }
        - { key: password, label: New password, type: password }
        - { key: password_repeat, label: Once more, type: password }
        - { key: number, label: A number, type: number }
        - { key: tick, label: I have read it, type: checkbox }
        - { key: radio, label: One of these, type: radio-button-group, placeholder: "One\nTwo" }
        - { key: choice, label: One of those, type: dropdown, placeholder: "One\nTwo" }
        - { key: date, label: A day, type: date }
        - { key: time, label: A day and an hour, type: date-time }
        - { key: file, label: A file, type: file, required: false }
        - { key: part, label: Another part, type: separator }
        - { key: note, label: A note, type: static, value: To be read }
        - { key: info, label: Good to know, type: alert_info, value: To be read }
        - { key: warning, label: Take care, type: alert_warning, value: To be read }
        - { key: danger, label: Danger, type: alert_danger, value: To be read }
        - { key: locale, label: Language, type: ak-locale, required: false }
  - dummy
---
flow: stay
title: Stay
designation: authentication
stages:
  - identify: { by: [username], password: inline }
  - login: { session: 1d, remember: 30d }
---
flow: choose
title: Choose
designation: authentication
stages:
  - identify: { by: [username], password: inline, enrollment: join, recovery: default-recovery-flow, passwordless: default-passwordless-flow }
  - mfa: { otherwise: configure, configure: [default-authenticator-totp-setup, default-authenticator-static-setup] }
  - login
---
flow: join
title: Join us
designation: enrollment
stages:
  - prompt: { fields: [{ key: username, label: Name, type: username }] }
  - write: { create: always_create }
  - login
---
flow: shut
title: Shut
designation: authentication
stages:
  - deny: { message: Come back tomorrow. }
---
flow: broken
title: Broken
designation: authentication
stages:
  - dummy: {}
    when: "context.nothing.at.all == 1"
"#;

fn captchas(service: &CaptchaService) -> String {
    let (script, check) = (service.url("/api.js"), service.by_address("/siteverify"));
    format!(
        r#"stage: robots
captcha: {{ site_key: shown, secret: {{ env: CAPTCHA_KEY }}, js_url: "{script}", api_url: "{check}", interactive: true }}
---
flow: robots-alone
title: A person?
designation: authentication
stages:
  - stage: robots
---
flow: robots-beside
title: A person?
designation: authentication
stages:
  - identify: {{ by: [username], password: inline, captcha_stage: robots }}
"#
    )
}

async fn start(sink: &MailSink, service: &CaptchaService) -> Server {
    let server = Server::builder(Database::Sqlite)
        .config("pages.yaml", FOLDER)
        .config("captchas.yaml", &captchas(service))
        .set("CAPTCHA_KEY", CaptchaService::SECRET)
        .set("LOCKGATE_EMAIL__HOST", "127.0.0.1")
        .set("LOCKGATE_EMAIL__FROM", "Acme <auth@example.com>")
        .set("LOCKGATE_EMAIL__PORT", &sink.port().to_string())
        .start()
        .await;
    for (name, ..) in LOOKS {
        server.api().create_user(name, PASSWORD, &[]).await;
    }
    server
}

/// Walks through pages in every look; nothing may have been found.
macro_rules! walks {
    ($($walk:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $walk() {
            let (sink, service) = (MailSink::start().await, CaptchaService::start().await);
            let server = start(&sink, &service).await;
            let mut found = Vec::new();
            for look in LOOKS {
                let mut look = Look::start(look).await;
                Box::pin(walk::$walk(&mut look, &server, &sink)).await;
                found.extend(look.found().await);
            }
            assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
        }
    )+};
}

walks!(signing_in, what_is_asked, setting_up, applications, account, forgotten, messages);

/// A page of the server at the name at which browsers know passkeys.
fn at(server: &Server, path: &str) -> String {
    format!("{}{path}", server.base().replace("127.0.0.1", "localhost"))
}

async fn signed_in(look: &Look, server: &Server) {
    look.browser.open(&at(server, "/if/flow/default-authentication-flow/")).await;
    look.browser.sign_in(look.name(), PASSWORD).await;
    look.browser.arrives_at(&at(server, "/if/user/")).await;
}

/// Shows a code that was written down, where one is asked for before another factor is set up.
async fn confirmed(look: &Look, codes: &mut Vec<String>) {
    look.browser.find("main").await;
    if !look.has("input[name=selected_challenge]").await {
        return;
    }
    let paper = async || look.browser.text().await.contains("Code from Recovery codes");
    if !paper().await {
        let script = "[...document.querySelectorAll('form.ways button')].find(it => it.textContent.includes('Recovery')).click()";
        look.browser.run(script).await;
        eventually(async || paper().await).await;
    }
    look.browser.fill("input[name=code]", &codes.pop().expect("codes are left")).await;
    look.browser.submit().await;
}

mod walk {
    use super::*;

    pub(super) async fn signing_in(look: &mut Look, server: &Server, _: &MailSink) {
        look.open(&at(server, "/if/flow/default-authentication-flow/"), "login", "input[name=uid_field]").await;
        look.browser.fill("input[name=uid_field]", look.name()).await;
        look.submit("password", "input[name=password]").await;
        look.browser.fill("input[name=password]", "wrong").await;
        look.submit("password-wrong", WRONG).await;
        look.browser.fill("input[name=password]", PASSWORD).await;
        look.submit("portal", ".app").await;
        look.click(".menu summary", "portal-menu", ".menu[open]").await;
        look.browser.open(&at(server, "/if/user/")).await;
        look.browser.fill("input[type=search]", "nothing of this name").await;
        look.at("portal-nothing", ".none:not([hidden])").await;
        look.open(&at(server, "/if/flow/default-invalidation-flow/"), "signed-out", "main").await;
        look.forget().await;
        look.open(&at(server, "/if/flow/stay/"), "login-inline", "input[name=password]").await;
        look.browser.sign_in(look.name(), PASSWORD).await;
        look.at("stay", "button[name=remember_me]").await;
        look.forget().await;
        look.open(&at(server, "/if/flow/choose/"), "login-full", ".ways").await;
        look.browser.sign_in(look.name(), PASSWORD).await;
        look.at("choose-factor", "button[name=selected_stage]").await;
        look.forget().await;
        look.open(&at(server, "/if/flow/default-passwordless-flow/"), "passkey-alone", "button[data-passkey]").await;
    }

    pub(super) async fn what_is_asked(look: &mut Look, server: &Server, _: &MailSink) {
        look.open(&at(server, "/if/flow/every-field/"), "fields", "meter").await;
        look.browser.run("document.querySelector('form').noValidate = true").await;
        look.browser.fill("input[name=password]", "password1").await;
        look.at("fields-strength", ".strength p:not(:empty)").await;
        look.submit("fields-wrong", WRONG).await;
        look.open(&at(server, "/if/flow/robots-alone/"), "captcha", "#person").await;
        look.browser.submit().await;
        look.at("captcha-unsolved", ".wrong[role=alert]:not([hidden])").await;
        look.open(&at(server, "/if/flow/robots-beside/"), "captcha-beside", "#person").await;
        look.open(&at(server, "/if/flow/join/"), "join", "input[name=username]").await;
        look.open(&at(server, "/if/flow/default-enrollment-flow/"), "enrollment", "meter").await;
        look.open(&at(server, "/if/flow/default-invitation-flow/"), "no-invitation", "main").await;
        look.open(&at(server, "/if/flow/default-magic-link-flow/"), "magic-link", "input[name=uid_field]").await;
        signed_in(look, server).await;
        look.open(&at(server, "/if/flow/default-user-settings-flow/"), "settings", "input[name=username]").await;
        look.browser.fill("input[name=username]", "akadmin").await;
        look.submit("settings-wrong", WRONG).await;
        look.open(&at(server, "/if/flow/default-password-change/"), "password-old", "input[name=password]").await;
        look.browser.fill("input[name=password]", PASSWORD).await;
        look.submit("password-change", "meter").await;
        look.browser.fill("input[name=password]", PASSWORD).await;
        look.browser.fill("input[name=password_repeat]", "another").await;
        look.submit("password-change-wrong", WRONG).await;
        look.open(&at(server, "/if/flow/phone/"), "phone-setup", "input[name=phone_number]").await;
        look.browser.fill("input[name=phone_number]", "12").await;
        look.submit("phone-setup-wrong", WRONG).await;
        look.open(&at(server, "/if/flow/default-unenrollment-flow/"), "leave-password", "input[name=password]").await;
        look.browser.fill("input[name=password]", PASSWORD).await;
        look.submit("leave", "input[name=sure]").await;
    }

    pub(super) async fn setting_up(look: &mut Look, server: &Server, _: &MailSink) {
        look.browser.with_authenticator().await;
        signed_in(look, server).await;
        let setup = |kind: &str| at(server, &format!("/if/flow/default-authenticator-{kind}-setup/"));
        look.open(&setup("static"), "static-setup", ".codes li").await;
        let text = look.browser.find(".codes").await.text().await.expect("a text");
        let mut codes: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        look.browser.submit().await;
        look.browser.arrives_at(&at(server, "/if/user/")).await;
        look.browser.open(&setup("totp")).await;
        confirmed(look, &mut codes).await;
        look.at("totp-setup", "svg.qr").await;
        if look.has("summary").await {
            look.click("summary", "totp-setup-key", ".key").await;
        }
        let key = look.browser.find(".key").await.text().await.expect("a text").replace(' ', "");
        look.browser.fill("input[name=code]", "000000").await;
        look.submit("totp-setup-wrong", WRONG).await;
        let totp = Totp::from_url(format!("otpauth://totp/x:ada?secret={key}")).expect("an address");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
        look.browser.fill("input[name=code]", &totp.generate(now).to_string()).await;
        look.browser.submit().await;
        look.browser.arrives_at(&at(server, "/if/user/")).await;
        look.browser.open(&setup("email")).await;
        confirmed(look, &mut codes).await;
        look.at("email-setup", "input[name=email], input[name=code]").await;
        if look.has("input[name=email]").await {
            look.browser.fill("input[name=email]", &format!("{}@example.com", look.name())).await;
            look.submit("email-setup-code", "input[name=code]").await;
        }
        look.browser.fill("input[name=code]", "000000").await;
        look.submit("email-setup-wrong", WRONG).await;
        look.browser.open(&setup("webauthn")).await;
        confirmed(look, &mut codes).await;
        look.at("passkey-setup", "button[data-passkey=create]").await;
        look.browser.find("button[data-passkey]").await.click().await.expect("a button");
        look.browser.arrives_at(&at(server, "/if/user/")).await;

        look.forget().await;
        // Where passkeys are not offered beside the name: this one would sign in at once.
        look.browser.open(&at(server, "/if/flow/choose/")).await;
        look.browser.sign_in(look.name(), PASSWORD).await;
        look.at("factor", "form.ways button").await;
        look.click("form.ways button", "factor-other", "form.ways button").await;
        if !look.has("input[name=code]").await {
            look.browser.find("form.ways button").await.click().await.expect("a button");
        }
        look.browser.fill("input[name=code]", "000000").await;
        look.submit("factor-wrong", WRONG).await;
    }

    pub(super) async fn applications(look: &mut Look, server: &Server, _: &MailSink) {
        let authorize = |app: &str, back: &str| {
            let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
            let pkce = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
            let query =
                format!("client_id={app}&redirect_uri={back}&response_type=code&scope=openid+email+profile&{pkce}");
            at(server, &format!("/application/o/authorize/?{query}"))
        };
        signed_in(look, server).await;
        look.open(&authorize("wiki", "https://wiki.example.com/callback"), "consent", ".grants").await;
        look.open(&authorize("closed", "https://closed.example.com/callback"), "no-access", ".lacks, .status").await;
        look.open(&authorize("wiki", "https://evil.example/"), "wrong-address", "main").await;
        look.open(&authorize("nobody", "https://wiki.example.com/callback"), "unknown-client", "main").await;
        look.open(&at(server, "/device"), "device", "input[name=code]").await;
        look.browser.fill("input[name=code]", "BCDFGHJK").await;
        look.submit("device-wrong", "[aria-invalid=true], .summary, .wrong").await;
        let form = [("client_id", "wiki"), ("scope", "openid email")];
        let asked = reqwest::Client::new().post(at(server, "/application/o/device/")).form(&form).send().await;
        let asked: Value = asked.expect("an answer").json().await.expect("JSON");
        let code = asked["user_code"].as_str().unwrap_or_else(|| panic!("{asked}")).to_owned();
        look.open(&at(server, &format!("/device?code={code}")), "device-code", "form").await;
        if look.has("input[name=code]:not([type=hidden])").await {
            look.submit("device-confirm", ".pair").await;
        }
        look.open(&at(server, "/application/o/wiki/end-session/"), "left", "main").await;
    }

    pub(super) async fn account(look: &mut Look, server: &Server, _: &MailSink) {
        signed_in(look, server).await;
        let page = |name: &str| at(server, &format!("/if/user/{name}"));
        look.click(".why summary", "portal-why", ".why[open]").await;
        look.click(".star", "portal-favourite", ".star[aria-pressed=true]").await;
        look.open(&page("settings/"), "profile", ".themes").await;
        look.open(&page("tokens/"), "tokens-none", ".blank").await;
        look.browser.fill("#f-name", "Mail on my laptop").await;
        look.click("button.go.fit", "token-made", ".made").await;
        look.click(".acts a.danger", "token-delete", ".ask").await;
        look.open(&page("tokens/"), "tokens", ".thing").await;
        look.open(&page("factors/"), "factors-none", ".offers").await;
        look.browser
            .open(&at(server, "/if/flow/default-authenticator-static-setup/?next=%2Fif%2Fuser%2Ffactors%2F"))
            .await;
        look.browser.submit().await;
        look.click(".rename summary", "factors-rename", ".rename[open]").await;
        look.click(".thing a.danger", "factor-remove", ".ask").await;
        look.submit("factor-refused", ".summary").await;
        look.open(&page("sessions/"), "sessions", ".thing").await;
        look.open(&page("sessions/others/end/"), "sessions-end", ".ask").await;
        look.open(&page("consents/"), "consents-none", ".blank").await;
        look.open(&page("activity/"), "activity", ".log").await;
        look.browser.open(&page("settings/")).await;
        look.click("input[value=contrast]", "contrast-chosen", "input[value=contrast]:checked").await;
        look.click("button.go.fit", "contrast-profile", ".done").await;
        look.open(&page(""), "contrast-portal", ".app").await;
        look.open(&page("factors/"), "contrast-factors", ".offers").await;
        look.open(&at(server, "/if/flow/default-password-change/"), "contrast-flow", "input[name=password]").await;
    }

    pub(super) async fn forgotten(look: &mut Look, server: &Server, sink: &MailSink) {
        look.open(&at(server, "/if/flow/default-recovery-flow/"), "recovery", "input[name=uid_field]").await;
        look.browser.fill("input[name=uid_field]", look.name()).await;
        look.submit("recovery-mail", "button.button").await;
        look.submit("recovery-again", "[role=status]").await;
        let link = sink.for_somebody(&format!("{}@example.org", look.name()), 1).await.link();
        look.forget().await;
        look.open(&link, "recovery-link", ".who").await;
        look.submit("recovery-password", "meter").await;
        look.forget().await;
        look.open(&link, "recovery-used", "main").await;
    }

    pub(super) async fn messages(look: &mut Look, server: &Server, _: &MailSink) {
        look.open(&at(server, "/no/such/page"), "not-found", "main").await;
        look.open(&at(server, "/if/flow/shut/"), "denied", ".note, main").await;
        look.open(&at(server, "/if/flow/broken/"), "failed", ".facts").await;
        look.browser.open(&at(server, "/if/flow/default-authentication-flow/")).await;
        look.browser.run("document.querySelector('input[name=csrf_token]').value = 'x'").await;
        look.browser.fill("input[name=uid_field]", look.name()).await;
        look.submit("late", WRONG).await;
        look.browser.open(&at(server, "/if/flow/default-authentication-flow/")).await;
        look.browser.sign_in("akadmin", BOOTSTRAP_PASSWORD).await;
        look.browser.arrives_at(&at(server, "/if/user/")).await;
        look.open(&at(server, "/if/flow/broken/"), "failed-told", "pre").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_of_all_keeps_nobody_out() {
    let server = Server::builder(Database::Sqlite).without_bootstrap().start().await;
    let mut found = Vec::new();
    for look in LOOKS {
        let mut look = Look::start(look).await;
        look.open(&server.url("/setup"), "initial-setup", "input[name=password]").await;
        look.browser.run("document.querySelector('form').noValidate = true").await;
        look.submit("initial-setup-wrong", WRONG).await;
        found.extend(look.found().await);
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}
