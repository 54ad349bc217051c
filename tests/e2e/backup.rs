//! `lockgate backup`, `restore`, `copy` and `rotate-secret`, beside servers and instead of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use lockgate_tests::{Api, Client, CommandOutcome, Database, Executor, FlowEnd, Server, eventually};
use serde_json::{Value, json};

on_each_database!(
    a_backup_brings_back_what_was_while_others_write,
    a_backup_is_of_one_moment,
    a_restore_that_is_killed_changes_nothing_or_everything,
    an_installation_moves_to_the_other_database,
    the_key_of_the_data_folder_is_replaced,
    keys_in_settings_are_replaced_while_the_server_runs,
    many_processes_bring_up_one_schema,
);

const LOGIN: &str = "default-authentication-flow";

/// An application with a secret of its own.
const WIKI: &str = "app: wiki\nname: Wiki\noauth2:\n  client_id: wiki\n  client_secret: { env: WIKI_SECRET }\n  \
                    redirect_uris: [https://wiki.lockgate.test/cb]\n---\ngroup: Editors\n";

async fn server(database: Database) -> Server {
    Server::builder(database).config("wiki.yaml", WIKI).set("WIKI_SECRET", "the secret of the wiki").start().await
}

fn file(server: &Server, name: &str) -> PathBuf {
    server.data_folder().join(name)
}

fn done(outcome: CommandOutcome) -> String {
    assert_eq!(outcome.code, 0, "{}", outcome.text);
    outcome.text
}

fn run(server: &Server, command: &str, file: &std::path::Path) -> CommandOutcome {
    server.run(&[command, &file.to_string_lossy()])
}

/// A browser in which somebody has signed in.
async fn signed_in(server: &Server, name: &str, password: &str) -> Client {
    let client = Client::new();
    let end = Executor::new(&client, &server.base(), LOGIN, "").login(name, password).await;
    assert!(matches!(end, FlowEnd::Redirect(_)), "{name} does not get in");
    client
}

async fn me(server: &Server, client: &Client) -> u16 {
    client.get(&server.url("/api/v3/core/users/me/")).await.status
}

async fn token(api: &Api, user: i64, name: &str) -> String {
    let body = json!({"identifier": name, "intent": "api", "user": user, "expiring": false});
    api.post("core/tokens/", &body).await.expect(201);
    let shown = api.get(&format!("core/tokens/{name}/view_key/")).await.expect(200).json();
    shown["key"].as_str().expect("a key").to_owned()
}

/// An account without a password.
async fn account(api: &Api, name: &str) -> i64 {
    let made = api.post("core/users/", &json!({"username": name, "name": name, "path": "users"})).await.expect(201);
    made.json()["pk"].as_i64().expect("a number")
}

async fn names(api: &Api) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), 1);
    while next > 0 {
        let page = api.get(&format!("core/users/?page_size=100&ordering=pk&page={next}")).await.expect(200).json();
        let users = page["results"].as_array().cloned().unwrap_or_default();
        all.extend(users.iter().filter_map(|user| user["username"].as_str().map(str::to_owned)));
        next = page["pagination"]["next"].as_u64().unwrap_or_default();
    }
    all
}

/// Make accounts one after the other until they are told to stop.
struct Writers {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU32>,
    refused: Arc<AtomicU32>,
    all: Vec<tokio::task::JoinHandle<()>>,
}

impl Writers {
    fn start(server: &Server, many: u32) -> Self {
        let (stop, made, refused) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
        let begin = |writer: u32| {
            let (api, stop, made, refused) = (server.api(), Arc::clone(&stop), Arc::clone(&made), Arc::clone(&refused));
            tokio::spawn(async move {
                for turn in 0.. {
                    if stop.load(Ordering::Acquire) {
                        return;
                    }
                    let name = format!("writer-{writer}-{turn}");
                    let reply =
                        api.post("core/users/", &json!({"username": name, "name": name, "path": "users"})).await;
                    match reply.status {
                        201 => made.fetch_add(1, Ordering::AcqRel),
                        // Whoever waited too long for the restoration is told to come again.
                        _ => refused.fetch_add(1, Ordering::AcqRel),
                    };
                }
            })
        };
        let all = (0..many).map(begin).collect();
        Self { stop, made, refused, all }
    }

    async fn end(self) -> (u32, u32) {
        self.stop.store(true, Ordering::Release);
        for one in self.all {
            one.await.expect("a writer ends");
        }
        (self.made.load(Ordering::Acquire), self.refused.load(Ordering::Acquire))
    }
}

