//! Expressions: whatever the text is, compiling and running it ends soon, within its limits, and leaves the
//! next run alone. A text that compiled says what it reads, and comes to the same when nothing of that changes.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use lockgate_policies::{ClaimMapping, Env, Expression, Facts, Stopwatch, TextOrigin};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Compiling and running twice, many times what a script may take.
const PATIENCE: Duration = Duration::from_secs(5);

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let began = Instant::now();
    let origin = TextOrigin { file: "a.rhai".to_owned(), line: 1, column: 1 };
    let stopwatch: Stopwatch = Arc::new(move || began.elapsed());
    let (context, typed) = (json!({"oauth_scopes": ["openid"]}), json!({"username": "ada", "password": "12345678"}));
    let (Some(context), Some(typed)) = (context.as_object(), typed.as_object()) else { return };
    let facts =
        Facts { context, prompt_data: typed, path: "/a/b", host: "a.test", ..Facts::at(DateTime::UNIX_EPOCH) };
    let env = Env { stopwatch: Some(&stopwatch), ..Env::new(None, &facts) };
    if let Ok(expression) = Expression::compile("a", text, &origin) {
        let constant = expression.reads().iter().next().is_none();
        let (first, second) = (expression.eval_bool(&env), expression.eval_bool(&Env::new(None, &facts)));
        if let (Ok(first), Ok(second)) = (&first, &second) {
            assert_eq!(first.passing, second.passing, "the same question, two answers");
        }
        if constant {
            // Nothing that it says it does not read may change it.
            let other = Facts::at(DateTime::from_timestamp(1_900_000_000, 0).unwrap_or_default());
            if let (Ok(first), Ok(other)) = (&first, expression.eval_bool(&Env::new(None, &other))) {
                assert_eq!(first.passing, other.passing, "it reads what it does not tell");
            }
        }
    }
    if let Ok(mapping) = ClaimMapping::compile("a", "profile", text, &origin) {
        // A claim or an error, never a panic.
        drop(mapping.claims(&env));
    }
    assert!(began.elapsed() < PATIENCE, "an expression holds everybody up");
});
