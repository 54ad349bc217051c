//! Writers that remember what a server has acknowledged, while somebody kills, cuts and fills what it stands on; and the
//! question afterwards whether all of it is true.
//!
//! A request without an answer, or with one of 500 and more, may have been carried out or not: what is asked for later is
//! that it was done as a whole or not at all, and once. Whatever had an answer has to be so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::scaling::Random;
use crate::{BOOTSTRAP_TOKEN, Client, Reply};

/// Passwords before the first change.
const FIRST: &str = "a first long enough password";
/// Longest that a writer waits for an answer.
const PATIENCE: Duration = Duration::from_secs(25);
/// Writers rest so long after a failure, as programs do that mean well.
const PAUSE: Duration = Duration::from_millis(20);

/// Arbitrary numbers, the same for the same seed, which can be given.
#[derive(Debug, Clone)]
pub struct Dice(Random);

impl Dice {
    /// Numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// A seed of the moment, which is printed, or the one of `LOCKGATE_FAULT_SEED`.
    pub fn of_the_moment(name: &str) -> Self {
        let given = std::env::var("LOCKGATE_FAULT_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
        println!("{name}: LOCKGATE_FAULT_SEED={seed}");
        Self::new(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.number() % end
    }

    /// So many milliseconds, from the first to less than the second.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// What was acknowledged, in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Accounts that were made.
    pub users: usize,
    /// Names that were changed.
    pub renamed: u64,
    /// Tokens that are valid, and that were revoked.
    pub tokens: (usize, usize),
    /// Sessions that are open, and that were ended.
    pub sessions: (usize, usize),
    /// Passwords that were changed.
    pub passwords: u64,
    /// Requests without an answer, or with one of 500 and more.
    pub unanswered: u64,
}

impl Counts {
    /// Those of two runs together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let both = |one: (usize, usize), two: (usize, usize)| (one.0 + two.0, one.1 + two.1);
        Self {
            users: self.users + other.users,
            renamed: self.renamed + other.renamed,
            tokens: both(self.tokens, other.tokens),
            sessions: both(self.sessions, other.sessions),
            passwords: self.passwords + other.passwords,
            unanswered: self.unanswered + other.unanswered,
        }
    }
}

/// What one thing may be now: what was acknowledged last, and what was tried since.
#[derive(Debug, Default)]
struct Possible(BTreeSet<String>);

impl Possible {
    fn is(value: &str) -> Self {
        Self(BTreeSet::from([value.to_owned()]))
    }

    fn may_be(&mut self, value: &str) {
        self.0.insert(value.to_owned());
    }
}

#[derive(Default)]
struct Book {
    /// Accounts that must be there, and those that may be.
    users: BTreeSet<String>,
    perhaps: BTreeSet<String>,
    /// Names and passwords of the people, by username.
    names: BTreeMap<String, Possible>,
    passwords: BTreeMap<String, Possible>,
    /// Keys that count, and those that do not any more, since when.
    valid: HashMap<String, String>,
    revoked: Vec<(String, Instant)>,
    /// Browsers whose sessions are open, by whose they are, and those whose sessions were ended.
    open: BTreeMap<String, Vec<Client>>,
    ended: Vec<(Client, Instant)>,
    renamed: u64,
    changed: u64,
    wrong: Vec<String>,
}

struct Shared {
    /// What the names of everything begin with that these writers make.
    tag: String,
    /// Ports of the nodes.
    nodes: Vec<u16>,
    book: Mutex<Book>,
    done: AtomicBool,
    unanswered: AtomicU64,
    steps: AtomicU64,
}

/// The writers and their book.
pub struct Acknowledged {
    shared: Arc<Shared>,
    writers: Vec<JoinHandle<()>>,
}

impl Acknowledged {
    /// Starts so many writers, each with a person of its own, at the nodes with these ports.
    pub async fn begin(nodes: &[u16], writers: usize, dice: &mut Dice) -> Self {
        let shared = Arc::new(Shared {
            tag: uuid::Uuid::new_v4().simple().to_string()[..8].to_owned(),
            nodes: nodes.to_vec(),
            book: Mutex::default(),
            done: AtomicBool::new(false),
            unanswered: AtomicU64::new(0),
            steps: AtomicU64::new(0),
        });
        let mut running = Vec::new();
        for number in 0..writers {
            let mut writer = Writer::new(number, &shared, Dice::new(dice.below(u64::MAX)));
            writer.settle().await;
            running.push(tokio::spawn(writer.write()));
        }
        Self { shared, writers: running }
    }