async fn a_backup_brings_back_what_was_while_others_write(database: Database) {
    let server = server(database).await;
    let api = server.api();
    let ada = api.create_user("ada", "a-password-of-ada", &["Editors"]).await;
    let old_key = token(&api, ada, "adas").await;
    let browser = signed_in(&server, "ada", "a-password-of-ada").await;
    let path = file(&server, "night.backup");
    let told = done(run(&server, "backup", &path));
    assert!(told.contains("The secret key is not in it: the file ") && told.contains("secret_key"), "{told}");
    let mode = std::fs::metadata(&path).expect("a backup").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let refused = run(&server, "backup", &path);
    assert!(refused.code != 0 && refused.text.contains("--force replaces it"), "{}", refused.text);
    done(server.run(&["backup", "--force", &path.to_string_lossy()]));

    // What happens after it.
    let bob = api.create_user("bob", "a-password-of-bob", &[]).await;
    let bobs = signed_in(&server, "bob", "a-password-of-bob").await;
    api.leave(ada, "Editors").await;
    api.delete("core/tokens/adas/").await.expect(204);
    let changed = json!({"password": "another-password-of-ada"});
    api.post(&format!("core/users/{ada}/set_password/"), &changed).await.expect(204);
    let before = revision(&server).await;

    let writers = Writers::start(&server, 3);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told = done(run(&server, "restore", &path));
    assert!(told.contains("Everything is as it was at") && told.contains("running processes were told"), "{told}");
    eventually(async || me(&server, &browser).await == 403).await;
    let (made, _refused) = writers.end().await;
    assert!(made > 0, "nobody wrote meanwhile");

    // The same server, which has forgotten what it knew.
    assert_eq!(me(&server, &bobs).await, 403);
    let all = names(&api).await;
    assert!(all.contains(&"ada".to_owned()) && !all.contains(&"bob".to_owned()), "{all:?}");
    api.with_token(Some(&old_key)).get("core/users/me/").await.expect(200);
    assert_eq!(api.get(&format!("core/users/{ada}/")).await.expect(200).json()["groups_obj"][0]["name"], "Editors");
    eventually(async || revision(&server).await > before).await;
    signed_in(&server, "ada", "a-password-of-ada").await;
    let next = api.create_user("carl", "a-password-of-carl", &[]).await;
    assert!(next > bob, "the number {next} was bob's or older");
    let wiki = api.get("providers/oauth2/?client_id=wiki").await.expect(200).json();
    assert_eq!(wiki["results"][0]["client_secret"], "the secret of the wiki");
    // What was recorded since is there still, and so is the restoration.
    let events = api.get("events/events/?action=model_updated&page_size=200").await.expect(200).text();
    assert!(events.contains("restored from a backup"), "{events}");
    let logins = api.get("events/events/?action=login&username=bob").await.expect(200).json();
    assert_eq!(logins["pagination"]["count"], 1, "the log of events is not turned back");
    let revisions = done(server.run(&["revisions"]));
    assert!(revisions.contains("everything restored from the backup of"), "{revisions}");
}

async fn revision(server: &Server) -> i64 {
    server.get("/-/health/ready/").await.json()["configuration"]["revision"].as_i64().unwrap_or_default()
}

/// Each writer makes one account after the other: of none that is in it, an earlier one is missing.
async fn a_backup_is_of_one_moment(database: Database) {
    let server = server(database).await;
    let writers = Writers::start(&server, 4);
    let mut sizes = Vec::new();
    for turn in 0..5 {
        let path = file(&server, &format!("{turn}.backup"));
        done(run(&server, "backup", &path));
        // It can be used as it is.
        let copy = Server::builder(Database::Sqlite)
            .config("wiki.yaml", WIKI)
            .set("WIKI_SECRET", "the secret of the wiki")
            .set("LOCKGATE_SECRET_KEY", &key_of(&server))
            .set("LOCKGATE_DATABASE_URL", &format!("sqlite://{}", path.display()))
            .start()
            .await;
        let all = names(&copy.api()).await;
        let of = |writer: u32| {
            let mine = format!("writer-{writer}-");
            let turns = all.iter().filter_map(move |name| name.strip_prefix(&mine)?.parse::<usize>().ok());
            turns.collect::<Vec<_>>()
        };
        for writer in 0..4 {
            let turns = of(writer);
            assert!(turns.iter().copied().eq(0..turns.len()), "{writer}: {turns:?}");
        }
        sizes.push(all.len());
    }
    assert!(sizes.first() < sizes.last(), "nobody wrote meanwhile: {sizes:?}");
    assert_eq!(writers.end().await.1, 0, "a backup keeps nobody from writing");
}

fn key_of(server: &Server) -> String {
    let text = std::fs::read_to_string(file(server, "secret_key")).expect("a key");
    text.lines().next().unwrap_or_default().to_owned()
}

