//! Runs flows: plans one for a subject into an ordered list of stage bindings with a context, and
//! steps through it, `Challenge` out, `Response` in.
//!
//! A [`Plan`] is a plain value that survives being stored between any two steps. Nothing outside is
//! touched but through the traits of [`ports`]; what changes the caller's session comes back as
//! [`Effect`]s. What may not enter this room: I/O, HTTP, SQL, clocks, randomness, policy languages.
//!
//! The way of one request: [`start`] when the session holds no plan for the flow, then [`challenge()`]
//! for a GET or [`respond`] for a POST; store the plan (or drop it, see [`Outcome::keeps_plan`]),
//! apply the effects in order, answer the outcome. A link in a mail leads back to a plan that was kept for it:
//! [`offer`] asks whoever opens it whether to go on, and [`resume`] does.

pub mod avatar;
pub mod captcha;
pub mod challenge;
pub mod compiled;
pub mod context;
mod duo;
pub mod executor;
pub mod factors;
mod mail;
pub mod next;
pub mod passkeys;
pub mod plan;
pub mod ports;
pub mod response;
mod run;
mod sms;
mod speak;
mod stages;
pub mod step;
pub mod title;

pub use challenge::{Body, Challenge, ErrorDetail, FlowInfo, ResponseErrors};
pub use compiled::{CompileError, CompiledFlow, CompiledPrompts, CompiledStage, Stage};
pub use context::{AppContext, ConsentRequest, Context, Invited, Passage, Pending, Proof, SessionEndContext, Standing};
pub use executor::{challenge, offer, respond, resume, start, weigh};
pub use next::{invitation_in_query, safe_next};
pub use plan::Plan;
pub use ports::StepEnv;
pub use response::Response;
pub use stages::prompt::Weighed;
pub use step::{Effect, LoginEffect, Outcome, Step};
