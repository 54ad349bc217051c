//! What holds for every endpoint: who may ask, how errors and lists look.

use lockgate_tests::{Api, Client, Database, Reply, Server, Site};
use serde_json::{Value, json};

/// Lists of this issue, each with the permission of an administrator.
const LISTS: &[&str] = &[
    "core/users/",
    "core/groups/",
    "core/tokens/",
    "core/applications/",
    "core/brands/",
    "core/authenticated_sessions/",
    "core/user_consent/",
    "oauth2/access_tokens/",
    "oauth2/authorization_codes/",
    "oauth2/refresh_tokens/",
    "providers/all/",
    "providers/oauth2/",
    "providers/proxy/",
    "outposts/instances/",
    "outposts/proxy/",
    "flows/instances/",
    "flows/bindings/",
    "stages/all/",
    "stages/identification/",
    "stages/password/",
    "stages/user_login/",
    "stages/user_logout/",
    "stages/deny/",
    "stages/dummy/",
    "stages/redirect/",
    "authenticators/all/",
    "authenticators/totp/",
    "authenticators/admin/all/",
    "authenticators/admin/static/",
    "authenticators/admin/webauthn/",
    "stages/authenticator/duo/",
    "stages/authenticator/email/",
    "stages/authenticator/sms/",
    "stages/authenticator/static/",
    "stages/authenticator/totp/",
    "stages/authenticator/validate/",
    "stages/authenticator/webauthn/",
    "stages/authenticator/webauthn_device_types/",
    "stages/captcha/",
    "stages/email/",
    "stages/invitation/invitations/",
    "stages/invitation/stages/",
    "stages/source/",
    "stages/user_delete/",
    "policies/all/",
    "policies/bindings/",
    "policies/cedar/",
    "policies/dummy/",
    "policies/event_matcher/",
    "policies/expression/",
    "policies/geoip/",
    "policies/password/",
    "policies/password_expiry/",
    "policies/reputation/",
    "policies/reputation/scores/",
    "policies/unique_password/",
    "propertymappings/provider/scope/",
];

on_each_database!(
    nothing_is_open_without_credentials,
    wrong_credentials_are_refused_with_403,
    an_ordinary_user_administers_nothing,
    what_is_public_answers_everybody,
    lists_come_in_pages,
    lists_can_be_searched_and_ordered,
    errors_have_the_shape_of_the_contract,
    the_slash_at_the_end_belongs_to_the_address,
    a_document_of_every_kind_is_described_by_the_schema,
);

async fn nothing_is_open_without_credentials(database: Database) {
    let server = Server::builder(database).start().await;
    let nobody = server.api().with_token(None);
    for list in LISTS.iter().chain(&["core/users/me/", "admin/version/", "core/users/1/"]) {
        let reply = nobody.get(list).await.expect(403).json();
        assert_eq!(reply["detail"], "Authentication credentials were not provided.", "{list}");
    }
    for list in LISTS {
        for reply in [nobody.post(list, &json!({})).await, nobody.delete(list).await] {
            assert!(matches!(reply.status, 403 | 405), "{list}: {}", reply.status);
        }
    }
}

async fn wrong_credentials_are_refused_with_403(database: Database) {
    let server = Server::builder(database).start().await;
    for token in ["", "wrong", "test-bootstrap-token", &"x".repeat(5000), "test-bootstrap-token-0123456789abcdeF"] {
        let reply = server.api().with_token(Some(token)).get("core/users/me/").await.expect(403);
        assert!(reply.json()["detail"].is_string(), "{}", reply.text());
    }
    let basic = Client::new().request(reqwest::Method::GET, &server.url("/api/v3/core/users/"));
    Reply::of(basic.basic_auth("akadmin", Some(lockgate_tests::BOOTSTRAP_PASSWORD))).await.expect(403);
}

