//! Authlib, the OAuth2 library of Python's web frameworks.

use lockgate_tests::{Database, Library, LibraryClient};
use serde_json::json;

use super::{SECRET, World};

on_each_database!(
    authlib_signs_in_however_it_proves_itself,
    authlib_proves_itself_by_a_key,
    authlib_refreshes_with_rotation,
    authlib_introspects_and_revokes,
    authlib_signs_out,
    authlib_gets_a_token_for_itself,
);

async fn connected(world: &World, auth: &str) -> LibraryClient {
    let mut library = LibraryClient::start(Library::Authlib).await;
    let metadata = library.tell("discover", world.discovery("wiki", auth)).await;
    assert_eq!(metadata["issuer"], world.issuer("wiki"));
    library
}

async fn authlib_signs_in_however_it_proves_itself(database: Database) {
    let world = World::start(database).await;
    for auth in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
        let mut library = connected(&world, auth).await;
        super::signs_in_once(&mut library).await;

        let mut members = world.discovery("wiki", auth);
        members["client_secret"] = json!(SECRET.replace("wiki", "wall"));
        library.tell("discover", members).await;
        let start = library.tell("authorize", json!({ "scope": "openid" })).await;
        let back = super::sign_in(super::text(&start["url"]), "ada").await;
        let error = library.refused("callback", json!({ "url": back.url() })).await;
        assert_eq!(error, "invalid_client", "{auth} with a wrong secret");
    }
}

async fn authlib_proves_itself_by_a_key(database: Database) {
    super::proves_itself_by_a_key(&mut LibraryClient::start(Library::Authlib).await, database).await;
}

async fn authlib_refreshes_with_rotation(database: Database) {
    let world = World::start(database).await;
    super::refreshes_with_rotation(&mut connected(&world, "client_secret_basic").await).await;
}

async fn authlib_introspects_and_revokes(database: Database) {
    let world = World::start(database).await;
    super::introspects_and_revokes(&mut connected(&world, "client_secret_basic").await).await;
}

async fn authlib_signs_out(database: Database) {
    let world = World::start(database).await;
    super::signs_out(&mut connected(&world, "client_secret_post").await).await;
}

async fn authlib_gets_a_token_for_itself(database: Database) {
    let world = World::start(database).await;
    super::gets_a_token_for_itself(&mut connected(&world, "client_secret_basic").await).await;
}
