//! What some work costs, by the model.

use super::{Cost, Costs};

/// So much of everything, in so many seconds, on so many nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Work {
    /// Nodes.
    pub nodes: f64,
    /// Seconds that it takes.
    pub seconds: f64,
    /// Questions of proxies for sign-ins that the asked node remembers.
    pub known: f64,
    /// Questions for visitors without any.
    pub strangers: f64,
    /// Questions for sign-ins that the node has to look up.
    pub lookups: f64,
    /// The first question for a remembered sign-in under a new revision.
    pub renewed: f64,
    /// Sign-ins at an application, password and all.
    pub logins: f64,
    /// Steps of flows that are no part of those.
    pub steps: f64,
    /// Access tokens.
    pub tokens: f64,
    /// Writes by the API.
    pub writes: f64,
    /// Lines that get into the log of changes in other ways, many at a time.
    pub lines: f64,
}

/// What the model expects of [`Work`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// Seconds of processors, of all nodes together.
    pub nodes: f64,
    /// Seconds of the database's processors.
    pub database: f64,
    /// Calls of the database.
    pub calls: f64,
    /// Lines in the log of changes.
    pub lines: f64,
}

impl std::ops::Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            seconds: self.seconds + other.seconds,
            known: self.known + other.known,
            strangers: self.strangers + other.strangers,
            lookups: self.lookups + other.lookups,
            renewed: self.renewed + other.renewed,
            logins: self.logins + other.logins,
            steps: self.steps + other.steps,
            tokens: self.tokens + other.tokens,
            writes: self.writes + other.writes,
            lines: self.lines + other.lines,
        }
    }
}

impl Costs {
    /// How much there is of everything, with what it costs.
    fn done(&self, work: &Work) -> [(f64, Cost); 9] {
        [
            (work.known, self.known),
            (work.strangers, self.stranger),
            (work.lookups, self.lookup),
            (work.renewed, self.renewed),
            (work.logins, self.login),
            (work.steps, self.step),
            (work.tokens, self.token),
            (work.writes, self.write),
            (work.seconds * work.nodes, self.idle),
        ]
    }

    /// How often nodes are told to look at the log.
    #[must_use]
    pub fn wakes(&self, work: &Work) -> f64 {
        self.done(work).iter().map(|(count, cost)| count * cost.wakes).sum()
    }

    /// What the log costs each node, in seconds of its processors: so many lines of all nodes together in one second, and so
    /// many messages.
    #[must_use]
    pub fn of_log(&self, lines: f64, wakes: f64) -> f64 {
        (lines * self.line + wakes.min(self.most_readings) * self.reading.node) / 1e6
    }

    /// What it comes to.
    #[must_use]
    pub fn expect(&self, work: &Work) -> Expected {
        let done = self.done(work);
        let sum = |of: fn(&Cost) -> f64| done.iter().map(|(count, cost)| count * of(cost)).sum::<f64>();
        let lines = sum(|cost| cost.lines) + work.lines;
        let read = lines * work.nodes;
        // Every write wakes every node; many that come together wake it once.
        let readings = self.wakes(work).min(self.most_readings * work.seconds) * work.nodes;
        Expected {
            nodes: (sum(|cost| cost.node) + work.logins * self.hash + read * self.line + readings * self.reading.node)
                / 1e6,
            database: (sum(|cost| cost.database) + read * self.line_database + readings * self.reading.database) / 1e6,
            calls: sum(|cost| cost.calls) + readings * self.reading.calls,
            lines,
        }
    }
}
