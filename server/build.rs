//! How the program is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The loader reads a list of all places that hold an address: in this form it is 50 KiB and not 4.5 MiB, which stay
    // resident otherwise. Needs glibc 2.36 or musl 1.2.4.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
