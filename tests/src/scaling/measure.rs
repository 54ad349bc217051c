//! Measures what things cost on a real fleet of two nodes, and how far a real one is from what the model expects of it.

use std::time::{Duration, Instant};

use super::{Cost, Costs, Lru, MEASURED, Reading, Small, Work};

/// Between a change and the moment at which every node has read it, with room.
const SETTLED: Duration = Duration::from_millis(600);

/// How much of everything is done to be measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// The first of the people to whom it is done.
    pub first: usize,
    /// People who are looked up.
    pub people: usize,
    /// Questions for somebody who is known, and for nobody.
    pub questions: u64,
    /// Sign-ins.
    pub logins: usize,
    /// Steps of flows.
    pub steps: usize,
    /// Writes by the API.
    pub writes: usize,
    /// Lines in the log.
    pub lines: usize,
    /// Seconds in which nothing is done.
    pub rest: u64,
}

/// What was used in one phase, with what the nodes use without any work taken off.
#[derive(Debug, Clone, Default)]
pub struct Phase {
    /// The seconds of processors of each node, of the database, and everything else.
    pub used: Reading,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Measures phases.
pub struct Meter<'a> {
    small: &'a Small,
    /// What reading the counts uses by itself.
    bias: Reading,
}

impl<'a> Meter<'a> {
    /// Finds out what measuring itself costs.
    pub async fn new(small: &'a Small) -> Self {
        let before = small.read().await;
        let bias = small.read().await.since(&before);
        Self { small, bias }
    }

    /// What some work uses.
    pub async fn phase(&self, work: impl AsyncFnOnce()) -> Phase {
        let before = self.small.read().await;
        let started = Instant::now();
        work().await;
        let seconds = started.elapsed().as_secs_f64();
        let all = self.small.read().await.since(&before);
        Phase { used: all.since(&self.bias), seconds }
    }

    /// What each of `count` costs on the first node, but for what nodes do without any work.
    async fn each(&self, count: usize, idle: &Cost, work: impl AsyncFnOnce()) -> Phase {
        let Phase { mut used, seconds } = self.phase(work).await;
        let nodes = used.nodes.len() as f64;
        let (share, rest) = (1.0 / count as f64, seconds / 1e6);
        used.nodes.iter_mut().for_each(|node| *node = (*node - idle.node * rest).max(0.0) * share * 1e6);
        used.database = (used.database - idle.database * rest * nodes).max(0.0) * share * 1e6;
        used.calls = (used.calls - idle.calls * seconds * nodes) * share;
        used.lines *= share;
        used.hashing *= share * 1e6;
        Phase { used, seconds }
    }
}

fn cost(phase: &Phase, wakes: f64) -> Cost {
    let used = &phase.used;
    let node = used.nodes.first().copied().unwrap_or_default();
    Cost {
        node,
        database: used.database,
        calls: used.calls.max(0.0),
        lines: used.lines.max(0.0).round(),
        wakes,
        ..Cost::default()
    }
}

