//! Every type of prompt, from outside: what is shown, what is taken, and what is refused.

use lockgate_tests::{Client, Database, Executor, Server};
use reqwest::Method;
use serde_json::{Map, Value, json};

const PASSWORD: &str = "trellis-mango-orbit-58";
const LOGIN: &str = "default-authentication-flow";
const PROMPT: &str = "ak-stage-prompt";

/// One field of each type; what is typed goes into the account's attributes.
const FOLDER: &str = r#"policy: no-rude-words
expression: |
  if prompt_data["attributes.text"] == "rude" { ak_message("Be kind."); return false; }
  true
---
flow: everything
title: Everything
designation: stage_configuration
requires: require_authenticated
stages:
  - prompt:
      validate: [no-rude-words]
      fields:
        - { key: attributes.text, label: Text, type: text, placeholder: "`like ${user.username}`", placeholder_expression: true }
        - { key: attributes.area, label: Area, type: text_area, required: false }
        - { key: attributes.fixed, label: Fixed, type: text_read_only, value: "`of ${user.username}`", value_expression: true }
        - { key: attributes.fixed_area, label: Fixed area, type: text_area_read_only, value: stays }
        - { key: email, label: Mail, type: email }
        - { key: attributes.number, label: Number, type: number }
        - { key: attributes.box, label: Box, type: checkbox, required: false }
        - { key: attributes.radio, label: Radio, type: radio-button-group, placeholder: "[\"a\", \"b\"]", placeholder_expression: true }
        - { key: attributes.drop, label: Drop, type: dropdown, placeholder: "[#{ value: \"x\", label: \"Ex\" }, user.username]", placeholder_expression: true }
        - { key: attributes.date, label: Date, type: date }
        - { key: attributes.moment, label: Moment, type: date-time }
        - { key: attributes.file, label: File, type: file, required: false }
        - { key: attributes.hidden, label: Hidden, type: hidden, value: secretly }
        - { key: attributes.locale, label: Language, type: ak-locale, required: false }
        - { key: line, label: A part, type: separator }
        - { key: told, label: Told, type: static, value: This is so. }
        - { key: info, label: Info, type: alert_info, value: Mind this. }
        - { key: warning, label: Warning, type: alert_warning, value: Mind that. }
        - { key: danger, label: Danger, type: alert_danger, value: Mind all. }
  - write: { create: never_create }
"#;

on_each_database!(every_type_is_shown_and_taken, what_does_not_fit_is_refused_field_by_field, a_page_takes_a_file);

async fn start(database: Database) -> (Server, Client) {
    let server = Server::builder(database).config("prompts.yaml", FOLDER).start().await;
    server.api().create_user("ada", PASSWORD, &[]).await;
    let client = Client::new();
    Executor::new(&client, &server.base(), LOGIN, "").login("ada", PASSWORD).await.redirect();
    (server, client)
}

/// What every field takes.
fn fitting() -> Map<String, Value> {
    let answer = json!({
        "component": PROMPT, "attributes.text": " words ", "attributes.area": "one\ntwo",
        "attributes.fixed": "mine", "attributes.fixed_area": "mine", "attributes.hidden": "mine",
        "email": "ada@example.net", "attributes.number": "12", "attributes.box": true, "attributes.radio": "b",
        "attributes.drop": "ada", "attributes.date": "2028-02-29", "attributes.moment": "2028-02-29T10:30:00Z",
        "attributes.file": "data:text/plain;base64,aGk=", "attributes.locale": "en",
        "line": "typed", "told": "typed", "info": "typed",
    });
    answer.as_object().cloned().unwrap_or_default()
}

async fn ada(server: &Server) -> Value {
    server.api().only("core/users/?username=ada").await
}

async fn every_type_is_shown_and_taken(database: Database) {
    let (server, client) = start(database).await;
    let base = server.base();
    let flow = Executor::new(&client, &base, "everything", "");
    let shown = flow.challenge().await.expect(200).json();
    let of = |key: &str| {
        let fields = shown["fields"].as_array().into_iter().flatten();
        fields.clone().find(|field| field["field_key"] == key).cloned().unwrap_or_else(|| panic!("no {key} in {shown}"))
    };
    assert_eq!(shown["fields"].as_array().map(Vec::len), Some(19), "{shown}");
    assert_eq!(of("attributes.text")["placeholder"], "like ada");
    assert_eq!(of("attributes.fixed")["initial_value"], "of ada");
    let choice = |value: &str, label: &str| json!({"value": value, "label": label});
    assert_eq!(of("attributes.radio")["choices"], json!([choice("a", "a"), choice("b", "b")]));
    assert_eq!(of("attributes.drop")["choices"], json!([choice("x", "Ex"), choice("ada", "ada")]));
    assert_eq!(of("attributes.text")["choices"], Value::Null);
    let done = flow.answer(&Value::Object(fitting())).await.expect(200).json();
    assert_eq!(done["component"], "xak-flow-redirect", "{done}");
    let ada = ada(&server).await;
    assert_eq!(ada["email"], "ada@example.net");
    let expected = json!({
        "text": "words", "area": "one\ntwo", "fixed": "of ada", "fixed_area": "stays", "number": 12, "box": true,
        "radio": "b", "drop": "ada", "date": "2028-02-29", "moment": "2028-02-29T10:30:00Z",
        "file": "data:text/plain;base64,aGk=", "hidden": "secretly", "locale": "en",
    });
    assert_eq!(ada["attributes"], expected, "what only shows something, and what was typed into it, is not kept");
}

