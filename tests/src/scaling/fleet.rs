//! A fleet through a morning on which everything goes wrong, second by second.
//!
//! Visitors come for a while, ask often, and go; who comes is as uneven as on the Web. Of the visitors one in
//! [`Plan::sample`] is looked at, and every node's memory is so many times smaller, which leaves the share of what is
//! remembered as it is. What a second costs comes from [`Costs`].

use super::random::mixed;
use super::{Costs, Lru, Plan, Queue, Random, Work, Zipf};

/// Questions of one visit, and how long it lasts: a page and what belongs to it, every few seconds.
const VISIT: (f64, f64) = (30.0, 60.0);

/// How much more often some come than others, as exponent of the distribution.
const UNEVEN: f64 = 0.8;

/// Seconds of each moment.
const SPAN: usize = 60;

/// The log is read so often at least, in seconds.
const INTERVAL: f64 = 0.4;

/// The busiest seconds are looked for by so many at a time: what comes to one node in one of them is a matter of chance, the
/// more so as only some visitors are simulated.
const WINDOW: usize = 5;

/// For how long the database is away, within its moment.
const OUTAGE: usize = 30;

/// How long what is in memory counts without the database and without a Redis, in seconds.
const FRESH: usize = 1;

/// What happens to the fleet; each after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nodes have just started and remember nobody. Not a part of the report.
    Start,
    /// The usual.
    Usual,
    /// Everybody signs in.
    Morning,
    /// A revision of the configuration comes into force in the first second.
    Configuration,
    /// A group that everybody is in is changed in the first second, so that all people are asked for again.
    Group,
    /// A node is lost in each region.
    Node,
    /// The database is away for half of the time.
    Database,
    /// A region is lost.
    Region,
}

impl Moment {
    /// In the order in which they come.
    pub const ALL: [Self; 8] = [
        Self::Start,
        Self::Usual,
        Self::Morning,
        Self::Configuration,
        Self::Group,
        Self::Node,
        Self::Database,
        Self::Region,
    ];

    /// Whether everybody has to be looked up at once, so that it is a matter of seconds.
    #[must_use]
    pub fn is_storm(self) -> bool {
        matches!(self, Self::Group | Self::Database)
    }

    fn happens_to(self, plan: &Plan) -> bool {
        match self {
            Self::Node => plan.nodes > 1,
            Self::Region => plan.regions.len() > 1,
            _ => true,
        }
    }

    /// What the document calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Usual => "usual",
            Self::Morning => "morning",
            Self::Configuration => "new revision",
            Self::Group => "group changed",
            Self::Node => "node lost",
            Self::Database => "database away",
            Self::Region => "region lost",
        }
    }
}

/// What one moment comes to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Share of its processors that the busiest node used in its busiest five seconds.
    pub busiest: f64,
    /// The same on average of all nodes and seconds.
    pub used: f64,
    /// Share of questions for sign-ins that were remembered.
    pub remembered: f64,
    /// Share of questions that were answered with 503.
    pub refused: f64,
    /// Calls of the database a second.
    pub calls: f64,
    /// Processors that the database needs.
    pub database: f64,
    /// Lines in the log of changes a second, each of which every node reads.
    pub lines: f64,
    /// Readings of the log a second, by each node.
    pub readings: f64,
    /// Connections to the database that the busiest node uses at once, in such a second.
    pub connections: f64,
    /// Milliseconds within which half of the questions are answered by the busiest node.
    pub half: f64,
    /// The same for 99 of 100.
    pub most: f64,
}

/// What went wrong with a plan, for the message of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// When.
    pub moment: &'static str,
    /// What.
    pub what: String,
}

/// The report of a fleet.
#[derive(Debug, Clone)]
pub struct Report {
    /// What each moment came to.
    pub moments: Vec<(Moment, Figures)>,
    /// Milliseconds until a revocation counts in each region, for half and for 99 of 100: by a node of the first one.
    pub revocations: Vec<(&'static str, f64, f64)>,
    /// Memory of a node, in MiB.
    pub memory: f64,
}

impl Report {
    /// The figures of one moment.
    ///
    /// # Panics
    /// For [`Moment::Start`], which has none.
    #[must_use]
    pub fn at(&self, moment: Moment) -> Figures {
        let found = self.moments.iter().find(|(at, _)| *at == moment);
        found.map_or_else(|| panic!("{moment:?} is no part of the report"), |(_, figures)| *figures)
    }