impl Small {
    /// What everything costs here: a fleet of two nodes, with people. What only larger ones tell stays as it is in
    /// [`MEASURED`].
    ///
    /// # Panics
    /// When something does not answer as it should.
    pub async fn costs(&self, effort: Effort) -> Costs {
        let (meter, port) = (Meter::new(self).await, self.ports()[0]);
        tokio::time::sleep(SETTLED * 3).await;
        let rest = meter.phase(async || tokio::time::sleep(Duration::from_secs(effort.rest)).await).await;
        let share = 1e6 / rest.seconds / rest.used.nodes.len() as f64;
        let idle = Cost {
            node: rest.used.of_all() * share,
            database: rest.used.database * share,
            calls: rest.used.calls * share / 1e6,
            ..Cost::default()
        };
        let empty = self.memory(0);
        let people: Vec<usize> = (effort.first..effort.first + effort.people).collect();
        let lookup = meter.each(people.len(), &idle, async || self.ask(port, &people).await).await;
        let person_memory = (self.memory(0) - empty).max(0.0) * 1024.0 / effort.people as f64;
        let questions = effort.questions as usize;
        let known = meter
            .each(questions, &idle, async || self.ask_again(port, Some(effort.first), effort.questions).await)
            .await;
        let stranger = meter.each(questions, &idle, async || self.ask_again(port, None, effort.questions).await).await;
        self.revise().await;
        tokio::time::sleep(SETTLED).await;
        let renewed = meter.each(people.len(), &idle, async || self.ask(port, &people).await).await;
        let from = effort.first + effort.people;
        let login = meter.each(effort.logins, &idle, async || self.sign_in(from..from + effort.logins).await).await;
        let step = meter.each(effort.steps, &idle, async || self.step(effort.steps).await).await;
        let write = meter
            .each(effort.writes, &idle, async || self.rename(effort.first..effort.first + effort.writes).await)
            .await;
        let noted = meter.each(effort.lines, &idle, async || {
            self.note(effort.lines);
            tokio::time::sleep(SETTLED).await;
        });
        let noted = noted.await;
        let other = |phase: &Phase| phase.used.nodes.get(1).copied().unwrap_or_default();
        let hash = login.used.hashing;
        let mut costs = Costs {
            known: cost(&known, 0.0),
            stranger: cost(&stranger, 0.0),
            lookup: cost(&lookup, 0.0),
            renewed: cost(&renewed, 0.0),
            login: cost(&login, MEASURED.login.wakes),
            hash,
            step: cost(&step, 0.0),
            write: cost(&write, 1.0),
            idle,
            reading: Cost { node: other(&write), database: idle.database / 2.5, calls: 1.0, ..Cost::default() },
            line: other(&noted),
            node_memory: empty,
            person_memory,
            ..MEASURED
        };
        costs.login.node = (costs.login.node - hash).max(0.0);
        costs.lookup.trips = MEASURED.lookup.trips;
        costs.login.trips = MEASURED.login.trips;
        costs.write.trips = MEASURED.write.trips;
        // What both nodes read afterwards is told apart.
        for with_wakes in [&mut costs.login, &mut costs.write] {
            let read = with_wakes.wakes * 2.0;
            with_wakes.node = (with_wakes.node - with_wakes.wakes * costs.reading.node).max(0.0);
            with_wakes.database = (with_wakes.database - read * costs.reading.database).max(0.0);
            with_wakes.calls = (with_wakes.calls - read).max(0.0);
        }
        costs
    }

    /// Some of everything on all nodes: what it really uses, and what the model has expected.
    ///
    /// # Panics
    /// When something does not answer as it should.
    pub async fn against(&self, costs: &Costs, effort: Effort) -> Vec<(&'static str, f64, f64)> {
        let (meter, ports) = (Meter::new(self).await, self.ports());
        tokio::time::sleep(SETTLED * 3).await;
        let (share, nodes) = (effort.people / ports.len(), ports.len() as f64);
        let phase = meter
            .phase(async || {
                for (at, port) in ports.iter().enumerate() {
                    let first = effort.first + at * share;
                    let people: Vec<usize> = (first..first + share).collect();
                    self.ask(*port, &people).await;
                    self.ask_again(*port, Some(first), effort.questions).await;
                    self.ask_again(*port, None, effort.questions / 2).await;
                }
                let from = effort.first + effort.people;
                self.sign_in(from..from + effort.logins).await;
                self.step(effort.steps).await;
                self.rename(effort.first..effort.first + effort.writes).await;
                self.note(effort.lines);
                tokio::time::sleep(SETTLED).await;
            })
            .await;
        let expected = costs.expect(&Work {
            nodes,
            seconds: phase.seconds,
            known: effort.questions as f64 * nodes,
            strangers: (effort.questions / 2) as f64 * nodes,
            lookups: share as f64 * nodes,
            logins: effort.logins as f64,
            steps: effort.steps as f64,
            writes: effort.writes as f64,
            lines: effort.lines as f64,
            ..Work::default()
        });
        vec![
            ("processor of the nodes, s", expected.nodes, phase.used.of_all()),
            ("processor of the database, s", expected.database, phase.used.database),
            ("calls of the database", expected.calls, phase.used.calls),
            ("lines in the log", expected.lines, phase.used.lines),
        ]
    }

    /// The share of questions that a node with this much memory answers without looking up, as the model has it and as it
    /// is: for people who come as often as on the Web.
    ///
    /// # Panics
    /// When somebody is not let in.
    pub async fn hits(&self, remembered: usize, visits: usize) -> (f64, f64) {
        let visits = self.visits(visits, 0.8, 7);
        let mut memory = Lru::new(remembered);
        let expected = visits.iter().filter(|person| memory.use_of(**person as u32)).count();
        let before = self.read().await;
        // One connection, so that they come in order.
        self.ask_in_order(self.ports()[0], &visits).await;
        let decided = self.read().await.since(&before).decided[0];
        let count = visits.len() as f64;
        (expected as f64 / count, 1.0 - decided / count)
    }
}
