//! `/if/admin/`, `/if/admin/events/` and `/if/admin/decisions/`: how it stands, what happened, and why somebody was kept
//! out.

use lockgate_tests::{BOOTSTRAP_PASSWORD, Client, Database, Server, eventually};
use serde_json::json;

use super::running::{admin, csrf, page, person};

on_each_database!(
    a_new_installation_says_what_to_do_first,
    what_happened_is_told_in_plain_words_and_found_again,
    a_denial_is_explained_and_asked_again,
    who_may_not_see_events_sees_none,
);

const FOLDER: &str = "\
app: media
name: The media
url: http://media.lockgate.test
access:
  any: [{ group: Viewers }]
---
group: Viewers
";

async fn a_new_installation_says_what_to_do_first(database: Database) {
    let server = Server::builder(database).start().await;
    let client = admin(&server).await;
    let first = page(&client, &server, "").await;
    for words in ["What to do first", "Create a person", "Set up an application", "Take over a configuration"] {
        assert!(first.contains(words), "{words}:\n{first}");
    }
    server.api().create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    server.api().post("core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201);
    // Figures may be some seconds old.
    eventually(async || !page(&client, &server, "").await.contains("What to do first")).await;
    let later = page(&client, &server, "?days=1").await;
    for words in ["Active accounts", "Sign-ins", "Without a second factor", "Configuration", "What happened last"] {
        assert!(later.contains(words), "{words}:\n{later}");
    }
}

async fn what_happened_is_told_in_plain_words_and_found_again(database: Database) {
    let server = Server::builder(database).config("apps.yaml", FOLDER).start().await;
    let api = server.api();
    api.create_user("ada", BOOTSTRAP_PASSWORD, &["Viewers"]).await;
    api.create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    for name in ["ada", "bob"] {
        let client = Client::new();
        client.open_signing_in(&server.url("/if/user/"), name, BOOTSTRAP_PASSWORD).await;
        client.get(&server.url("/application/launch/media/")).await;
    }
    let client = admin(&server).await;
    let made = api.post("core/applications/", &json!({"name": "Wiki", "slug": "wiki"})).await.expect(201).json();
    api.patch("core/applications/wiki/", &json!({"name": "The wiki"})).await.expect(200);
    eventually(async || page(&client, &server, "events/").await.contains("akadmin changed application The wiki")).await;
    let all = page(&client, &server, "events/").await;
    for words in ["ada signed in from 127.0.0.1", "bob was refused The media", "Events by day"] {
        assert!(all.contains(words), "{words}:\n{all}");
    }

    // The runbook filters by user and by application.
    let of_bob = page(&client, &server, "events/?user=bob").await;
    assert!(of_bob.contains("bob signed in") && !of_bob.contains("ada signed in"), "{of_bob}");
    let of_media = page(&client, &server, "events/?application=media").await;
    assert!(of_media.contains("bob was refused The media") && !of_media.contains("signed in from"), "{of_media}");
    let logins = page(&client, &server, "events/?actions=login&client_ip=127.0.0.1&when=1h").await;
    assert!(logins.contains("ada signed in") && !logins.contains("bob was refused"), "{logins}");
    let before = page(&client, &server, "events/?until=2001-01-01").await;
    assert!(before.contains("Nothing matches") && !before.contains("ada signed in"), "{before}");
    assert!(page(&client, &server, "events/?live=1").await.contains("data-live=\"4\""));
    assert!(!all.contains("data-live=\""), "it is not live unless somebody asks");

    // The page of one, with what it was before.
    let event = api.get("events/events/?actions=model_updated&search=wiki").await.expect(200).json();
    let key = event["results"][0]["pk"].as_str().expect("an event").to_owned();
    let one = page(&client, &server, &format!("events/{key}/")).await;
    for words in ["Before and after", "Wiki", "The wiki", "/if/admin/applications/wiki/", "akadmin", "As it is kept"] {
        assert!(one.contains(words), "{words}:\n{one}");
    }
    assert!(made["pk"].is_string());

    // Taken away whole.
    let csv = client.get(&server.url("/api/v3/events/events/export/?user=bob")).await.expect(200).text();
    assert!(csv.contains("bob") && !csv.contains("\"\"username\"\":\"\"ada\"\""), "{csv}");
    let taken = client.get(&server.url("/if/admin/events/export.json?user=bob")).await.expect(200);
    assert!(taken.header("content-disposition").contains("events.json"));
    let taken = taken.json();
    let events = taken.as_array().expect("a list");
    assert!(!events.is_empty() && events.iter().all(|event| event["user"]["username"] == "bob"), "{taken}");

    let none = client.get(&server.url("/if/admin/events/00000000-0000-0000-0000-000000000000/")).await;
    none.expect(404);
}

async fn a_denial_is_explained_and_asked_again(database: Database) {
    let server = Server::builder(database).config("apps.yaml", FOLDER).start().await;
    let api = server.api();
    let bob = api.create_user("bob", BOOTSTRAP_PASSWORD, &[]).await;
    Client::new().open_signing_in(&server.url("/application/launch/media/"), "bob", BOOTSTRAP_PASSWORD).await;
    let client = admin(&server).await;
    let address = "decisions/?username=bob&allow=false&app=media";
    eventually(async || page(&client, &server, address).await.contains("bob was kept out of media")).await;
    let other = page(&client, &server, "decisions/?username=bob&allow=true").await;
    assert!(!other.contains("bob was kept out"), "{other}");
    let kept = api.get("lockgate/decisions/?username=bob").await.expect(200).json();
    let key = kept["results"][0]["id"].as_str().expect("a decision").to_owned();
    let one = page(&client, &server, &format!("decisions/{key}/")).await;
    for words in [
        "bob was kept out of media",
        "The group Viewers",
        "They would be kept out, as they were",
        "Join the group Viewers",
    ] {
        assert!(one.contains(words), "{words}:\n{one}");
    }
    // Under the groups of then: joining changes nothing of what was, opening the application does.
    api.join(bob, "Viewers").await;
    server.write("apps.yaml", &FOLDER.replace("access:\n  any: [{ group: Viewers }]\n", ""));
    let address = format!("decisions/{key}/");
    eventually(async || page(&client, &server, &address).await.contains("They would be let in now")).await;
}

async fn who_may_not_see_events_sees_none(database: Database) {
    let server = Server::builder(database).start().await;
    let reader = person(&server, "ada", &["authentik_core.view_user"]).await;
    let first = page(&reader, &server, "").await;
    assert!(first.contains("Active accounts"), "{first}");
    for words in ["Event log", "What happened last", "Denials", "Failed jobs", "Activity"] {
        assert!(!first.contains(words), "{words}:\n{first}");
    }
    for place in ["events/", "decisions/", "events/export.json", "settings/", "jobs/", "schedules/", "revisions/"] {
        reader.get(&server.url(&format!("/if/admin/{place}"))).await.expect(403);
    }
    let nobody = person(&server, "bob", &[]).await;
    nobody.get(&server.url("/if/admin/events/")).await.expect(403);
    assert!(csrf(&first).len() > 8);
}