    /// Lets the writers end what they are at.
    pub async fn stop(&mut self) {
        self.shared.done.store(true, Ordering::Release);
        for writer in self.writers.drain(..) {
            writer.await.expect("a writer comes to an end");
        }
    }

    /// Waits until this many more writes were acknowledged.
    ///
    /// # Panics
    /// When they are not within a minute.
    pub async fn goes_on(&self, writes: u64) {
        let (from, started) = (self.shared.steps.load(Ordering::Relaxed), Instant::now());
        while self.shared.steps.load(Ordering::Relaxed) < from + writes {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is acknowledged any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Looks at the last of what was revoked at least this long ago, so much of each sort: no node may let it in. Answers what was looked at.
    pub async fn nothing_revives(&self, grace: Duration, most: usize) -> usize {
        let (keys, ended): (Vec<_>, Vec<_>) = {
            let book = self.shared.book();
            let old = |since: &Instant| since.elapsed() >= grace;
            let keys = book.revoked.iter().rev().filter(|(_, at)| old(at)).take(most);
            let ended = book.ended.iter().rev().filter(|(_, at)| old(at)).take(most);
            (keys.cloned().collect(), ended.cloned().collect())
        };
        let stranger = Client::new();
        for port in &self.shared.nodes {
            for (key, _) in &keys {
                self.refuses(*port, asking(&stranger, *port).bearer_auth(key), "a token that was revoked").await;
            }
            for (browser, _) in &ended {
                self.refuses(*port, asking(browser, *port), "a session that was ended").await;
            }
        }
        keys.len() + ended.len()
    }

    /// Whatever was acknowledged is so, on every node.
    pub async fn holds(&self) {
        for port in self.shared.nodes.clone() {
            self.people_are_there(port).await;
            self.keys_count(port).await;
        }
        self.passwords_are_right().await;
        self.nothing_revives(Duration::from_secs(1), 1_000).await;
    }

    /// What was found wrong so far.
    pub fn wrong(&self) -> Vec<String> {
        self.shared.book().wrong.clone()
    }

    /// What was acknowledged so far.
    pub fn counts(&self) -> Counts {
        let book = self.shared.book();
        Counts {
            users: book.users.len(),
            renamed: book.renamed,
            tokens: (book.valid.len(), book.revoked.len()),
            sessions: (book.open.values().map(Vec::len).sum(), book.ended.len()),
            passwords: book.changed,
            unanswered: self.shared.unanswered.load(Ordering::Relaxed),
        }
    }

    /// As [`Self::holds`], for the end of a test.
    ///
    /// # Panics
    /// When something was lost, has come twice, or lets somebody in who was shut out; or nothing was written at all.
    pub async fn proves(mut self) -> Counts {
        self.stop().await;
        self.holds().await;
        let (wrong, counts) = (self.wrong(), self.counts());
        println!("{counts:?}");
        assert!(wrong.is_empty(), "{wrong:#?}\n{counts:?}");
        assert!(counts.users > 0 && counts.tokens.1 > 0 && counts.sessions.1 > 0, "too little was written: {counts:?}");
        counts
    }

    /// Every account is there once, under a name that it may have.
    async fn people_are_there(&self, port: u16) {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut page = 1;
        while page != 0 {
            let path = format!("core/users/?page_size=100&page={page}&ordering=username&include_groups=false");
            let list = self.listed(port, &path).await;
            for user in list["results"].as_array().into_iter().flatten() {
                let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
                found.entry(text("username")).or_default().push(text("name"));
            }
            page = list["pagination"]["next"].as_u64().unwrap_or_default();
        }
        let book = self.shared.book();
        let mut wrong = Vec::new();
        wrong.extend(book.users.iter().filter(|name| !found.contains_key(*name)).map(|name| format!("{name} is lost")));
        for (username, names) in &found {
            let known = book.users.contains(username) || book.perhaps.contains(username);
            if names.len() != 1 || (username.starts_with(&self.shared.tag) && !known) {
                wrong.push(format!("{username} is there {} times, known: {known}", names.len()));
            }
            if let Some(possible) = book.names.get(username)
                && !possible.0.contains(&names[0])
            {
                wrong.push(format!("{username} is called {} and not one of {:?}", names[0], possible.0));
            }
        }
        drop(book);
        wrong.into_iter().for_each(|what| self.shared.complain(format!("at {port}: {what}")));
    }

    /// Tokens and sessions that nobody has revoked are let in.
    async fn keys_count(&self, port: u16) {
        let (keys, browsers) = {
            let book = self.shared.book();
            (book.valid.clone(), book.open.values().flatten().cloned().collect::<Vec<_>>())
        };
        let stranger = Client::new();
        for (name, key) in keys {
            let told = answered(|| asking(&stranger, port).bearer_auth(&key)).await.status;
            if told != 200 {
                self.shared.complain(format!("at {port}: the token {name} is refused with {told}"));
            }
        }
        for browser in browsers {
            let told = answered(|| asking(&browser, port)).await.status;
            if told != 200 {
                self.shared.complain(format!("at {port}: a session is refused with {told}"));
            }
        }
    }

    /// A password that was changed is the one that counts, and the one before is none.
    async fn passwords_are_right(&self) {
        let passwords: Vec<(String, Vec<String>)> = {
            let book = self.shared.book();
            book.passwords.iter().map(|(name, may)| (name.clone(), may.0.iter().cloned().collect())).collect()
        };
        for (name, may) in passwords {
            let mut right = 0;
            for password in &may {
                right += usize::from(sign_in(self.shared.nodes[0], &name, password).await.is_ok_and(|it| it.is_some()));
            }
            let stale = sign_in(self.shared.nodes[0], &name, FIRST).await.is_ok_and(|it| it.is_some());
            if right != 1 || (stale && !may.iter().any(|password| password == FIRST)) {
                self.shared
                    .complain(format!("{name}: {right} of {} passwords count, the first one: {stale}", may.len()));
            }
        }
    }

    async fn refuses(&self, port: u16, request: RequestBuilder, what: &str) {
        // Whoever cannot tell lets nobody in, which is right, too.
        if let Ok(reply) = Reply::try_of(request.timeout(PATIENCE)).await
            && reply.status < 400
        {
            self.shared.complain(format!("at {port}: {what} is let in with {}", reply.status));
        }
    }

    async fn listed(&self, port: u16, path: &str) -> Value {
        let client = Client::new();
        let reply = answered(|| api(&client, port, Method::GET, path)).await;
        if reply.status != 200 {
            self.shared.complain(format!("at {port}: {path}: {} {}", reply.status, reply.text()));
            return Value::Null;
        }
        reply.json()
    }
}

impl Shared {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, what: String) {
        let mut book = self.book();
        if book.wrong.len() < 50 {
            eprintln!("wrong: {what}");
            book.wrong.push(what);
        }
    }
}

/// Asks again while the server says that it cannot tell, or does not answer; what it says at last.
async fn answered(request: impl Fn() -> RequestBuilder) -> Reply {
    let started = Instant::now();
    loop {
        let reply = Reply::try_of(request().timeout(PATIENCE)).await;
        match reply {
            Ok(reply) if reply.status < 500 && reply.status != 429 => return reply,
            Ok(reply) if started.elapsed() > Duration::from_secs(30) => return reply,
            Err(error) if started.elapsed() > Duration::from_secs(30) => panic!("no answer: {error:?}"),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// An address that nobody else has: wrong keys are counted by it.
fn somewhere() -> String {
    let [_, _, a, b] = uuid::Uuid::new_v4().as_fields().0.to_be_bytes();
    format!("198.18.{a}.{b}")
}

fn asking(client: &Client, port: u16) -> RequestBuilder {
    let url = format!("http://auth.lockgate.test:{port}/api/v3/core/users/me/");
    client.request(Method::GET, &url).header("X-Forwarded-For", somewhere())
}

fn api(client: &Client, port: u16, method: Method, path: &str) -> RequestBuilder {
    let url = format!("http://auth.lockgate.test:{port}/api/v3/{path}");
    client.request(method, &url).bearer_auth(BOOTSTRAP_TOKEN)
}

/// Signs in by the executor; `None` where the password is refused.
///
/// # Errors
/// When an answer is missing, or is one of 500 and more: nobody knows what has become of it then.
async fn sign_in(port: u16, name: &str, password: &str) -> Result<Option<Client>, ()> {
    let (client, from) = (Client::new(), somewhere());
    let page = format!("http://auth.lockgate.test:{port}");
    let url = format!("{page}/api/v3/flows/executor/default-authentication-flow/?query=");
    let step = async |answer: Option<Value>| -> Result<Value, ()> {
        let mut answer = answer;
        loop {
            let request = match answer.take() {
                None => client.request(Method::GET, &url),
                Some(answer) => {
                    let csrf = client.cookie(&page, "authentik_csrf").unwrap_or_default();
                    client.request(Method::POST, &url).json(&answer).header("X-authentik-CSRF", csrf)
                }
            };
            let request =
                request.header("X-Forwarded-For", &from).header("Accept", "application/json").timeout(PATIENCE);
            let reply = Reply::try_of(request).await.map_err(drop)?;
            match reply.status {
                200 => return serde_json::from_slice(&reply.body).map_err(drop),
                302 => {}
                _ => return Err(()),
            }
        }
    };
    step(None).await?;
    step(Some(json!({ "component": "ak-stage-identification", "uid_field": name }))).await?;
    let last = step(Some(json!({ "component": "ak-stage-password", "password": password }))).await?;
    Ok((last["component"] == "xak-flow-redirect").then_some(client))
}

/// One writer, and the person whose name, password, sessions and tokens it changes.
struct Writer {
    number: usize,
    shared: Arc<Shared>,
    dice: Dice,
    client: Client,
    username: String,
    pk: i64,
    count: u64,
}

impl Writer {
    fn new(number: usize, shared: &Arc<Shared>, dice: Dice) -> Self {
        let username = format!("{}-person-{number}", shared.tag);
        Self { number, shared: Arc::clone(shared), dice, client: Client::new(), username, pk: 0, count: 0 }
    }

    /// Makes the person, before anything goes wrong.
    async fn settle(&mut self) {
        let made =
            json!({ "username": self.username, "name": "first", "email": format!("{}@example.org", self.username) });
        let reply = self.send(Method::POST, "core/users/", &made).await.expect("the server answers").expect(201);
        self.pk = reply.json()["pk"].as_i64().expect("a user has a number");
        let path = format!("core/users/{}/set_password/", self.pk);
        self.send(Method::POST, &path, &json!({ "password": FIRST })).await.expect("the server answers").expect(204);
        let mut book = self.shared.book();
        book.users.insert(self.username.clone());
        book.names.insert(self.username.clone(), Possible::is("first"));
        book.passwords.insert(self.username.clone(), Possible::is(FIRST));
    }

    async fn write(mut self) {
        while !self.shared.done.load(Ordering::Acquire) {
            self.count += 1;
            let done = match self.dice.below(20) {
                0..=4 => self.make().await,
                5..=9 => self.rename().await,
                10..=14 => self.token().await,
                15..=18 => self.session().await,
                _ => self.password().await,
            };
            if done.is_some() {
                self.shared.steps.fetch_add(1, Ordering::Relaxed);
            } else {
                self.shared.unanswered.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn port(&mut self) -> u16 {
        self.shared.nodes[self.dice.below(self.shared.nodes.len() as u64) as usize]
    }

    /// An answer that says something; `None` where nobody knows whether it was done.
    async fn send(&mut self, method: Method, path: &str, body: &Value) -> Option<Reply> {
        let port = self.port();
        let request = api(&self.client, port, method, path);
        let request = if body.is_null() { request } else { request.json(body) };
        Reply::try_of(request.timeout(PATIENCE)).await.ok().filter(|reply| reply.status < 500 && reply.status != 429)
    }

    /// An answer of this status; others are wrong.
    async fn acknowledged(&mut self, status: u16, method: Method, path: &str, body: &Value) -> Option<Reply> {
        let reply = self.send(method, path, body).await?;
        if reply.status != status {
            self.shared.complain(format!("{path}: {} and not {status}: {}", reply.status, reply.text()));
            return None;
        }
        Some(reply)
    }

    async fn make(&mut self) -> Option<()> {
        let username = format!("{}-made-{}-{}", self.shared.tag, self.number, self.count);
        self.shared.book().perhaps.insert(username.clone());
        let body = json!({ "username": username, "name": "made" });
        self.acknowledged(201, Method::POST, "core/users/", &body).await?;
        self.shared.book().users.insert(username);
        Some(())
    }

    async fn rename(&mut self) -> Option<()> {
        let name = format!("name {}", self.count);
        self.shared.book().names.entry(self.username.clone()).or_default().may_be(&name);
        let path = format!("core/users/{}/", self.pk);
        let reply = self.acknowledged(200, Method::PATCH, &path, &json!({ "name": name })).await?;
        let mut book = self.shared.book();
        book.renamed += 1;
        book.names.insert(self.username.clone(), Possible::is(&name));
        drop(book);
        if reply.json()["name"] != name.as_str() {
            self.shared.complain(format!("{}: renamed to {name}, and told {}", self.username, reply.text()));
        }
        Some(())
    }

    /// A token that is made, and mostly revoked again.
    async fn token(&mut self) -> Option<()> {
        let name = format!("{}-token-{}-{}", self.shared.tag, self.number, self.count);
        let body = json!({ "identifier": name, "intent": "api", "user": self.pk, "expiring": false });
        self.acknowledged(201, Method::POST, "core/tokens/", &body).await?;
        let path = format!("core/tokens/{name}/view_key/");
        let shown = self.acknowledged(200, Method::GET, &path, &Value::Null).await?.json();
        let key = shown["key"].as_str().unwrap_or_default().to_owned();
        self.shared.book().valid.insert(name.clone(), key.clone());
        if self.dice.below(4) == 0 {
            return Some(());
        }
        // From here on, it may be gone.
        self.shared.book().valid.remove(&name);
        self.acknowledged(204, Method::DELETE, &format!("core/tokens/{name}/"), &Value::Null).await?;
        self.shared.book().revoked.push((key, Instant::now()));
        Some(())
    }

    /// A sign-in, and mostly the end of all sessions of the person.
    async fn session(&mut self) -> Option<()> {
        let possible: Vec<String> = self.shared.book().passwords[&self.username].0.iter().cloned().collect();
        let [password] = possible.as_slice() else { return self.password().await };
        let port = self.port();
        let Some(browser) = sign_in(port, &self.username, password).await.ok()? else {
            self.shared.complain(format!("{}: a password that was acknowledged is refused", self.username));
            return None;
        };
        if self.dice.below(4) == 0 {
            self.shared.book().open.entry(self.username.clone()).or_default().push(browser);
            return Some(());
        }
        let mut ending = self.shared.book().open.remove(&self.username).unwrap_or_default();
        ending.push(browser);
        let path = format!("core/authenticated_sessions/?user__username={}&page_size=100", self.username);
        let list = self.acknowledged(200, Method::GET, &path, &Value::Null).await?.json();
        for session in list["results"].as_array().into_iter().flatten() {
            let path = format!("core/authenticated_sessions/{}/", session["uuid"].as_str().unwrap_or_default());
            let gone = self.send(Method::DELETE, &path, &Value::Null).await?;
            // What was asked for without an answer may have been done since the list was made.
            if !matches!(gone.status, 204 | 404) {
                self.shared.complain(format!("{path}: {}", gone.status));
            }
        }
        let now = Instant::now();
        self.shared.book().ended.extend(ending.into_iter().map(|browser| (browser, now)));
        Some(())
    }

    async fn password(&mut self) -> Option<()> {
        let password = format!("password number {}-{}", self.number, self.count);
        self.shared.book().passwords.entry(self.username.clone()).or_default().may_be(&password);
        // Sessions may end with the password; which of them do is not asked here.
        self.shared.book().open.remove(&self.username);
        let path = format!("core/users/{}/set_password/", self.pk);
        self.acknowledged(204, Method::POST, &path, &json!({ "password": password })).await?;
        let mut book = self.shared.book();
        book.changed += 1;
        book.passwords.insert(self.username.clone(), Possible::is(&password));
        Some(())
    }
}
