//! Redis, where nodes share more than the database.

use super::Case;
use lockgate_store::Redis;
use std::time::Duration;

const REDIS: &str = "redis";

/// A connection takes a moment to come about.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Looks whether Redis answers.
pub(super) async fn check(case: &mut Case<'_>) {
    let Some(url) = case.settings.redis() else { return };
    let redis = match Redis::connect(&url) {
        Ok(redis) => redis,
        Err(error) => return case.report.error(REDIS, error.to_string(), "correct LOCKGATE_REDIS_URL"),
    };
    for _ in 0..TRIES {
        if redis.is_alive().await {
            redis.close().await;
            return case.report.ok(REDIS, "Redis answers");
        }
        tokio::time::sleep(PAUSE).await;
    }
    redis.close().await;
    let found = "Redis does not answer; nodes go on by the database alone, and count what is limited each by itself";
    case.report.warning(REDIS, found, "start it, and see that address and password in LOCKGATE_REDIS_URL are right");
}
