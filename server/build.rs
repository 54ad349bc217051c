//! How the program is linked.
#![expect(clippy::disallowed_methods, reason = "cargo says in the environment what is built")]

use std::{env, process::Command};

/// The first glibc whose loader reads packed lists.
const READS_PACKED: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The loader reads a list of all places that hold an address: packed, it is 50 KiB and not 4.5 MiB, which stay
    // resident otherwise. The musl of the compiler reads it always.
    let libc = env::var("CARGO_CFG_TARGET_ENV").unwrap_or_default();
    if libc == "musl" || (libc == "gnu" && env::var("HOST") == env::var("TARGET") && glibc() >= Some(READS_PACKED)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let version = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = version.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
