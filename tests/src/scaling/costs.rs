//! What each thing costs: the one place of the model's constants.

/// What one of something costs where it is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Processor time of the node, in microseconds.
    pub node: f64,
    /// Processor time of the database, in microseconds.
    pub database: f64,
    /// Calls of the database: questions, and transactions of several statements.
    pub calls: f64,
    /// Ways to the database and back, one after the other; of look-ups and sign-ins alone.
    pub trips: f64,
    /// Lines that it leaves in the log of changes, which every node reads.
    pub lines: f64,
    /// How often it tells all nodes to look at the log.
    pub wakes: f64,
}

/// What everything costs.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// A proxy's question for a sign-in that the node remembers.
    pub known: Cost,
    /// A proxy's question for a visitor without one.
    pub stranger: Cost,
    /// A proxy's question for a sign-in that the node has to look up.
    pub lookup: Cost,
    /// A proxy's question for a sign-in that the node remembers, the first one under a new revision.
    pub renewed: Cost,
    /// A sign-in at an application, from the first redirect to the way back, without the hash of the password.
    pub login: Cost,
    /// The hash of a password, in microseconds of the node.
    pub hash: f64,
    /// A step of a flow: one page or one answer.
    pub step: Cost,
    /// An access token for a client, ES256. Not measured with the others: what two processors made in a second, the load and
    /// SQLite included (`docs/measurements.md`).
    pub token: Cost,
    /// A write by the API: one user gets another name.
    pub write: Cost,
    /// A node that has nothing to do, for a second.
    pub idle: Cost,
    /// One more reading of the log.
    pub reading: Cost,
    /// The most readings of a node in a second that others ask it for.
    pub most_readings: f64,
    /// What a node has to do for each line that it reads, in microseconds.
    pub line: f64,
    /// What the database has to do for each line that a node reads, in microseconds. Not measured.
    pub line_database: f64,
    /// Memory of a node without any visitors, in MiB.
    pub node_memory: f64,
    /// Memory of a node for each person that it remembers with one sign-in, in KiB.
    pub person_memory: f64,
    /// On disk, indexes included, in bytes: an account in one group with a password.
    pub user_disk: f64,
    /// A session with a sign-in at one application.
    pub session_disk: f64,
    /// An event.
    pub event_disk: f64,
    /// A line of the log of changes, which is there for an hour.
    pub line_disk: f64,
}

const NOTHING: Cost = Cost { node: 0.0, database: 0.0, calls: 0.0, trips: 0.0, lines: 0.0, wakes: 0.0 };

/// Measured on 2026-11-30 by `cargo bench --workspace --bench scaling`; see `docs/scaling.md` for machine and build.
pub const MEASURED: Costs = Costs {
    known: Cost { node: 30.3, ..NOTHING },
    stranger: Cost { node: 25.7, ..NOTHING },
    lookup: Cost { node: 871.0, database: 598.0, calls: 3.1, trips: 10.8, ..NOTHING },
    renewed: Cost { node: 177.0, ..NOTHING },
    login: Cost { node: 13_200.0, database: 8_480.0, calls: 25.3, trips: 73.0, lines: 5.0, wakes: 2.0 },
    hash: 17_000.0,
    step: Cost { node: 965.0, database: 543.0, calls: 2.52, ..NOTHING },
    token: Cost { node: 430.0, calls: 1.0, ..NOTHING },
    write: Cost { node: 3_400.0, database: 2_290.0, calls: 12.5, lines: 1.0, wakes: 1.0, ..NOTHING },
    idle: Cost { node: 3_000.0, database: 1_000.0, calls: 3.3, ..NOTHING },
    reading: Cost { node: 181.0, database: 400.0, calls: 1.0, ..NOTHING },
    most_readings: 100.0,
    line: 1.34,
    line_database: 1.0,
    node_memory: 84.8,
    person_memory: 6.2,
    user_disk: 1_470.0,
    session_disk: 955.0,
    event_disk: 1_740.0,
    line_disk: 161.0,
};
