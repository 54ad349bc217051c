//! Authenticators over the API: one's own, and those of others.

use crate::support::{Api, Browser, clock::Moved};
use chrono::TimeDelta;
use http::Method;
use lockgate_engine::ports::Clock as _;
use lockgate_flows::ProcessEnvironment;
use lockgate_identity::{
    Setup,
    mail::{MailServer, MailSettings},
};
use lockgate_store::{AuthenticatorKind, NewAuthenticator, NewProof, TaskFilter};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

const SORTS: [(&str, AuthenticatorKind); 6] = [
    ("duo", AuthenticatorKind::Duo),
    ("email", AuthenticatorKind::Email),
    ("sms", AuthenticatorKind::Sms),
    ("static", AuthenticatorKind::Static),
    ("totp", AuthenticatorKind::Totp),
    ("webauthn", AuthenticatorKind::WebAuthn),
];

async fn person(api: &Api, name: &str) -> (i64, Api) {
    let made = api.post("/core/users/", &json!({"username": name, "name": ""})).await.expect(201);
    api.post("/core/tokens/", &json!({"identifier": name, "user": made["pk"]})).await.expect(201);
    let key = api.get(&format!("/core/tokens/{name}/view_key/")).await.expect(200)["key"].clone();
    (made["pk"].as_i64().expect("a number"), api.with_token(key.as_str().expect("a key")))
}

/// An authenticator that somebody has set up.
async fn set_up(api: &Api, kind: AuthenticatorKind, user_pk: i64) -> i64 {
    let details =
        json!({"email": "ada@example.com", "phone_number": "+491", "aaguid": "fbfc3007-154e-4ecc-8c0b-6e020557d7bd"});
    let details = details.as_object().cloned().unwrap_or_default();
    let new = NewAuthenticator {
        kind,
        user_pk,
        name: format!("my {}", kind.as_str()),
        confirmed: true,
        details,
        proof: NewProof::None,
    };
    let now = chrono::DateTime::UNIX_EPOCH;
    api.store.authenticators().create(new, now).await.expect("stored").pk
}

fn names(list: &Value) -> Vec<&str> {
    list["results"].as_array().expect("a list").iter().filter_map(|found| found["name"].as_str()).collect()
}

#[tokio::test]
async fn everybody_has_their_own_and_administrators_see_all() {
    let api = Api::start().await;
    let ((ada_pk, ada), (_, bob)) = (person(&api, "ada").await, person(&api, "bob").await);
    for (word, kind) in SORTS {
        let pk = set_up(&api, kind, ada_pk).await;
        let (own, admin) = (format!("/authenticators/{word}/"), format!("/authenticators/admin/{word}/"));
        assert_eq!(names(&ada.get(&own).await.expect(200)), [format!("my {word}")]);
        assert_eq!(names(&bob.get(&own).await.expect(200)), [""; 0]);
        let shown = ada.get(&format!("{own}{pk}/")).await.expect(200);
        assert_eq!((&shown["pk"], &shown["user"]["username"]), (&json!(pk), &json!("ada")), "{word}");
        match kind {
            AuthenticatorKind::Email => assert_eq!(shown["email"], "ada@example.com"),
            AuthenticatorKind::Sms => assert_eq!(shown["phone_number"], "+491"),
            AuthenticatorKind::Static => assert_eq!(shown["token_set"], json!([])),
            AuthenticatorKind::WebAuthn => assert_eq!(shown["device_type"]["description"], "Apple Passwords"),
            _ => assert_eq!(shown.as_object().expect("a map").len(), 3),
        }
        assert_eq!(ada.get(&format!("{own}{pk}/used_by/")).await.expect(200), json!([]));
        for path in [format!("{own}{pk}/"), format!("{own}{pk}/used_by/"), format!("{admin}{pk}/")] {
            bob.get(&path).await.expect(404);
        }
        ada.get(&admin).await.expect(403);
        bob.patch(&format!("{own}{pk}/"), &json!({"name": "mine"})).await.expect(404);
        bob.delete(&format!("{own}{pk}/")).await.expect(404);
        ada.post(&admin, &json!({"name": "forged"})).await.expect(403);

        let renamed = ada.put(&format!("{own}{pk}/"), &json!({"name": "renamed", "user": 1})).await.expect(200);
        assert_eq!((&renamed["name"], &renamed["user"]["pk"]), (&json!("renamed"), &json!(ada_pk)));
        let renamed = api.patch(&format!("{admin}{pk}/"), &json!({"name": "by an administrator"})).await.expect(200);
        assert_eq!(renamed, ada.get(&format!("{own}{pk}/")).await.expect(200));
        assert!(ada.put(&format!("{own}{pk}/"), &json!({})).await.expect(400)["name"].is_array());
        let long = json!({"name": "x".repeat(201)});
        assert!(ada.patch(&format!("{own}{pk}/"), &long).await.expect(400)["name"].is_array());
    }
    let all = ada.get("/authenticators/all/").await.expect(200);
    assert_eq!(all.as_array().map(Vec::len), Some(6));
    assert_eq!(bob.get("/authenticators/all/").await.expect(200), json!([]));
    bob.get("/authenticators/admin/all/").await.expect(403);
    assert_eq!(api.get(&format!("/authenticators/admin/all/?user={ada_pk}")).await.expect(200), all);
    assert_eq!(api.get("/authenticators/admin/all/?user=999").await.expect(200), json!([]));
    api.get("/authenticators/admin/all/?user=x").await.expect(400);

    for (word, _) in SORTS {
        let pk = api.get(&format!("/authenticators/admin/{word}/")).await.expect(200)["results"][0]["pk"].to_string();
        ada.delete(&format!("/authenticators/{word}/{pk}/")).await.expect(204);
        api.get(&format!("/authenticators/admin/{word}/{pk}/")).await.expect(404);
    }
    assert_eq!(ada.get("/authenticators/all/").await.expect(200), json!([]));
}

