//! A real installation of a few nodes, with people in it, whose work is measured.

use std::time::Duration;

use reqwest::Method;

use super::{Random, Zipf};
use crate::processor_time::seconds_of;
use crate::{
    Client, Database, Executor, OwnedDatabase, ProcessorTime, Redis, Reply, Server, Site, SiteOptions, Talk, Wire,
    closed_loop, conversation, free_port,
};

/// The secret key of all nodes.
const KEY: &str = "one key for all of the nodes";

/// Connections that ask at the same time.
const CONNECTIONS: usize = 4;

/// Nodes on one PostgreSQL, with or without a Redis.
pub struct Small {
    site: Site,
    others: Vec<Server>,
    database: OwnedDatabase,
    _redis: Option<Redis>,
    /// The way to a database that is far away.
    way: Option<(Wire, Duration)>,
    cookie: String,
    people: usize,
}

/// Everything that was counted until some moment.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Seconds of processors, by node.
    pub nodes: Vec<f64>,
    /// Seconds of the database's.
    pub database: f64,
    /// Calls of the database, by all nodes.
    pub calls: f64,
    /// Lines in the log of changes.
    pub lines: f64,
    /// Seconds of hashing, of all nodes.
    pub hashing: f64,
    /// Decisions that had to be taken, by node.
    pub decided: Vec<f64>,
}

impl Reading {
    /// What came since an earlier one.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let less = |now: &[f64], then: &[f64]| now.iter().zip(then).map(|(now, then)| now - then).collect();
        Self {
            nodes: less(&self.nodes, &before.nodes),
            database: self.database - before.database,
            calls: self.calls - before.calls,
            lines: self.lines - before.lines,
            hashing: self.hashing - before.hashing,
            decided: less(&self.decided, &before.decided),
        }
    }

    /// Seconds of processors of all nodes together.
    #[must_use]
    pub fn of_all(&self) -> f64 {
        self.nodes.iter().sum()
    }
}

impl Small {
    /// Starts so many nodes, each of which remembers so many people.
    ///
    /// # Panics
    /// When something cannot be started.
    pub async fn start(nodes: usize, with_redis: bool, remembered: usize) -> Self {
        Self::at_a_distance(nodes, with_redis, remembered, Duration::ZERO).await
    }

    /// As [`Small::start`], for nodes whose questions to the database take so much longer each way once it is populated.
    ///
    /// # Panics
    /// When something cannot be started.
    pub async fn at_a_distance(nodes: usize, with_redis: bool, remembered: usize, far: Duration) -> Self {
        let database = OwnedDatabase::create().await;
        let redis = if with_redis { Some(Redis::start().await) } else { None };
        let (mut url, mut way) = (database.url(), None);
        if far > Duration::ZERO {
            let wire = Wire::to(database.port).await;
            url = url.replace(&format!("127.0.0.1:{}", database.port), &format!("127.0.0.1:{}", wire.port()));
            way = Some((wire, far));
        }
        let mut settings = vec![
            ("LOCKGATE_SECRET_KEY", KEY.to_owned()),
            ("LOCKGATE_DATABASE_URL", url),
            ("LOCKGATE_LIMITS__REMEMBERED_PEOPLE", remembered.to_string()),
            ("LOCKGATE_LIMITS__NEW_SESSIONS", "0".to_owned()),
            ("LOCKGATE_LIMITS__WRONG_PASSWORDS_BY_ADDRESS", "0".to_owned()),
            ("LOCKGATE_LIMITS__API_REQUESTS", "0".to_owned()),
        ];
        settings.extend(redis.as_ref().map(|redis| ("LOCKGATE_REDIS_URL", redis.url())));
        let settings: Vec<_> = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let options = SiteOptions { extra: None, settings: settings.clone() };
        let site = Site::direct_with(Database::Sqlite, options).await;
        let mut others = Vec::new();
        for _ in 1..nodes {
            let mut node = Server::builder(Database::Sqlite)
                .port(free_port())
                .config("site.yaml", &Site::documents(site.port()))
                .set("LOCKGATE_PUBLIC_URL", &site.url("auth", ""));
            for (name, value) in &settings {
                node = node.set(name, value);
            }
            others.push(node.start().await);
        }
        Self { site, others, database, _redis: redis, way, cookie: String::new(), people: 0 }
    }

