//! Whatever is killed at whatever moment, the configuration in the database is a whole one.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use lockgate_tests::{Database, Server};
use serde_json::Value;

on_each_database!(
    an_apply_that_is_killed_leaves_the_old_or_the_new_configuration,
    a_server_that_is_killed_while_it_reloads_leaves_the_old_or_the_new_configuration,
);

/// Applications, and as many groups.
const OBJECTS: usize = 150;

/// How often something is killed.
const KILLS: u32 = 8;

/// Everything in it says of which generation it is.
fn folder(generation: usize) -> String {
    let mut text = String::new();
    for n in 0..OBJECTS {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "app: app-{n}\nname: App {n} of {generation}\nurl: http://app-{n}.lockgate.test\n\
             forward_auth: {{ mode: single }}\naccess:\n  any: [{{ group: Group {n} }}]\n---\n\
             group: Group {n}\nattributes: {{ generation: {generation} }}\n---"
        );
    }
    text
}

/// The generation of everything that is stored, and the number of the revision.
fn stored(server: &Server) -> (usize, i64) {
    let told = server.run(&["export", "--all"]);
    assert_eq!(told.code, 0, "{}", told.text);
    let of = |start: &str, mark: &str| -> Vec<usize> {
        let lines = told.text.lines().filter(|line| line.starts_with(start));
        lines.filter_map(|line| line.rsplit_once(mark)?.1.trim().parse().ok()).collect()
    };
    let (apps, groups) = (of("name: App ", " of "), of("  generation: ", ": "));
    assert_eq!((apps.len(), groups.len()), (OBJECTS, OBJECTS), "something is missing");
    let generation = apps[0];
    assert!(apps.iter().chain(&groups).all(|one| *one == generation), "{apps:?} {groups:?}");
    let told = server.run(&["revisions", "--format", "json"]);
    let revisions: Value = serde_json::from_str(&told.text).unwrap_or_else(|_| panic!("{}", told.text));
    (generation, revisions[0]["number"].as_i64().expect("revisions have numbers"))
}

/// As [`stored`], once it stays the same: PostgreSQL may finish what a killed client had asked for last.
fn settled(server: &Server) -> (usize, i64) {
    let mut last = stored(server);
    loop {
        let now = stored(server);
        if now == last {
            return now;
        }
        last = now;
    }
}

/// Moments that are spread over a time, the middle of which is where things are written.
fn moments(whole: Duration) -> impl Iterator<Item = Duration> {
    (1..=KILLS).map(move |kill| whole * (2 * kill + 1) / (2 * KILLS + 2))
}

fn apply(server: &Server, folder: &Path) -> Duration {
    let began = Instant::now();
    let told = server.run(&["apply", &folder.to_string_lossy()]);
    assert_eq!(told.code, 0, "{}", told.text);
    began.elapsed()
}

async fn an_apply_that_is_killed_leaves_the_old_or_the_new_configuration(database: Database) {
    let mut server = crate::plan::bare(Server::builder(database)).await;
    assert!(server.terminate().await);
    let place = tempfile::TempDir::with_prefix("lockgate-crash-").expect("the temporary folder is writable");
    let write = |generation| {
        let path = place.path().join("all.yaml");
        std::fs::write(path, folder(generation)).expect("the temporary folder is writable");
    };
    write(0);
    apply(&server, place.path());
    write(1);
    let whole = apply(&server, place.path());
    let (mut generation, mut revision) = stored(&server);
    assert_eq!(generation, 1);
    let mut interrupted = 0;
    for moment in moments(whole) {
        let next = generation + 1;
        write(next);
        let mut program = server.begin(&["apply", &place.path().to_string_lossy()]);
        tokio::time::sleep(moment).await;
        let had_ended = program.ended().is_some();
        program.kill();
        let (is, number) = settled(&server);
        let expected = if is == next { revision + 1 } else { revision };
        assert!(is == next || (is == generation && !had_ended), "neither the old nor the new, but {is}");
        assert_eq!(number, expected, "the revision and what is stored are not of one mind");
        interrupted += u32::from(is != next);
        if is != next {
            apply(&server, place.path());
            assert_eq!(stored(&server), (next, revision + 1), "another try makes it whole");
        }
        (generation, revision) = (next, revision + 1);
    }
    assert!(interrupted > 0, "no apply was killed midway");
    // A server takes it up from there.
    server.launch().await;
    let app = server.api().get("core/applications/app-7/").await.expect(200).json();
    assert_eq!(app["name"], format!("App 7 of {generation}"));
}

async fn a_server_that_is_killed_while_it_reloads_leaves_the_old_or_the_new_configuration(database: Database) {
    let mut server = Server::builder(database).config("all.yaml", &folder(0)).start().await;
    crate::plan::at_rest(&server).await;
    let began = Instant::now();
    server.write("all.yaml", &folder(1));
    in_force(&server, 1).await;
    let whole = began.elapsed();
    let mut generation = 1;
    let mut interrupted = 0;
    for moment in moments(whole) {
        let (_, revision) = stored(&server);
        let next = generation + 1;
        server.write("all.yaml", &folder(next));
        tokio::time::sleep(moment).await;
        server.kill();
        let (is, number) = settled(&server);
        assert!(is == next || is == generation, "neither the old nor the new, but {is}");
        assert_eq!(number, revision + i64::from(is == next), "the revision and what is stored are not of one mind");
        interrupted += u32::from(is != next);
        server.launch().await;
        in_force(&server, next).await;
        assert_eq!(settled(&server), (next, revision + 1), "{}", server.run(&["revisions"]).text);
        generation = next;
    }
    assert!(interrupted > 0, "no reload was interrupted");
}

async fn in_force(server: &Server, generation: usize) {
    let began = Instant::now();
    let name = format!("App {} of {generation}", OBJECTS - 1);
    let path = format!("core/applications/app-{}/", OBJECTS - 1);
    while server.api().get(&path).await.expect(200).json()["name"] != name {
        assert!(began.elapsed() < Duration::from_secs(60), "generation {generation} does not come into force");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