#[tokio::test]
async fn what_an_administrator_makes_is_no_factor_yet_and_goes_with_its_owner() {
    let api = Api::start().await;
    for (word, _) in SORTS {
        let admin = format!("/authenticators/admin/{word}/");
        let made = api.post(&admin, &json!({"name": format!("a {word}")})).await.expect(201);
        assert_eq!(made["user"]["username"], "akadmin");
        api.post(&admin, &json!({"name": format!("second {word}")})).await.expect(201);
        assert!(api.post(&admin, &json!({})).await.expect(400)["name"].is_array());
        let all = api.get(&format!("{admin}?ordering=-name")).await.expect(200);
        assert_eq!(names(&all), [format!("second {word}"), format!("a {word}")]);
        assert_eq!(names(&api.get(&format!("{admin}?search=SECOND")).await.expect(200)), [format!("second {word}")]);
        assert_eq!(names(&api.get(&format!("{admin}?name=a%20{word}")).await.expect(200)), [format!("a {word}")]);
        api.delete(&format!("{admin}{}/", made["pk"])).await.expect(204);
    }
    let brief = api.get("/authenticators/all/").await.expect(200);
    assert!(brief.as_array().expect("a list").iter().all(|device| device["confirmed"] == false), "{brief}");

    let (ada, _) = person(&api, "ada").await;
    set_up(&api, AuthenticatorKind::Totp, ada).await;
    api.delete(&format!("/core/users/{ada}/")).await.expect(204);
    assert_eq!(api.get(&format!("/authenticators/admin/all/?user={ada}")).await.expect(200), json!([]));
}

const HELPERS: &str = r#"
permit (principal in Group::"Helpers", action == Action::"read", resource is Object)
when { resource.kind == "totp_device" };
"#;

#[tokio::test]
async fn who_may_see_one_sort_sees_no_other_and_changes_nothing() {
    let api = Api::start_with("helpers.cedar", HELPERS).await;
    let group = api.post("/core/groups/", &json!({"name": "Helpers"})).await.expect(201)["pk"].clone();
    let ((ada_pk, _), (bob_pk, bob)) = (person(&api, "ada").await, person(&api, "bob").await);
    let path = format!("/core/groups/{}/add_user/", group.as_str().expect("a key"));
    api.post(&path, &json!({"pk": bob_pk})).await.expect(204);
    let totp = set_up(&api, AuthenticatorKind::Totp, ada_pk).await;
    let sms = set_up(&api, AuthenticatorKind::Sms, ada_pk).await;
    let one = format!("/authenticators/admin/totp/{totp}/");
    bob.get(&one).await.expect(200);
    bob.patch(&one, &json!({"name": "x"})).await.expect(403);
    bob.delete(&one).await.expect(403);
    assert_eq!(names(&bob.get("/authenticators/admin/sms/").await.expect(200)), [""; 0]);
    bob.get(&format!("/authenticators/admin/sms/{sms}/")).await.expect(404);
    let seen = bob.get("/authenticators/admin/all/").await.expect(200);
    assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen}");
}

const PASSWORD: &str = "trellis-mango-orbit-58";
const FACTOR: &str = "ak-stage-authenticator-validate";

