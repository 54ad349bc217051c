//! An installation under constant trouble: two nodes, a worker, PostgreSQL and Redis, of which one after the other is killed,
//! cut off, held up or emptied, while people sign in, write, ask for tokens, revoke, and edit the folder.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::{
    Acknowledged, Client, Counts, Database, Dice, MailSink, Postgres, Program, Redis, Reply, Server, Site, SiteOptions,
    Wire, free_port,
};

/// How long what is in memory goes on without the database where Redis is quiet; short, so that it ends within each fault.
const OUTAGE: u64 = 2;
/// After so long a revocation counts everywhere, whatever has been killed meanwhile.
const GRACE: Duration = Duration::from_secs(OUTAGE + 3);
/// After each so long the writers stop, and everything is looked at.
const EPOCH: Duration = Duration::from_secs(180);
/// Longest that everything may take to be well again.
const PATIENCE: Duration = Duration::from_secs(30);
/// Mails that each epoch sends.
const MAILS: usize = 40;

const SECRET: &str = "a secret of the robot";
const ROBOT: &str = "app: robot\nname: The robot\noauth2:\n  client_id: robot\n  client_secret: { env: SECRET_OF_ROBOT }\n  \
                     redirect_uris: [https://robot.lockgate.test/cb]\n  grants: [client_credentials]\n";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    FirstKilled,
    SecondKilled,
    WorkerKilled,
    DatabaseKilled,
    RedisKilled,
    RedisEmptied,
    DatabaseCut,
    DatabaseSilent,
    DatabaseSlow,
    RedisCut,
    RedisSilent,
    BothSilent,
    FolderEdited,
}

