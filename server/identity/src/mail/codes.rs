//! Codes of second factors that are sent, by mail or by SMS.

use crate::{Core, system::drawn_from};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_store::StoreError;

/// Figures of a code.
const FIGURES: usize = 6;

/// A code works in the span of time in which it was given, and in this many after it.
const AFTER: i64 = 2;

/// Seconds of such a span: codes work for ten minutes at least, and for fifteen at most.
const SPAN: i64 = 300;

impl Core {
    /// How long a code works for certain.
    pub(crate) const CODE_LIFE: TimeDelta = TimeDelta::seconds(AFTER * SPAN);

    /// A new code.
    pub(crate) fn new_code(&self) -> String {
        drawn_from(&*self.random, b"0123456789", FIGURES)
    }

    /// Has a factor accept a code, and none before it.
    pub(crate) async fn give_sent_code(&self, factor: i64, code: &str) -> Result<(), StoreError> {
        self.store.authenticators().give_code(factor, &kept(code, span(self.clock.now()))).await
    }

    /// Takes a code that was sent; `false` for any other one. It works once.
    pub(crate) async fn take_sent_code(&self, factor: i64, code: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        for back in 0..=AFTER {
            if self.store.authenticators().take_code(factor, &kept(code, span(now) - back), now).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn span(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(SPAN)
}

/// The span is part of what is hashed, so that an old code is another one.
fn kept(code: &str, span: i64) -> String {
    format!("mail {span} {code}")
}
