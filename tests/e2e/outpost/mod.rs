//! `/outpost.goauthentik.io/…`: forward auth, seen by visitors, by services and
//! by whoever tries to get past it.

mod browser;
mod credentials;
mod domain;
mod proxies;
mod redirects;
mod requests;
mod revocation;
mod times;

pub(crate) use revocation::open_app;
