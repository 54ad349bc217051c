//! Secrets where there are none: a test of a folder must not need what only a server may know.

use crate::keys::{self, KeyError, NewKey, NewPair};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_flows::{ProcessSecrets, Secrets};
use lockgate_model::{Document, kinds::CertificateKeyPair};
use serde_json::Value;
use std::{cell::RefCell, collections::BTreeSet};

/// The secrets that there are, and something in the place of those that there are not.
#[derive(Debug)]
pub struct StandIns {
    real: ProcessSecrets,
    /// For all the keys that are missing.
    pair: CertificateKeyPair,
    missing: RefCell<BTreeSet<String>>,
}

impl StandIns {
    /// Stands in for what `real` lacks.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(real: ProcessSecrets, now: DateTime<Utc>) -> Result<Self, KeyError> {
        let pair = keys::generate(&NewPair {
            name: "stand-in".to_owned(),
            key: NewKey::EcP256,
            alternative_names: Vec::new(),
            from: now,
            until: now + TimeDelta::days(365),
        })?;
        Ok(Self { real, pair, missing: RefCell::default() })
    }

    /// Names of what was missing, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        self.missing.borrow().iter().cloned().collect()
    }

    /// A key that was stood in for has another certificate than the one that is written beside it.
    pub(super) fn mend(&self, documents: &mut [Document]) {
        for document in documents.iter_mut().filter(|d| d.kind == "key_pair") {
            // A document keeps a key without the lines around it.
            if document.body["key_data"].as_str().map(str::trim) == Some(self.pair.key_data.trim()) {
                document.body["certificate_data"] = Value::from(self.pair.certificate_data.as_str());
            }
        }
    }
}

impl Secrets for StandIns {
    fn env(&self, name: &str) -> Result<String, String> {
        self.real.env(name)
    }

    fn file(&self, path: &str) -> Result<String, String> {
        self.real.file(path)
    }

    fn stand_in(&self, name: &str, key: &str) -> Option<String> {
        self.missing.borrow_mut().insert(name.to_owned());
        Some(match key {
            "certificate" => self.pair.certificate_data.clone(),
            "key" => self.pair.key_data.clone(),
            // An address is a text as well, and some of these have to be addresses.
            _ => format!("https://stand-in.invalid/{name}"),
        })
    }
}
