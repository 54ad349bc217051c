//! `/api/v3/flows/…` and `/flows/…`: flows driven by scripts.

mod accounts;
mod captcha;
mod duo;
mod executor;
mod factors;
mod flood;
mod guessing;
mod initial_setup;
mod passkeys;
mod policies;
mod prompts;
mod sms;
mod strength;
mod ways;