    /// Makes people out of one who has signed in: each has an account, a password, a group, a session, and a sign-in at
    /// an application. What the nodes do not know, they have to look up.
    ///
    /// # Panics
    /// When that does not do.
    pub async fn populate(&mut self, people: usize) {
        let ada = self.site.signed_in("ada").await;
        let at = self.site.url("one", "/");
        let names = ada.cookie_names(&at);
        let cookie = names.into_iter().find(|name| name.starts_with("authentik_proxy_") && !name.ends_with("_state"));
        self.cookie = cookie.expect("a sign-in at an application is a cookie");
        self.people = people;
        let ada = self.site.ada;
        let n = format!("generate_series(1, {people}) n");
        let like = |table: &str, changes: &str, of: &str| {
            format!(
                "INSERT INTO {table} SELECT (jsonb_populate_record(o, jsonb_build_object({changes}))).*
                    FROM {table} o, {n} WHERE o.ctid = (SELECT ctid FROM {table} WHERE {of} LIMIT 1)"
            )
        };
        let session = "lpad(to_hex(n), 12, '0')";
        let uuid = format!("('00000000-0000-4000-8000-' || {session})");
        let hashed =
            |sort: &str| format!("encode(sha256(convert_to('{sort}' || lpad(n::text, 42, '0'), 'UTF8')), 'hex')");
        let user =
            "'pk', n + 1000000, 'uuid', gen_random_uuid(), 'username', 'person-' || n, 'username_norm', 'person-' || n,
                'email', 'person-' || n || '@example.org', 'email_norm', 'person-' || n || '@example.org',
                'search', 'person-' || n";
        let theirs = "'user_pk', n + 1000000";
        let of = format!("user_pk = {ada}");
        let statements = [
            like("users", user, &format!("pk = {ada}")),
            like("credentials", theirs, &of),
            like("memberships", theirs, &of),
            like("sessions", &format!("{theirs}, 'id_hash', {}, 'uuid', {uuid}", hashed("S")), &of),
            like("proxy_sessions", &format!("{theirs}, 'id_hash', {}, 'session', {uuid}", hashed("P")), &of),
            "ANALYZE".to_owned(),
        ];
        for statement in statements {
            self.database.psql(&statement);
        }
        if let Some((wire, far)) = &self.way {
            wire.slow(*far);
        }
    }

