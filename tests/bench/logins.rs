//! Logins against the bare rate of their hash, in the same run on the same machine; what is left of them while
//! somebody tries leaked passwords; how much memory a crowd takes; and whether times tell who has an account.
//!
//! `cargo bench --workspace --bench logins` measures the release binary; `LOCKGATE_BIN=target/dist/lockgate` another
//! one. `ONLY=logins` leaves the attacks out. Tables in Markdown are printed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use lockgate_tests::{Answer, Database, ProcessorTime, Server, Visitor, new_address, quantile, tells, walks};
use serde_json::{Value, json};

/// Accounts.
const USERS: u32 = 2_000;
/// People who sign in at the same time.
const AT_ONCE: usize = 16;
/// How long logins are measured, and in how many rounds; bare hashes half as long between them.
const SPAN: Duration = Duration::from_secs(24);
const ROUNDS: u32 = 8;
/// Attempts of a crowd, all at the same moment.
const CROWD: u32 = 10_000;
/// Leaked passwords tried in a second, from so many addresses, for so long.
const TRIES: u64 = 1_000;
const ATTACKERS: u32 = 1_000;
const ATTACK: Duration = Duration::from_secs(30);
/// Answers that are timed, of each sort.
const TIMED: u32 = 400;

const PASSWORD: &str = "trellis-mango-orbit-58";
const FLOW: &str = "sign-in";
const FOLDER: &str = "flow: sign-in\ntitle: Welcome\ndesignation: authentication\nstages:\n  \
    - identify: { by: [username], password: inline }\n  - login\n";

#[tokio::main]
async fn main() {
    println!("Binary: `{}`\n", lockgate_tests::binary().display());
    let hash = Argon2::default().hash_password(PASSWORD.as_bytes()).expect("a hash").to_string();
    for (name, database) in [("SQLite", Database::Sqlite), ("PostgreSQL", Database::Postgres)] {
        let Some(server) = started(database, &hash).await else { continue };
        println!("## {name}\n");
        rates(&server, &hash).await;
        if std::env::var("ONLY").is_ok_and(|only| only == "logins") {
            continue;
        }
        enumeration(&server).await;
        stuffing(&server).await;
        crowd(&server).await;
    }
}

/// Logins against bare hashes, and what takes the time of the processors meanwhile: server, database and those who
/// sign in share them. In turns, since a machine that is shared is not as fast in one minute as in the next.
async fn rates(server: &Server, hash: &str) {
    let (mut hashes, mut logins) = (Share::default(), Share::default());
    for _ in 0..ROUNDS {
        hashes.add(server, async || bare(hash)).await;
        logins.add(server, async || signing_in(server).await).await;
    }
    let (bare, rate) = (hashes.rate(), logins.rate());
    println!(
        "| hashes/s, bare | logins/s | ratio |\n|---:|---:|---:|\n| {bare:.1} | {rate:.1} | {:.2} |\n",
        rate / bare
    );
    println!(
        "| ms of processor | a bare hash | a login: server | database | those who sign in | anybody else | nobody |\n\
         |---|---:|---:|---:|---:|---:|---:|\n| | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |\n",
        hashes.each(hashes.time.own),
        logins.each(logins.time.server),
        logins.each(logins.time.database),
        logins.each(logins.time.own),
        logins.each(logins.time.busy - logins.time.server - logins.time.database - logins.time.own),
        logins.each(logins.time.idle)
    );
}

/// How much of something was done, how long it took, and what the processors did meanwhile.
#[derive(Default)]
struct Share {
    done: f64,
    took: f64,
    time: ProcessorTime,
}

impl Share {
    async fn add(&mut self, server: &Server, work: impl AsyncFnOnce() -> u64) {
        let (before, started) = (ProcessorTime::now(server), Instant::now());
        self.done += work().await as f64;
        self.took += started.elapsed().as_secs_f64();
        self.time = self.time + (ProcessorTime::now(server) - before);
    }

    fn rate(&self) -> f64 {
        self.done / self.took
    }

    /// Milliseconds of so many seconds for each.
    fn each(&self, seconds: f64) -> f64 {
        seconds / self.done * 1_000.0
    }
}

