//! `/api/v3/crypto/certificatekeypairs/`.

use lockgate_tests::{Api, CommandOutcome, Database, Server, Site};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::conventions::{results, token_of};

on_each_database!(
    a_pair_of_each_algorithm_tells_about_itself,
    a_pair_is_taken_in_when_its_halves_belong_together,
    halves_are_seen_by_those_who_may_and_it_is_noted,
    lists_are_filtered_by_key_and_type,
    the_default_key_pair_makes_itself_and_stays,
    a_folder_may_name_the_default_key_pair_at_first_start,
);

const PAIRS: &str = "crypto/certificatekeypairs/";
const DEFAULT: &str = "authentik Self-signed Certificate";

async fn a_pair_of_each_algorithm_tells_about_itself(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    for (algorithm, key_type) in [("rsa", "rsa"), ("ecdsa", "ec"), ("ed25519", "ed25519")] {
        let pair = generate(&api, algorithm, algorithm).await;
        assert_eq!(pair["name"], algorithm);
        assert_eq!(pair["key_type"], key_type, "{pair}");
        assert_eq!(pair["private_key_available"], true);
        assert_eq!(pair["cert_subject"], format!("CN={algorithm}"));
        assert_eq!(pair["managed"], Value::Null);
        for (field, length) in [("fingerprint_sha256", 32 * 3 - 1), ("fingerprint_sha1", 20 * 3 - 1)] {
            assert_eq!(pair[field].as_str().map(str::len), Some(length), "{field}: {pair}");
        }
        let expiry = pair["cert_expiry"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
        let days = (expiry.expect("a time").timestamp() - now()) / 86_400;
        assert!((29..=31).contains(&days), "{days} days");
        for half in ["certificate_data", "key_data"] {
            assert!(pair.get(half).is_none(), "{half} is in the object");
        }
    }
    let wanted = json!({ "common_name": "x", "validity_days": 30, "alg": "ed448" });
    let refused = api.post(&format!("{PAIRS}generate/"), &wanted).await.expect(400).json();
    assert!(refused["alg"].to_string().contains("not supported"), "{refused}");
    for (field, value) in [
        ("subject_alt_name", json!("no host")),
        ("subject_alt_name", json!("fine.example.com, -")),
        ("validity_days", json!(0)),
        ("common_name", json!("")),
        ("alg", json!("dsa")),
    ] {
        let mut wanted = json!({ "common_name": "x", "validity_days": 30, "alg": "ecdsa" });
        wanted[field] = value;
        let refused = api.post(&format!("{PAIRS}generate/"), &wanted).await.expect(400).json();
        assert!(refused[field].is_array(), "{wanted}: {refused}");
    }
}

async fn a_pair_is_taken_in_when_its_halves_belong_together(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let (one, two) = (generate(&api, "one", "ecdsa").await, generate(&api, "two", "ecdsa").await);
    let (certificate, key) = (half(&api, &one, "certificate").await, half(&api, &one, "private_key").await);
    let other_key = half(&api, &two, "private_key").await;

    let body = json!({ "name": "taken in", "certificate_data": certificate, "key_data": key });
    let taken = api.post(PAIRS, &body).await.expect(201).json();
    assert_eq!(taken["fingerprint_sha256"], one["fingerprint_sha256"]);
    assert_eq!(half(&api, &taken, "private_key").await, key);

    for (field, body) in [
        ("key_data", json!({ "name": "x", "certificate_data": certificate, "key_data": other_key })),
        ("key_data", json!({ "name": "x", "certificate_data": certificate, "key_data": certificate })),
        ("key_data", json!({ "name": "x", "certificate_data": certificate, "key_data": &key[..key.len() / 2] })),
        ("certificate_data", json!({ "name": "x", "certificate_data": &certificate[..certificate.len() / 2] })),
        ("certificate_data", json!({ "name": "x", "certificate_data": key })),
        ("certificate_data", json!({ "name": "x", "key_data": key })),
        ("name", json!({ "name": "taken in", "certificate_data": certificate })),
    ] {
        let refused = api.post(PAIRS, &body).await.expect(400).json();
        assert!(refused[field].is_array(), "{field}: {refused}");
        assert!(!refused.to_string().contains(&key[30..60]), "the refusal shows a key: {refused}");
    }
    let path = path(&taken);
    let refused = api.patch(&path, &json!({ "key_data": other_key })).await.expect(400).json();
    assert!(refused["key_data"].is_array(), "{refused}");
    let refused = api.patch(&path, &json!({ "certificate_data": half(&api, &two, "certificate").await })).await;
    assert!(refused.expect(400).json()["key_data"].is_array());

    assert_eq!(api.patch(&path, &json!({ "name": "renamed" })).await.expect(200).json()["name"], "renamed");
    assert_eq!(half(&api, &taken, "private_key").await, key);
    api.delete(&path).await.expect(204);
    api.get(&path).await.expect(404);
}

async fn halves_are_seen_by_those_who_may_and_it_is_noted(database: Database) {
    let site = Site::direct(database).await;
    let api = site.server.api();
    let pair = generate(&api, "seen", "ecdsa").await;
    for (what, begins) in
        [("certificate", "-----BEGIN CERTIFICATE-----"), ("private_key", "-----BEGIN PRIVATE KEY-----")]
    {
        let path = format!("{}view_{what}/", path(&pair));
        let shown = api.get(&path).await.expect(200).json()["data"].as_str().unwrap_or_default().to_owned();
        assert!(shown.starts_with(begins), "{shown}");
        let file = api.get(&format!("{path}?download")).await.expect(200);
        assert_eq!(file.text(), shown);
        let disposition = file.header("content-disposition");
        assert!(disposition.starts_with("attachment") && disposition.contains(what), "{disposition}");
        let url = pair[format!("{what}_download_url")].as_str().unwrap_or_default().to_owned();
        assert_eq!(site.server.api().get(url.trim_start_matches("/api/v3/")).await.expect(200).text(), shown);
        site.server.logged(&["secret_view", what, "seen"]).await;
        let ada = token_of(&site, site.ada, &format!("ada-{}", what.replace('_', "-"))).await;
        for (who, of) in [("ada", &ada), ("nobody", &api.with_token(None))] {
            let reply = of.get(&path).await;
            assert!(matches!(reply.status, 401 | 403 | 404), "{who}: {}", reply.status);
            assert!(!reply.text().contains("BEGIN"), "{who} sees it");
        }
    }
}

async fn lists_are_filtered_by_key_and_type(database: Database) {
    let server = Server::builder(database).start().await;
    let api = server.api();
    let curve = generate(&api, "curve", "ecdsa").await;
    generate(&api, "edwards", "ed25519").await;
    let alone = json!({ "name": "alone", "certificate_data": half(&api, &curve, "certificate").await });
    let alone = api.post(PAIRS, &alone).await.expect(201).json();
    assert_eq!(alone["private_key_available"], false);
    // The pairs that the server makes for itself are left out.
    let named = async |query: &str| -> Vec<String> {
        let list = api.get(&format!("{PAIRS}?{query}")).await.expect(200).json();
        let names = results(&list).iter().map(|pair| pair["name"].as_str().unwrap_or_default().to_owned());
        names.filter(|name| !name.starts_with("authentik ")).collect()
    };
    assert_eq!(named("has_key=false").await, ["alone"]);
    assert_eq!(named("has_key=true").await, ["curve", "edwards"]);
    assert_eq!(named("key_type=ec").await, ["alone", "curve"]);
    assert_eq!(named("key_type=ec&key_type=ed25519").await, ["alone", "curve", "edwards"]);
    assert_eq!(named("key_type=ec&has_key=true").await, ["curve"]);
    assert_eq!(named("key_type=dsa").await, Vec::<String>::new());
    let managed = api.get(&format!("{PAIRS}?managed=goauthentik.io/crypto/jwt-managed")).await.expect(200).json();
    assert_eq!(results(&managed).len(), 1, "{managed}");
    assert_eq!(managed["results"][0]["name"], "authentik Internal JWT Certificate");
}

async fn the_default_key_pair_makes_itself_and_stays(database: Database) {
    let mut server = Server::builder(database).start().await;
    let pair = default_pair(&server.api()).await;
    assert_eq!((&pair["key_type"], &pair["private_key_available"]), (&json!("rsa"), &json!(true)), "{pair}");
    assert_eq!(pair["managed"], Value::Null);
    assert!(server.terminate().await);
    server.launch().await;
    assert_eq!(default_pair(&server.api()).await, pair);
    // Nobody is forced to keep it, but a start without it makes a new one.
    server.api().delete(&path(&pair)).await.expect(204);
    assert!(server.terminate().await);
    server.launch().await;
    assert_ne!(default_pair(&server.api()).await["fingerprint_sha256"], pair["fingerprint_sha256"]);
}

async fn a_folder_may_name_the_default_key_pair_at_first_start(database: Database) {
    let brand = format!("brand: tls.lockgate.test\nweb_certificate: {DEFAULT}\n");
    let outcome = CommandOutcome::of(&[("brand.yaml", &brand)]);
    assert_eq!(outcome.code, 0, "{}", outcome.text);
    let server = Server::builder(database).config("brand.yaml", &brand).start().await;
    let api = server.api();
    let brands = api.get("core/brands/?domain=tls.lockgate.test").await.expect(200).json();
    let pair = default_pair(&api).await;
    assert_eq!(brands["results"][0]["web_certificate"], pair["pk"], "{brands}");
    assert_eq!(pair["key_type"], "rsa");
}

async fn generate(api: &Api, name: &str, algorithm: &str) -> Value {
    let wanted = json!({
        "common_name": name,
        "subject_alt_name": "*.example.com, auth.example.com,192.0.2.1, 2001:db8::1",
        "validity_days": 30,
        "alg": algorithm,
    });
    api.post(&format!("{PAIRS}generate/"), &wanted).await.expect(200).json()
}

fn path(pair: &Value) -> String {
    format!("{PAIRS}{}/", pair["pk"].as_str().expect("a key"))
}

async fn half(api: &Api, pair: &Value, what: &str) -> String {
    let shown = api.get(&format!("{}view_{what}/", path(pair))).await.expect(200).json();
    shown["data"].as_str().expect("PEM").to_owned()
}

/// It is made beside the start: wait for it.
async fn default_pair(api: &Api) -> Value {
    let began = Instant::now();
    loop {
        let list = api.get(&format!("{PAIRS}?name={}", DEFAULT.replace(' ', "%20"))).await.expect(200).json();
        if let [pair] = results(&list) {
            return pair.clone();
        }
        assert!(began.elapsed() < Duration::from_secs(10), "it is not made: {list}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    i64::try_from(now.as_secs()).expect("a time")
}
