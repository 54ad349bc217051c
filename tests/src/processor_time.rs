//! What the processors were used for: a benchmark shares them with what it measures, and has to say so.

use std::collections::BTreeMap;
use std::ops::{Add, Sub};

use crate::Server;

/// The unit of `/proc/PID/stat`, which the kernel has had at 100 a second for every architecture for decades.
const TICKS: f64 = 100.0;

/// Seconds of processor time so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessorTime {
    /// Of the server.
    pub server: f64,
    /// Of the PostgreSQL that this process has started.
    pub database: f64,
    /// Of this process.
    pub own: f64,
    /// Of the whole machine.
    pub busy: f64,
    /// When a processor had nothing to do.
    pub idle: f64,
}

impl ProcessorTime {
    /// Reads the clocks.
    pub fn now(server: &Server) -> Self {
        let (busy, idle) = machine();
        let own = std::process::id();
        Self { server: seconds_of(server.pid()), database: databases(own), own: seconds_of(own), busy, idle }
    }
}

impl ProcessorTime {
    fn with(self, other: Self, join: fn(f64, f64) -> f64) -> Self {
        Self {
            server: join(self.server, other.server),
            database: join(self.database, other.database),
            own: join(self.own, other.own),
            busy: join(self.busy, other.busy),
            idle: join(self.idle, other.idle),
        }
    }
}

impl Add for ProcessorTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, Add::add)
    }
}

impl Sub for ProcessorTime {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.with(other, Sub::sub)
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Busy and idle seconds of all processors.
fn machine() -> (f64, f64) {
    let stat = read("/proc/stat");
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|ticks| ticks.parse().ok()).collect();
    // user, nice, system, idle, waiting for a disk, interrupts of two sorts, taken by other machines.
    let of = |places: &[usize]| places.iter().filter_map(|place| ticks.get(*place)).sum::<f64>() / TICKS;
    (of(&[0, 1, 2, 5, 6]), of(&[3, 4]))
}

/// The fields of `/proc/PID/stat` behind the name, which may hold anything: state, parent, …
fn fields(pid: u32) -> Vec<String> {
    let stat = read(&format!("/proc/{pid}/stat"));
    let behind = stat.rsplit_once(')').map(|(_, behind)| behind).unwrap_or_default();
    behind.split_whitespace().map(str::to_owned).collect()
}

fn ticks(fields: &[String], places: std::ops::Range<usize>) -> f64 {
    let places = fields.get(places).unwrap_or_default();
    places.iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Seconds of processor time that a process has used so far.
pub(crate) fn seconds_of(pid: u32) -> f64 {
    ticks(&fields(pid), 11..13)
}

fn parent(fields: &[String]) -> u32 {
    fields.get(1).and_then(|parent| parent.parse().ok()).unwrap_or_default()
}

/// What those processes below this one have used that are PostgreSQL, also those that have ended.
fn databases(own: u32) -> f64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten();
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let postgres: BTreeMap<u32, Vec<String>> = numbers
        .filter(|pid| read(&format!("/proc/{pid}/comm")).starts_with("postgres"))
        .map(|pid| (pid, fields(pid)))
        .collect();
    // A server is the one whose parent is something else; its children do the work.
    let is_server = |fields: &[String]| !postgres.contains_key(&parent(fields));
    let servers = postgres.iter().filter(|(pid, fields)| is_server(fields) && descends(**pid, own));
    let children = |of: u32| postgres.values().filter(move |fields| parent(fields) == of);
    servers
        .map(|(pid, fields)| ticks(fields, 11..15) + children(*pid).map(|fields| ticks(fields, 11..13)).sum::<f64>())
        .sum()
}

fn descends(mut pid: u32, from: u32) -> bool {
    while pid > 1 && pid != from {
        pid = parent(&fields(pid));
    }
    pid == from
}
