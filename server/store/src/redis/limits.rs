//! Counts that all nodes share, as moments until which something is owed (GCRA).

use std::time::Duration;

use fred::interfaces::{ClientLike as _, LuaInterface as _};

use super::{PREFIX, Redis, answered, options};

/// Owes `each` more at a key unless more than `free` would be owed then; answers whether it does, and what is owed.
/// All in microseconds of the server's own clock, which is the same for all nodes. A negative `each` gives back.
const OWE: &str = "local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local each, free = tonumber(ARGV[1]), tonumber(ARGV[2])
local owed = math.max((tonumber(redis.call('GET', KEYS[1])) or 0) - now, 0)
if each > 0 and owed + each > free then return {0, owed} end
owed = math.max(owed + each, 0)
if owed == 0 then redis.call('DEL', KEYS[1]) return {1, 0} end
redis.call('SET', KEYS[1], string.format('%.0f', now + owed), 'PX', math.ceil(owed / 1000))
return {1, owed}";

/// The longest part of a key that comes from outside.
const MOST_OF_NAME: usize = 150;

/// How often something may happen: once in `each`, and what of that adds up to `free` at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// After so long one more is free.
    pub each: Duration,
    /// So much may be owed.
    pub free: Duration,
}

impl Redis {
    /// Counts one more of this sort for this name on all nodes together, unless there were too many. What is owed
    /// after that, with whether it was counted; `None` when Redis does not say.
    pub async fn count(&self, sort: &str, name: &str, quota: Quota) -> Option<(bool, Duration)> {
        self.owe(sort, name, micros(quota.each), micros(quota.free)).await
    }

    /// Takes one of [`Self::count`] back.
    pub async fn give_back(&self, sort: &str, name: &str, quota: Quota) {
        self.owe(sort, name, -micros(quota.each), micros(quota.free)).await;
    }

    async fn owe(&self, sort: &str, name: &str, each: i64, free: i64) -> Option<(bool, Duration)> {
        let client = self.client.with_options(&options());
        let asked = client.eval::<(i64, u64), _, _, _>(OWE, key(sort, name), vec![each, free]);
        let (counted, owed) = answered("count", asked).await?;
        Some((counted == 1, Duration::from_micros(owed)))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A key that says what it counts. Names that strangers choose are cut where nobody reads on; longer ones by their hash.
fn key(sort: &str, name: &str) -> String {
    if name.len() <= MOST_OF_NAME {
        format!("{PREFIX}{sort}:{name}")
    } else {
        format!("{PREFIX}{sort}:sha256:{}", crate::hash_secret(name))
    }
}
