//! The service of leaked passwords (haveibeenpwned.com, range search). It is told the first five digits of a
//! SHA-1, answers every known hash that begins so, and learns of no password.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use reqwest::redirect::Policy;
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use thiserror::Error;
use url::Url;

/// Where the service is.
pub const DEFAULT_URL: &str = "https://api.pwnedpasswords.com/range/";

/// How long it may take to answer, while a person waits.
const PATIENCE: Duration = Duration::from_secs(4);

/// Digits that it is told.
const TOLD: usize = 5;

/// Longest answer that is read, in bytes: about a thousand hashes are usual.
const LONGEST: usize = 1 << 20;

/// Why it is not known how often a password was leaked.
#[derive(Debug, Error)]
pub enum PwnedError {
    /// No connection, no answer in time, or an answer that says so.
    #[error("the service of leaked passwords: {0}")]
    Http(#[from] reqwest::Error),
    /// The address in the settings is none, or there is no HTTP client.
    #[error("the service of leaked passwords cannot be asked")]
    Unusable,
    /// It answers without end.
    #[error("the service of leaked passwords answers too much")]
    TooLong,
}

/// Asks the service.
#[derive(Debug, Clone)]
pub struct Pwned {
    /// Made when it is first needed: few installations ask, and its certificates take memory.
    http: Arc<OnceLock<Option<reqwest::Client>>>,
    url: Option<Url>,
}

impl Pwned {
    /// At this address, to which the digits are appended.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let url = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
        Self { http: Arc::default(), url: Url::parse(&url).ok() }
    }

    fn http(&self) -> Option<&reqwest::Client> {
        let make = || {
            let agent = concat!("Lockgate/", env!("CARGO_PKG_VERSION"));
            let http = reqwest::Client::builder().user_agent(agent).redirect(Policy::none());
            http.timeout(PATIENCE).connect_timeout(PATIENCE).pool_max_idle_per_host(1).build().ok()
        };
        self.http.get_or_init(make).as_ref()
    }

    /// How often a password was leaked.
    ///
    /// # Errors
    /// [`PwnedError`].
    pub async fn count(&self, password: &str) -> Result<u64, PwnedError> {
        let hash = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()));
        let (told, kept) = hash.split_at(TOLD);
        let (http, url) = self.http().zip(self.url.as_ref()).ok_or(PwnedError::Unusable)?;
        let url = url.join(told).map_err(|_| PwnedError::Unusable)?;
        // Padded, so that the length of the answer does not tell which digits were asked for.
        let mut answer = http.get(url).header("Add-Padding", "true").send().await?.error_for_status()?;
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await? {
            text.extend_from_slice(&part);
            if text.len() > LONGEST {
                return Err(PwnedError::TooLong);
            }
        }
        Ok(found(&String::from_utf8_lossy(&text), kept))
    }
}

/// The count behind the rest of a hash, one `<rest>:<count>` a line.
fn found(answer: &str, rest: &str) -> u64 {
    let mut lines = answer.lines().filter_map(|line| line.trim().split_once(':'));
    let count = lines.find(|(known, _)| known.eq_ignore_ascii_case(rest)).map(|(_, count)| count);
    // Listed with a count that is none: leaked all the same.
    count.map_or(0, |count| count.trim().parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn the_count_stands_behind_the_rest_of_the_hash() {
        let answer = "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\r\nFF:0\r\n";
        assert_eq!(found(answer, "00D4F6E8FA6EECAD2A3AA415EEC418D38EC"), 2);
        assert_eq!(found(answer, "0018a45c4d1def81644b54ab7f969b88d65"), 1);
        assert_eq!(found(answer, "FF"), 0, "padding counts for nothing");
        assert_eq!(found(answer, "0018A45C4D1DEF81644B54AB7F969B88D66"), 0);
        assert_eq!(found("AB:many", "AB"), u64::MAX);
    }
}
