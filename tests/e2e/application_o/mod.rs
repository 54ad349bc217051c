//! `/application/o/…`: OAuth2 and OpenID Connect, seen by applications.

mod browser;
mod clients;
mod protocol;