async fn what_does_not_fit_is_refused_field_by_field(database: Database) {
    let (server, client) = start(database).await;
    let base = server.base();
    let flow = Executor::new(&client, &base, "everything", "");
    flow.challenge().await.expect(200);
    let before = ada(&server).await;
    let large = format!("data:text/plain,{}", "x".repeat(300_000));
    for (key, value, code) in [
        ("attributes.text", json!(""), "blank"),
        ("attributes.text", json!(["x"]), "invalid"),
        ("attributes.text", json!("x".repeat(5_000)), "max_length"),
        ("email", json!("nowhere"), "invalid"),
        ("attributes.number", json!("many"), "invalid"),
        ("attributes.box", json!("perhaps"), "invalid"),
        ("attributes.radio", json!("c"), "invalid_choice"),
        ("attributes.drop", json!("Ex"), "invalid_choice"),
        ("attributes.date", json!("2027-02-29"), "invalid"),
        ("attributes.moment", json!("yesterday"), "invalid"),
        ("attributes.file", json!("file:///etc/passwd"), "invalid"),
        ("attributes.file", json!(large), "max_length"),
        ("attributes.locale", json!("en\"><script>"), "invalid"),
    ] {
        let mut answer = fitting();
        answer.insert(key.to_owned(), value);
        let told = flow.answer(&Value::Object(answer)).await.expect(200).json();
        assert_eq!(told["response_errors"][key][0]["code"], code, "{key}: {}", told["response_errors"]);
        assert_eq!(told["response_errors"].as_object().map(Map::len), Some(1), "{key}");
    }
    // What policies say is about the whole.
    let mut answer = fitting();
    answer.insert("attributes.text".to_owned(), json!("rude"));
    let told = flow.answer(&Value::Object(answer)).await.expect(200).json();
    assert_eq!(told["response_errors"]["non_field_errors"][0]["string"], "Be kind.", "{told}");
    assert_eq!(ada(&server).await["attributes"], before["attributes"], "nothing was written");
}

async fn a_page_takes_a_file(database: Database) {
    let (server, client) = start(database).await;
    let url = server.url("/if/flow/everything/");
    let page = client.get(&url).await.expect(200).text();
    for shown in [
        "multipart/form-data",
        "type=\"date\"",
        "type=\"datetime-local\"",
        "type=\"file\"",
        "type=\"radio\"",
        "<select",
        "readonly",
    ] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let token =
        page.split("name=\"csrf_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let mut body = String::new();
    let mut part = |head: &str, text: &str| {
        body.push_str(&format!("--part\r\nContent-Disposition: form-data; name={head}\r\n\r\n{text}\r\n"));
    };
    part("\"csrf_token\"", token);
    for (key, value) in fitting() {
        match value {
            // A browser sends what is ticked, and no JSON.
            Value::Bool(_) => part(&format!("\"{key}\""), "true"),
            Value::String(_) if key == "attributes.file" => {
                part("\"attributes.file\"; filename=\"hi.txt\"\r\nContent-Type: text/plain", "hi");
            }
            Value::String(text) => part(&format!("\"{key}\""), &text),
            _ => {}
        }
    }
    body.push_str("--part--\r\n");
    let request = client.request(Method::POST, &url).header("content-type", "multipart/form-data; boundary=part");
    let reply = request.body(body).send().await.expect("an answer");
    assert!(reply.status().is_redirection(), "{}", reply.status());
    client.get(&url).await;
    let attributes = ada(&server).await["attributes"].clone();
    assert_eq!((&attributes["file"], &attributes["box"]), (&json!("data:text/plain;base64,aGk="), &json!(true)));
    assert_eq!((&attributes["fixed"], &attributes["number"]), (&json!("of ada"), &json!(12)), "{attributes}");
}