/// Signs in, also whoever is signed in already.
async fn signs_in(browser: &mut Browser, name: &str, code: &str) {
    browser.sign_in_up_to(FACTOR, name, PASSWORD).await;
    let end = browser.shows_code(code).await;
    assert_eq!(end["component"], "xak-flow-redirect", "{end}");
}

#[tokio::test]
async fn ones_own_go_only_a_short_while_after_one_was_shown() {
    let clock = Arc::new(Moved::default());
    let api = Api::start_by(&clock, |setup| setup).await;
    let (ada, _) = person(&api, "ada").await;
    let to = |user: i64, word: &str| format!("/lockgate/users/{user}/authenticators/{word}/");
    api.post(&format!("/core/users/{ada}/set_password/"), &json!({"password": PASSWORD})).await.expect(204);
    let admins = api.get("/core/groups/?name=authentik+Admins").await.expect(200)["results"][0]["pk"].clone();
    let admins = format!("/core/groups/{}/add_user/", admins.as_str().expect("a key"));
    let codes = api.post(&to(ada, "static"), &json!({})).await.expect(201);
    let one = format!("/authenticators/static/{}/", codes["pk"]);
    let app = api.post(&to(ada, "totp"), &json!({})).await.expect(201)["pk"].clone();
    let code = |at: usize| codes["codes"][at].as_str().expect("a code").to_owned();
    let mut browser = Browser::new(&api);
    signs_in(&mut browser, "ada", &code(0)).await;

    clock.passes(TimeDelta::minutes(14));
    browser.send(Method::DELETE, &format!("/authenticators/totp/{app}/"), &Value::Null).await.expect(204);
    clock.passes(TimeDelta::minutes(2));
    let told = browser.send(Method::DELETE, &one, &Value::Null).await.expect(403);
    assert!(told["detail"].as_str().is_some_and(|text| text.contains("Sign in again")), "{told}");
    // Who administrates gets no other way, for a factor that goes or for one that comes.
    api.post(&admins, &json!({"pk": ada})).await.expect(204);
    let all = format!("/authenticators/admin/static/{}/", codes["pk"]);
    assert_eq!(browser.send(Method::DELETE, &all, &Value::Null).await.expect(403), told);
    assert_eq!(browser.send(Method::POST, &to(ada, "totp"), &json!({})).await.expect(403), told);
    // Nor is a key to be had, which would do without the browser.
    let key = json!({"identifier": "mine", "intent": "api"});
    assert_eq!(browser.send(Method::POST, "/core/tokens/", &key).await.expect(403), told);
    api.post("/core/tokens/", &json!({"identifier": "theirs", "user": ada})).await.expect(201);
    assert_eq!(browser.send(Method::GET, "/core/tokens/theirs/view_key/", &Value::Null).await.expect(403), told);
    let new = json!({"key": "a-key-that-somebody-has-chosen"});
    assert_eq!(browser.send(Method::POST, "/core/tokens/theirs/set_key/", &new).await.expect(403), told);

    // Whoever is signed in proves it again by signing in.
    signs_in(&mut browser, "ada", &code(1)).await;
    browser.send(Method::POST, &to(ada, "totp"), &json!({})).await.expect(201);
    browser.send(Method::POST, "/core/tokens/", &key).await.expect(201);
    browser.send(Method::DELETE, &one, &Value::Null).await.expect(204);
    // Those of others are the administrator's at any time.
    clock.passes(TimeDelta::minutes(16));
    let (bob, _) = person(&api, "bob").await;
    let made = browser.send(Method::POST, &to(bob, "totp"), &json!({})).await.expect(201)["pk"].clone();
    browser.send(Method::DELETE, &format!("/authenticators/admin/totp/{made}/"), &Value::Null).await.expect(204);
}

