//! Many sessions at once, made in the database as their logins would have.

use std::collections::HashMap;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use chrono::Utc;
use lockgate_model::UserType;
use lockgate_store::{DatabaseSettings, NewUser, SealKey, Store, hash_secret};
use lockgate_tests::{Client, Database, Server, Site};
use serde_json::Map;
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::forward_auth::{cookies, with_cookie};
use crate::request::wrk;

/// Rows of one transaction.
const BATCH: usize = 5_000;

/// A site whose database is written to beside the server.
pub(crate) struct Crowd {
    pub(crate) site: Site,
    pub(crate) store: Store,
    pub(crate) ada: Client,
    /// Address of PostgreSQL, where that is the database.
    url: Option<String>,
    /// How many people there are beside those of the site.
    people: usize,
    /// How many of them have a session.
    sessions: usize,
}

impl Crowd {
    pub(crate) async fn of(database: Database) -> Self {
        let url = database.create().await;
        let settings = url.iter().map(|url| ("LOCKGATE_DATABASE_URL".to_owned(), url.clone()));
        let unlimited = ["LOCKGATE_LIMITS__API_REQUESTS", "LOCKGATE_LIMITS__NEW_SESSIONS"];
        let settings = settings.chain(unlimited.map(|name| (name.to_owned(), "0".to_owned()))).collect();
        let site =
            Site::direct_with(Database::Sqlite, lockgate_tests::SiteOptions { extra: Some(flow), settings }).await;
        let file = format!("sqlite://{}", site.server.data_folder().join("lockgate.db").display());
        let seal = SealKey::derive(b"nothing is sealed here").expect("a key");
        let store = Store::connect(&DatabaseSettings::new(url.clone().unwrap_or(file)), seal)
            .await
            .expect("the database is there");
        let ada = site.signed_in("ada").await;
        Self { site, store, ada, url, people: 0, sessions: 0 }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.site.server
    }

    /// Makes people until there are so many.
    pub(crate) async fn grow(&mut self, people: usize) {
        let media = self.store.groups().by_name("Media").await.expect("groups").expect("the site has it").pk;
        for first in (self.people..people).step_by(BATCH) {
            let new = (first..people.min(first + BATCH)).map(|number| person(number, media)).collect();
            self.store.users().create_many(new, Utc::now()).await.expect("users");
        }
        self.people = self.people.max(people);
    }

    /// Has PostgreSQL look at its tables, as it does by itself within minutes: what is measured is a server in use.
    pub(crate) fn analyze(&self) {
        let Some(url) = &self.url else { return };
        let done = Command::new("psql").args([url, "-qc", "VACUUM ANALYZE"]).status().expect("psql runs");
        assert!(done.success(), "the database was not looked at");
    }

    /// Gives sessions at service `one` to the first so many people.
    pub(crate) async fn sign_in(&mut self, sessions: usize) {
        self.grow(sessions).await;
        let cookie = cookies(&self.site, &self.ada);
        let (_, token) = cookie.split_once('=').expect("a cookie");
        let now = Utc::now();
        let (row, browser) =
            self.store.proxy_sessions().load(&hash_secret(token), now).await.expect("rows").expect("ada's");
        let session = self.store.sessions().load(&browser, now).await.expect("rows").expect("ada's");
        let numbers: Vec<usize> = (self.sessions..sessions).collect();
        for numbers in numbers.chunks(BATCH) {
            let names: Vec<String> = numbers.iter().map(|number| username(*number)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let people = self.store.users().by_usernames(&names).await.expect("users");
            let people: HashMap<String, i64> = people.into_iter().map(|user| (user.username, user.pk)).collect();
            for number in numbers {
                let mut mine = session.clone();
                mine.id_hash = hash_secret(&format!("b{}", secret(*number)));
                mine.uuid = Uuid::from_u128(0x2000_0000 + *number as u128);
                mine.user_pk = Some(people[&username(*number)]);
                self.store.sessions().create(&mine).await.expect("a session");
                let mut row = row.clone();
                row.id_hash = hash_secret(&secret(*number));
                (row.session, row.user_pk) = (mine.uuid, people[&username(*number)]);
                self.store.proxy_sessions().create(&row, now).await.expect("a sign-in");
            }
        }
        self.sessions = self.sessions.max(sessions);
    }

    /// Answers of forward auth a second, for everybody who has a session, in an arbitrary order.
    pub(crate) fn rate(&self, span: Duration) -> f64 {
        let cookie = cookies(&self.site, &self.ada);
        let (name, _) = cookie.split_once('=').expect("a cookie");
        let question = with_cookie(&self.site, Some("COOKIE")).text();
        let (before, behind) = question.split_once("COOKIE").expect("a cookie");
        let mut file = NamedTempFile::new().expect("the temporary folder is writable");
        let lines: String = (0..self.sessions).map(|number| format!("{name}={}\n", secret(number))).collect();
        file.write_all(lines.as_bytes()).expect("writable");
        let script = format!(
            "local cookies = {{}}\nfor line in io.lines({:?}) do cookies[#cookies + 1] = line end\nlocal at = 1\n\
             function request()\n  at = (at * 7919 + 12345) % 2147483647\n  return {before:?} .. cookies[at % #cookies + 1] .. {behind:?}\nend\n",
            file.path().display().to_string()
        );
        wrk(self.server().port(), span, &script)
    }
}

/// A flow that asks for a name alone, and so lets nobody in: what a login takes beside its hash.
pub(crate) const FLOW: &str = "just-asking";

fn flow(_: u16) -> String {
    format!("flow: {FLOW}\ntitle: Welcome\ndesignation: recovery\nstages:\n  - identify: {{ by: [username] }}\n")
}

pub(crate) fn username(number: usize) -> String {
    // Scattered, so that the order of names is not the order of their making.
    format!("person-{:06x}", number.wrapping_mul(7_919) % 0x0100_0000)
}

/// Forty-three letters and digits, as a cookie has.
fn secret(number: usize) -> String {
    format!("{number:042}s")
}

fn person(number: usize, group: Uuid) -> NewUser {
    NewUser {
        uuid: Uuid::from_u128(0x1000_0000 + number as u128),
        username: username(number),
        name: format!("Person {number}"),
        email: format!("person{number}@example.com"),
        is_active: true,
        user_type: UserType::Internal,
        path: "users".to_owned(),
        attributes: Map::new(),
        groups: if number < 100_000 { vec![group] } else { Vec::new() },
        password_hash: None,
    }
}
