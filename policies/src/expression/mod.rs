//! Expressions in Rhai: conditions and claims.
//!
//! An [`Expression`] is compiled once and knows which facts it reads; running it costs a few
//! microseconds and builds only those. The sandbox has no I/O, no `eval`, no modules and no clock,
//! and bounds on work, depth, size and time; see the constants for the figures.

mod functions;
mod keys;
mod reference;
mod roots;
mod sandbox;
mod syntax;
mod values;

use crate::{
    fact::{AppFact, Facts, PersonReads, Reads},
    input::TextOrigin,
    problem::{PolicyProblem, line_text, nearest},
    world::World,
};
use lockgate_model::people::Principal;
use rhai::{AST, Dynamic, EvalAltResult, LexError, ParseErrorType, Position, Scope};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use thiserror::Error;

pub use reference::reference;
pub use sandbox::{MAX_ELEMENTS, MAX_OPERATIONS, MAX_STRING, MAX_TIME};

/// Monotonic time since an arbitrary start, so that a script can be stopped at its deadline.
pub type Stopwatch = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Longest source text accepted, in bytes.
pub const MAX_SOURCE: usize = 65_536;

/// A compiled expression. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression {
    name: Arc<str>,
    origin: TextOrigin,
    ast: Arc<AST>,
    roots: Arc<syntax::Roots>,
    reads: Reads,
}

/// What an expression is run on.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The account; `None` for nobody, whose `user.is_authenticated` is false.
    pub user: Option<&'a Principal>,
    /// The circumstances.
    pub facts: &'a Facts<'a>,
    /// The application asked for, if any.
    pub app: Option<&'a AppFact>,
    /// Measures the deadline; without it only the number of operations is bounded.
    pub stopwatch: Option<&'a Stopwatch>,
    /// Zone and knowledge of addresses; without, UTC and none.
    pub world: Option<&'a World>,
    /// How long the script may run; at most [`MAX_TIME`].
    pub timeout: Duration,
}

impl<'a> Env<'a> {
    /// An environment without application and with the longest deadline.
    #[must_use]
    pub fn new(user: Option<&'a Principal>, facts: &'a Facts<'a>) -> Self {
        Self { user, facts, app: None, stopwatch: None, world: None, timeout: sandbox::MAX_TIME }
    }
}

/// What a condition came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the result was truthy.
    pub passing: bool,
    /// What the script told the user with `ak_message`, in order.
    pub messages: Vec<String>,
    /// The person's password is to be made unusable: it is too old.
    pub retires_password: bool,
}

impl Outcome {
    /// Without a word.
    pub(crate) fn plain(passing: bool) -> Self {
        Self { passing, messages: Vec::new(), retires_password: false }
    }

    /// With a word to the user.
    pub(crate) fn says(passing: bool, message: impl Into<String>) -> Self {
        Self { messages: vec![message.into()], ..Self::plain(passing) }
    }
}

/// Why a run came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalErrorKind {
    /// Stopped at its deadline.
    Timeout,
    /// Stopped for doing too much work or holding too much data.
    Limit,
    /// Failed by itself: a wrong type, an unknown property, a `throw`.
    Failed,
    /// Its result is not of a kind that can be used.
    Result,
}

/// A run that failed; whatever asked must treat it as "no".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}:{column}: expression \"{name}\": {message}")]
pub struct EvalError {
    /// Name of the expression.
    pub name: String,
    /// File, or the object that holds the text.
    pub file: String,
    /// Line from 1; 0 when unknown.
    pub line: u32,
    /// Column from 1; 0 when unknown.
    pub column: u32,
    /// What happened.
    pub message: String,
    /// Which sort of failure it was.
    pub kind: EvalErrorKind,
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    /// The first thing that is wrong with it: syntax, an unknown variable, function or property,
    /// or something that the sandbox refuses.
    pub fn compile(name: &str, source: &str, origin: &TextOrigin) -> Result<Self, PolicyProblem> {
        if source.len() > MAX_SOURCE {
            return Err(PolicyProblem::whole(
                &origin.file,
                format!("an expression may have at most {MAX_SOURCE} bytes"),
            ));
        }
        let engine = sandbox::engine();
        let ast = engine
            .compile_with_scope(syntax::declared(), source)
            .map_err(|e| parse_problem(source, origin, e.err_type(), e.position()))?;
        let roots =
            syntax::analyse(&ast, source).map_err(|c| problem_at(source, origin, c.position, c.message, c.hint))?;
        Ok(Self {
            name: name.into(),
            origin: origin.clone(),
            ast: Arc::new(ast),
            reads: roots.reads(),
            roots: Arc::new(roots),
        })
    }

    /// The name it was compiled under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its text is.
    #[must_use]
    pub fn origin(&self) -> &TextOrigin {
        &self.origin
    }

    /// Every fact that any run of it can read, perhaps more.
    #[must_use]
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// What it reads of the person that tells people apart.
    pub(crate) fn reads_of_person(&self) -> PersonReads {
        self.roots.reads_of_person()
    }

    /// Keys of the maps that it writes out, in order: the claims of a mapping, as far as its text tells.
    #[must_use]
    pub fn map_keys(&self) -> Vec<String> {
        keys::of(&self.ast).into_iter().collect()
    }