impl Fault {
    const ALL: [(Self, &'static str); 13] = [
        (Self::FirstKilled, "`kill -9` of the first node"),
        (Self::SecondKilled, "`kill -9` of the second node"),
        (Self::WorkerKilled, "`kill -9` of the worker"),
        (Self::DatabaseKilled, "`kill -9` of PostgreSQL"),
        (Self::RedisKilled, "`kill -9` of Redis"),
        (Self::RedisEmptied, "`FLUSHALL`"),
        (Self::DatabaseCut, "the second node's line to PostgreSQL is cut"),
        (Self::DatabaseSilent, "the same line is silent"),
        (Self::DatabaseSlow, "the same line is slow (100 ms each way)"),
        (Self::RedisCut, "the second node's line to Redis is cut"),
        (Self::RedisSilent, "the same line is silent"),
        (Self::BothSilent, "both lines are silent"),
        (Self::FolderEdited, "the folder is edited"),
    ];
}

/// What happened.
#[derive(Debug, Default)]
pub struct FaultSoakReport {
    /// How long it took.
    pub took: Duration,
    /// Each fault in words, how often it was, and the longest time until both nodes were ready and writes were acknowledged.
    pub faults: Vec<(&'static str, usize, Duration)>,
    /// What was acknowledged, all in all.
    pub counts: Counts,
    /// Answers of forward auth, and those of them that told to come back.
    pub asked: (u64, u64),
    /// Access tokens that were issued, and that were revoked.
    pub issued: (u64, u64),
    /// Mails that were promised, and that came.
    pub mails: (usize, usize),
    /// The most resident memory of the nodes, in KiB, after each epoch.
    pub memory: Vec<[u64; 2]>,
    /// What was wrong, in words.
    pub wrong: Vec<String>,
}

/// What visitors share.
#[derive(Default)]
struct Watch {
    done: AtomicBool,
    asked: AtomicU64,
    refused: AtomicU64,
    issued: AtomicU64,
    revoked: Mutex<Vec<(String, Instant)>>,
    wrong: Mutex<Vec<String>>,
}

impl Watch {
    fn complain(&self, what: String) {
        eprintln!("wrong: {what}");
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }
}

struct World {
    cluster: Postgres,
    redis: Redis,
    to_database: Wire,
    to_redis: Wire,
    site: Site,
    second: Server,
    worker: Program,
    sink: MailSink,
    watch: Arc<Watch>,
    edits: usize,
    promised: usize,
}

/// Has everything go wrong for so long; the same seed chooses the same faults.
///
/// # Panics
/// When something does not come back in time.
pub async fn fault_soak(length: Duration, seed: u64) -> FaultSoakReport {
    let (mut dice, started) = (Dice::new(seed), Instant::now());
    let mut world = World::start().await;
    let mut report = FaultSoakReport::default();
    let mut told: BTreeMap<Fault, (usize, Duration)> = BTreeMap::new();
    while started.elapsed() < length {
        let nodes = [world.site.port(), world.second.port()];
        let mut writers = Acknowledged::begin(&nodes, 6, &mut dice).await;
        world.promise_mails().await;
        // Sessions at applications last an hour; each epoch has its own.
        let visitors = world.visitors().await;
        let epoch = Instant::now();
        let mut memory = [0; 2];
        while epoch.elapsed() < EPOCH && started.elapsed() < length {
            let fault = Fault::ALL[dice.below(Fault::ALL.len() as u64) as usize].0;
            let took = world.suffers(fault, &writers, &mut dice).await;
            let entry = told.entry(fault).or_default();
            *entry = (entry.0 + 1, entry.1.max(took));
            memory[0] = memory[0].max(world.site.server.resident_kib());
            memory[1] = memory[1].max(world.second.resident_kib());
        }
        world.watch.done.store(true, Ordering::Release);
        for visitor in visitors {
            visitor.await.expect("a visitor comes to an end");
        }
        writers.stop().await;
        tokio::time::sleep(GRACE).await;
        writers.holds().await;
        world.tokens_stay_revoked().await;
        report.wrong.extend(writers.wrong());
        report.counts = report.counts.and(writers.counts());
        report.memory.push(memory);
        let (seconds, wrong) = (started.elapsed().as_secs(), report.wrong.len());
        eprintln!("{seconds} s: {:?}, {memory:?} KiB, {wrong} wrong", report.counts);
    }
    report.mails = (world.promised, world.mails_come().await);
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    report.asked = (load(&world.watch.asked), load(&world.watch.refused));
    let revoked = world.watch.revoked.lock().unwrap_or_else(PoisonError::into_inner).len();
    report.issued = (load(&world.watch.issued), revoked as u64);
    report.wrong.append(&mut world.watch.wrong.lock().unwrap_or_else(PoisonError::into_inner));
    let words = Fault::ALL.into_iter();
    report.faults =
        words.filter_map(|(fault, words)| told.get(&fault).map(|(count, took)| (words, *count, *took))).collect();
    report.took = started.elapsed();
    report
}

impl World {
    async fn start() -> Self {
        let (cluster, redis, sink) = (Postgres::start().await, Redis::start().await, MailSink::start().await);
        let (to_database, to_redis) = (Wire::to(cluster.port()).await, Wire::to(redis.port()).await);
        let mut settings: Vec<(String, String)> = Vec::new();
        let limits = ["WRONG_PASSWORDS_BY_ADDRESS", "WRONG_PASSWORDS_BY_NAME", "API_REQUESTS", "NEW_SESSIONS"];
        settings.extend(limits.map(|limit| (format!("LOCKGATE_LIMITS__{limit}"), "0".to_owned())));
        for (name, value) in [
            ("LOCKGATE_LIMITS__OUTAGE_SECONDS", OUTAGE.to_string()),
            ("LOCKGATE_SECRET_KEY", "one key for all of the nodes".to_owned()),
            ("LOCKGATE_EMAIL__HOST", "127.0.0.1".to_owned()),
            ("LOCKGATE_EMAIL__PORT", sink.port().to_string()),
            ("SECRET_OF_ROBOT", SECRET.to_owned()),
        ] {
            settings.push((name.to_owned(), value));
        }
        let mut of_first = settings.clone();
        of_first.push(("LOCKGATE_DATABASE_URL".to_owned(), cluster.url()));
        of_first.push(("LOCKGATE_REDIS_URL".to_owned(), redis.url()));
        let options = SiteOptions { extra: Some(|_| ROBOT.to_owned()), settings: of_first };
        let site = Site::direct_with(Database::Sqlite, options).await;
        let mut second = Server::builder(Database::Sqlite).port(free_port());
        for (name, value) in &settings {
            second = second.set(name, value);
        }
        let second = second
            .set("LOCKGATE_CONFIG_DIR", &site.server.config_folder().display().to_string())
            .set("LOCKGATE_PUBLIC_URL", &site.url("auth", ""))
            .set("LOCKGATE_DATABASE_URL", &cluster.url_by(to_database.port()))
            .set("LOCKGATE_REDIS_URL", &Redis::url_by(to_redis.port()))
            .start()
            .await;
        let worker = site.server.begin(&["worker"]);
        let (watch, edits, promised) = Default::default();
        Self { cluster, redis, to_database, to_redis, site, second, worker, sink, watch, edits, promised }
    }