async fn an_ordinary_user_administers_nothing(database: Database) {
    let site = Site::direct(database).await;
    let ada = token_of(&site, site.ada, "ada-api").await;
    let me = ada.get("core/users/me/").await.expect(200).json();
    assert_eq!(me["user"]["username"], "ada");
    assert_eq!(me["user"]["is_superuser"], false);

    let users = ada.get("core/users/").await;
    assert!(users.status == 403 || users.json()["pagination"]["count"] == 0, "{}", users.text());
    let attempts = [
        ("core/users/", json!({ "username": "eve", "name": "Eve" })),
        ("core/groups/", json!({ "name": "Mine", "is_superuser": true })),
        ("policies/expression/", json!({ "name": "mine", "expression": "true" })),
        ("core/applications/", json!({ "name": "Mine", "slug": "mine" })),
    ];
    for (list, body) in &attempts {
        ada.post(list, body).await.expect(403);
    }
    let admins = site.server.api().group("authentik Admins").await;
    let change = json!({ "pk": site.ada });
    let reply = ada.post(&format!("core/groups/{admins}/add_user/"), &change).await;
    assert!(matches!(reply.status, 403 | 404), "{}", reply.status);
    let reply =
        ada.post(&format!("core/users/{}/set_password/", site.bob), &json!({ "password": "stolen account" })).await;
    assert!(matches!(reply.status, 403 | 404), "{}", reply.status);
    let reply = ada.patch(&format!("core/users/{}/", site.ada), &json!({ "groups": [admins] })).await;
    assert!(matches!(reply.status, 403 | 404), "{}", reply.status);
    for key in ["authentik-bootstrap-token"] {
        let reply = ada.get(&format!("core/tokens/{key}/view_key/")).await;
        assert!(matches!(reply.status, 403 | 404), "{}", reply.status);
    }
    // Listed are the apps that the user may open, and no others.
    let apps = ada.get("core/applications/?ordering=slug").await.expect(200).json();
    let slugs: Vec<&str> = results(&apps).iter().filter_map(|app| app["slug"].as_str()).collect();
    assert_eq!(slugs, ["one", "two"]);
}

async fn what_is_public_answers_everybody(database: Database) {
    let server = Server::builder(database).start().await;
    let nobody = server.api().with_token(None);
    let config = nobody.get("root/config/").await.expect(200).json();
    assert_eq!(config["error_reporting"]["enabled"], false);
    assert!(config["capabilities"].is_array());
    assert_eq!(config["cache_timeout"], 300);
    let brand = nobody.get("core/brands/current/").await.expect(200).json();
    assert_eq!(brand["flow_authentication"], "default-authentication-flow");
    assert_eq!(brand["flow_invalidation"], "default-invalidation-flow");
    let schema = nobody.get("schema/").await.expect(200);
    assert!(schema.text().contains("openapi"), "no OpenAPI document");
}

async fn lists_come_in_pages(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    for number in 0..25 {
        api.post("core/groups/", &json!({ "name": format!("Team {number:02}") })).await.expect(201);
    }
    let all = api.get("core/groups/").await.expect(200).json();
    let count = all["pagination"]["count"].as_i64().unwrap_or_default();
    assert!(count >= 26, "{count}");
    assert_eq!(results(&all).len(), 20);
    assert_eq!(all["pagination"]["current"], 1);
    assert_eq!(all["pagination"]["next"], 2);
    assert_eq!(all["pagination"]["previous"], 0);
    assert_eq!(all["pagination"]["start_index"], 1);
    assert_eq!(all["pagination"]["end_index"], 20);
    assert!(all["autocomplete"].is_object());

    let second = api.get("core/groups/?page=2&page_size=20").await.expect(200).json();
    assert_eq!(second["pagination"]["next"], 0);
    assert_eq!(results(&second).len() as i64, count - 20);
    let mut seen: Vec<_> = results(&all).iter().chain(results(&second)).map(|group| group["pk"].clone()).collect();
    seen.sort_by_key(Value::to_string);
    seen.dedup();
    assert_eq!(seen.len() as i64, count, "a page repeats or skips groups");

    let beyond = api.get("core/groups/?page=99").await.expect(404).json();
    assert_eq!(beyond["detail"], "Invalid page.");
    for strange in ["page=0", "page=-1", "page=x", "page=99999999999999999999"] {
        api.get(&format!("core/groups/?{strange}")).await.expect(404);
    }
    let most = api.get("core/groups/?page_size=100000").await.expect(200).json();
    assert!(results(&most).len() <= 100);
}

