//! `/api/v3/flows/…` and `/flows/…`: flows driven by scripts.

mod accounts;
mod captcha;
mod executor;
mod factors;
mod flood;
mod initial_setup;
mod passkeys;
mod policies;
mod strength;
