//! `/application/o/…`: OAuth2 and OpenID Connect, seen by applications.

mod clients;
mod protocol;
