//! Installations of four sizes, as `docs/scaling.md` describes them.

/// Where nodes are, and how many milliseconds it takes from there and back.
#[derive(Debug, Clone, Copy)]
pub struct Region {
    /// Its name.
    pub name: &'static str,
    /// Its share of the visitors.
    pub share: f64,
    /// To whoever answers what is read of a session or a person.
    pub read: f64,
    /// Until a transaction is safe.
    pub commit: f64,
    /// To whoever answers what is read of the log of changes.
    pub log: f64,
}

/// Who comes, and what there is for them.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Its name.
    pub name: &'static str,
    /// Accounts.
    pub users: f64,
    /// Questions of proxies a second.
    pub requests: f64,
    /// Share of them that comes without a sign-in.
    pub strangers: f64,
    /// Sign-ins a second, most of the day and when it is morning.
    pub logins: (f64, f64),
    /// Sessions a second that are ended for somebody.
    pub revocations: f64,
    /// Access tokens, and writes by the API, a second.
    pub tokens: f64,
    /// See [`Plan::tokens`].
    pub writes: f64,
    /// Where nodes are.
    pub regions: &'static [Region],
    /// Which one of them is lost at the end.
    pub loses: usize,
    /// How many nodes in each.
    pub nodes: usize,
    /// Processors of each.
    pub processors: f64,
    /// `LOCKGATE_LIMITS__REMEMBERED_PEOPLE`.
    pub remembered: usize,
    /// Whether a visitor comes to the same node each time.
    pub affinity: bool,
    /// Whether there is a Redis in each region.
    pub redis: bool,
    /// One in so many visitors is simulated, and for them so many times less memory.
    pub sample: usize,
}

/// A single place, with the database beside the nodes.
const HERE: &[Region] = &[Region { name: "here", share: 1.0, read: 0.3, commit: 1.0, log: 0.3 }];

/// Three places, with PostgreSQL in the first. The times are assumptions.
const THREE: &[Region] = &[
    Region { name: "west", share: 0.4, read: 0.3, commit: 1.0, log: 0.3 },
    Region { name: "centre", share: 0.35, read: 12.0, commit: 13.0, log: 12.0 },
    Region { name: "east", share: 0.25, read: 80.0, commit: 81.0, log: 80.0 },
];

/// The same places with a database that is in all of them: rows of a session are kept where its visitor is, a transaction
/// is safe once a second place has it, and the log is kept in the first. The times are assumptions.
const EVERYWHERE: &[Region] = &[
    Region { name: "west", share: 0.4, read: 1.0, commit: 14.0, log: 1.0 },
    Region { name: "centre", share: 0.35, read: 1.0, commit: 14.0, log: 13.0 },
    Region { name: "east", share: 0.25, read: 1.0, commit: 82.0, log: 81.0 },
];

/// A homelab: one process.
const HOMELAB: Plan = Plan {
    name: "homelab",
    users: 20.0,
    requests: 50.0,
    strangers: 0.02,
    logins: (0.01, 0.05),
    revocations: 0.001,
    tokens: 0.1,
    writes: 0.01,
    regions: HERE,
    loses: 0,
    nodes: 1,
    processors: 2.0,
    remembered: 10_000,
    affinity: true,
    redis: false,
    sample: 1,
};

/// A team: two nodes.
const TEAM: Plan = Plan {
    name: "team",
    users: 2_000.0,
    requests: 500.0,
    logins: (0.2, 2.0),
    revocations: 0.01,
    tokens: 5.0,
    writes: 0.2,
    nodes: 2,
    redis: true,
    ..HOMELAB
};

/// Ten million people in one place.
const LARGE: Plan = Plan {
    name: "10 million",
    users: 10_000_000.0,
    requests: 100_000.0,
    logins: (150.0, 1_000.0),
    revocations: 5.0,
    tokens: 500.0,
    writes: 20.0,
    nodes: 12,
    processors: 8.0,
    remembered: 50_000,
    sample: 100,
    ..TEAM
};

/// The same people in three regions. What is lost is not the region of the database.
const REGIONS: Plan = Plan { name: "three regions", regions: THREE, loses: 1, nodes: 6, ..LARGE };

/// What a database in all regions would come to.
const DISTRIBUTED: Plan = Plan { name: "distributed", regions: EVERYWHERE, loses: 0, ..REGIONS };

/// All of them, from small to large.
pub const PLANS: [Plan; 5] = [HOMELAB, TEAM, LARGE, REGIONS, DISTRIBUTED];

impl Plan {
    /// Nodes of all regions.
    #[must_use]
    pub fn all_nodes(&self) -> usize {
        self.nodes * self.regions.len()
    }
}
