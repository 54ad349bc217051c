//! OAuth2 and OpenID Connect as far as proxied applications need them: the authorize endpoint, key sets,
//! discovery and sign-out.
//!
//! [`request`] is the protocol: pure functions over what a client sent. [`authorize`] reads as the
//! steps of RFC 6749, section 4.1, in order. What may not enter: SQL, flows' inner life, any other face.
//! There is no token endpoint yet: the one client of these codes is the forward-auth gate, which redeems
//! them in process.

mod answers;
mod authorize;
mod end_session;
mod metadata;
pub mod pages;
pub mod request;
mod routes;
mod visitor;

pub use pages::{Denied, Pages, Trouble};
pub use routes::router;
