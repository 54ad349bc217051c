//! The one Rhai engine, with everything switched off that a decision has no business doing.

use super::{Stopwatch, functions};
use rhai::{
    Engine, Token,
    packages::{
        ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
        BasicStringPackage, LanguageCorePackage, LogicPackage, MoreStringPackage, Package,
    },
};
use std::{
    cell::RefCell,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Most operations of one run; about ten milliseconds.
pub const MAX_OPERATIONS: u64 = 200_000;
/// Longest run, whatever a binding's timeout says: a worker thread is held for as long.
pub const MAX_TIME: Duration = Duration::from_secs(1);
/// Longest string, in bytes.
pub const MAX_STRING: usize = 65_536;
/// Most elements of an array or a map, nested ones counted.
pub const MAX_ELEMENTS: usize = 4_096;
/// Most messages, and most bytes of one, that a run may tell the user.
const MAX_MESSAGES: (usize, usize) = (16, 1_024);

static ENGINE: LazyLock<Engine> = LazyLock::new(build);

pub(super) fn engine() -> &'static Engine {
    &ENGINE
}

/// Words of the language that lead out of the sandbox.
pub(super) const SWITCHED_OFF: [&str; 3] = ["eval", "import", "export"];

/// Operations between two looks at the stopwatch.
const LOOK_EVERY: u64 = 128;

struct Run {
    stopwatch: Option<Stopwatch>,
    deadline: Duration,
    messages: Vec<String>,
}

thread_local! {
    /// Rhai hands its callbacks no state of the run, but a run never leaves its thread.
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

/// A run in progress; ends when dropped.
pub(super) struct Running(());

/// Starts the clock and an empty list of messages for the script that runs next on this thread.
pub(super) fn begin(stopwatch: Option<&Stopwatch>, timeout: Duration) -> Running {
    let started = stopwatch.map_or(Duration::ZERO, |now| now());
    let run =
        Run { stopwatch: stopwatch.map(Arc::clone), deadline: started + timeout.min(MAX_TIME), messages: Vec::new() };
    RUN.with_borrow_mut(|slot| *slot = Some(run));
    Running(())
}

impl Running {
    /// Ends the run and hands out what it told the user.
    pub(super) fn finish(self) -> Vec<String> {
        RUN.with_borrow_mut(|slot| slot.as_mut().map(|run| std::mem::take(&mut run.messages))).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUN.with_borrow_mut(|slot| *slot = None);
    }
}

/// Keeps a message for the user; more than the limit are dropped.
pub(super) fn tell(text: &str) {
    let (count, length) = MAX_MESSAGES;
    RUN.with_borrow_mut(|slot| {
        if let Some(run) = slot.as_mut().filter(|run| run.messages.len() < count) {
            run.messages.push(text.chars().take(length).collect());
        }
    });
}

fn overdue() -> bool {
    RUN.with_borrow(|slot| {
        slot.as_ref().is_some_and(|run| run.stopwatch.as_ref().is_some_and(|now| now() > run.deadline))
    })
}

fn build() -> Engine {
    // Not the standard package: it would bring `timestamp`, which reads the clock.
    let mut engine = Engine::new_raw();
    for module in [
        LanguageCorePackage::new().as_shared_module(),
        ArithmeticPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicFnPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
    ] {
        engine.register_global_module(module);
    }
    for word in SWITCHED_OFF {
        engine.disable_symbol(word);
    }
    restrict(&mut engine);
    functions::register(&mut engine);
    engine
}

fn restrict(engine: &mut Engine) {
    engine
        .set_strict_variables(true)
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(16)
        .set_max_expr_depths(48, 24)
        .set_max_string_size(MAX_STRING)
        .set_max_array_size(MAX_ELEMENTS)
        .set_max_map_size(MAX_ELEMENTS)
        .set_max_variables(128)
        .set_max_functions(32)
        .set_max_modules(0)
        .on_progress(|operations| (operations % LOOK_EVERY == 0 && overdue()).then(|| "deadline".into()))
        .on_print(|text| tracing::debug!(target: "lockgate::expression", "{text}"))
        .on_debug(|text, _, position| tracing::debug!(target: "lockgate::expression", %position, "{text}"));
    // Expressions written for the reference spell their constants as Python does.
    #[expect(deprecated, reason = "marked so by its authors only because it may change")]
    engine.on_parse_token(|token, _, _| match token {
        Token::Identifier(name) if name.as_str() == "True" => Token::True,
        Token::Identifier(name) if name.as_str() == "False" => Token::False,
        Token::Identifier(name) if name.as_str() == "None" => Token::Unit,
        other => other,
    });
}
