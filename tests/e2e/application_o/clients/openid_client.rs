//! openid-client, the certified library of JavaScript servers.

use lockgate_tests::{Client, Database, Library, LibraryClient, Reply};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{OFFLINE, PASSWORD, World, is_ada, text};

on_each_database!(
    openid_client_signs_in,
    openid_client_signs_in_without_a_secret,
    openid_client_proves_itself_by_a_key,
    openid_client_refreshes_with_rotation,
    openid_client_introspects_and_revokes,
    openid_client_signs_out,
    openid_client_gets_a_token_for_itself,
    openid_client_pushes_its_request,
    openid_client_connects_a_device,
    openid_client_binds_tokens_to_its_key,
);

async fn connected(world: &World, members: Value) -> LibraryClient {
    let mut library = LibraryClient::start(Library::OpenidClient).await;
    let issuer = members["issuer"].clone();
    let metadata = library.tell("discover", members).await;
    assert_eq!(metadata["issuer"], issuer);
    assert!(text(&metadata["token_endpoint"]).starts_with(&world.server.base()), "{metadata:#}");
    library
}

async fn wiki(world: &World) -> LibraryClient {
    connected(world, world.discovery("wiki", "client_secret_basic")).await
}

async fn openid_client_signs_in(database: Database) {
    let world = World::start(database).await;
    for auth in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
        super::signs_in_once(&mut connected(&world, world.discovery("wiki", auth)).await).await;
    }
}

async fn openid_client_signs_in_without_a_secret(database: Database) {
    let world = World::start(database).await;
    super::signs_in_once(&mut connected(&world, world.discovery("cli", "none")).await).await;
}

async fn openid_client_proves_itself_by_a_key(database: Database) {
    super::proves_itself_by_a_key(&mut LibraryClient::start(Library::OpenidClient).await, database).await;
}

async fn openid_client_refreshes_with_rotation(database: Database) {
    let world = World::start(database).await;
    super::refreshes_with_rotation(&mut wiki(&world).await).await;
}

async fn openid_client_introspects_and_revokes(database: Database) {
    let world = World::start(database).await;
    super::introspects_and_revokes(&mut wiki(&world).await).await;
}

async fn openid_client_signs_out(database: Database) {
    let world = World::start(database).await;
    super::signs_out(&mut wiki(&world).await).await;
}

async fn openid_client_gets_a_token_for_itself(database: Database) {
    let world = World::start(database).await;
    super::gets_a_token_for_itself(&mut wiki(&world).await).await;
}

/// RFC 9126: what the browser carries is a reference that works once.
async fn openid_client_pushes_its_request(database: Database) {
    let world = World::start(database).await;
    let mut library = wiki(&world).await;
    let start = library.tell("authorize", json!({ "scope": "openid profile email", "par": true })).await;
    let url = Url::parse(text(&start["url"])).expect("the library makes addresses");
    let mut carried: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    carried.sort();
    assert_eq!(carried, ["client_id", "request_uri"]);

    let back = super::sign_in(url.as_str(), "ada").await;
    let answer = library.tell("callback", json!({ "url": back.url() })).await;
    is_ada(&answer["claims"]);

    let again = Client::new().get(url.as_str()).await.location().unwrap_or_default();
    assert!(again.contains("error=invalid_request_uri") && !again.contains("code="), "it worked twice: {again}");
}

/// RFC 8628.
async fn openid_client_connects_a_device(database: Database) {
    let world = World::start(database).await;
    let mut library = connected(&world, world.discovery("cli", "none")).await;
    let shown = library.tell("device", json!({ "scope": OFFLINE })).await;
    assert_eq!(shown["interval"], 5);
    assert_eq!(text(&shown["verification_uri"]), world.server.url("/device"));

    Client::new().approve_device(text(&shown["verification_uri_complete"]), "ada", PASSWORD).await;
    let answer = library.tell("device_tokens", json!({})).await;
    is_ada(&answer["claims"]);
    is_ada(&library.tell("userinfo", json!({})).await);
    library.tell("refresh", json!({})).await;
}

/// RFC 9449: who has stolen a token cannot use it without the client's key.
async fn openid_client_binds_tokens_to_its_key(database: Database) {
    let world = World::start(database).await;
    let mut members = world.discovery("cli", "none");
    members["dpop"] = json!(true);
    let mut library = connected(&world, members.clone()).await;
    let answer = super::signs_in(&mut library, OFFLINE).await;
    assert_eq!(text(&answer["tokens"]["token_type"]).to_ascii_lowercase(), "dpop");
    is_ada(&library.tell("userinfo", json!({})).await);

    let userinfo = world.server.url("/application/o/userinfo/");
    let stolen = text(&answer["tokens"]["access_token"]);
    for scheme in ["Bearer", "DPoP"] {
        let request = Client::new().request(Method::GET, &userinfo);
        let reply = Reply::of(request.header("Authorization", format!("{scheme} {stolen}"))).await;
        assert_eq!(reply.status, 401, "{scheme} without a proof: {}", reply.text());
    }

    // Section 5: a public client's refresh token is bound as well.
    let refresh_token = text(&answer["tokens"]["refresh_token"]);
    let mut thief = connected(&world, members).await;
    let error = thief.refused("refresh", json!({ "refresh_token": refresh_token })).await;
    assert!(["invalid_grant", "invalid_dpop_proof"].contains(&error.as_str()), "{error}");
    library.tell("refresh", json!({})).await;
    is_ada(&library.tell("userinfo", json!({})).await);
}
