//! The whole set-up.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use lockgate_tests::{Database, Dialect, MailSink, Site, SiteOptions};
use serde_json::{Value, json};

use super::{doctor, finds};

on_each_database!(a_sound_site_is_found_sound, mistakes_of_the_set_up_are_named);

async fn a_sound_site_is_found_sound(database: Database) {
    for dialect in [Dialect::Traefik, Dialect::Nginx, Dialect::Caddy] {
        let site = Site::start(dialect, database).await;
        std::fs::set_permissions(site.server.data_folder(), Permissions::from_mode(0o700)).expect("our own folder");
        let outcome = doctor(&site, &[]);
        assert_eq!(outcome.code, 0, "{dialect:?}\n{}", outcome.text);
        assert!(outcome.text.contains("0 errors, 0 warnings"), "{dialect:?}\n{}", outcome.text);
        for (about, words) in [
            ("settings", "every variable is known"),
            ("data", "belongs to its owner alone"),
            ("database", "the schema is current"),
            ("server", "is ready"),
            ("clock", "agree"),
            ("cookies", "one: browsers keep its cookie"),
            ("proxy", "leads here: it is asked as http://auth.lockgate.test"),
            ("address", "one: "),
        ] {
            finds(&outcome, "ok", &[about, words]);
        }
        let report: Value = serde_json::from_str(&doctor(&site, &["--format", "json"]).text).expect("JSON alone");
        assert_eq!(report["sound"], true);
        assert!(report["findings"].as_array().is_some_and(|all| all.len() >= 10), "{report}");
    }
}

async fn mistakes_of_the_set_up_are_named(database: Database) {
    let sink = MailSink::start().await;
    let settings = [
        ("LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS", "192.0.2.0/24".to_owned()),
        ("LOCKGATE_LISTEN__HTPP", "x".to_owned()),
        ("LOCKGATE_EMAIL__HOST", "127.0.0.1".to_owned()),
        ("LOCKGATE_EMAIL__PORT", sink.port().to_string()),
        ("LOCKGATE_EMAIL__PASSWORD", "hush-hush-hush".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let mut site = Site::start_with(Dialect::Nginx, database, SiteOptions { settings, ..SiteOptions::default() }).await;
    strange(&site).await;
    let data = site.server.data_folder();
    std::fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("our own folder");
    std::fs::set_permissions(data.join("secret_key"), Permissions::from_mode(0o644)).expect("our own file");
    let outcome = doctor(&site, &[]);
    assert_eq!(outcome.code, 1, "{}", outcome.text);
    finds(&outcome, "warning", &["settings", "LOCKGATE_LISTEN__HTPP", "LOCKGATE_LISTEN__HTTP"]);
    finds(&outcome, "warning", &["data", "mode 755"]);
    finds(&outcome, "ERROR", &["data", "secret_key can be read by others"]);
    finds(&outcome, "ok", &["mail", "greets"]);
    finds(&outcome, "ERROR", &["proxy", "127.0.0.1 is not trusted"]);
    finds(&outcome, "ERROR", &["cookies", "wide", "is not in its cookie_domain"]);
    assert!(
        outcome.text.contains("-> add the proxy's address to LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS"),
        "{}",
        outcome.text
    );
    let key = std::fs::read_to_string(data.join("secret_key")).expect("the key");
    for secret in [key.trim(), "hush-hush-hush"] {
        assert!(!outcome.text.contains(secret), "a secret is shown:\n{}", outcome.text);
    }

    drop(sink);
    site.server.kill();
    let outcome = doctor(&site, &[]);
    finds(&outcome, "ERROR", &["server", "does not answer"]);
    finds(&outcome, "ERROR", &["mail", "refused"]);

    std::fs::write(data.join("secret_key"), "another key that opens nothing here").expect("our own file");
    finds(&doctor(&site, &[]), "ERROR", &["database", "does not open with this installation's secret key"]);
}

/// A domain whose address lies elsewhere, as only the API lets somebody make it.
async fn strange(site: &Site) {
    let api = site.server.api();
    let flow = async |slug: &str| api.get(&format!("flows/instances/{slug}/")).await.expect(200).json()["pk"].clone();
    let provider = json!({
        "name": "wide",
        "mode": "forward_domain",
        "external_host": format!("http://wide.lockgate.test:{}", site.port()),
        "cookie_domain": "elsewhere.test",
        "authorization_flow": flow("default-provider-authorization-implicit-consent").await,
        "invalidation_flow": flow("default-provider-invalidation-flow").await,
    });
    let provider = api.post("providers/proxy/", &provider).await.expect(201).json();
    let application = json!({ "name": "Wide", "slug": "wide", "provider": provider["pk"] });
    api.post("core/applications/", &application).await.expect(201);
}
