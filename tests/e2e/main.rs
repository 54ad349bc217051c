//! The end-to-end tests: the real binary, real databases, real proxies, a real
//! browser. The modules mirror the addresses that they ask.
//!
//! One test alone, on one database:
//! `cargo test --release -p lockgate-tests --test e2e -- MODULE::sqlite::NAME`

fn main() {}
