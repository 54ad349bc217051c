//! Key pairs: the two that every installation makes for itself, and what those of others must be like.

use super::{
    Change, ChangeError, Config, ConfigError,
    change::{blank, next_version},
};
use crate::{
    keys::{self, KeyError, NewKey, NewPair},
    system::random_uuid,
};
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_flows::stable_id;
use lockgate_model::{
    Document, Problems, kind,
    kinds::key_pair::{DEFAULT_SIGNING_KEY, INTERNAL_JWT_KEY},
    objects::Unsound,
};
use serde_json::Value;
use uuid::Uuid;

const KIND: &str = "key_pair";

/// How long the certificates are valid.
const KEY_LIFE: TimeDelta = TimeDelta::days(3_652);

/// What is wrong with a key pair that its form does not tell.
pub(super) fn problems(document: &Document) -> Problems {
    if document.kind != KIND {
        return Problems::default();
    }
    // A body of another form is reported as such when everything is compiled.
    serde_json::from_value(document.body.clone()).map(|pair| keys::check(&pair)).unwrap_or_default()
}

/// The key pairs among these documents that are of no use.
pub(super) fn unsound<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<Unsound> {
    let all = documents.into_iter().map(|d| (d, problems(d))).filter(|(_, problems)| !problems.is_empty());
    all.map(|(document, problems)| Unsound { document: Box::new(document.clone()), problems }).collect()
}

/// The key pair that signs the tokens of proxied applications.
pub(super) fn signing_key(now: DateTime<Utc>) -> Result<Document, ConfigError> {
    let name = "authentik Internal JWT Certificate";
    let made = made(stable_id(KIND, name), name, NewKey::EcP256, now)?;
    Ok(Document { managed: Some(INTERNAL_JWT_KEY.to_owned()), ..made })
}

/// The key pair that OAuth2 providers sign with where nobody names one. Applications expect RS256, and an
/// RSA key takes a quarter of a second to find, sometimes three: not on a thread that serves others.
async fn default_key(id: Uuid, now: DateTime<Utc>) -> Result<Document, ConfigError> {
    let made = tokio::task::spawn_blocking(move || made(id, DEFAULT_SIGNING_KEY, NewKey::Rsa2048, now));
    Ok(made.await.map_err(|error| KeyError::Unusable(error.to_string()))??)
}

/// A new key pair as a document.
fn made(id: Uuid, name: &str, key: NewKey, now: DateTime<Utc>) -> Result<Document, KeyError> {
    let until = now + KEY_LIFE;
    let pair = keys::generate(&NewPair { name: name.to_owned(), key, alternative_names: vec![], from: now, until })?;
    Ok(document(id, name, serde_json::to_value(&pair).unwrap_or(Value::Null), now))
}

/// What a folder may name: what there is, and the default key pair before it has been made.
pub(super) fn with_default(documents: &[Document], now: DateTime<Utc>) -> Vec<Document> {
    let mut all = documents.to_vec();
    if !is_there(documents) {
        all.push(document(default_id(), DEFAULT_SIGNING_KEY, Value::Null, now));
    }
    all
}

/// The default key pair, if these documents name it and lack it: then they cannot do without it, and wait.
pub(super) async fn named_default(documents: &[Document], now: DateTime<Utc>) -> Result<Option<Document>, ConfigError> {
    if lack_default(documents) { default_key(default_id(), now).await.map(Some) } else { Ok(None) }
}

/// What stands for the default key pair while a folder is checked: any key does, and this one is quick.
pub(super) fn stand_in(documents: &[Document], now: DateTime<Utc>) -> Result<Option<Document>, ConfigError> {
    if !lack_default(documents) {
        return Ok(None);
    }
    Ok(Some(made(default_id(), DEFAULT_SIGNING_KEY, NewKey::EcP256, now)?))
}

/// Whether nothing is wrong but that somebody else has the name.
fn is_taken(problems: &Problems) -> bool {
    !problems.is_empty() && problems.0.iter().all(|problem| problem.code == "unique")
}

fn default_id() -> Uuid {
    stable_id(KIND, DEFAULT_SIGNING_KEY)
}

/// Whether the server made it by itself: nobody has to write it into a folder.
pub(super) fn is_own(document: &Document) -> bool {
    document.kind == KIND
        && (document.name == DEFAULT_SIGNING_KEY || document.managed.as_deref() == Some(INTERNAL_JWT_KEY))
}

fn is_there(documents: &[Document]) -> bool {
    documents.iter().any(|d| d.kind == KIND && d.name == DEFAULT_SIGNING_KEY)
}

fn lack_default(documents: &[Document]) -> bool {
    let id = default_id();
    let names = |d: &Document| {
        kind::by_name(&d.kind).is_some_and(|kind| kind.schema().references(&d.body).iter().any(|r| r.to == id))
    };
    !documents.iter().any(|d| d.id == id) && documents.iter().any(names)
}

/// Not `builtin`: every installation has its own.
fn document(id: Uuid, name: &str, body: Value, now: DateTime<Utc>) -> Document {
    next_version(Document { name: name.to_owned(), ..blank(KIND, id, body) }, None, now)
}

impl Config {
    /// Makes the default key pair where there is none. After the start and beside it, so that a first
    /// start does not wait for an RSA key: whoever needs the key at once names it in the folder, and then
    /// it has been made while the folder was read.
    pub(crate) async fn ensure_default_key(&self) {
        if self.snapshot().objects.by_name(KIND, DEFAULT_SIGNING_KEY).is_some() {
            return;
        }
        // Another id each time: of two nodes that make one, the second finds the name taken.
        let made = default_key(random_uuid(&*self.random), self.clock.now()).await;
        let stored = match made {
            Ok(document) => {
                // The change counts its versions: there is none before it.
                let upserts = vec![Document { version: 0, ..document }];
                Box::pin(self.change(Change { upserts, deletes: Vec::new() }, None)).await
            }
            Err(error) => return tracing::error!(%error, "the default key pair could not be made"),
        };
        match stored {
            Ok(_) => tracing::info!(name = DEFAULT_SIGNING_KEY, "a key pair was made"),
            Err(ChangeError::Invalid { problems, .. }) if is_taken(&problems) => {
                tracing::debug!(%problems, "another node was faster");
            }
            Err(error) => {
                tracing::error!(%error, "the default key pair could not be stored; the next start tries again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::Origin;

    #[test]
    fn only_a_name_that_is_taken_is_no_trouble() {
        let mut problems = Problems::one("/name", "unique", "A key pair with this name already exists.");
        assert!(is_taken(&problems));
        problems.add("/key_data", "invalid", "The key is of no use.");
        assert!(!is_taken(&problems));
        assert!(!is_taken(&Problems::default()));
    }

    #[test]
    fn a_made_key_pair_is_sound_and_lasts() {
        let now = DateTime::from_timestamp(1_835_400_000, 0).expect("a time");
        for key in [NewKey::EcP256, NewKey::Ed25519] {
            let made = made(default_id(), DEFAULT_SIGNING_KEY, key, now).expect("a key pair");
            assert!(problems(&made).is_empty(), "{:?}", problems(&made));
            assert_eq!((made.version, made.created, made.origin), (1, now, Origin::Api));
        }
    }
}
