//! Policies that are asked before Cedar is: expressions, and the kinds that are rules of our own. What
//! they come to enters Cedar as a boolean.

use crate::{
    evidence::Wants,
    expression::{Env, EvalError, Expression, Outcome},
    fact::{Facts, PersonReads, Reads},
    native::Native,
};
use thiserror::Error;

/// A policy that is asked before Cedar is.
#[derive(Debug, Clone)]
pub enum Check {
    /// A Rhai expression.
    Expression(Expression),
    /// A rule of our own.
    Native(Rule),
}

/// A rule of our own, under its name.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    native: Native,
    reads: Reads,
}

/// Why a policy came to nothing. Whatever asked must treat it as "no".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckError {
    /// An expression failed.
    #[error(transparent)]
    Expression(#[from] EvalError),
    /// Something that a rule has to know is not known.
    #[error("policy \"{name}\": {}", unknown.why)]
    Native {
        /// Name of the policy.
        name: String,
        /// What is not known.
        unknown: Unknown,
    },
}

impl CheckError {
    /// What to tell the person, where there is something that they can do.
    #[must_use]
    pub fn told(&self) -> Option<&str> {
        match self {
            Self::Expression(_) => None,
            Self::Native { unknown, .. } => unknown.told,
        }
    }
}

/// What a rule would have to know, and does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// For the log.
    pub why: &'static str,
    /// For the person.
    pub told: Option<&'static str>,
}

impl From<&'static str> for Unknown {
    fn from(why: &'static str) -> Self {
        Self { why, told: None }
    }
}

impl Check {
    /// A rule of our own.
    #[must_use]
    pub fn native(name: &str, native: Native) -> Self {
        let reads = native.reads();
        Self::Native(Rule { name: name.to_owned(), native, reads })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Expression(expression) => expression.name(),
            Self::Native(rule) => &rule.name,
        }
    }

    /// Every fact that it can read.
    #[must_use]
    pub fn reads(&self) -> &Reads {
        match self {
            Self::Expression(expression) => expression.reads(),
            Self::Native(rule) => &rule.reads,
        }
    }

    /// What it reads of the person that tells people apart.
    pub(crate) fn reads_of_person(&self) -> PersonReads {
        match self {
            Self::Expression(expression) => expression.reads_of_person(),
            Self::Native(_) => PersonReads { person: true, ..PersonReads::default() },
        }
    }

    /// Adds what has to be fetched before it can be asked under these facts.
    pub fn want(&self, facts: &Facts<'_>, wants: &mut Wants) {
        if let Self::Native(rule) = self {
            rule.native.want(facts, wants);
        }
    }

    /// Asks it.
    ///
    /// # Errors
    /// When an expression fails, or something that has to be known is not.
    pub fn run(&self, env: &Env<'_>) -> Result<Outcome, CheckError> {
        match self {
            Self::Expression(expression) => Ok(expression.eval_bool(env)?),
            Self::Native(rule) => {
                rule.native.run(env).map_err(|unknown| CheckError::Native { name: rule.name.clone(), unknown })
            }
        }
    }
}
