//! Claims: what the scope mappings of a provider put into a token.

use crate::{
    expression::{Env, EvalError, Expression},
    input::TextOrigin,
    problem::PolicyProblem,
};
use serde_json::{Map, Value};
use thiserror::Error;

/// A compiled scope mapping.
#[derive(Debug, Clone)]
pub struct ClaimMapping {
    /// The scope that asks for these claims.
    pub scope_name: String,
    /// What computes them.
    pub expression: Expression,
}

/// A mapping that gave no claims; the token must not be issued without them.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MappingError {
    /// The expression failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The expression's value is not a map of claims.
    #[error(
        "{file}:{line}: mapping \"{name}\" must return a map of claims, such as #{{ nickname: user.username }}, not {found}"
    )]
    NotAMap {
        /// File, or the object that holds the text.
        file: String,
        /// Line from 1.
        line: u32,
        /// Name of the mapping.
        name: String,
        /// What it returned, in a word.
        found: &'static str,
    },
}

impl ClaimMapping {
    /// Compiles a mapping.
    ///
    /// # Errors
    /// As [`Expression::compile`].
    pub fn compile(name: &str, scope_name: &str, source: &str, origin: &TextOrigin) -> Result<Self, PolicyProblem> {
        Ok(Self { scope_name: scope_name.to_owned(), expression: Expression::compile(name, source, origin)? })
    }

    /// The claims for an account; none where the expression returns nothing.
    ///
    /// # Errors
    /// When the expression fails or returns something else than a map.
    pub fn claims(&self, env: &Env<'_>) -> Result<Map<String, Value>, MappingError> {
        let found = match self.expression.eval_value(env)? {
            Value::Object(claims) => return Ok(claims),
            Value::Null => return Ok(Map::new()),
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
        };
        let origin = self.expression.origin();
        Err(MappingError::NotAMap {
            file: origin.file.clone(),
            line: origin.line,
            name: self.expression.name().to_owned(),
            found,
        })
    }
}
