//! Stages of every kind, as scripts use them, and what belongs to them.

use crate::support::Api;
use lockgate_model::{Family, kind::KINDS};
use serde_json::{Value, json};

/// The kind's part of the path, a body with the required fields, a field with the value that it has by default,
/// and the secrets.
type Kind = (&'static str, Value, (&'static str, Value), &'static [&'static str]);

fn kinds() -> Vec<Kind> {
    let sms = json!({"provider": "twilio", "from_number": "+491", "account_sid": "AC1", "auth": "sesame"});
    let duo = json!({"client_id": "DI1", "client_secret": "sesame", "api_hostname": "api.duo.example"});
    let captcha = json!({"public_key": "shown", "private_key": "sesame"});
    let source = json!({"source": "7f0ea6a3-5bc6-4b7e-9c9b-54f3bb8f8f01"});
    vec![
        ("authenticator/duo", duo, ("friendly_name", json!("")), &["client_secret", "admin_secret_key"]),
        ("authenticator/email", json!({}), ("template", json!("email/email_otp.html")), &["password"]),
        ("authenticator/sms", sms, ("auth_type", json!("basic")), &["auth", "auth_password"]),
        ("authenticator/static", json!({}), ("token_length", json!(12)), &[]),
        ("authenticator/totp", json!({"digits": "8"}), ("configure_flow", json!(null)), &[]),
        ("authenticator/validate", json!({}), ("not_configured_action", json!("skip")), &[]),
        ("authenticator/webauthn", json!({}), ("resident_key_requirement", json!("preferred")), &[]),
        ("captcha", captcha, ("score_min_threshold", json!(0.5)), &["private_key"]),
        ("email", json!({}), ("token_expiry", json!("minutes=30")), &["password"]),
        ("invitation/stages", json!({}), ("continue_flow_without_invitation", json!(false)), &[]),
        ("source", source, ("resume_on_match_failures", json!(["missing_property"])), &[]),
        ("user_delete", json!({}), ("flow_set", json!([])), &[]),
    ]
}

async fn make(api: &Api, kind: &str, mut body: Value) -> Value {
    body["name"] = json!(format!("a {kind}"));
    api.post(&format!("/stages/{kind}/"), &body).await.expect(201)
}

#[tokio::test]
async fn every_kind_is_made_shown_changed_and_deleted() {
    let api = Api::start().await;
    for (kind, body, (field, usual), secrets) in kinds() {
        let made = make(&api, kind, body.clone()).await;
        assert_eq!(made[field], usual, "{made}");
        let key = made["pk"].as_str().expect("a key");
        let one = format!("/stages/{kind}/{key}/");
        let mut whole = body.clone();
        whole["name"] = json!(format!("another {kind}"));
        let put = api.put(&one, &whole).await.expect(200);
        assert_eq!(put["name"], whole["name"]);
        let changed = api.patch(&one, &json!({"name": "renamed"})).await.expect(200);
        let read = api.get(&one).await.expect(200);
        let listed = api.get(&format!("/stages/{kind}/?name=renamed&search=renamed")).await.expect(200);
        assert_eq!(read, changed);
        assert_eq!(listed["results"], json!([read]), "{kind}");
        for (name, value) in
            body.as_object().expect("a map").iter().filter(|(name, _)| !secrets.contains(&name.as_str()))
        {
            assert_eq!(&read[name], value, "{kind}");
        }
        for shown in [&made, &put, &read, &listed] {
            assert!(!shown.to_string().contains("sesame"), "{kind}: a secret comes back: {shown}");
            secrets.iter().for_each(|secret| assert_eq!(shown.get(*secret), None, "{kind}: {secret}"));
        }
        let all = api.get(&format!("/stages/all/{key}/")).await.expect(200);
        assert_eq!((&all["name"], &all["component"]), (&read["name"], &read["component"]));
        assert!(api.post(&format!("/stages/{kind}/"), &json!({})).await.expect(400)["name"].is_array());
        assert_eq!(api.get(&format!("{one}used_by/")).await.expect(200), json!([]));
        api.delete(&one).await.expect(204);
        api.get(&one).await.expect(404);
    }
    let types = api.get("/stages/all/types/").await.expect(200);
    let stages = KINDS.iter().filter(|kind| kind.meta.family == Family::Stage).count();
    assert_eq!(types.as_array().map(Vec::len), Some(stages));
}

