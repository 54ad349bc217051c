//! Leaked passwords: a file of them where the settings name one, or else the service (haveibeenpwned.com, range
//! search). That is told the first five digits of a SHA-1, answers every known hash that begins so, and learns of no
//! password.

use crate::{
    passwords::breached::{Breached, BreachedError},
    sent,
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::{path::PathBuf, sync::Arc, time::Duration};
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
    /// No connection, no answer in time, or an answer that says so; without the address, which has part of a hash.
    #[error("the service of leaked passwords: {0}")]
    Http(String),
    /// The address in the settings is none, or there is no HTTP client.
    #[error("the service of leaked passwords cannot be asked")]
    Unusable,
    /// The file.
    #[error("the file of leaked passwords: {0}")]
    File(#[from] BreachedError),
    /// Its answer breaks off, or has no end.
    #[error("the service of leaked passwords answers too much, or not to the end")]
    Unreadable,
}

impl From<reqwest::Error> for PwnedError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(sent::told(error))
    }
}

/// Asks the service.
#[derive(Debug, Clone)]
pub struct Pwned {
    url: Option<Url>,
    /// Asked instead of the service.
    file: Option<Arc<Breached>>,
}

impl Pwned {
    /// A file, or else the service at this address, to which the digits are appended.
    #[must_use]
    pub fn new(url: &str, file: Option<PathBuf>) -> Self {
        let url = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
        Self { url: Url::parse(&url).ok(), file: file.map(|path| Arc::new(Breached::new(path))) }
    }

    /// Whether it can be known without asking anybody else.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.file.is_some()
    }

    /// Says in the log what is wrong with the file, if something is.
    pub async fn check(&self) {
        let Some(file) = self.file.clone() else { return };
        let path = file.path().display().to_string();
        match in_file(file, |file| file.check()).await {
            Ok(()) => tracing::info!(path, "passwords are compared with a file of leaked ones"),
            Err(error) => tracing::error!(
                path,
                %error,
                "the file of leaked passwords (passwords.breached_file) cannot be used: policies that ask it refuse"
            ),
        }
    }

    /// How often a password was leaked.
    ///
    /// # Errors
    /// [`PwnedError`].
    pub async fn count(&self, password: &str) -> Result<u64, PwnedError> {
        let hash = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()));
        if let Some(file) = self.file.clone() {
            let hash = hash.into_bytes().try_into().map_err(|_| PwnedError::Unusable)?;
            return Ok(in_file(file, move |file| file.count(&hash)).await?);
        }
        let (told, kept) = hash.split_at(TOLD);
        let (http, url) = sent::services().zip(self.url.as_ref()).ok_or(PwnedError::Unusable)?;
        let url = url.join(told).map_err(|_| PwnedError::Unusable)?;
        // Padded, so that the length of the answer does not tell which digits were asked for.
        let request = http.get(url).header("Add-Padding", "true").timeout(PATIENCE);
        let answer = request.send().await?.error_for_status()?;
        let text = sent::body(answer, LONGEST).await.ok_or(PwnedError::Unreadable)?;
        Ok(found(&String::from_utf8_lossy(&text), kept))
    }
}

/// Reads in a file, where that holds nobody up.
async fn in_file<T: Send + 'static>(
    file: Arc<Breached>,
    work: impl FnOnce(&Breached) -> Result<T, BreachedError> + Send + 'static,
) -> Result<T, BreachedError> {
    tokio::task::spawn_blocking(move || work(&file)).await.map_err(|_| BreachedError::Nobody)?
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
