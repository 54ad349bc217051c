//! A code that was sent to where somebody says that they are reached, and has to come back while that is set up.

use crate::{
    challenge::ResponseErrors,
    run::{Answered, Failure, Run},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// Wrong codes after which a new one is needed.
const MOST_WRONG: u32 = 5;

/// A code that is on its way; sealed in the plan.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The address or number.
    pub(super) to: String,
    code: String,
    until: DateTime<Utc>,
    wrong: u32,
}

impl Waiting {
    pub(super) fn new(to: &str, code: String, until: DateTime<Utc>) -> Self {
        Self { to: to.to_owned(), code, until, wrong: 0 }
    }

    fn is(&self, code: &str, now: DateTime<Utc>) -> bool {
        let same: bool = self.code.as_bytes().ct_eq(code.as_bytes()).into();
        same && now < self.until
    }
}

/// Compares a code with the one that is waited for, which is used up if it is the right one; otherwise what is answered.
/// It is counted first, outside of the plan: answers that come together are compared with the same plan.
pub(super) async fn compare(
    run: &mut Run<'_>,
    id: Uuid,
    user: i64,
    mut waiting: Waiting,
    code: &str,
) -> Result<Result<String, Answered>, Failure> {
    if let Some(retry_after) = run.env.factors.count_proof(user, id).await? {
        let text = format!("Too many wrong codes. Try again in {retry_after} seconds.");
        return Ok(Err(Answered::Invalid(ResponseErrors::one("code", "throttled", text))));
    }
    if waiting.is(code, run.env.request.now) {
        run.context().setting_up.remove(&id);
        return Ok(Ok(waiting.to));
    }
    waiting.wrong += 1;
    if waiting.wrong >= MOST_WRONG {
        run.context().setting_up.remove(&id);
    } else {
        keep(run, id, user, &waiting)?;
    }
    Ok(Err(Answered::Invalid(ResponseErrors::one("code", "invalid", "Code does not match"))))
}

pub(super) fn keep(run: &mut Run<'_>, id: Uuid, user: i64, waiting: &Waiting) -> Result<(), Failure> {
    let text = serde_json::to_string(waiting).map_err(|error| Failure(error.to_string()))?;
    let sealed = run.env.factors.seal(user, &text)?;
    run.context().setting_up.insert(id, sealed);
    Ok(())
}

pub(super) fn waiting(run: &Run<'_>, id: Uuid, user: i64) -> Result<Option<Waiting>, Failure> {
    let Some(sealed) = run.plan.context.setting_up.get(&id) else { return Ok(None) };
    let text = run.env.factors.open(user, sealed)?;
    serde_json::from_str(&text).map(Some).map_err(|error| Failure(error.to_string()))
}
