//! What a fresh installation carries, as the contract lists it.

use lockgate_tests::{Database, Server};

on_each_database!(the_default_objects_are_there, the_outpost_describes_its_providers);

async fn the_default_objects_are_there(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    for (slug, designation) in [
        ("default-authentication-flow", "authentication"),
        ("default-invalidation-flow", "invalidation"),
        ("default-provider-invalidation-flow", "invalidation"),
        ("default-provider-authorization-explicit-consent", "authorization"),
        ("default-provider-authorization-implicit-consent", "authorization"),
        ("default-password-change", "stage_configuration"),
        ("default-user-settings-flow", "stage_configuration"),
        ("initial-setup", "stage_configuration"),
    ] {
        let flow = api.get(&format!("flows/instances/{slug}/")).await.expect(200).json();
        assert_eq!(flow["designation"], designation, "{slug}");
    }
    for name in
        ["default-authentication-identification", "default-authentication-password", "default-authentication-login"]
    {
        api.only(&format!("stages/all/?name={name}")).await;
    }
    for scope in ["openid", "email", "profile", "ak_proxy"] {
        let mapping = api.only(&format!("propertymappings/provider/scope/?scope_name={scope}")).await;
        assert!(mapping["managed"].as_str().is_some_and(|id| id.starts_with("goauthentik.io/providers/")), "{mapping}");
    }
    let admins = api.only("core/groups/?name=authentik%20Admins").await;
    assert_eq!(admins["is_superuser"], true);
    let admin = api.only("core/users/?username=akadmin").await;
    assert_eq!(admin["is_superuser"], true);
    let version = api.get("admin/version/").await.expect(200).json();
    assert!(version["version_current"].as_str().is_some_and(|text| text.contains('.')), "{version}");
}

async fn the_outpost_describes_its_providers(database: Database) {
    let site = lockgate_tests::Site::direct(database).await;
    let api = site.server.api();
    let outpost = api.only("outposts/instances/?managed__iexact=goauthentik.io%2Foutposts%2Fembedded").await;
    assert_eq!(outpost["name"], "authentik Embedded Outpost");
    assert_eq!(outpost["type"], "proxy");
    let list = api.get("outposts/proxy/").await.expect(200).json();
    let found = list["results"].as_array().into_iter().flatten().find(|one| one["assigned_application_slug"] == "one");
    let one = found.unwrap_or_else(|| panic!("{list}"));
    assert_eq!(one["external_host"], site.url("one", ""));
    assert_eq!(one["mode"], "forward_single");
    let endpoints = &one["oidc_configuration"];
    assert_eq!(endpoints["authorization_endpoint"], site.url("auth", "/application/o/authorize/"));
    assert_eq!(endpoints["jwks_uri"], site.url("auth", "/application/o/one/jwks/"));
}
