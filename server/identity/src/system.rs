//! Time and randomness of the real world. The only place that takes them from the air; everything
//! else receives them as [`Clock`] and [`Random`].

use aws_lc_rs::rand;
use chrono::{DateTime, SubsecRound, Utc};
use lockgate_engine::ports::{Clock, Random};
use uuid::Uuid;

/// The machine's clock, to the microsecond (what both databases keep).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// The cryptographic library's random generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no secret can be made; going on would make guessable ones.
        #[allow(clippy::expect_used)]
        rand::fill(buffer).expect("the operating system gives no randomness");
    }
}

/// `length` characters from `A-Za-z0-9`, evenly distributed.
#[must_use]
pub fn alphanumeric(random: &dyn Random, length: usize) -> String {
    drawn_from(random, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length)
}

/// `length` characters of an alphabet of at most 128 ASCII characters, evenly distributed.
#[must_use]
pub fn drawn_from(random: &dyn Random, letters: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut buffer = [0_u8; 64];
    // Bytes beyond the last whole round would make the first letters likelier.
    let whole = 256 - 256 % letters.len().clamp(1, 128);
    while text.len() < length && !letters.is_empty() {
        random.fill(&mut buffer);
        for byte in buffer.iter().filter(|b| usize::from(**b) < whole).take(length - text.len()) {
            text.push(char::from(letters[usize::from(*byte) % letters.len()]));
        }
    }
    text
}

/// A version 4 UUID (RFC 9562) from the given randomness.
#[must_use]
pub fn random_uuid(random: &dyn Random) -> Uuid {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// A version 7 UUID (RFC 9562): ordered by time, for what is written in sequence.
#[must_use]
pub fn time_uuid(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(clock.now().timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_asked_length_and_differ() {
        let (a, b) = (alphanumeric(&SystemRandom, 43), alphanumeric(&SystemRandom, 43));
        assert_eq!((a.len(), b.len()), (43, 43));
        assert_ne!(a, b);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric()));
    }
}