    /// Where more than this share of the processors is used, and all of them in a storm; or where a question is refused
    /// although the database is there.
    #[must_use]
    pub fn troubles(&self, used: f64) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        for (moment, figures) in &self.moments {
            let mut tell = |what: String| troubles.push(Trouble { moment: moment.name(), what });
            let used = if moment.is_storm() { 1.0 } else { used };
            if figures.busiest > used {
                tell(format!("a node uses {:.2} of its processors", figures.busiest));
            }
            if figures.refused > 0.0 && *moment != Moment::Database {
                tell(format!("{:.3} are refused", figures.refused));
            }
        }
        troubles
    }
}

struct Node {
    region: usize,
    up: bool,
    people: Lru,
    /// Whose permissions are prepared under the revision in force.
    ready: Lru,
}

#[derive(Clone, Copy)]
struct Visit {
    person: u32,
    region: usize,
    seconds: f64,
    /// Where affinity leads.
    node: usize,
}

/// What one node did in one second.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    known: f64,
    renewed: f64,
    lookups: f64,
    refused: f64,
    strangers: f64,
    logins: f64,
}

/// A fleet.
pub struct Fleet<'a> {
    plan: &'a Plan,
    costs: &'a Costs,
    random: Random,
    zipf: Zipf,
    nodes: Vec<Node>,
    visits: Vec<Visit>,
    lost: Option<usize>,
    /// Seconds since the database was lost.
    away: Option<usize>,
}

impl<'a> Fleet<'a> {
    /// A fleet that has just started.
    #[must_use]
    pub fn new(plan: &'a Plan, costs: &'a Costs, seed: u64) -> Self {
        let memory = plan.remembered / plan.sample;
        let node =
            |n: usize| Node { region: n / plan.nodes, up: true, people: Lru::new(memory), ready: Lru::new(memory) };
        let nodes = (0..plan.all_nodes()).map(node).collect();
        let zipf = Zipf::new((plan.users / plan.sample as f64).max(1.0) as usize, UNEVEN);
        let random = Random::new(seed);
        Self { plan, costs, random, zipf, nodes, visits: Vec::new(), lost: None, away: None }
    }

    /// Goes through all moments.
    #[must_use]
    pub fn run(mut self) -> Report {
        let mut moments = Vec::new();
        for moment in Moment::ALL.into_iter().filter(|moment| moment.happens_to(self.plan)) {
            let figures = self.through(moment);
            if moment != Moment::Start {
                moments.push((moment, figures));
            }
        }
        let memory = self.costs.node_memory
            + self.plan.remembered.min(self.plan.users as usize) as f64 * self.costs.person_memory / 1024.0;
        Report { moments, revocations: self.revocations(), memory }
    }

    fn through(&mut self, moment: Moment) -> Figures {
        self.begin(moment);
        let spans = if moment == Moment::Start { 4 } else { 1 };
        let mut seconds = Vec::new();
        for second in 0..SPAN * spans {
            self.away = (moment == Moment::Database && second < OUTAGE).then_some(second);
            seconds.push(self.second(moment));
        }
        let figures = self.sum(&seconds);
        self.nodes.iter_mut().for_each(|node| node.up = true);
        self.lost = None;
        figures
    }

    fn begin(&mut self, moment: Moment) {
        match moment {
            Moment::Configuration => self.nodes.iter_mut().for_each(|node| node.ready.clear()),
            Moment::Group => self.nodes.iter_mut().for_each(|node| node.people.clear()),
            Moment::Node => {
                self.nodes.iter_mut().step_by(self.plan.nodes).for_each(|node| node.up = false);
            }
            Moment::Region => self.lost = Some(self.plan.loses),
            _ => {}
        }
        if let Some(lost) = self.lost {
            self.nodes.iter_mut().filter(|node| node.region == lost).for_each(|node| node.up = false);
        }
        for at in 0..self.visits.len() {
            self.visits[at].node = self.node_of(self.visits[at]);
        }
    }

