//! Forward auth: a reverse proxy asks about every request, and the gate answers whether it may pass and
//! who is there.
//!
//! Each proxy dialect is a small adapter that turns its request into one [`dialect::Question`]; one
//! function decides ([`ForwardAuth`] over `gate`), and `answers` says it in the dialect's words. The rest
//! is the way to the sign-in host and back. This is the hot path: what may not enter it is a database
//! call, a lock across an await or work that could be done once per sign-in; nor SQL, flows, or any
//! other face.

mod answers;
mod cookies;
mod counts;
mod credentials;
pub mod dialect;
mod gate;
pub mod headers;
mod login;
mod noise;
pub mod origin;
pub mod pages;
mod routes;
pub mod skip;
pub mod state;
mod tickets;

pub use gate::ForwardAuth;
pub use pages::{Denied, Pages, PlainPages, Trouble};
pub use routes::router;