#[tokio::test]
async fn a_secret_stays_when_a_change_does_not_name_it() {
    let api = Api::start().await;
    let made = make(&api, "captcha", json!({"public_key": "p", "private_key": "sesame"})).await;
    let path = format!("/stages/captcha/{}/", made["pk"].as_str().expect("a key"));
    api.patch(&path, &json!({"public_key": "q"})).await.expect(200);
    let snapshot = api.identity.config.snapshot();
    let id = made["pk"].as_str().expect("a key").parse().expect("a UUID");
    let kept = snapshot.objects.get(id).expect("the stage").value.to_value();
    assert_eq!((&kept["private_key"], &kept["public_key"]), (&json!("sesame"), &json!("q")));
    // A guess is no way to a secret.
    make(&api, "authenticator/email", json!({"password": "sesame"})).await;
    for guess in ["sesame", "wrong"] {
        let found = api.get(&format!("/stages/authenticator/email/?password={guess}")).await.expect(200);
        assert_eq!(found["pagination"]["count"], 0, "{guess}");
    }
}

#[tokio::test]
async fn what_no_stage_can_be_is_refused_at_its_field() {
    let api = Api::start().await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let sms = |provider: &str, account: &str| json!({"provider": provider, "from_number": "1", "account_sid": account, "auth": "x"});
    for (kind, body, field) in [
        ("authenticator/totp", json!({"digits": "7"}), "digits"),
        ("authenticator/totp", json!({"configure_flow": nobody}), "configure_flow"),
        ("authenticator/static", json!({"token_length": 101}), "token_length"),
        ("authenticator/validate", json!({"not_configured_action": "configure"}), "not_configured_action"),
        ("authenticator/validate", json!({"device_classes": ["carrier-pigeon"]}), "device_classes"),
        ("authenticator/validate", json!({"configuration_stages": [nobody]}), "configuration_stages"),
        ("authenticator/validate", json!({"webauthn_allowed_device_types": [nobody]}), "webauthn_allowed_device_types"),
        ("authenticator/validate", json!({"last_auth_threshold": "soon"}), "last_auth_threshold"),
        ("authenticator/webauthn", json!({"device_type_restrictions": [nobody]}), "device_type_restrictions"),
        ("authenticator/webauthn", json!({"authenticator_attachment": "glued"}), "authenticator_attachment"),
        ("authenticator/sms", sms("pigeon", "a"), "provider"),
        ("authenticator/sms", sms("generic", "no address"), "account_sid"),
        ("authenticator/duo", json!({"client_id": "a", "api_hostname": "b"}), "client_secret"),
        ("authenticator/email", json!({"template": "email/none.html"}), "template"),
        ("email", json!({"use_tls": true, "use_ssl": true}), "use_ssl"),
        ("email", json!({"from_address": "nobody"}), "from_address"),
        ("email", json!({"port": -1}), "port"),
        ("captcha", json!({"public_key": "p"}), "private_key"),
        ("captcha", json!({"public_key": "p", "private_key": "s", "js_url": "javascript:alert(1)"}), "js_url"),
        ("source", json!({"source": "ldap"}), "source"),
        ("identification", json!({"user_fields": ["username"], "captcha_stage": nobody}), "captcha_stage"),
    ] {
        let mut body = body;
        body["name"] = json!("wrong");
        let reply = api.post(&format!("/stages/{kind}/"), &body).await.expect(400);
        assert!(!reply[field].is_null(), "{kind} {body}: {reply}");
    }
}