#[tokio::test]
async fn a_help_desk_hands_out_factors_to_nobody_with_more_rights() {
    let api = Api::start().await;
    let (helper, help) = person(&api, "helper").await;
    let role = async |name: &str, user: i64, permissions: &[&str]| {
        let role = api.post("/rbac/roles/", &json!({"name": name})).await.expect(201)["pk"].clone();
        let role = role.as_str().expect("a key").to_owned();
        let given = json!({"permissions": permissions});
        api.post(&format!("/rbac/permissions/assigned_by_roles/{role}/assign/"), &given).await.expect(200);
        api.post(&format!("/rbac/roles/{role}/add_user/"), &json!({"pk": user})).await.expect(204);
        role
    };
    let view = "authentik_core.view_user";
    let add = "authentik_stages_authenticator_static.add_staticdevice";
    let desk = role("desk", helper, &[view, add]).await;
    let (bob, _) = person(&api, "bob").await;
    let (operator, _) = person(&api, "operator").await;
    role("operators", operator, &[view, "authentik_core.delete_user"]).await;
    let to = |user: i64| format!("/lockgate/users/{user}/authenticators/static/");
    // A factor is half of somebody, so it takes to change the account; and new codes take the old ones away.
    for more in ["authentik_core.change_user", "authentik_stages_authenticator_static.delete_staticdevice"] {
        help.post(&to(bob), &json!({})).await.expect(403);
        let more = json!({"permissions": [more]});
        api.post(&format!("/rbac/permissions/assigned_by_roles/{desk}/assign/"), &more).await.expect(200);
    }
    help.post(&to(bob), &json!({})).await.expect(201);
    help.post(&to(operator), &json!({})).await.expect(403);
    help.post(&to(1), &json!({})).await.expect(403);
    api.identity.journal.flush().await;
    let events = api.get("/events/events/?action=model_created&context_model_name=staticdevice").await.expect(200);
    assert_eq!(events["results"][0]["context"]["owner"], json!({"pk": bob, "username": "bob"}), "{events}");
}

const PHONES: &str = r"stage: phones
enroll_sms: { provider: generic, from: '+4930', account: 'https://sms.example.com/', auth: { env: SMS } }
---
flow: phones
title: Phones
designation: stage_configuration
stages:
  - stage: phones
";

/// What a task would send as the latest code.
async fn sent_code(api: &Api, word: &str) -> String {
    let actor = Some(format!("send_{word}"));
    let (tasks, _) = api.store.tasks().list(&TaskFilter { actor, ..TaskFilter::default() }).await.expect("a database");
    let task = tasks.into_iter().max_by_key(|task| task.id).expect("a task");
    let sealed = task.data["sealed"].as_str().expect("what is sent");
    let plain = api.store.seal_key().open(&format!("{word} {}", task.id), sealed).expect("it opens");
    let plain = String::from_utf8(plain).expect("a text");
    let figures = |part: &&str| part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    plain.split(|c: char| !c.is_alphanumeric()).find(figures).expect("a code").to_owned()
}

#[tokio::test]
async fn a_code_that_was_sent_works_for_ten_minutes_and_not_for_fifteen() {
    let clock = Arc::new(Moved::default());
    let mail = MailSettings {
        host: "mail.example.com".to_owned(),
        port: 25,
        username: String::new(),
        password: String::new(),
        use_tls: false,
        use_ssl: false,
        timeout: Duration::from_secs(1),
        from: "lockgate@example.com".to_owned(),
    };
    let mail = Some(MailServer::new(mail).expect("a mail server"));
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("phones.yaml"), PHONES).expect("a file");
    let config = Some(folder.path().to_owned());
    let environment = ProcessEnvironment::default().with([("SMS".to_owned(), "hush-hush".to_owned())]);
    let api = Api::start_by(&clock, |setup| Setup { mail, folder: config, environment, ..setup }).await;
    let stage = api.get("/stages/authenticator/sms/?name=phones").await.expect(200)["results"][0]["pk"].clone();
    for (name, word, kind) in [("ada", "mail", AuthenticatorKind::Email), ("bob", "sms", AuthenticatorKind::Sms)] {
        let (user_pk, _) = person(&api, name).await;
        api.post(&format!("/core/users/{user_pk}/set_password/"), &json!({"password": PASSWORD})).await.expect(204);
        let details = json!({"email": "ada@example.com", "phone_number": "+4915123456789", "stage": stage});
        let details = details.as_object().cloned().unwrap_or_default();
        let proof = NewProof::Secret("+4915123456789".to_owned());
        let new = NewAuthenticator { kind, user_pk, name: word.to_owned(), confirmed: true, details, proof };
        api.store.authenticators().create(new, clock.now()).await.expect("stored");

        let (mut early, mut late) = (Browser::new(&api), Browser::new(&api));
        early.sign_in_up_to(FACTOR, name, PASSWORD).await;
        let code = sent_code(&api, word).await;
        clock.passes(TimeDelta::seconds(599));
        assert_eq!(early.shows_code(&code).await["component"], "xak-flow-redirect", "{word}");
        late.sign_in_up_to(FACTOR, name, PASSWORD).await;
        let code = sent_code(&api, word).await;
        clock.passes(TimeDelta::seconds(900));
        let told = late.shows_code(&code).await;
        assert_eq!(told["response_errors"]["code"][0]["code"], "invalid", "{word}: {told}");
    }
}
