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
    /// Ways to the database and back, one after the other.
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
    /// What the database has to do for each line that a node reads, in microseconds.
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

/// Measured on DATE by `cargo bench --workspace --bench scaling`; see `docs/scaling.md` for machine and build.
pub const MEASURED: Costs = Costs {
    known: Cost { node: 20.0, ..NOTHING },
    stranger: Cost { node: 25.0, ..NOTHING },
    lookup: Cost { node: 1_500.0, database: 1_500.0, calls: 9.0, trips: 9.0, ..NOTHING },
    renewed: Cost { node: 200.0, ..NOTHING },
    login: Cost { node: 8_000.0, database: 8_000.0, calls: 40.0, trips: 60.0, lines: 4.0, wakes: 2.0 },
    hash: 20_000.0,
    step: Cost { node: 600.0, database: 600.0, calls: 3.0, ..NOTHING },
    token: Cost { node: 430.0, calls: 1.0, ..NOTHING },
    write: Cost { node: 2_000.0, database: 2_000.0, calls: 5.0, trips: 6.0, lines: 1.0, wakes: 1.0 },
    idle: Cost { node: 3_000.0, database: 1_000.0, calls: 3.0, ..NOTHING },
    reading: Cost { node: 300.0, database: 100.0, calls: 1.0, ..NOTHING },
    most_readings: 100.0,
    line: 5.0,
    line_database: 1.0,
    node_memory: 60.0,
    person_memory: 10.0,
    user_disk: 2_000.0,
    session_disk: 3_000.0,
    event_disk: 2_000.0,
    line_disk: 200.0,
};
