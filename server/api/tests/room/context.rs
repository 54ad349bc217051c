//! What policies of a folder see of a request, from the databases and the settings on.

use crate::support::{Api, Browser, mmdb::database};
use http::Method;
use lockgate_flows::render;
use lockgate_identity::{config::check_folder, places::GeoFiles};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::Ipv4Addr};

const POLICIES: &str = r#"
@id("germans-only")
@message("Only from Germany.")
forbid (principal, action == Action::"access", resource == App::"domestic")
unless { context has country && context.country == "DE" && context has asn && context.asn == 64500 };

@id("people-who-signed-in")
forbid (principal, action == Action::"access", resource == App::"people")
unless { context has authentication_age };
"#;

/// Requests of tests come from nowhere, which is 0.0.0.0.
const NOWHERE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

async fn check(api: &Api, app: &str) -> (bool, String) {
    let found = api.get(&format!("/core/applications/{app}/check_access/")).await.expect(200);
    (found["passing"] == true, found["messages"].to_string())
}

async fn house(geo: impl FnOnce(&std::path::Path) -> GeoFiles) -> Api {
    let folder = tempfile::TempDir::new().expect("a folder");
    let config = folder.path().join("config");
    std::fs::create_dir(&config).expect("a folder");
    std::fs::write(config.join("p.cedar"), POLICIES).expect("a file");
    std::fs::write(config.join("s.yaml"), "settings:\n  timezone: Asia/Kathmandu\n").expect("a file");
    let geo = geo(folder.path());
    let api = Api::start_around(folder, Some(config), geo).await;
    for slug in ["domestic", "people"] {
        api.post("/core/applications/", &json!({"name": slug, "slug": slug})).await.expect(201);
    }
    api
}

#[tokio::test]
async fn countries_and_networks_come_from_databases() {
    let api = house(|folder| {
        let place = json!({
            "country": {"iso_code": "DE"}, "continent": {"code": "EU"}, "city": {"names": {"en": "Berlin"}},
            "location": {"latitude": 52.5, "longitude": 13.4},
        });
        let network = json!({"autonomous_system_number": 64500, "autonomous_system_organization": "Example"});
        let (city, asn) = (folder.join("city.mmdb"), folder.join("asn.mmdb"));
        std::fs::write(&city, database(NOWHERE, 8, &place)).expect("a file");
        std::fs::write(&asn, database(NOWHERE, 16, &network)).expect("a file");
        GeoFiles { city: Some(city), asn: Some(asn) }
    })
    .await;
    let can = api.get("/root/config/").await.expect(200)["capabilities"].clone();
    assert_eq!(can, json!(["can_geo_ip", "can_asn"]));
    assert_eq!(check(&api, "domestic").await, (true, "[]".to_owned()));
    // An expression sees the same, and tells hours in the zone of the folder.
    let source = "geoip.city == \"Berlin\" && asn.asn == 64500 && (now.unix + 20700) / 3600 % 24 == now.hour";
    let policy = json!({"name": "there", "expression": source});
    let policy = api.post("/policies/expression/", &policy).await.expect(201);
    let app = api.get("/core/applications/domestic/").await.expect(200);
    let binding = json!({"target": app["pbm_uuid"], "policy": policy["pk"], "order": 0});
    api.post("/policies/bindings/", &binding).await.expect(201);
    assert_eq!(check(&api, "domestic").await, (true, "[]".to_owned()));
}

#[tokio::test]
async fn without_a_database_nothing_is_known() {
    let api = house(|folder| GeoFiles { city: Some(folder.join("missing.mmdb")), asn: None }).await;
    assert_eq!(api.get("/root/config/").await.expect(200)["capabilities"], json!([]));
    assert_eq!(check(&api, "domestic").await, (false, "[\"Only from Germany.\"]".to_owned()));
}

#[tokio::test]
async fn an_unknown_network_is_in_no_country() {
    let api = house(|folder| {
        let city = folder.join("city.mmdb");
        let elsewhere = Ipv4Addr::new(203, 0, 113, 0);
        std::fs::write(&city, database(elsewhere, 24, &json!({"country": {"iso_code": "DE"}}))).expect("a file");
        GeoFiles { city: Some(city), asn: None }
    })
    .await;
    assert!(!check(&api, "domestic").await.0);
}

const TEMPLATE: &str = r#"
@id("readers")
permit (principal in ?principal, action == Action::"access", resource in ?resource);
"#;

const LINKS: &str = "settings: { default_access: deny }
---
link: editors-read-internal
template: readers
principal: { group: Editors }
resource: { tag: internal }
---
group: Editors
---
app: wiki
name: Wiki
tags: [internal]
---
app: bank
name: Bank
";

async fn linked(links: &str) -> Api {
    linked_in(links).await.0
}

/// A server, and where its folder is.
async fn linked_in(links: &str) -> (Api, std::path::PathBuf) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let config = folder.path().join("config");
    std::fs::create_dir(&config).expect("a folder");
    std::fs::write(config.join("readers.cedar"), TEMPLATE).expect("a file");
    std::fs::write(config.join("links.yaml"), links).expect("a file");
    (Api::start_around(folder, Some(config.clone()), GeoFiles::default()).await, config)
}

