//! Ports for the programs that a test starts.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// First port handed out; below the range from which the kernel takes the
/// ports of outgoing connections.
const FIRST: u16 = 10_000;
/// Number of ports in the range.
const COUNT: u16 = 22_000;

/// A loopback port that nobody listens on.
///
/// Ports are handed out in turn rather than at random, so two tests of one
/// process never get the same one before their program has bound it.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = (std::process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (base.wrapping_mul(37) % COUNT).wrapping_add(step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port on loopback");
}