/// A server with all accounts; none where there is no such database.
async fn started(database: Database, hash: &str) -> Option<Server> {
    if database == Database::Postgres && std::env::var_os("LOCKGATE_TEST_POSTGRES_URL").is_none() {
        return None;
    }
    let server = Server::builder(database)
        .config("sign-in.yaml", FOLDER)
        .set("LOCKGATE_LIMITS__NEW_SESSIONS", "0")
        .start()
        .await;
    let mut table = "username,password_hash\n".to_owned();
    (0..USERS).for_each(|user| table.push_str(&format!("user-{user},\"{hash}\"\n")));
    let path = server.data_folder().join("people.csv");
    std::fs::write(&path, table).expect("a file");
    let told = server.run(&["import", &path.to_string_lossy()]);
    assert_eq!(told.code, 0, "{}", told.text);
    Some(server)
}

/// Hashes that this machine checks meanwhile, with all its cores.
fn bare(hash: &str) -> u64 {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let (checked, started) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let hash = PasswordHash::new(hash).expect("a hash");
                while started.elapsed() < SPAN / 2 / ROUNDS {
                    Argon2::default().verify_password(PASSWORD.as_bytes(), &hash).expect("the right password");
                    checked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    checked.load(Ordering::Relaxed)
}

fn typed(name: &str, password: &str) -> Value {
    json!({"component": "ak-stage-identification", "uid_field": name, "password": password})
}

/// Logins meanwhile.
async fn signing_in(server: &Server) -> u64 {
    let answer = |number: usize| typed(&format!("user-{}", number % USERS as usize), PASSWORD);
    walks(server.port(), FLOW, AT_ONCE, SPAN / ROUNDS, answer).await
}

/// Signs in; answers whether that went well.
async fn signs_in(visitor: &mut Visitor, name: &str) -> bool {
    visitor.goes_through(FLOW, &typed(name, PASSWORD)).await
}

/// Times answers to a wrong password for names that exist and names that do not, in turn.
async fn enumeration(server: &Server) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut visitor = Visitor::new(server.port(), new_address());
    for turn in 0..TIMED * 2 {
        visitor.begins_anew(new_address());
        visitor.challenge(FLOW).await;
        let exists = turn % 2 == 0;
        let name = if exists { format!("user-{}", turn % USERS) } else { format!("nobody-{turn}") };
        let started = Instant::now();
        let answer = visitor.answers(FLOW, &typed(&name, "wrong")).await;
        let took = started.elapsed();
        assert_eq!(answer.status, 200, "{}", answer.body);
        if exists { known.push(took) } else { unknown.push(took) }
    }
    println!("| wrong password for | answers | median, ms | 95 %, ms |\n|---|---:|---:|---:|");
    for (name, times) in [("a name that exists", &known), ("a name that does not", &unknown)] {
        println!("| {name} | {} | {:.2} | {:.2} |", times.len(), millis(times, 0.5), millis(times, 0.95));
    }
    println!(
        "\nOf an answer of each sort, the one for a name that exists takes longer in {:.3} of all pairs.\n",
        tells(&known, &unknown)
    );
}

fn millis(times: &[Duration], share: f64) -> f64 {
    quantile(times, share).as_secs_f64() * 1_000.0
}

/// What became of the tries.
#[derive(Default)]
struct Tally {
    looked_at: AtomicU64,
    turned_away: AtomicU64,
    late: AtomicU64,
}

