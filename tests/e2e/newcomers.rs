//! What the page for newcomers says, done as it says, with the commands and the file that it shows; on the way its
//! pictures are made.

use std::process::Command;
use std::time::Duration;

use lockgate_tests::{Database, Program, Reader, Server, free_port, workspace_root};
use tempfile::TempDir;

const PASSWORD: &str = "trellis-mango-orbit-58";

/// Ports that the page names: Lockgate's own, and the proxy's.
const OWN: &str = "9000";
const PUBLIC: &str = "8080";

fn page() -> String {
    let path = workspace_root().join("docs/newcomers.md");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Blocks of the page that are written in this language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let opening = format!("```{language}\n");
    page.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The setting that the page starts the server with.
fn setting(page: &str) -> (String, String) {
    let command = blocks(page, "sh").first().copied().unwrap_or_default().to_owned();
    let (set, program) = command.trim().split_once(' ').expect("a setting stands before the program");
    assert_eq!(program, "cargo run --release", "the README says so, too");
    let (name, value) = set.split_once('=').expect("a setting has a value");
    (name.to_owned(), value.to_owned())
}

/// Caddy with the page's own file, at other ports, and without what would reach beyond the test.
fn caddy(folder: &TempDir, file: &str) -> Program {
    let path = folder.path().join("Caddyfile");
    let text = format!("{{\n\tadmin off\n\tauto_https off\n}}\n\n{file}");
    std::fs::write(&path, text).expect("a fresh folder is writable");
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(path);
    command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    Program::start("caddy", &mut command)
}

/// Takes the next picture that the page shows.
async fn pictured(reader: &Reader, left: &mut Vec<String>, name: &str) {
    assert!(!left.is_empty(), "the page does not show {name}");
    assert_eq!(left.remove(0), name, "pictures are in the order of the page");
    reader.browser.screenshot(&format!("newcomers/{name}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_get_from_a_clone_to_their_first_application() {
    let page = page();
    let shown = page.split("](../target/screenshots/newcomers/").skip(1);
    let mut left: Vec<String> = shown.filter_map(|rest| rest.split(".png)").next()).map(str::to_owned).collect();
    assert_eq!(left.len(), 6, "{left:?}");
    let (own, public) = (free_port(), free_port());
    let here = |text: &str| text.replace(OWN, &own.to_string()).replace(PUBLIC, &public.to_string());
    let (name, value) = setting(&page);
    let server = Server::builder(Database::Sqlite).without_bootstrap().port(own).set(&name, &here(&value));
    let _server = server.start().await;
    let folder = TempDir::with_prefix("lockgate-newcomer-").expect("the temporary folder is writable");
    let mut proxy = caddy(&folder, &here(blocks(&page, "caddyfile")[0]));
    let (auth, notes) = (here("http://auth.localhost:8080/"), here("http://notes.localhost:8080/"));
    for address in [&auth, &notes] {
        assert!(here(&page).contains(address.trim_end_matches('/')), "the page names {address}");
    }
    proxy.answers(&format!("http://127.0.0.1:{own}/-/health/live/"), Duration::from_secs(20)).await;

    let admin = Reader::start().await;
    administers(&admin, &auth, &notes, &mut left).await;
    admin.browser.close().await;
    opens(&auth, &notes, &mut left).await;
    assert!(left.is_empty(), "nobody takes {left:?}");
}

/// From the first visit to an application that is set up.
async fn administers(admin: &Reader, auth: &str, notes: &str, left: &mut Vec<String>) {
    admin.browser.open(auth).await;
    admin.browser.arrives_at(&format!("{auth}if/flow/initial-setup/")).await;
    admin.types("Email", "ada@example.org").await;
    admin.types("Password", PASSWORD).await;
    admin.types("Password (repeat)", PASSWORD).await;
    pictured(admin, left, "1-set-up").await;
    admin.browser.submit().await;
    admin.browser.arrives_at(&format!("{auth}if/user/")).await;
    admin.clicks("Administration").await;
    admin.reads("What happened last").await;
    pictured(admin, left, "2-administration").await;

    admin.goes_to(&["Applications", "Applications"]).await;
    admin.clicks("Set up an application").await;
    admin.clicks("Forward auth").await;
    admin.types("Name", "Notes").await;
    admin.types("Address", notes.trim_end_matches('/')).await;
    admin.ticks("Everybody with an account").await;
    pictured(admin, left, "3-application").await;
    admin.clicks("Set it up").await;
    admin.reads("Notes is set up").await;
    pictured(admin, left, "4-what-to-paste").await;
}

/// Somebody else's browser gets to the notes by signing in, and no other way.
async fn opens(auth: &str, notes: &str, left: &mut Vec<String>) {
    let visitor = Reader::start().await;
    visitor.browser.open(notes).await;
    visitor.browser.arrives_at(&format!("{auth}if/flow/")).await;
    let text = visitor.browser.text().await;
    assert!(!text.contains("These are the notes"), "{text}");
    pictured(&visitor, left, "5-sign-in").await;
    visitor.browser.sign_in("akadmin", PASSWORD).await;
    visitor.browser.arrives_at(notes).await;
    visitor.reads("These are the notes of akadmin.").await;
    pictured(&visitor, left, "6-notes").await;
    visitor.browser.close().await;
}
