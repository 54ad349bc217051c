//! A configuration folder under constant change while people use the site: no
//! request may fail that should pass, none may pass that should fail.
//!
//! The folder's owner edits at random, valid and broken, with half-written
//! files, renames and deletions. Visitors know what each valid state of the
//! folder means, and which states could be in force while they asked.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::scaling::Random;
use crate::{Client, Database, Reply, Site};

/// Applications whose access changes.
const APPS: usize = 6;
/// Longest that an edit may take to be in force, or to be refused.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who may open an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Access {
    Everybody,
    Media,
    NotMedia,
    Nobody,
    Never,
}

impl Access {
    const ALL: [Self; 5] = [Self::Everybody, Self::Media, Self::NotMedia, Self::Nobody, Self::Never];

    fn yaml(self) -> &'static str {
        match self {
            Self::Everybody => "",
            Self::Media => "access:\n  any: [{ group: Media }]\n",
            Self::NotMedia => "access:\n  all: [{ not: { group: Media } }]\n",
            Self::Nobody => "access:\n  any: [{ group: Admin Tools }]\n",
            Self::Never => "access:\n  all: [{ policy: never }]\n",
        }
    }

    fn lets(self, who: Who) -> bool {
        match self {
            Self::Everybody => true,
            Self::Media => who == Who::Ada,
            Self::NotMedia => who == Who::Bob,
            Self::Nobody | Self::Never => false,
        }
    }
}

/// `ada` is in the group `Media`, `bob` in none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Ada,
    Bob,
}

/// What the folder says, as far as access is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    access: [Access; APPS],
    /// Whether a Cedar file forbids the application.
    forbidden: [bool; APPS],
}

impl State {
    fn status(&self, app: usize, who: Who) -> u16 {
        if self.access[app].lets(who) && !self.forbidden[app] { 200 } else { 403 }
    }
}

/// The states that could be in force, by epoch: two while an edit is on its
/// way, else one.
#[derive(Default)]
struct Epochs(Mutex<Vec<Vec<State>>>);

impl Epochs {
    fn begin(&self, possible: Vec<State>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(possible);
    }

    fn now(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() - 1
    }

    /// What may be answered to a question that was asked and answered in these
    /// epochs.
    fn statuses(&self, from: usize, app: usize, who: Who) -> HashSet<u16> {
        let epochs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        epochs[from..].iter().flatten().map(|state| state.status(app, who)).collect()
    }
}

/// What happened.
#[derive(Debug)]
pub struct SoakReport {
    /// Edits made.
    pub edits: usize,
    /// Time of all edits.
    pub took: Duration,
    /// Answers of forward auth.
    pub answers: u64,
    /// Logins.
    pub logins: u64,
    /// Answers and logins that were wrong, in words; the first few.
    pub wrong: Vec<String>,
    /// Resident memory in KiB at the start, and after each tenth of the edits.
    pub memory: Vec<u64>,
}

struct Shared {
    site: Site,
    epochs: Epochs,
    done: AtomicBool,
    answers: AtomicU64,
    logins: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl Shared {
    fn complain(&self, what: String) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() < 20 {
            eprintln!("wrong: {what}");
            wrong.push(what);
        }
    }
}

/// Edits a folder so many times while visitors come and go, and tells what
/// happened. The same seed makes the same edits.
///
/// # Panics
/// When an edit is neither put into force nor refused in time.
pub async fn soak(database: Database, edits: usize, seed: u64) -> SoakReport {
    let site = Site::direct(database).await;
    let mut editor = Editor::new(&site, seed);
    editor.settle(&site).await;
    let (ada, bob) = (Arc::new(Client::new()), Arc::new(Client::new()));
    for app in 0..APPS {
        site.enter(&ada, &host(app), "ada").await;
        site.enter(&bob, &host(app), "bob").await;
    }
    let mut memory = vec![site.server.resident_kib()];
    let shared = Arc::new(Shared {
        site,
        epochs: Epochs::default(),
        done: AtomicBool::new(false),
        answers: AtomicU64::new(0),
        logins: AtomicU64::new(0),
        wrong: Mutex::default(),
    });
    shared.epochs.begin(vec![editor.state.clone()]);
    let mut visitors = vec![tokio::spawn(log_in(Arc::clone(&shared)))];
    for offset in 0..4_usize {
        visitors.push(tokio::spawn(ask(Arc::clone(&shared), Arc::clone(&ada), Arc::clone(&bob), offset)));
    }
    let started = Instant::now();
    for edit in 0..edits {
        editor.edit(&shared).await;
        if (edit + 1) % (edits / 10).max(1) == 0 {
            memory.push(shared.site.server.resident_kib());
            let wrong = shared.wrong.lock().unwrap_or_else(PoisonError::into_inner).len();
            let (answers, logins) = (shared.answers.load(Ordering::Relaxed), shared.logins.load(Ordering::Relaxed));
            let seconds = started.elapsed().as_secs();
            eprintln!(
                "{} edits, {seconds} s, {answers} answers, {logins} logins, {wrong} wrong, {memory:?} KiB",
                edit + 1
            );
        }
    }
    let took = started.elapsed();
    shared.done.store(true, Ordering::Release);
    for visitor in visitors {
        visitor.await.expect("a visitor comes to an end");
    }
    SoakReport {
        edits,
        took,
        answers: shared.answers.load(Ordering::Relaxed),
        logins: shared.logins.load(Ordering::Relaxed),
        wrong: std::mem::take(&mut shared.wrong.lock().unwrap_or_else(PoisonError::into_inner)),
        memory,
    }
}