    /// Ports of all nodes.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        std::iter::once(self.site.port()).chain(self.others.iter().map(Server::port)).collect()
    }

    fn nodes(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.site.server).chain(&self.others)
    }

    /// Reads all counts.
    ///
    /// # Panics
    /// When a node does not tell.
    pub async fn read(&self) -> Reading {
        let mut reading = Reading {
            nodes: self.nodes().map(|node| seconds_of(node.pid())).collect(),
            database: ProcessorTime::now(&self.site.server).database,
            ..Reading::default()
        };
        for node in self.nodes() {
            let text = node.get("/metrics").await.expect(200).text();
            reading.hashing += figure(&text, "lockgate_password_hash_duration_seconds_sum");
            reading.calls += figure(&text, "lockgate_database_call_duration_seconds_count");
            reading.decided.push(figure(&text, "lockgate_decision_cache_total{found=\"miss\"}"));
        }
        reading.lines = self.number("SELECT coalesce(max(id), 0) FROM changes");
        reading
    }

    /// A number that the database answers.
    ///
    /// # Panics
    /// When it answers none.
    #[must_use]
    pub fn number(&self, sql: &str) -> f64 {
        let text = self.database.psql(sql);
        text.parse().unwrap_or_else(|_| panic!("{sql}: {text}"))
    }

    /// Resident memory of a node, in MiB.
    #[must_use]
    pub fn memory(&self, node: usize) -> f64 {
        self.nodes().nth(node).map_or(0.0, |node| node.resident_kib() as f64 / 1024.0)
    }

    fn question(&self, person: Option<usize>) -> String {
        let host = format!("one.lockgate.test:{}", self.site.port());
        let cookie = person.map(|person| format!("\r\nCookie: {}=P{:0>42}", self.cookie, person + 1));
        format!(
            "GET /outpost.goauthentik.io/auth/traefik HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\
             X-Forwarded-Proto: http\r\nX-Forwarded-Host: {host}\r\nX-Forwarded-Uri: /library{}",
            cookie.unwrap_or_default()
        )
    }

    /// Asks a node for each of these people, one after the other on a few connections.
    ///
    /// # Panics
    /// When somebody is not let in.
    pub async fn ask(&self, port: u16, people: &[usize]) {
        let each = people.len() / CONNECTIONS;
        let talks = people.chunks_exact(each.max(1)).take(CONNECTIONS).map(|people| self.talk(people)).collect();
        let load = conversation(port, talks, 200, each as u64).await;
        assert_eq!(load.unexpected, 0, "people who are let in");
        self.ask_in_order(port, &people[each * CONNECTIONS..]).await;
    }

    /// Asks a node for each of these people on one connection.
    ///
    /// # Panics
    /// When somebody is not let in.
    pub async fn ask_in_order(&self, port: u16, people: &[usize]) {
        let load = conversation(port, vec![self.talk(people)], 200, people.len() as u64).await;
        assert_eq!(load.unexpected, 0, "people who are let in");
    }

    fn talk(&self, people: &[usize]) -> Talk {
        let mut questions: Vec<String> =
            people.iter().rev().map(|person| self.question(Some(*person)) + "\r\n\r\n").collect();
        Box::new(move |_: &str| questions.pop().unwrap_or_default())
    }

    /// Brings a revision of the configuration into force.
    ///
    /// # Panics
    /// When the API refuses.
    pub async fn revise(&self) {
        let body =
            serde_json::json!({ "name": format!("another-{}", uuid::Uuid::new_v4().simple()), "slug": "another" });
        self.site.server.api().post("core/applications/", &body).await.expect(201);
    }

    /// Asks a node again and again for one person whom it knows then, or for nobody.
    ///
    /// # Panics
    /// When the answer is another one than expected.
    pub async fn ask_again(&self, port: u16, person: Option<usize>, times: u64) {
        let expected = if person.is_some() { 200 } else { 302 };
        let load = closed_loop(port, &self.question(person), expected, CONNECTIONS as u64, times).await;
        assert_eq!(load.unexpected, 0, "the answer is {expected}");
    }

    /// Lets somebody sign in at an application so many times, each as another person.
    ///
    /// # Panics
    /// When that does not lead back to it.
    pub async fn sign_in(&self, people: std::ops::Range<usize>) {
        for person in people {
            self.site.enter(&Client::new(), "one", &format!("person-{}", person + 1)).await;
        }
    }

    /// Takes so many steps of a flow: pages with the question for a name.
    ///
    /// # Panics
    /// When one is not shown.
    pub async fn step(&self, steps: usize) {
        let base = format!("http://auth.lockgate.test:{}", self.site.port());
        for _ in 0..steps / 2 {
            let client = Client::new();
            let executor = Executor::new(&client, &base, "default-authentication-flow", "");
            executor.challenge().await.expect(200);
            let person = serde_json::json!({ "uid_field": "person-1" });
            assert!(executor.post(&person).await.status < 400, "a name is an answer");
        }
    }

    /// Gives people other names by the API.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn rename(&self, people: std::ops::Range<usize>) {
        let api = self.site.server.api();
        for person in people {
            let body = serde_json::json!({ "name": format!("Person {person} the Second") });
            api.patch(&format!("core/users/{}/", person + 1_000_001), &body).await.expect(200);
        }
    }

    /// Puts lines into the log of changes as if so many sessions had ended at once, in transactions of 1,000.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn note(&self, lines: usize) {
        for from in (0..lines).step_by(1_000) {
            let some = 1_000.min(lines - from);
            self.database.psql(&format!(
                "INSERT INTO changes (topic, key, created)
                    SELECT 'session', encode(sha256(convert_to('x' || {from} + n, 'UTF8')), 'hex'), now()
                    FROM generate_series(1, {some}) n"
            ));
        }
    }

    /// Ends the sessions of one person on the first node, and asks the last one until it knows; how long that took. The
    /// last one has to know the person.
    ///
    /// # Panics
    /// When it does not come to know.
    pub async fn revoke(&self, person: usize) -> Duration {
        let api = self.site.server.api();
        let found = api.get(&format!("core/authenticated_sessions/?user__username=person-{}", person + 1)).await;
        let found = found.expect(200).json();
        for session in found["results"].as_array().into_iter().flatten() {
            let path = format!("core/authenticated_sessions/{}/", session["uuid"].as_str().unwrap_or_default());
            api.delete(&path).await.expect(204);
        }
        let (started, client) = (std::time::Instant::now(), Client::new());
        let port = self.ports().last().copied().unwrap_or_default();
        client
            .set_cookie(&format!("http://one.lockgate.test:{port}/"), &format!("{}=P{:0>42}", self.cookie, person + 1));
        let host = format!("one.lockgate.test:{}", self.site.port());
        loop {
            let url = format!("http://one.lockgate.test:{port}/outpost.goauthentik.io/auth/traefik");
            let request = client.request(Method::GET, &url).header("Accept", "text/html");
            let request = request.header("X-Forwarded-Proto", "http").header("X-Forwarded-Host", &host);
            if Reply::of(request.header("X-Forwarded-Uri", "/")).await.status == 302 {
                return started.elapsed();
            }
            assert!(started.elapsed().as_secs() < 2, "a revocation arrives");
        }
    }

    /// So many people as they would come, a few often and most seldom.
    #[must_use]
    pub fn visits(&self, count: usize, exponent: f64, seed: u64) -> Vec<usize> {
        let (zipf, mut random) = (Zipf::new(self.people, exponent), Random::new(seed));
        (0..count).map(|_| zipf.pick(&mut random)).collect()
    }
}

fn figure(metrics: &str, name: &str) -> f64 {
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}