async fn a_restore_that_is_killed_changes_nothing_or_everything(database: Database) {
    let server = server(database).await;
    let api = server.api();
    for user in 0..40 {
        account(&api, &format!("user-{user}")).await;
    }
    let path = file(&server, "night.backup");
    done(run(&server, "backup", &path));
    account(&api, "since").await;
    let began = std::time::Instant::now();
    let mut whole = server.begin(&["restore", &path.to_string_lossy()]);
    whole.wait(Duration::from_secs(60)).await;
    let took = began.elapsed();
    let mut interrupted = 0;
    for part in 1..=6_u32 {
        let marker = format!("since-{part}");
        account(&api, &marker).await;
        let mut restore = server.begin(&["restore", &path.to_string_lossy()]);
        tokio::time::sleep(took * part / 7).await;
        restore.kill();
        // PostgreSQL may finish what a killed client had asked for last.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let all = names(&api).await;
        assert_eq!(all.iter().filter(|name| name.starts_with("user-")).count(), 40, "{all:?}");
        interrupted += u32::from(all.contains(&marker));
    }
    assert!(interrupted > 0, "none was killed midway");
    done(run(&server, "restore", &path));
    assert!(!names(&api).await.iter().any(|name| name.starts_with("since")));
}

async fn an_installation_moves_to_the_other_database(database: Database) {
    let mut server = server(database).await;
    let api = server.api();
    let ada = api.create_user("ada", "a-password-of-ada", &["Editors"]).await;
    let key = token(&api, ada, "adas").await;
    let browser = signed_in(&server, "ada", "a-password-of-ada").await;
    let gone = api.create_user("gone", "a-password-of-gone", &[]).await;
    api.delete(&format!("core/users/{gone}/")).await.expect(204);
    let other = match database {
        Database::Sqlite => Database::Postgres.create().await.expect("a database"),
        Database::Postgres => format!("sqlite://{}", file(&server, "moved.db").display()),
    };
    assert!(server.terminate().await);
    let told = done(server.run(&["copy", "--to", &other]));
    assert!(told.contains("both sides are the same") && !told.contains("warning"), "{told}");
    let again = server.run(&["copy", "--to", &other]);
    assert!(again.code != 0 && again.text.contains("is not empty") && again.text.contains("users: "), "{}", again.text);

    let mut server = server.with("LOCKGATE_DATABASE_URL", &other);
    server.launch().await;
    let api = server.api();
    assert_eq!(me(&server, &browser).await, 200, "sessions go on");
    api.with_token(Some(&key)).get("core/users/me/").await.expect(200);
    assert_eq!(api.get("core/tokens/adas/view_key/").await.expect(200).json()["key"], key.as_str());
    signed_in(&server, "ada", "a-password-of-ada").await;
    let wiki = api.get("providers/oauth2/?client_id=wiki").await.expect(200).json();
    assert_eq!(wiki["results"][0]["client_secret"], "the secret of the wiki");
    assert_eq!(api.get("core/users/?search=ADA").await.expect(200).json()["pagination"]["count"], 1);
    assert!(account(&api, "new").await > gone, "a number is given out twice");
    // And on to a third, of the first kind, beside the running server.
    let third = match database {
        Database::Postgres => Database::Postgres.create().await.expect("a database"),
        Database::Sqlite => format!("sqlite://{}", file(&server, "third.db").display()),
    };
    let told = done(server.run(&["copy", "--to", &third]));
    assert!(told.contains("warning: a server or worker runs on the old database"), "{told}");
}

async fn view(api: &Api) -> Value {
    api.get("core/tokens/adas/view_key/").await.expect(200).json()["key"].clone()
}