fn host(app: usize) -> String {
    format!("soak{app}")
}

async fn ask(shared: Arc<Shared>, ada: Arc<Client>, bob: Arc<Client>, offset: usize) {
    let mut turn = offset;
    while !shared.done.load(Ordering::Acquire) {
        turn += 1;
        let app = turn % APPS;
        let (client, who) = if (turn / APPS).is_multiple_of(2) { (&ada, Who::Ada) } else { (&bob, Who::Bob) };
        let from = shared.epochs.now();
        let reply = Reply::of(shared.site.ask(client, "traefik", &host(app), "/")).await;
        let may = shared.epochs.statuses(from, app, who);
        shared.answers.fetch_add(1, Ordering::Relaxed);
        if !may.contains(&reply.status) {
            shared.complain(format!("{who:?} at {}: {} and not one of {may:?}", host(app), reply.status));
        }
    }
}

async fn log_in(shared: Arc<Shared>) {
    while !shared.done.load(Ordering::Acquire) {
        let visitor = Client::new();
        let url = shared.site.server.url("/if/user/");
        let journey = visitor.open_signing_in(&url, "ada", Site::password()).await;
        shared.logins.fetch_add(1, Ordering::Relaxed);
        if journey.reply.status != 200 {
            shared.complain(format!("a login ended with {} at {}", journey.reply.status, journey.url()));
        }
        // One person in a hurry; password hashes are not what is tested here.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Who changes the folder.
struct Editor {
    state: State,
    /// Names of the files of the applications.
    files: Vec<String>,
    random: Random,
    port: u16,
    renames: usize,
}

impl Editor {
    fn new(site: &Site, seed: u64) -> Self {
        let state = State { access: [Access::Everybody; APPS], forbidden: [false; APPS] };
        let files = (0..APPS).map(|app| format!("soak{app}.yaml")).collect();
        Self { state, files, random: Random::new(seed), port: site.port(), renames: 0 }
    }

    /// Writes the first state, and waits until it is in force.
    async fn settle(&self, site: &Site) {
        let before = health(site).await;
        site.server.write("never.rhai", "false");
        for app in 0..APPS {
            site.server.write(&self.files[app], &self.text(app, self.state.access[app]));
        }
        until(site, |now| now.revision > before.revision && !now.broken).await;
        // The files may have come into force in several parts.
        let stranger = Client::new();
        let started = Instant::now();
        for app in 0..APPS {
            while Reply::of(site.ask(&stranger, "traefik", &host(app), "/")).await.status != 302 {
                assert!(started.elapsed() < PATIENCE, "{} is not there\n{}", host(app), site.server.logs().join("\n"));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.below(end)
    }

    fn text(&self, app: usize, access: Access) -> String {
        let (host, port) = (host(app), self.port);
        format!(
            "app: {host}\nname: Soak {app}\nurl: http://{host}.lockgate.test:{port}\nforward_auth: {{ mode: single }}\n{}",
            access.yaml()
        )
    }

    async fn edit(&mut self, shared: &Shared) {
        let app = self.below(APPS);
        match self.below(10) {
            0..=4 => self.change_access(shared, app).await,
            5 | 6 => self.break_it(shared, app).await,
            7 => self.forbid(shared, app).await,
            8 => self.rename(shared, app).await,
            _ => self.come_and_go(shared).await,
        }
    }

    async fn change_access(&mut self, shared: &Shared, app: usize) {
        let others: Vec<Access> = Access::ALL.into_iter().filter(|a| *a != self.state.access[app]).collect();
        let access = others[self.below(others.len())];
        let mut next = self.state.clone();
        next.access[app] = access;
        let text = self.text(app, access);
        let half = self.below(2) == 0;
        let before = self.announce(shared, &next).await;
        if half {
            // Half of a file, as an editor leaves it that does not replace files in one step.
            let path = shared.site.server.config_folder().join(&self.files[app]);
            let (half, _) = text.split_once("mode").expect("there is a mode");
            std::fs::write(&path, half).expect("the folder is writable");
            tokio::time::sleep(Duration::from_millis(5)).await;
            std::fs::write(&path, &text).expect("the folder is writable");
        } else {
            shared.site.server.write(&self.files[app], &text);
        }
        self.arrive(shared, before, next).await;
    }

    async fn forbid(&mut self, shared: &Shared, app: usize) {
        let mut next = self.state.clone();
        next.forbidden[app] = !next.forbidden[app];
        let name = format!("forbid{app}.cedar");
        let before = self.announce(shared, &next).await;
        if next.forbidden[app] {
            let host = host(app);
            shared.site.server.write(
                &name,
                &format!("forbid (principal, action == Action::\"access\", resource == App::\"{host}\") unless {{ context.mfa }};\n"),
            );
        } else {
            shared.site.server.remove(&name);
        }
        self.arrive(shared, before, next).await;
    }

    /// Breaks a file, sees that what was in force stays, and mends it.
    async fn break_it(&mut self, shared: &Shared, app: usize) {
        let sound = self.text(app, self.state.access[app]);
        let broken = match self.below(5) {
            0 => sound.replace("name:", "naem:"),
            1 => sound.replace("forward_auth: {", "forward_auth: [{"),
            2 => format!("{sound}---\napp: {}\n", host((app + 1) % APPS)),
            3 => sound.replace("forward_auth", "access:\n  any: [{ group: Nobody Knows }]\nforward_auth"),
            _ => format!("{sound}url: \"http://half"),
        };
        shared.site.server.write(&self.files[app], &broken);
        until(&shared.site, |now| now.broken).await;
        // Visitors come by while it is broken.
        tokio::time::sleep(Duration::from_millis(20)).await;
        shared.site.server.write(&self.files[app], &sound);
        until(&shared.site, |now| !now.broken).await;
    }

    /// Gives a file another name, which changes nothing but where things stand.
    async fn rename(&mut self, shared: &Shared, app: usize) {
        self.renames += 1;
        let name = format!("soak{app}-{}.yaml", self.renames);
        let folder = shared.site.server.config_folder();
        let before = health(&shared.site).await;
        std::fs::rename(folder.join(&self.files[app]), folder.join(&name)).expect("the folder is writable");
        self.files[app] = name;
        until(&shared.site, |now| now.revision > before.revision && !now.broken).await;
    }

    /// An application that is there for a moment, which a stranger must never get into.
    async fn come_and_go(&mut self, shared: &Shared) {
        let site = &shared.site;
        let text = format!(
            "app: guest\nname: Guest\nurl: http://guest.lockgate.test:{}\nforward_auth: {{ mode: single }}\n",
            self.port
        );
        let before = health(site).await;
        site.server.write("guest.yaml", &text);
        until(site, |now| now.revision > before.revision && !now.broken).await;
        let stranger = Client::new();
        let there = Reply::of(site.ask(&stranger, "traefik", "guest", "/")).await.status;
        site.server.remove("guest.yaml");
        until(site, |now| now.revision > before.revision + 1 && !now.broken).await;
        let gone = Reply::of(site.ask(&stranger, "traefik", "guest", "/")).await.status;
        if there != 302 || gone == 200 || gone == 302 {
            shared.complain(format!("a stranger got {there} from an application, and {gone} after it was gone"));
        }
    }

    /// From now on both states may be in force.
    async fn announce(&self, shared: &Shared, next: &State) -> Health {
        let before = health(&shared.site).await;
        shared.epochs.begin(vec![self.state.clone(), next.clone()]);
        before
    }

    /// Waits until the new state is in force; then only that may be.
    async fn arrive(&mut self, shared: &Shared, before: Health, next: State) {
        until(&shared.site, |now| now.revision > before.revision && !now.broken).await;
        self.state = next;
        // A file that was caught half written was another revision before, or none.
        tokio::time::sleep(Duration::from_millis(10)).await;
        shared.epochs.begin(vec![self.state.clone()]);
    }
}

/// What the metrics say of the configuration.
#[derive(Debug, Clone, Copy)]
struct Health {
    revision: u64,
    broken: bool,
}

async fn health(site: &Site) -> Health {
    let text = site.server.get("/metrics").await.expect(200).text();
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().parse::<f64>().unwrap_or_default() as u64
    };
    Health { revision: figure("lockgate_snapshot_revision "), broken: figure("lockgate_configuration_broken ") == 1 }
}

async fn until(site: &Site, there: impl Fn(Health) -> bool) {
    let started = Instant::now();
    loop {
        let now = health(site).await;
        if there(now) {
            return;
        }
        let tail = site.server.logs();
        let tail = tail[tail.len().saturating_sub(5)..].join("\n");
        assert!(started.elapsed() < PATIENCE, "{now:?}: an edit neither comes into force nor is refused\n{tail}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