    /// One second of all nodes.
    fn second(&mut self, moment: Moment) -> Vec<Second> {
        let sample = self.plan.sample as f64;
        let begun = self.random.count(self.plan.requests / VISIT.0 / sample);
        for _ in 0..begun {
            let (person, region) = (self.zipf.pick(&mut self.random) as u32, self.somewhere());
            let visit = Visit { person, region, seconds: VISIT.1, node: 0 };
            let node = self.node_of(visit);
            self.visits.push(Visit { node, ..visit });
        }
        let mut done = vec![Second::default(); self.nodes.len()];
        for at in 0..self.visits.len() {
            let visit = self.visits[at];
            for _ in 0..self.random.count(VISIT.0 / VISIT.1) {
                let node = if self.plan.affinity { visit.node } else { self.node_of(visit) };
                self.ask(node, visit.person, &mut done[node]);
            }
            self.visits[at].seconds -= 1.0;
        }
        self.visits.retain(|visit| visit.seconds > 0.0);
        let logins =
            if matches!(moment, Moment::Start | Moment::Usual) { self.plan.logins.0 } else { self.plan.logins.1 };
        // Logins are counted all, since each costs as much as a thousand questions.
        for _ in 0..self.random.count(logins) {
            let visit = Visit { person: self.random.number() as u32, region: self.somewhere(), seconds: 0.0, node: 0 };
            done[self.node_of(visit)].logins += if self.away.is_some() { 0.0 } else { 1.0 };
        }
        for second in &mut done {
            for count in [&mut second.known, &mut second.renewed, &mut second.lookups, &mut second.refused] {
                *count *= sample;
            }
            let asked = second.known + second.renewed + second.lookups + second.refused;
            second.strangers = asked * self.plan.strangers;
        }
        done
    }

    fn ask(&mut self, node: usize, person: u32, done: &mut Second) {
        let node = &mut self.nodes[node];
        let forgotten = self.away.is_some_and(|seconds| !self.plan.redis && seconds >= FRESH);
        if self.away.is_some() && (forgotten || !node.people.has(person)) {
            done.refused += 1.0;
            return;
        }
        let known = node.people.use_of(person);
        let ready = node.ready.use_of(person);
        match (known, ready) {
            (true, true) => done.known += 1.0,
            (true, false) => done.renewed += 1.0,
            (false, _) => done.lookups += 1.0,
        }
    }

    /// A region, by its share of the visitors.
    fn somewhere(&mut self) -> usize {
        let mut share = self.random.share();
        for (at, region) in self.plan.regions.iter().enumerate() {
            share -= region.share;
            if share < 0.0 {
                return at;
            }
        }
        0
    }

    /// The node that a visitor is led to now: of their region, or of the next one where that is lost.
    fn node_of(&mut self, visit: Visit) -> usize {
        let regions = self.plan.regions.len();
        let left = |region: usize| if self.lost == Some(region) { None } else { Some(region) };
        // Half of the visitors of a lost region go to each of the others.
        let aside = 1 + (mixed(u64::from(visit.person)) % (regions.max(2) as u64 - 1)) as usize;
        let region = left(visit.region).unwrap_or((visit.region + aside) % regions);
        let places = region * self.plan.nodes..(region + 1) * self.plan.nodes;
        if !self.plan.affinity {
            let up: Vec<usize> = places.filter(|node| self.nodes[*node].up).collect();
            return up[self.random.below(up.len())];
        }
        // Rendezvous: when a node goes, its visitors alone move.
        let weight = |node: &usize| mixed((u64::from(visit.person) << 16) | *node as u64);
        places.filter(|node| self.nodes[*node].up).max_by_key(weight).unwrap_or_default()
    }

    fn work(&self, second: &Second, nodes: f64) -> Work {
        let here = if second.known + second.lookups + second.refused + second.logins > 0.0 { 1.0 } else { 0.0 };
        Work {
            nodes: 1.0,
            seconds: 1.0,
            known: second.known,
            strangers: second.strangers,
            renewed: second.renewed,
            lookups: second.lookups,
            logins: second.logins,
            tokens: here * self.plan.tokens / nodes,
            writes: here * (self.plan.writes + self.plan.revocations) / nodes,
            ..Work::default()
        }
    }