async fn lists_can_be_searched_and_ordered(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    for name in ["zoe", "Adam", "mila_%", "milax"] {
        let user = json!({ "username": name, "name": name.to_uppercase(), "email": format!("{}@x.test", name.len()) });
        api.post("core/users/", &user).await.expect(201);
    }
    let found = async |query: &str| -> Vec<String> {
        let list = api.get(&format!("core/users/?{query}")).await.expect(200).json();
        results(&list).iter().filter_map(|user| user["username"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(found("username=zoe").await, ["zoe"]);
    assert_eq!(found("search=ADAM").await, ["Adam"]);
    // What is a pattern to SQL is a letter to people.
    assert_eq!(found("search=mila_%25").await, ["mila_%"]);
    assert_eq!(found("search=no%20such%20user").await, Vec::<String>::new());
    assert_eq!(found("search=%27%3B%20DROP%20TABLE%20users%3B--").await, Vec::<String>::new());
    let (up, mut down) = (found("ordering=username").await, found("ordering=-username").await);
    down.reverse();
    assert_eq!(up, down);
    assert_eq!(found("ordering=no_such_field").await, up, "an unknown ordering is ignored");
    let by_number = api.get("core/users/?ordering=-pk").await.expect(200).json();
    let numbers: Vec<_> = results(&by_number).iter().filter_map(|user| user["pk"].as_i64()).collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
}

async fn errors_have_the_shape_of_the_contract(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let empty = api.post("core/users/", &json!({})).await.expect(400).json();
    for field in ["username", "name"] {
        assert!(empty[field][0].as_str().is_some_and(|text| !text.is_empty()), "{empty}");
    }
    let long = json!({ "username": "x".repeat(151), "name": "" });
    assert!(api.post("core/users/", &long).await.expect(400).json()["username"].is_array());
    let wrong = json!({ "username": "typed", "name": "", "is_active": "perhaps", "attributes": [] });
    let wrong = api.post("core/users/", &wrong).await.expect(400).json();
    assert!(wrong["is_active"].is_array() && wrong["attributes"].is_array(), "{wrong}");
    let twice = json!({ "username": "akadmin", "name": "" });
    assert!(api.post("core/users/", &twice).await.expect(400).json()["username"].is_array());

    for missing in
        ["core/users/999999/", "core/groups/00000000-0000-4000-8000-000000000000/", "core/applications/none/"]
    {
        let reply = api.get(missing).await.expect(404).json();
        assert!(reply["detail"].as_str().is_some_and(|text| !text.is_empty()), "{missing}: {reply}");
    }
    for nonsense in ["core/users/abc/", "core/groups/abc/", "no/such/"] {
        let reply = api.get(nonsense).await.expect(404);
        assert!(reply.json()["detail"].is_string(), "{nonsense}: {}", reply.text());
    }
    let method = api.delete("core/users/").await.expect(405).json();
    assert!(method["detail"].is_string());
    let text = api.request(reqwest::Method::POST, "core/groups/").header("Content-Type", "text/plain").body("x");
    assert!(Reply::of(text).await.expect(415).json()["detail"].is_string());
    let broken =
        api.request(reqwest::Method::POST, "core/groups/").header("Content-Type", "application/json").body("{");
    assert!(Reply::of(broken).await.expect(400).json().is_object());
}

async fn the_slash_at_the_end_belongs_to_the_address(database: Database) {
    let server = Server::builder(database).start().await;
    for path in ["core/users", "core/users/me", "root/config"] {
        server.api().get(path).await.expect(404);
    }
}

async fn a_document_of_every_kind_is_described_by_the_schema(database: Database) {
    let server = Server::builder(database).start().await;
    let request =
        server.api().request(reqwest::Method::GET, "schema/?format=json").header("Accept", "application/json");
    let schema = Reply::of(request).await.expect(200).json();
    assert!(schema["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{}", schema["openapi"]);
    for list in LISTS {
        let path = &schema["paths"][format!("/{list}")];
        assert!(path["get"]["operationId"].is_string(), "{list} is not described");
    }
}

/// A client with an API token of an ordinary user.
pub(super) async fn token_of(site: &Site, user: i64, identifier: &str) -> Api {
    let api = site.server.api();
    let body = json!({ "identifier": identifier, "intent": "api", "user": user });
    api.post("core/tokens/", &body).await.expect(201);
    let key = api.get(&format!("core/tokens/{identifier}/view_key/")).await.expect(200).json();
    api.with_token(key["key"].as_str())
}

/// The objects of a list.
pub(super) fn results(list: &Value) -> &[Value] {
    list["results"].as_array().map(Vec::as_slice).unwrap_or_default()
}
