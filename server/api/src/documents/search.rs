//! A search over all configuration objects that the caller may see.

use super::shapes::{FoundObject, FoundObjects, name_of};
use crate::{caller::Caller, error::ApiError, objects::sight::Sight, query::Query};
use axum::{Json, extract::State};
use lockgate_identity::Identity;
use lockgate_model::{Object, Origin, kind::joint_field};
use uuid::Uuid;

/// Objects that are told of at most.
const MOST: usize = 50;

/// Objects that can be asked for by their keys at once.
const MOST_KEYS: usize = 200;

/// Words that are looked at.
const WORDS: usize = 16;

/// How well an object fits; less is better.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is called just that.
    Whole,
    /// Its name begins with it.
    Beginning,
    /// The words stand somewhere in it.
    Inside,
}

/// What is looked for.
struct Wish<'q> {
    text: String,
    kinds: Vec<&'q str>,
    origins: Vec<Origin>,
    /// Only these, of whatever kind.
    pks: Vec<Uuid>,
}

impl Wish<'_> {
    fn fit(&self, object: &Object) -> Option<Fit> {
        let (meta, document) = (object.kind.meta, &object.document);
        if !self.pks.is_empty() && !self.pks.contains(&document.id) {
            return None;
        }
        // What stands inside of others has no name that anybody would look for.
        let is_asked = match self.kinds.is_empty() {
            true if !self.pks.is_empty() => true,
            true => joint_field(meta.kind).is_none(),
            false => self.kinds.contains(&meta.kind) || meta.family.target().is_some_and(|of| self.kinds.contains(&of)),
        };
        if !is_asked || !(self.origins.is_empty() || self.origins.contains(&document.origin)) {
            return None;
        }
        let names = [document.name.to_lowercase(), name_of(object).to_lowercase()];
        if self.text.is_empty() || names.contains(&self.text) {
            return Some(Fit::Whole);
        }
        if names.iter().any(|name| name.starts_with(&self.text)) {
            return Some(Fit::Beginning);
        }
        let mut words = self.text.split_whitespace().take(WORDS);
        words.all(|word| names.iter().any(|name| name.contains(word))).then_some(Fit::Inside)
    }
}

/// The objects that fit best.
pub(super) async fn list(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
) -> Result<Json<FoundObjects>, ApiError> {
    let origin = |word: &str| {
        let text = format!("Select a valid choice. {word} is not one of the available choices.");
        Origin::parse(word).ok_or_else(|| ApiError::field("origin", "invalid_choice", text))
    };
    let key = |text: &str| {
        let fault = || ApiError::field("pk", "invalid", format!("\"{text}\" is no UUID."));
        Uuid::parse_str(text).map_err(|_| fault())
    };
    let wish = Wish {
        text: query.get("search").unwrap_or_default().trim().to_lowercase(),
        kinds: query.all("kind"),
        origins: query.all("origin").into_iter().map(origin).collect::<Result<_, _>>()?,
        pks: query.all("pk").into_iter().take(MOST_KEYS).map(key).collect::<Result<_, _>>()?,
    };
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    let mut fitting: Vec<(Fit, &Object)> =
        snapshot.objects.iter().filter_map(|object| Some((wish.fit(object)?, object))).collect();
    fitting.sort_by(|(one, a), (two, b)| {
        (one, &a.document.name, &a.document.kind, a.document.id).cmp(&(
            two,
            &b.document.name,
            &b.document.kind,
            b.document.id,
        ))
    });
    let mut seen = fitting.into_iter().map(|(_, object)| object).filter(|object| sight.has(object));
    // Whoever names what is wanted gets all of it.
    let most = if wish.pks.is_empty() { MOST } else { MOST_KEYS };
    let results = seen.by_ref().take(most).map(FoundObject::of).collect();
    Ok(Json(FoundObjects { results, truncated: seen.next().is_some() }))
}