#[tokio::test]
async fn models_of_authenticators_are_known_and_shown_with_their_names() {
    let api = Api::start().await;
    let list = "/stages/authenticator/webauthn_device_types/";
    let all = api.get(list).await.expect(200);
    assert!(all["pagination"]["count"].as_i64().is_some_and(|count| count > 50), "{}", all["pagination"]);
    let found = api.get(&format!("{list}?search=yubikey%20bio&ordering=-description")).await.expect(200);
    let names: Vec<_> = found["results"].as_array().expect("a list").iter().map(|k| k["description"].clone()).collect();
    assert!(names.len() > 1 && names.is_sorted_by(|a, b| a.as_str() >= b.as_str()), "{names:?}");
    let aaguid = found["results"][0]["aaguid"].as_str().expect("a UUID");
    let one = api.get(&format!("{list}{aaguid}/")).await.expect(200);
    assert_eq!(one, found["results"][0]);
    let exact = api.get(&format!("{list}?aaguid={aaguid}")).await.expect(200);
    assert_eq!(exact["results"], json!([one]));
    api.get(&format!("{list}00000000-0000-4000-8000-000000000000/")).await.expect(404);
    api.get(&format!("{list}?aaguid=x")).await.expect(400);

    let made = make(&api, "authenticator/webauthn", json!({"device_type_restrictions": [aaguid]})).await;
    assert_eq!(made["device_type_restrictions_obj"], json!([one]));
    let made = make(&api, "authenticator/validate", json!({"webauthn_allowed_device_types": [aaguid]})).await;
    assert_eq!(made["webauthn_allowed_device_types_obj"], json!([one]));
}

#[tokio::test]
async fn what_needs_mail_or_duo_and_lacks_it_says_so() {
    let api = Api::start().await;
    let templates = api.get("/stages/email/templates/").await.expect(200);
    assert!(templates.as_array().expect("a list").iter().any(|t| t["name"] == "email/password_reset.html"));
    let duo = json!({"client_id": "a", "client_secret": "b", "api_hostname": "c"});
    let duo = make(&api, "authenticator/duo", duo).await["pk"].as_str().expect("a key").to_owned();
    for (tail, why) in [
        ("enrollment_status", "no phone"),
        ("import_device_manual", "required"),
        ("import_devices_automatic", "Admin API"),
    ] {
        let reply = api.post(&format!("/stages/authenticator/duo/{duo}/{tail}/"), &json!({})).await.expect(400);
        assert!(reply.to_string().contains(why), "{reply}");
        let nothing = format!("/stages/authenticator/duo/00000000-0000-4000-8000-000000000000/{tail}/");
        api.post(&nothing, &json!({})).await.expect(404);
    }
    let invitation = api.post("/stages/invitation/invitations/", &json!({"name": "one"})).await.expect(201);
    let path = format!("/stages/invitation/invitations/{}/send_email/", invitation["pk"].as_str().expect("a key"));
    assert!(api.post(&path, &json!({})).await.expect(400)["email_addresses"].is_array());
    let reply = api.post(&path, &json!({"email_addresses": ["a@example.com"]})).await.expect(400);
    assert!(reply["non_field_errors"][0].as_str().is_some_and(|why| why.contains("LOCKGATE_EMAIL__HOST")), "{reply}");
}

#[tokio::test]
async fn a_prompt_is_shown_before_it_is_kept() {
    let api = Api::start().await;
    let path = "/stages/prompt/prompts/preview/";
    let body = json!({"name": "n", "field_key": "k", "label": "L", "type": "dropdown", "placeholder": "[user.username, \"b\"]",
        "placeholder_expression": true, "initial_value": "\"b\"", "initial_value_expression": true});
    let shown = api.post(path, &body).await.expect(200);
    assert_eq!(shown["component"], "ak-stage-prompt");
    let field = &shown["fields"][0];
    assert_eq!((&field["field_key"], &field["initial_value"]), (&json!("k"), &json!("b")));
    assert_eq!(field["choices"][0], json!({"value": "akadmin", "label": "akadmin"}));
    let before = api.get("/stages/prompt/prompts/?name=n").await.expect(200);
    assert_eq!(before["pagination"]["count"], 0, "nothing is kept");
    for (field, text) in
        [("placeholder", "no_such_variable"), ("initial_value", "1 +"), ("initial_value", "throw \"no\"")]
    {
        let mut wrong = body.clone();
        wrong[field] = json!(text);
        assert!(api.post(path, &wrong).await.expect(400)[field].is_array(), "{field}: {text}");
    }
    assert!(api.post(path, &json!({"name": "n"})).await.expect(400)["label"].is_array());
}
