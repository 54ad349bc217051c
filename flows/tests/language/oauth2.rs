//! `oauth2:` of apps: what is implied, and what each word becomes.

use crate::{Town, load, text};
use chrono::DateTime;
use lockgate_flows::{
    Folder, Loaded, Lookups, Nobody, Objects, ProcessSecrets, StoredObjects, check, json_schema, render,
};
use lockgate_model::{
    Document, Origin,
    people::{GroupFact, Principal, User, UserType},
};
use lockgate_policies::{ClaimMapping, Env, Facts};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const WHOLE: &str = r##"app: grafana
name: Grafana
url: https://grafana.example.com
oauth2:
  name: grafana-oauth
  client_id: the-id
  client_secret: { env: KEY }
  client_type: confidential
  redirect_uris:
    - https://grafana.example.com/login/generic_oauth
    - { url: "https://[a-z0-9-]+\\.example\\.com/cb", regex: true }
  post_logout_redirect_uris: [https://grafana.example.com/]
  scopes: [openid, staff]
  mappings: [grafana-role]
  consent: explicit
  grants: [authorization_code, hybrid, refresh_token, client_credentials, device_code, token_exchange]
  signing_key: signing
  encryption_key: signing
  access_code: 30s
  access_token: 10m
  refresh_token: 7d
  refresh_threshold: 1h
  claims_in_id_token: false
  subject: user_username
  issuer: global
  logout_uri: https://grafana.example.com/logout
  logout_method: frontchannel
  jwks: '{"keys": []}'
  require_pkce: true
  require_pushed_requests: true
  require_dpop: true
  authentication_flow: default-authentication-flow
  invalidation_flow: default-invalidation-flow
access: { any: [{ group: Staff }] }
---
mapping: staff
scope: staff
expression: "#{ staff: true }"
---
mapping: grafana-role
scope: profile
expression: "#{ role: \"Viewer\" }"
---
key_pair: signing
certificate: |
  -----BEGIN CERTIFICATE-----
  -----END CERTIFICATE-----
"##;

const SHORT: &str = "app: wiki\noauth2: { redirect_uris: [https://wiki.example.com/cb] }\n";

fn sound(yaml: &str, objects: &dyn Objects) -> Loaded {
    let checked = load(&Folder::of([("test.yaml", yaml)]), objects);
    assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
    checked.loaded
}

fn body(loaded: &Loaded, kind: &str) -> Value {
    loaded.documents.iter().find(|d| d.kind == kind).unwrap_or_else(|| panic!("no {kind}")).body.clone()
}

/// Names of the mappings of the one provider, in order.
fn mappings(loaded: &Loaded, objects: &dyn Objects, stored: &[Document]) -> Vec<String> {
    let below = crate::shipped(objects).documents;
    let all = || loaded.documents.iter().chain(&below).chain(stored);
    let ids = body(loaded, "oauth2_provider")["property_mappings"].clone();
    let ids = ids.as_array().expect("a list").iter().map(|id| id.as_str().expect("an id"));
    ids.map(|id| all().find(|d| d.id.to_string() == id).expect("it exists").name.clone()).collect()
}

fn of_scope(scope: &str) -> String {
    format!("authentik default OAuth Mapping: OpenID '{scope}'")
}

fn stored(kind: &str, name: &str, body: Value) -> Document {
    Document {
        id: Uuid::from_u128(42),
        number: None,
        kind: kind.to_owned(),
        name: name.to_owned(),
        origin: Origin::Api,
        source: None,
        managed: None,
        body,
        version: 1,
        created: DateTime::UNIX_EPOCH,
        updated: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn an_address_is_enough() {
    let loaded = sound(SHORT, &Nobody);
    let provider = loaded.documents.iter().find(|d| d.kind == "oauth2_provider").expect("a provider");
    assert_eq!(provider.name, "wiki");
    assert_eq!(body(&loaded, "application")["provider"], provider.id.to_string());
    let body = &provider.body;
    assert_eq!(body["grant_types"], json!(["authorization_code", "refresh_token"]));
    assert_eq!(
        body["redirect_uris"],
        json!([{"matching_mode": "strict", "url": "https://wiki.example.com/cb", "redirect_uri_type": "authorization"}])
    );
    // The server makes these.
    assert_eq!((&body["client_id"], &body["client_secret"]), (&json!(""), &json!("")));
    assert_eq!((&body["client_type"], &body["signing_key"]), (&json!("confidential"), &Value::Null));
    let below = crate::shipped(&Nobody).documents;
    let flow = |slug: &str| json!(below.iter().find(|d| d.kind == "flow" && d.name == slug).expect(slug).id);
    assert_eq!(body["authorization_flow"], flow("default-provider-authorization-implicit-consent"));
    assert_eq!(body["invalidation_flow"], flow("default-provider-invalidation-flow"));
    assert_eq!(mappings(&loaded, &Nobody, &[]), ["openid", "profile", "email"].map(of_scope));
}

#[test]
fn every_word_becomes_a_field() {
    let loaded = sound(WHOLE, &Nobody);
    let provider = body(&loaded, "oauth2_provider");
    let address = |mode: &str, url: &str, purpose: &str| {
        json!({
            "matching_mode": mode,
            "url": url,
            "redirect_uri_type": purpose,
        })
    };
    for (field, value) in [
        ("name", json!("grafana-oauth")),
        ("client_id", json!("the-id")),
        ("client_secret", json!("a secret that is long enough to be one")),
        ("access_code_validity", json!("seconds=30")),
        ("access_token_validity", json!("minutes=10")),
        ("refresh_token_validity", json!("days=7")),
        ("refresh_token_threshold", json!("hours=1")),
        ("include_claims_in_id_token", json!(false)),
        ("sub_mode", json!("user_username")),
        ("issuer_mode", json!("global")),
        ("logout_uri", json!("https://grafana.example.com/logout")),
        ("logout_method", json!("frontchannel")),
        ("jwks", json!("{\"keys\": []}")),
        ("require_pkce", json!(true)),
        ("require_pushed_requests", json!(true)),
        ("require_dpop", json!(true)),
        (
            "grant_types",
            json!([
                "authorization_code",
                "hybrid",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:token-exchange"
            ]),
        ),
        (
            "redirect_uris",
            json!([
                address("strict", "https://grafana.example.com/login/generic_oauth", "authorization"),
                address("regex", "https://[a-z0-9-]+\\.example\\.com/cb", "authorization"),
                address("strict", "https://grafana.example.com/", "logout")
            ]),
        ),
    ] {
        assert_eq!(provider[field], value, "{field}");
    }
    let pair = loaded.documents.iter().find(|d| d.kind == "key_pair").expect("the key pair").id;
    assert_eq!((&provider["signing_key"], &provider["encryption_key"]), (&json!(pair), &json!(pair)));
    let below = crate::shipped(&Nobody).documents;
    let flow = |slug: &str| json!(below.iter().find(|d| d.kind == "flow" && d.name == slug).expect(slug).id);
    assert_eq!(provider["authorization_flow"], flow("default-provider-authorization-explicit-consent"));
    assert_eq!(provider["authentication_flow"], flow("default-authentication-flow"));
    assert_eq!(provider["invalidation_flow"], flow("default-invalidation-flow"));
    assert_eq!(mappings(&loaded, &Nobody, &[]), [&of_scope("openid"), "staff", "grafana-role"]);
}

#[test]
fn what_the_folder_adds_to_a_scope_comes_behind_what_ships() {
    let more = "---\nmapping: verified\nscope: email\nexpression: \"#{ email_verified: true }\"\n";
    let again = "---\nmapping: aliases\nscope: email\nexpression: \"#{ aliases: [] }\"\n";
    let loaded = sound(&format!("{SHORT}{more}{again}"), &Nobody);
    let [openid, profile, email] = ["openid", "profile", "email"].map(of_scope);
    let expected = [&openid, &profile, &email, "verified", "aliases"];
    assert_eq!(mappings(&loaded, &Nobody, &[]), expected);
    // Under the name of what ships, it takes its place.
    let instead = more.replace("verified\nscope", &format!("\"{email}\"\nscope"));
    let loaded = sound(&format!("{SHORT}{instead}"), &Nobody);
    assert_eq!(mappings(&loaded, &Nobody, &[]), [openid, profile, email]);
}

#[test]
fn a_mapping_of_the_api_counts_where_its_scope_is_no_other_ones() {
    let mapping = |scope: &str| {
        [stored("scope_mapping", "mine", json!({"name": "mine", "scope_name": scope, "expression": "#{}"}))]
    };
    let app = SHORT.replace(" }", ", scopes: [payroll] }");
    assert!(!text(&app).is_sound());
    let of_payroll = mapping("payroll");
    let objects = StoredObjects::new(&of_payroll);
    assert_eq!(mappings(&sound(&app, &objects), &objects, &of_payroll), ["mine"]);
    // The folder says all about its apps: nobody adds to them from beside.
    let of_email = mapping("email");
    let objects = StoredObjects::new(&of_email);
    let usual = ["openid", "profile", "email"].map(of_scope);
    assert_eq!(mappings(&sound(SHORT, &objects), &objects, &of_email), usual);
}

#[test]
fn the_key_that_every_installation_has_signs_unless_something_else_is_said() {
    let name = lockgate_model::kinds::key_pair::DEFAULT_SIGNING_KEY;
    let pair = [stored("key_pair", name, json!({"name": name, "certificate_data": "-----BEGIN CERTIFICATE-----"}))];
    let objects = StoredObjects::new(&pair);
    let signing_key = |yaml: &str| body(&sound(yaml, &objects), "oauth2_provider")["signing_key"].clone();
    assert_eq!(signing_key(SHORT), json!(pair[0].id));
    assert_eq!(signing_key(&SHORT.replace(" }", ", signing_key: none }")), Value::Null);
}

#[test]
fn only_grants_that_end_there_need_an_address() {
    let loaded = sound("app: tv\noauth2: { client_type: public, grants: [device_code, refresh_token] }\n", &Nobody);
    assert_eq!(body(&loaded, "oauth2_provider")["redirect_uris"], json!([]));
}

#[test]
fn the_schema_for_editors_knows_every_word() {
    let schema = json_schema();
    let validator = jsonschema::draft202012::new(&schema).expect("a valid schema");
    let read = |yaml: &str| serde_saphyr::from_multiple::<Value>(yaml).expect("valid YAML");
    for document in [WHOLE, SHORT].into_iter().flat_map(read) {
        assert!(validator.is_valid(&document), "{document:#}");
    }
    for wrong in [
        "app: a\noauth2: {}\nforward_auth: {}\n",
        "app: a\noauth2: { redirect_uris: https://a.example/ }\n",
        "app: a\noauth2: { redirect_uris: [{ regex: true }] }\n",
        "app: a\noauth2: { grants: [code] }\n",
        "app: a\noauth2: { client_secret: hunter2 }\n",
        "app: a\noauth2: { sub_mode: user_id }\n",
    ] {
        assert!(!validator.is_valid(&read(wrong)[0]), "{wrong}");
    }
}

#[test]
fn a_mapping_may_be_a_file_of_rhai() {
    let yaml = "mapping: staff\nscope: staff\nexpression: { file: claims/staff.rhai }\n";
    let read = |script: &str| {
        let files = [("staff.yaml", yaml), ("claims/staff.rhai", script), ("claims/friday.rhai", "now.weekday == 5\n")];
        load(&Folder::of(files), &Nobody)
    };
    let checked = read("// Everybody here is.\n#{ staff: true }\n");
    assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
    assert_eq!(body(&checked.loaded, "scope_mapping")["expression"], "// Everybody here is.\n#{ staff: true }\n");
    // The file of the mapping is no policy beside it; the other one is.
    let policies = checked.loaded.documents.iter().filter(|d| d.kind == "expression_policy");
    assert_eq!(policies.map(|d| d.name.as_str()).collect::<Vec<_>>(), ["friday"]);
    let wrong = read("// Nobody knows.\n#{ staff: usr.name }\n");
    let places: Vec<String> = wrong.diagnostics.iter().map(|d| d.span.to_string()).collect();
    assert_eq!(places, ["claims/staff.rhai:2:11"], "{}", render(&wrong.diagnostics));
}

fn person(groups: &[&str]) -> Principal {
    let now = crate::now();
    Principal {
        user: User {
            pk: 1,
            uuid: Uuid::nil(),
            username: "ada".to_owned(),
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
            is_active: true,
            user_type: UserType::Internal,
            path: "users".to_owned(),
            attributes: Map::new(),
            date_joined: now,
            last_login: None,
            last_updated: now,
            password_change_date: now,
        },
        uid: String::new(),
        groups: groups.iter().map(|name| GroupFact { pk: Uuid::nil(), name: (*name).to_owned() }).collect(),
        direct_groups: Vec::new(),
        roles: Vec::new(),
        timed: Vec::new(),
        holds_until: None,
        is_superuser: false,
        attributes: Map::new(),
    }
}

#[test]
fn the_role_of_the_homelab_follows_the_groups() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/homelab/config");
    let below = crate::shipped(&Nobody);
    let secrets = ProcessSecrets::new(
        [("GRAFANA_CLIENT_SECRET".to_owned(), "a secret that is long enough to be one".to_owned())],
        &folder,
    );
    let lookups =
        Lookups { objects: &Nobody, directory: &Town, secrets: &secrets, builtin: Some(&below), now: crate::now() };
    let checked = check(&Folder::read(&folder), &lookups);
    assert!(checked.diagnostics.is_empty(), "{}", render(&checked.diagnostics));
    let mapping = checked.loaded.documents.iter().find(|d| d.name == "grafana-role").expect("the mapping").id;
    let provider = body(&checked.loaded, "oauth2_provider");
    assert!(provider["property_mappings"].as_array().is_some_and(|all| all.contains(&json!(mapping))), "{provider}");
    let script = checked.loaded.scripts.iter().find(|s| s.document == mapping).expect("the script");
    let compiled = ClaimMapping::compile(&script.name, "profile", &script.text, &script.origin()).expect("it compiles");
    for (groups, role) in [
        (&["Grafana Admins"][..], "Admin"),
        (&["Grafana Editors"], "Editor"),
        (&["Grafana Admins", "Grafana Editors"], "Admin"),
        (&["Grafana Viewers"], "Viewer"),
        (&[], "Viewer"),
    ] {
        let claims = compiled.claims(&Env::new(Some(&person(groups)), &Facts::at(crate::now()))).expect("claims");
        assert_eq!(Value::Object(claims), json!({"role": role}), "{groups:?}");
    }
}