/// Tries leaked passwords at a steady rate, while people sign in.
async fn stuffing(server: &Server) {
    let tally = Arc::new(Tally::default());
    let ends = Instant::now() + ATTACK;
    // Their browsers were here before.
    let mut at_home = Vec::new();
    for user in 0..8 {
        let mut visitor = Visitor::new(server.port(), new_address());
        assert!(signs_in(&mut visitor, &format!("user-{user}")).await);
        at_home.push(visitor);
    }
    let attackers =
        (0..ATTACKERS).map(|number| tokio::spawn(attacker(server.port(), number, ends, Arc::clone(&tally))));
    let attackers: Vec<_> = attackers.collect();
    let (mut known, mut new) = (Vec::new(), Vec::new());
    let (mut known_failed, mut new_failed, mut turn) = (0, 0, 0_usize);
    while Instant::now() < ends {
        let visitor = &mut at_home[turn % 8];
        visitor.leaves();
        let started = Instant::now();
        let went = signs_in(visitor, &format!("user-{}", turn % 8)).await;
        if went {
            known.push(started.elapsed())
        } else {
            known_failed += 1
        }
        let mut visitor = Visitor::new(server.port(), new_address());
        let started = Instant::now();
        let went = signs_in(&mut visitor, &format!("user-{}", 100 + turn % 1_000)).await;
        if went {
            new.push(started.elapsed())
        } else {
            new_failed += 1
        }
        turn += 1;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    for attacker in attackers {
        attacker.await.expect("an attacker");
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let all = count(&tally.looked_at) + count(&tally.turned_away);
    println!(
        "{:.0} tries a second from {ATTACKERS} addresses: {} looked at, {} turned away, {} late by more than a second.\n",
        all as f64 / ATTACK.as_secs_f64(),
        count(&tally.looked_at),
        count(&tally.turned_away),
        count(&tally.late)
    );
    println!(
        "| meanwhile, people with | signed in | did not | median, ms | 99 %, ms | most, ms |\n|---|---:|---:|---:|---:|---:|"
    );
    for (name, times, failed) in
        [("a browser that is known", &known, known_failed), ("a new browser", &new, new_failed)]
    {
        let [median, most_of, most] = [0.5, 0.99, 1.0].map(|share| millis(times, share));
        println!("| {name} | {} | {failed} | {median:.0} | {most_of:.0} | {most:.0} |", times.len());
    }
    println!();
}

/// One address of the attack: a try every second, each for another name.
async fn attacker(port: u16, number: u32, ends: Instant, tally: Arc<Tally>) {
    let every = Duration::from_secs(1) * ATTACKERS / TRIES as u32;
    let mut next = Instant::now() + every * number / ATTACKERS;
    let mut visitor = Visitor::new(port, new_address());
    let mut tries = 0_u32;
    while next < ends {
        tokio::time::sleep_until(next.into()).await;
        if next.elapsed() > Duration::from_secs(1) {
            tally.late.fetch_add(1, Ordering::Relaxed);
        }
        // After five wrong passwords the flow ends, and begins anew.
        if tries.is_multiple_of(5) {
            visitor.leaves();
            visitor.challenge(FLOW).await;
        }
        tries += 1;
        let name = format!(
            "{}-{}",
            if tries.is_multiple_of(2) { "user" } else { "leaked" },
            (number * 31 + tries * 7) % USERS
        );
        let counter = match visitor.answers(FLOW, &typed(&name, "from a list")).await {
            Answer { status: 429, .. } => &tally.turned_away,
            _ => &tally.looked_at,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        next += every;
    }
}

/// Everybody comes at once.
async fn crowd(server: &Server) {
    let before = server.resident_kib();
    let mut visitors = Vec::new();
    for number in 0..CROWD {
        let port = server.port();
        visitors.push(tokio::spawn(async move {
            let mut visitor = Visitor::new(port, new_address());
            visitor.challenge(FLOW).await;
            visitor.answers(FLOW, &typed(&format!("user-{}", number % USERS), "wrong")).await.status
        }));
    }
    let peak = Arc::new(AtomicU64::new(0));
    let mut statuses = std::collections::BTreeMap::new();
    for visitor in visitors {
        *statuses.entry(visitor.await.expect("a visitor")).or_insert(0_u32) += 1;
        peak.fetch_max(server.resident_kib(), Ordering::Relaxed);
    }
    let mib = |kib: u64| kib / 1024;
    println!(
        "{CROWD} wrong passwords at once: {} MiB before, {} MiB at most, {} MiB after; answers {statuses:?}.\n",
        mib(before),
        mib(peak.load(Ordering::Relaxed)),
        mib(server.resident_kib())
    );
}
