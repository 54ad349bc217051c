//! Decides: whether a principal may do something to a resource, which claims a token carries, and
//! why. Cedar holds the policies, Rhai the expressions; no other room names either of them.
//!
//! Everything here is a function of values: configuration text goes in and a [`PolicySet`] comes
//! out, a [`Question`] goes in and a [`Decision`] comes out. What may not enter this room: I/O,
//! databases, HTTP, and any clock or source of randomness that was not handed in.

pub mod action;
pub mod builtin;
mod cedar;
pub mod check;
mod decide;
pub mod decision;
pub mod evidence;
pub mod expression;
pub mod fact;
pub mod input;
pub mod mapping;
mod native;
mod need;
pub mod problem;
mod trace;
mod world;

#[cfg(test)]
pub(crate) mod tests;

pub use action::Action;
pub use builtin::{BuiltinMapping, BuiltinPolicy, builtin_mappings, builtin_policies};
pub use cedar::extent::Extent;
pub use cedar::principal::{PrepareError, PreparedPrincipal};
pub use cedar::resource::{Administered, GROUP_KIND, GroupFacts, ObjectFacts, USER_KIND, UnjudgeableError};
pub use cedar::set::PolicySet;
pub use check::{Check, CheckError};
pub use decision::{Cacheability, Decision, Need, PolicyRef, Question, Resource, Severity};
pub use evidence::{
    Coordinates, Evidence, History, PasswordFacts, PasswordWant, PastLogin, Scores, Wants, Whereabouts,
};
pub use expression::{Env, EvalError, EvalErrorKind, Expression, Outcome, Stopwatch};
pub use fact::{AppFact, Fact, Facts, KeptFacts, Login, PersonReads, Reads};
pub use input::{
    AppInput, BindingInput, ConditionInput, EngineMode, EntitlementInput, ExpressionInput, GrantInput, GrantedOn,
    GroupInput, LinkInput, Linked, NativeInput, PolicyInput, RoleInput, Subject, Target, TextOrigin,
};
pub use mapping::{ClaimMapping, MappingError};
pub use native::{Native, strength};
pub use need::describe_denial;
pub use problem::PolicyProblem;
pub use trace::{BindingTrace, Change, Dated, Member, MembershipTrace, PolicyEffect, PolicyTrace, Trace};
pub use world::{Device, Network, Place, Places, World};
