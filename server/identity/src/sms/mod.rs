//! Text messages with codes: tasks that each send one ([`post`]), and the services that take them ([`gateway`]).
//!
//! A message costs money, and there are people who earn by having some sent: each number, each account and each address
//! has its limits (`limits`). A code is worth nothing after some minutes, so a message is tried again a few times and
//! then given up.

mod gateway;
mod limits;
mod post;

pub use gateway::TWILIO_URL;
pub(crate) use limits::Purpose;
pub(crate) use post::Order;
pub use post::{MOST_ATTEMPTS, SEND, sent};