    /// Runs it as a condition. The result counts as Python has it: nothing, `false`, zero and what
    /// is empty fail, all else passes.
    ///
    /// # Errors
    /// When the run fails or is stopped.
    pub fn eval_bool(&self, env: &Env<'_>) -> Result<Outcome, EvalError> {
        let (value, messages) = self.run(env)?;
        let passing = values::truthy(&value).ok_or_else(|| self.result_error(&value))?;
        Ok(Outcome { messages, ..Outcome::plain(passing) })
    }

    /// Runs it for its value.
    ///
    /// # Errors
    /// When the run fails or is stopped, or the value has no JSON form.
    pub fn eval_value(&self, env: &Env<'_>) -> Result<Value, EvalError> {
        let (value, _) = self.run(env)?;
        values::to_json(&value).ok_or_else(|| self.result_error(&value))
    }

    /// Runs it to see what it does: its value, whether that passes as a condition, and what it told the user.
    ///
    /// # Errors
    /// As [`Self::eval_value`].
    pub fn try_out(&self, env: &Env<'_>) -> Result<(Value, Outcome), EvalError> {
        let (value, messages) = self.run(env)?;
        let json = values::to_json(&value).ok_or_else(|| self.result_error(&value))?;
        let passing = values::truthy(&value).unwrap_or(false);
        Ok((json, Outcome { passing, messages, retires_password: false }))
    }

    fn run(&self, env: &Env<'_>) -> Result<(Dynamic, Vec<String>), EvalError> {
        let mut scope = Scope::new();
        self.roots.fill(&mut scope, env);
        let run = sandbox::begin(env.stopwatch, env.timeout);
        let result = sandbox::engine().eval_ast_with_scope::<Dynamic>(&mut scope, &self.ast);
        let messages = run.finish();
        result.map(|value| (value, messages)).map_err(|error| self.eval_error(&error))
    }

    fn eval_error(&self, error: &EvalAltResult) -> EvalError {
        let inner = innermost(error);
        let kind = match inner {
            EvalAltResult::ErrorTerminated(..) => EvalErrorKind::Timeout,
            EvalAltResult::ErrorTooManyOperations(_)
            | EvalAltResult::ErrorTooManyVariables(_)
            | EvalAltResult::ErrorStackOverflow(_)
            | EvalAltResult::ErrorDataTooLarge(..) => EvalErrorKind::Limit,
            _ => EvalErrorKind::Failed,
        };
        let message = match inner {
            EvalAltResult::ErrorTerminated(..) => "took longer than it may".to_owned(),
            EvalAltResult::ErrorTooManyOperations(_) => "did more work than it may".to_owned(),
            EvalAltResult::ErrorRuntime(value, _) => value.to_string(),
            other => without_position(other),
        };
        let (line, column) = place(&self.origin, inner.position());
        EvalError { name: self.name.to_string(), file: self.origin.file.clone(), line, column, message, kind }
    }

    fn result_error(&self, value: &Dynamic) -> EvalError {
        EvalError {
            name: self.name.to_string(),
            file: self.origin.file.clone(),
            line: self.origin.line,
            column: self.origin.column,
            message: format!("a result of type {} is of no use here", value.type_name()),
            kind: EvalErrorKind::Result,
        }
    }
}

fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        other => other,
    }
}

/// Rhai appends "(line …)" to its texts; ours put the place in front.
fn without_position(error: &EvalAltResult) -> String {
    let text = error.to_string();
    text.rfind(" (line ").map_or(text.clone(), |end| text[..end].to_owned())
}

/// Line and column in the file of a place in the script.
fn place(origin: &TextOrigin, position: Position) -> (u32, u32) {
    let Some(line) = position.line().and_then(|l| u32::try_from(l).ok()) else { return (origin.line, origin.column) };
    let column = position.position().and_then(|c| u32::try_from(c).ok()).unwrap_or(1);
    // Only the first line shares its line with what stands before the script.
    let column = if line == 1 { column + origin.column.saturating_sub(1) } else { column };
    (origin.line.max(1) + line - 1, column)
}

fn problem_at(
    source: &str,
    origin: &TextOrigin,
    position: Position,
    message: String,
    hint: Option<String>,
) -> PolicyProblem {
    let (line, column) = place(origin, position);
    let snippet = line_text(source, position.line().and_then(|l| u32::try_from(l).ok()).unwrap_or(1));
    PolicyProblem { file: origin.file.clone(), line, column, message, hint, snippet }
}

fn parse_problem(source: &str, origin: &TextOrigin, error: &ParseErrorType, position: Position) -> PolicyProblem {
    let (message, hint) = match error {
        ParseErrorType::VariableUndefined(name) => {
            let known = syntax::known_roots().chain(["True", "False", "None"]);
            (format!("unknown variable \"{name}\""), nearest(name, known).or_else(|| syntax::foreign_hint(name)))
        }
        ParseErrorType::Reserved(word) => (format!("\"{word}\" is not available in expressions"), None),
        ParseErrorType::BadInput(LexError::ImproperSymbol(word, _))
            if sandbox::SWITCHED_OFF.contains(&word.as_str()) =>
        {
            (format!("\"{word}\" is not available in expressions"), None)
        }
        ParseErrorType::UnexpectedEOF => ("this expression ends too early".to_owned(), syntax::python_hint(source)),
        ParseErrorType::MissingToken(token, why) => (format!("expected {token} {why}"), syntax::python_hint(source)),
        other => (other.to_string(), syntax::python_hint(source)),
    };
    problem_at(source, origin, position, message, hint)
}
