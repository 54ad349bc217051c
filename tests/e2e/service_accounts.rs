//! Service accounts that the folder declares: made with their groups and their token, kept as declared,
//! and dismissed when they leave.

use lockgate_tests::{Api, BOOTSTRAP_PASSWORD, Database, Server, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

on_each_database!(what_is_declared_is_made_kept_and_dismissed, a_person_is_not_taken_over_and_a_service_account_is,);

const TOKEN: &str = "a-token-of-the-backup-program";

const BOT: &str = "
group: Backup
---
service_account: backup-bot
name: Backup
groups: [Backup]
attributes: { team: ops }
token: { env: BACKUP_TOKEN }
";

async fn bot(api: &Api) -> Value {
    api.only("core/users/?username=backup-bot&include_groups=true").await
}

async fn what_is_declared_is_made_kept_and_dismissed(database: Database) {
    let server = Server::builder(database).set("BACKUP_TOKEN", TOKEN).config("bot.yaml", BOT).start().await;
    let api = server.api();
    let made = bot(&api).await;
    assert_eq!((&made["type"], &made["name"]), (&json!("service_account"), &json!("Backup")));
    assert_eq!(made["groups_obj"][0]["name"], "Backup");
    let own = api.with_token(Some(TOKEN));
    assert_eq!(own.get("core/users/me/").await.expect(200).json()["user"]["username"], "backup-bot");

    // What is declared is changed where it is declared.
    let pk = &made["pk"];
    let other = api.create_user("ada", BOOTSTRAP_PASSWORD, &[]).await;
    let backup = api.group("Backup").await;
    let user = format!("core/users/{pk}/");
    for refused in [
        api.patch(&user, &json!({"is_active": false})).await,
        api.delete(&user).await,
        api.post(&format!("core/groups/{backup}/remove_user/"), &json!({"pk": pk})).await,
        api.patch(&format!("core/groups/{backup}/"), &json!({"users": [other]})).await,
        api.post("core/tokens/service-account-backup-bot/set_key/", &json!({"key": "another-key-of-the-bot-12345"}))
            .await,
        api.delete("core/tokens/service-account-backup-bot/").await,
    ] {
        let told = refused.expect(409).text();
        assert!(told.contains("bot.yaml"), "{told}");
    }
    api.patch(&format!("core/groups/{backup}/"), &json!({"users": [pk, other]})).await.expect(200);

    server.write("bot.yaml", &BOT.replace("groups: [Backup]\n", ""));
    eventually(async || bot(&api).await["groups_obj"] == json!([])).await;
    own.get("core/users/me/").await.expect(200);

    let without = TempDir::with_prefix("lockgate-accounts-").expect("the temporary folder is writable");
    std::fs::write(without.path().join("bot.yaml"), "group: Backup\n").expect("written");
    let told = server.run(&["plan", &without.path().display().to_string()]);
    assert!(told.code == 2 && told.text.contains("- service_account backup-bot (bot.yaml:4)"), "{}", told.text);
    let reload = async || api.post("lockgate/reload/", &json!({})).await.expect(200);
    server.write("bot.yaml", "group: Backup\n");
    reload().await;
    own.get("core/users/me/").await.expect(403);
    assert_eq!(bot(&api).await["is_active"], json!(false));

    // It comes back as who it was.
    server.write("bot.yaml", BOT);
    reload().await;
    own.get("core/users/me/").await.expect(200);
    let back = bot(&api).await;
    assert_eq!((&back["pk"], &back["is_active"]), (pk, &json!(true)));
    let log = server.logs().join("\n");
    assert!(!log.contains(TOKEN), "a secret is in the log");
}

async fn a_person_is_not_taken_over_and_a_service_account_is(database: Database) {
    let server = Server::builder(database).set("BACKUP_TOKEN", TOKEN).start().await;
    let api = server.api();
    api.create_user("Backup-Bot", BOOTSTRAP_PASSWORD, &[]).await;
    server.write("bot.yaml", BOT);
    let health = async || api.get("lockgate/overview/").await.json()["configuration"]["error"].to_string();
    eventually(async || health().await.contains("bot.yaml:4:18")).await;
    let told = health().await;
    assert!(told.contains("the user \\\"Backup-Bot\\\" is there already, and is no service account"), "{told}");

    let person = api.only("core/users/?username=Backup-Bot").await;
    api.delete(&format!("core/users/{}/", person["pk"])).await.expect(204);
    let made = api.post("core/users/service_account/", &json!({"name": "backup-bot"})).await.expect(200).json();
    let key = json!({"identifier": "planted", "intent": "api", "user": made["user_pk"]});
    api.post("core/tokens/", &key).await.expect(201);
    let key = api.get("core/tokens/planted/view_key/").await.expect(200).json();
    let planted = api.with_token(key["key"].as_str());
    planted.get("core/users/me/").await.expect(200);
    api.post("lockgate/reload/", &json!({})).await.expect(200);
    eventually(async || bot(&api).await["name"] == "Backup").await;
    assert_eq!(bot(&api).await["pk"], made["user_pk"]);
    // Whoever made the account first does not act as what it has become.
    planted.get("core/users/me/").await.expect(403);
    api.with_token(Some(TOKEN)).get("core/users/me/").await.expect(200);
}