    fn sum(&self, seconds: &[Vec<Second>]) -> Figures {
        let up = self.nodes.iter().filter(|node| node.up).count() as f64;
        let mut figures = Figures::default();
        let (mut asked, mut known, mut refused) = (0.0, 0.0, 0.0);
        let mut worst = Second::default();
        let mut window = vec![0.0; self.nodes.len()];
        for (at, second) in seconds.iter().enumerate() {
            if at % WINDOW == 0 {
                window.fill(0.0);
            }
            let works: Vec<Work> = second.iter().map(|done| self.work(done, up)).collect();
            let whole = works.iter().fold(Work::default(), |sum, work| sum + *work);
            // Every node reads what all have changed.
            let expected = self.costs.expect(&Work { nodes: up, seconds: 1.0, ..whole });
            figures.calls += expected.calls;
            figures.database += expected.database;
            figures.lines += expected.lines;
            figures.readings += (self.costs.wakes(&whole)).min(self.costs.most_readings) + 1.0 / INTERVAL;
            let shared = self.costs.of_log(expected.lines, self.costs.wakes(&whole));
            for (((done, work), node), window) in second.iter().zip(&works).zip(&self.nodes).zip(&mut window) {
                let own = self.costs.expect(&Work { seconds: 0.0, nodes: 0.0, ..*work }).nodes;
                let used =
                    if node.up { (own + shared + self.costs.idle.node / 1e6) / self.plan.processors } else { 0.0 };
                figures.used += used / up;
                *window += used / WINDOW as f64;
                if *window > figures.busiest {
                    (figures.busiest, worst) = (*window, *done);
                    figures.connections = self.connections(done, node.region);
                }
                asked += done.known + done.renewed + done.lookups + done.refused;
                known += done.known + done.renewed;
                refused += done.refused;
            }
        }
        let count = seconds.len() as f64;
        for sum in
            [&mut figures.used, &mut figures.calls, &mut figures.database, &mut figures.lines, &mut figures.readings]
        {
            *sum /= count;
        }
        (figures.remembered, figures.refused) = (known / asked, refused / asked);
        let queue = self.queue(&worst, figures.busiest);
        (figures.half, figures.most) = (queue.quantile(0.5) * 1e3, queue.quantile(0.99) * 1e3);
        figures
    }

    /// Connections in use by Little's law: what is asked of the database, and how long each question takes.
    fn connections(&self, done: &Second, region: usize) -> f64 {
        let region = &self.plan.regions[region];
        let asked = done.lookups * self.costs.lookup.trips + done.logins * self.costs.login.trips;
        let commits = done.logins * self.costs.login.wakes;
        (asked * region.read + commits * region.commit) / 1e3
    }

    /// The queue of the questions of proxies on a node, beside everything else that it does.
    fn queue(&self, done: &Second, used: f64) -> Queue {
        let sorts = [
            (done.known, self.costs.known.node),
            (done.strangers, self.costs.stranger.node),
            (done.renewed, self.costs.renewed.node),
            (done.lookups, self.costs.lookup.node),
        ];
        let rate: f64 = sorts.iter().map(|(count, _)| count).sum::<f64>().max(1e-9);
        let mean = sorts.iter().map(|(count, cost)| count * cost).sum::<f64>() / rate;
        let square = sorts.iter().map(|(count, cost)| count * cost * cost).sum::<f64>() / rate;
        let questions = rate * mean / 1e6;
        let others = (used * self.plan.processors - questions).max(0.0);
        let processors = (self.plan.processors - others).max(0.1);
        Queue { rate, service: mean / 1e6, spread: (square / (mean * mean) - 1.0).max(0.0), processors }
    }

    /// Until when a session that a node of the first region has ended is refused, in each region.
    fn revocations(&mut self) -> Vec<(&'static str, f64, f64)> {
        let (plan, home) = (self.plan, self.plan.regions[0]);
        let mut found = Vec::new();
        for (at, region) in plan.regions.iter().enumerate() {
            let mut times: Vec<f64> = (0..2_000)
                .map(|_| {
                    // With a Redis, and in one place the database, nodes of the same region are told; else they look.
                    let told = at == 0 || plan.regions.len() == 1;
                    let pause = if told { 10.0 * self.random.share() } else { INTERVAL * 1e3 * self.random.share() };
                    home.commit + pause + region.log + 1.0
                })
                .collect();
            times.sort_by(f64::total_cmp);
            found.push((region.name, times[1_000], times[1_980]));
        }
        found
    }
}