async fn the_key_of_the_data_folder_is_replaced(database: Database) {
    let mut server = server(database).await;
    let api = server.api();
    let ada = api.create_user("ada", "a-password-of-ada", &[]).await;
    let key = token(&api, ada, "adas").await;
    let before = file(&server, "before.backup");
    done(run(&server, "backup", &before));
    let refused = server.run(&["rotate-secret"]);
    assert!(refused.code != 0 && refused.text.contains("stop all of them first"), "{}", refused.text);
    assert!(server.terminate().await);
    let old = key_of(&server);
    let told = done(server.run(&["rotate-secret"]));
    assert!(told.contains("has a new key") && !told.contains("warning"), "{told}");
    let text = std::fs::read_to_string(file(&server, "secret_key")).expect("a key");
    assert!(text != old && !text.contains(&old), "the old key is still in use");
    server.launch().await;
    assert_eq!(view(&server.api()).await, key.as_str());
    signed_in(&server, "ada", "a-password-of-ada").await;

    // Interrupted after the file had both keys: the server starts, and another run ends it.
    assert!(server.terminate().await);
    let new = "a key that was made and not used yet, in the first line";
    std::fs::write(file(&server, "secret_key"), format!("{new}\n{text}")).expect("the folder is writable");
    server.launch().await;
    assert_eq!(view(&server.api()).await, key.as_str());
    assert!(server.terminate().await);
    done(server.run(&["rotate-secret"]));
    assert_eq!(key_of(&server), new);
    server.launch().await;
    assert_eq!(view(&server.api()).await, key.as_str());

    // A backup of before opens with the key of before, and what it brings back is sealed anew.
    let refused = run(&server, "restore", &before);
    assert!(refused.code != 0 && refused.text.contains("sealed with another secret key"), "{}", refused.text);
    assert_eq!(view(&server.api()).await, key.as_str(), "nothing was changed");
    let mut server = server.with("LOCKGATE_SECRET_KEY_OTHER", &old);
    done(run(&server, "restore", &before));
    assert!(server.terminate().await);
    server = server.with("LOCKGATE_SECRET_KEY_OTHER", "");
    server.launch().await;
    assert_eq!(view(&server.api()).await, key.as_str());
    // Without any of the keys nobody starts.
    assert!(server.terminate().await);
    std::fs::write(file(&server, "secret_key"), "quite another key, of another installation").expect("writable");
    let refused = server.run(&["migrate"]);
    assert!(
        refused.code != 0 && refused.text.contains("does not open with this installation's secret key"),
        "{}",
        refused.text
    );
}

async fn keys_in_settings_are_replaced_while_the_server_runs(database: Database) {
    let (old, new) = ("the old key of the settings", "the new key of the settings");
    let mut server = Server::builder(database).set("LOCKGATE_SECRET_KEY", old).start().await;
    let ada = server.api().create_user("ada", "a-password-of-ada", &[]).await;
    let key = token(&server.api(), ada, "adas").await;
    let refused = server.run(&["rotate-secret"]);
    assert!(refused.code != 0 && refused.text.contains("LOCKGATE_SECRET_KEY_OTHER"), "{}", refused.text);
    assert!(server.terminate().await);
    server = server.with("LOCKGATE_SECRET_KEY", new).with("LOCKGATE_SECRET_KEY_OTHER", old);
    server.launch().await;
    assert_eq!(view(&server.api()).await, key.as_str());
    let told = done(server.run(&["rotate-secret"]));
    assert!(told.contains("LOCKGATE_SECRET_KEY_OTHER can go"), "{told}");
    assert_eq!(view(&server.api()).await, key.as_str());
    assert!(server.terminate().await);
    server = server.with("LOCKGATE_SECRET_KEY_OTHER", "");
    server.launch().await;
    assert_eq!(view(&server.api()).await, key.as_str());
}

/// Ten on PostgreSQL, and two on SQLite, which one process uses at a time but while another takes its place.
async fn many_processes_bring_up_one_schema(database: Database) {
    let many = if database == Database::Postgres { 10 } else { 2 };
    let mut server = Server::builder(database).set("LOCKGATE_SECRET_KEY", "a key that all of them have").start().await;
    assert!(server.terminate().await);
    let empty = match database {
        Database::Postgres => Database::Postgres.create().await.expect("a database"),
        Database::Sqlite => format!("sqlite://{}", file(&server, "empty.db").display()),
    };
    let server = server.with("LOCKGATE_DATABASE_URL", &empty);
    let server = server.with("LOCKGATE_LISTEN__HTTP", "127.0.0.1:0");
    let mut all: Vec<_> = (0..many).map(|_| server.begin(&["server"])).collect();
    for one in &mut all {
        let started = std::time::Instant::now();
        while !one.lines().iter().any(|line| line.contains("\"serving\"")) {
            assert!(one.ended().is_none(), "{}", one.tail());
            assert!(started.elapsed() < Duration::from_secs(60), "{}", one.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let applied = |one: &lockgate_tests::Program| {
        one.lines().iter().filter(|line| line.contains("the schema was brought up to date")).count()
    };
    let counts: Vec<usize> = all.iter().map(applied).collect();
    let listed = done(server.run(&["showmigrations"]));
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.len() > 20 && lines.iter().all(|line| line.starts_with("[X] m2026")), "{listed}");
    assert_eq!(counts.iter().sum::<usize>(), lines.len(), "each was applied once: {counts:?}");
    assert!(done(server.run(&["migrate"])).contains("No migrations to apply."));
    for mut one in all {
        one.signal("TERM");
        assert!(one.wait(Duration::from_secs(20)).await.success(), "{}", one.tail());
    }
}