#[tokio::test]
async fn links_of_yaml_make_policies_of_templates_over_tags() {
    let api = linked(LINKS).await;
    assert_eq!(api.identity.config.health().error, None);
    let group = api.get("/core/groups/?name=Editors").await.expect(200)["results"][0]["pk"].clone();
    let editor = json!({"username": "eve", "name": "", "groups": [group]});
    let editor = api.post("/core/users/", &editor).await.expect(201)["pk"].clone();
    let list = api.get(&format!("/core/applications/?for_user={editor}")).await.expect(200);
    let slugs: Vec<&str> =
        list["results"].as_array().expect("a list").iter().filter_map(|app| app["slug"].as_str()).collect();
    assert_eq!(slugs, ["wiki"]);
    assert_eq!(api.get("/core/applications/?superuser_full_list=true").await.expect(200)["pagination"]["count"], 2);
    assert!(!check(&api, "wiki").await.0, "who is no editor reads nothing");
}

#[tokio::test]
async fn a_wrong_link_is_told_with_its_place() {
    let error = async |links: &str| {
        let (api, config) = linked_in(LINKS).await;
        std::fs::write(config.join("links.yaml"), links).expect("a file");
        api.identity.config.reload_folder().await;
        let checked = check_folder(&config, &BTreeMap::new(), api.identity.clock.now());
        let text = render(&checked.diagnostics);
        assert!(text.contains("--> links.yaml:4:11\n"), "a check knows the very place: {text}");
        api.identity.config.health().error.unwrap_or_default()
    };
    let text = error(&LINKS.replace("template: readers", "template: reader")).await;
    assert!(text.contains("there is no template \"reader\"\n  --> links.yaml:3:1\n"), "{text}");
    let text = error(&LINKS.replace("resource: { tag: internal }\n", "")).await;
    assert!(
        text.contains("the template \"readers\" has ?resource, and the link says no resource\n  --> links.yaml:3:1\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_token_is_no_sign_in() {
    let api = house(|_| GeoFiles::default()).await;
    assert!(!check(&api, "people").await.0);
}

#[tokio::test]
async fn a_session_stays_in_the_network_and_the_country_that_it_began_in() {
    let api = house(|folder| {
        let (city, asn) = (folder.join("city.mmdb"), folder.join("asn.mmdb"));
        let place = json!({"continent": {"code": "EU"}, "country": {"iso_code": "DE"}});
        std::fs::write(&city, database([192, 0, 2, 0].into(), 24, &place)).expect("a file");
        let network = json!({"autonomous_system_number": 64_500, "autonomous_system_organization": "Example"});
        std::fs::write(&asn, database([192, 0, 2, 0].into(), 24, &network)).expect("a file");
        GeoFiles { city: Some(city), asn: Some(asn) }
    })
    .await;
    let user = api.post("/core/users/", &json!({"username": "tied", "name": ""})).await.expect(201)["pk"].clone();
    api.post(&format!("/core/users/{user}/set_password/"), &json!({"password": "a long password"})).await.expect(204);
    let stage =
        api.get("/stages/user_login/?name=default-authentication-login").await.expect(200)["results"][0].clone();
    let stage = format!("/stages/user_login/{}/", stage["pk"].as_str().expect("a key"));
    let me = async |browser: &mut Browser, ip: [u8; 4]| {
        browser.moves_to(ip);
        browser.send(Method::GET, "/core/users/me/", &Value::Null).await.status.as_u16()
    };
    for (binding, began, there, elsewhere) in [
        (json!({"network_binding": "bind_asn"}), [192, 0, 2, 1], [192, 0, 2, 7], [198, 51, 100, 1]),
        (json!({"network_binding": "bind_asn_network"}), [192, 0, 2, 1], [192, 0, 2, 7], [198, 51, 100, 1]),
        (json!({"geoip_binding": "bind_continent_country"}), [192, 0, 2, 1], [192, 0, 2, 7], [198, 51, 100, 1]),
        (json!({"network_binding": "bind_asn_network_ip"}), [192, 0, 2, 1], [192, 0, 2, 1], [192, 0, 2, 7]),
        // What nobody knows of an address, here its city, or anything, ties to the address.
        (json!({"geoip_binding": "bind_continent_country_city"}), [192, 0, 2, 1], [192, 0, 2, 1], [192, 0, 2, 7]),
        (json!({"network_binding": "bind_asn"}), [198, 51, 100, 1], [198, 51, 100, 1], [198, 51, 100, 2]),
    ] {
        let mut body = json!({"network_binding": "no_binding", "geoip_binding": "no_binding"});
        body.as_object_mut().expect("a map").extend(binding.as_object().cloned().expect("a map"));
        api.patch(&stage, &body).await.expect(200);
        let mut browser = Browser::new(&api);
        browser.moves_to(began);
        browser.sign_in("tied", "a long password").await;
        let answers = (me(&mut browser, there).await, me(&mut browser, elsewhere).await, me(&mut browser, began).await);
        assert_eq!(answers, (200, 403, 200), "{binding} from {began:?}");
    }
    let shown =
        api.get("/core/authenticated_sessions/?user__username=tied&session__last_ip=192.0.2.1").await.expect(200);
    let shown = &shown["results"][0];
    assert_eq!((&shown["geo_ip"]["country"], &shown["asn"]["asn"]), (&json!("DE"), &json!(64_500)), "{shown}");
    assert_eq!((&shown["asn"]["network"], &shown["asn"]["as_org"]), (&json!("192.0.2.0/24"), &json!("Example")));
}