    /// People behind a proxy, and a robot.
    async fn visitors(&self) -> Vec<tokio::task::JoinHandle<()>> {
        self.watch.done.store(false, Ordering::Release);
        let mut running = Vec::new();
        let public = self.site.port();
        for port in [public, self.second.port()] {
            let ada = self.site.signed_in("ada").await;
            let watch = Arc::clone(&self.watch);
            running.push(tokio::spawn(async move {
                while !watch.is_done() {
                    watch.asked.fetch_add(1, Ordering::Relaxed);
                    match Reply::try_of(question(&ada, port, public)).await.map(|reply| reply.status) {
                        Ok(200) => {}
                        Ok(503) | Err(_) => {
                            watch.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(other) => {
                            watch.complain(format!("forward auth at {port} answers {other} to a session that is open"))
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }));
        }
        let (watch, nodes) = (Arc::clone(&self.watch), [public, self.second.port()]);
        running.push(tokio::spawn(async move {
            let client = Client::new();
            for turn in 0_usize.. {
                if watch.is_done() {
                    return;
                }
                let (here, there) = (nodes[turn % 2], nodes[(turn / 2) % 2]);
                if let Some(token) = issued(&client, here).await {
                    watch.issued.fetch_add(1, Ordering::Relaxed);
                    let revoked = Reply::try_of(form(&client, there, "revoke", &[("token", &token)])).await;
                    if revoked.is_ok_and(|reply| reply.status == 200) {
                        watch.revoked.lock().unwrap_or_else(PoisonError::into_inner).push((token, Instant::now()));
                    }
                }
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        }));
        running
    }

    /// One fault for a while, and the way back: how long until both nodes are ready and something is acknowledged.
    async fn suffers(&mut self, fault: Fault, writers: &Acknowledged, dice: &mut Dice) -> Duration {
        let lasts = dice.millis(100, 1_000 * (OUTAGE + 2));
        match fault {
            Fault::FirstKilled => self.site.server.kill(),
            Fault::SecondKilled => self.second.kill(),
            Fault::WorkerKilled => self.worker.kill(),
            Fault::DatabaseKilled => self.cluster.kill(),
            Fault::RedisKilled => self.redis.kill(),
            Fault::RedisEmptied => drop(self.redis.cli(&["FLUSHALL"])),
            Fault::DatabaseCut => self.to_database.cut(),
            Fault::DatabaseSilent => self.to_database.silence(),
            Fault::DatabaseSlow => self.to_database.slow(Duration::from_millis(100)),
            Fault::RedisCut => self.to_redis.cut(),
            Fault::RedisSilent => self.to_redis.silence(),
            Fault::BothSilent => {
                self.to_database.silence();
                self.to_redis.silence();
            }
            Fault::FolderEdited => self.edit(),
        }
        tokio::time::sleep(lasts).await;
        writers.nothing_revives(GRACE, 5).await;
        match fault {
            Fault::FirstKilled => self.site.server.launch().await,
            Fault::SecondKilled => self.second.launch().await,
            Fault::WorkerKilled => self.worker = self.site.server.begin(&["worker"]),
            Fault::DatabaseKilled => self.cluster.launch().await,
            Fault::RedisKilled => self.redis.launch().await,
            _ => {
                self.to_database.mend();
                self.to_redis.mend();
            }
        }
        let back = Instant::now();
        self.is_well(back).await;
        writers.goes_on(1).await;
        let took = back.elapsed();
        writers.goes_on(20).await;
        writers.nothing_revives(GRACE, 10).await;
        took
    }

    /// Both nodes are ready, and know the folder as it was edited last.
    async fn is_well(&self, since: Instant) {
        for server in [&self.site.server, &self.second] {
            let path = match self.edits {
                0 => "core/applications/robot/".to_owned(),
                edits => format!("core/applications/edit-{edits}/"),
            };
            loop {
                let ready = Reply::try_of(Client::new().request(Method::GET, &server.url("/-/health/ready/"))).await;
                let known = Reply::try_of(server.api().request(Method::GET, &path)).await;
                let is_ok = |reply: Result<Reply, _>| reply.is_ok_and(|reply: Reply| reply.status == 200);
                if is_ok(ready) && is_ok(known) {
                    break;
                }
                assert!(since.elapsed() < PATIENCE, "{path} at {}\n{}", server.port(), server.logs().join("\n"));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    fn edit(&mut self) {
        self.edits += 1;
        let text = format!("app: edit-{0}\nname: Edit {0}\nurl: http://edit.lockgate.test\n", self.edits);
        self.site.server.write("edit.yaml", &text);
    }

    /// Those that are asked after now, and were revoked long enough ago, are not active anywhere.
    async fn tokens_stay_revoked(&self) {
        let revoked = self.watch.revoked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let client = Client::new();
        for (token, _) in revoked.iter().rev().filter(|(_, since)| since.elapsed() > GRACE).take(300) {
            for port in [self.site.port(), self.second.port()] {
                let told = Reply::try_of(form(&client, port, "introspect", &[("token", token)])).await;
                if told.is_ok_and(|reply| reply.status == 200 && reply.json()["active"] != false) {
                    self.watch.complain(format!("an access token that was revoked is active at {port}"));
                }
            }
        }
    }

    async fn promise_mails(&mut self) {
        let api = self.site.server.api();
        let flow = api.get("flows/instances/default-enrollment-flow/").await.expect(200).json()["pk"].clone();
        let name = format!("all-{}", self.promised);
        let made =
            api.post("stages/invitation/invitations/", &json!({ "name": name, "flow": flow })).await.expect(201).json();
        let path = format!("stages/invitation/invitations/{}/send_email/", made["pk"].as_str().unwrap_or_default());
        let all: Vec<String> = (0..MAILS).map(|n| format!("guest-{}@example.org", self.promised + n)).collect();
        api.post(&path, &json!({ "email_addresses": all })).await.expect(204);
        self.promised += MAILS;
    }

    /// All mails come: at least once each, and twice only as the same mail. A killed worker has its own for two minutes.
    async fn mails_come(&self) -> usize {
        let started = Instant::now();
        loop {
            let mut came: BTreeMap<String, String> = BTreeMap::new();
            for mail in self.sink.mails() {
                let id = mail.header("Message-ID");
                if came.insert(mail.to.join(","), id.clone()).is_some_and(|before| before != id) {
                    self.watch.complain(format!("{:?} has two mails", mail.to));
                }
            }
            if came.len() == self.promised || started.elapsed() > Duration::from_secs(200) {
                if came.len() != self.promised {
                    self.watch.complain(format!("{} of {} mails came", came.len(), self.promised));
                }
                return came.len();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// What a proxy asks for somebody at service `one`.
fn question(client: &Client, port: u16, public: u16) -> RequestBuilder {
    let url = format!("http://one.lockgate.test:{port}/outpost.goauthentik.io/auth/traefik");
    let request = client.request(Method::GET, &url).header("Accept", "text/html").header("X-Forwarded-Proto", "http");
    let request = request.header("X-Forwarded-Host", format!("one.lockgate.test:{public}"));
    request.header("X-Forwarded-Uri", "/").timeout(Duration::from_secs(25))
}

fn form(client: &Client, port: u16, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let url = format!("http://auth.lockgate.test:{port}/application/o/{endpoint}/");
    let request = client.request(Method::POST, &url).basic_auth("robot", Some(SECRET.replace(' ', "%20")));
    request.form(fields).timeout(Duration::from_secs(25))
}

async fn issued(client: &Client, port: u16) -> Option<String> {
    let fields = [("grant_type", "client_credentials"), ("scope", "openid")];
    let reply = Reply::try_of(form(client, port, "token", &fields)).await.ok().filter(|reply| reply.status == 200)?;
    reply.json()["access_token"].as_str().map(str::to_owned)
}
