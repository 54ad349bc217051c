//! OAuth2 and OpenID Connect: the authorize endpoint, the token endpoint with its grants, and what
//! clients and their users need around them.
//!
//! Each endpoint reads as the steps of its RFC, in order. [`request`], [`response`], [`claims`] and
//! [`pkce`] are the protocol as pure functions over what a client sent; what tokens say and whether they count is decided in
//! `lockgate_identity::oauth`. What may not enter: SQL, flows' inner life, any other face.

mod answers;
mod authorize;
mod bearer;
pub mod claims;
mod client_auth;
mod cors;
mod device;
mod dpop;
mod end_session;
mod endpoint;
mod gatekeeper;
mod guide;
mod introspect;
mod limits;
mod metadata;
pub mod pages;
mod par;
mod parameters;
pub mod pkce;
pub mod request;
mod request_object;
pub mod response;
mod revoke;
mod routes;
mod token;
mod userinfo;
mod visitor;

pub use pages::{Denied, DevicePage, DeviceStep, FormPost, Pages, SignOutPage, Trouble};
pub use routes::router;
