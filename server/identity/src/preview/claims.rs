//! What makes the claims of an application's tokens. Applications whose claims are made of the same
//! mappings share a recipe: it is followed once a person, however many applications there are.

use crate::{
    config::{Client, Snapshot},
    oauth::{REGISTERED, subject},
};
use lockgate_model::Principal;
use lockgate_policies::Facts;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Where issuers are compared; it does not matter where.
const BASE: &str = "https://lockgate.invalid";

/// A claim before and after.
pub(super) type Difference = (String, Value, Value);

/// Mappings of one application, before and after, that stand for those of others.
pub(super) struct Recipe {
    slug: String,
}

/// What makes the claims of which application.
#[derive(Default)]
pub(super) struct Recipes {
    pub(super) list: Vec<Recipe>,
    pub(super) of_app: HashMap<String, usize>,
    /// Applications whose claims may change for people who are the same.
    pub(super) differ: BTreeSet<String>,
}

/// The mappings of a client, in order.
fn mappings(client: &Client) -> Vec<(Uuid, String)> {
    client.mappings.iter().map(|m| (m.id, m.scope.clone())).collect()
}

/// The recipes of all applications that are OAuth2 clients on both sides.
pub(super) fn recipes(before: &Snapshot, after: &Snapshot) -> Recipes {
    let mut recipes = Recipes::default();
    let edited = edited_mappings(before, after);
    let mut known = HashMap::new();
    for app in after.all_apps() {
        let slug = &app.application.slug;
        let was = before.app(slug).and_then(|app| app.client.as_deref());
        let (Some(was), Some(is)) = (was, app.client.as_deref()) else { continue };
        let (one, two) = (mappings(was), mappings(is));
        let differs = one != two
            || two.iter().any(|(id, _)| edited.contains(id))
            || was.sub_mode != is.sub_mode
            || was.issuer(BASE) != is.issuer(BASE)
            || was.client_id != is.client_id
            || entitlements(before, slug) != entitlements(after, slug);
        if differs {
            recipes.differ.insert(slug.clone());
        }
        // A mapping that reads the application makes claims for it alone.
        let own = before.claims_read_app(was) || after.claims_read_app(is);
        let own = own.then(|| slug.clone());
        let next = recipes.list.len();
        let number = *known.entry((one, two, own)).or_insert(next);
        if number == next {
            recipes.list.push(Recipe { slug: slug.clone() });
        }
        recipes.of_app.insert(slug.clone(), number);
    }
    recipes
}

/// The entitlements of an application with what is bound to them, in no order.
fn entitlements(snapshot: &Snapshot, app: &str) -> BTreeSet<String> {
    let Some(app) = snapshot.app(app) else { return BTreeSet::new() };
    let of = snapshot.objects.referrers(app.id).iter().filter(|r| r.field == "app").map(|r| r.from);
    let bound = |id: Uuid| snapshot.objects.referrers(id).iter().map(|r| r.from).chain([id]);
    let all = of.flat_map(bound).filter_map(|id| snapshot.objects.get(id));
    all.map(|object| object.document.body.to_string()).collect()
}

fn edited_mappings(before: &Snapshot, after: &Snapshot) -> HashSet<Uuid> {
    let mappings = after.objects.iter().map(|o| &o.document).filter(|d| d.kind == "scope_mapping");
    let edited = mappings.filter(|d| before.objects.get(d.id).is_none_or(|was| was.document.body != d.body));
    edited.map(|d| d.id).collect()
}

impl Recipe {
    /// The claims that differ for a person, or which mapping fails.
    pub(super) fn follow(
        &self,
        [before, after]: [&Snapshot; 2],
        [was, is]: [&Principal; 2],
        facts: &Facts<'_>,
    ) -> Result<Vec<Difference>, String> {
        // What failed before gives no token, and so no claims.
        let one = made(before, &self.slug, was, facts).unwrap_or_default();
        let two = made(after, &self.slug, is, facts)?;
        Ok(differences(&one, &two))
    }
}

fn made(snapshot: &Snapshot, slug: &str, who: &Principal, facts: &Facts<'_>) -> Result<Map<String, Value>, String> {
    let Some(client) = snapshot.app(slug).and_then(|app| app.client.as_deref()) else { return Ok(Map::new()) };
    let made = snapshot.claims(client, &client.scopes, who, facts).map_err(|error| error.to_string())?;
    let all = made.into_iter().flat_map(|made| made.claims);
    Ok(all.filter(|(name, _)| !REGISTERED.contains(&name.as_str())).collect())
}

fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Difference> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |map: &Map<String, Value>, name: &String| map.get(name).cloned().unwrap_or(Value::Null);
    let pairs = names.into_iter().map(|name| (name.clone(), value(before, name), value(after, name)));
    pairs.filter(|(_, one, two)| one != two).collect()
}

/// The claims that tokens have whatever the mappings say, as far as they differ.
pub(super) fn registered(slug: &str, [before, after]: [&Snapshot; 2], [was, is]: [&Principal; 2]) -> Vec<Difference> {
    let client = |snapshot: &Snapshot| snapshot.app(slug).and_then(|app| app.client.clone());
    let (Some(one), Some(two)) = (client(before), client(after)) else { return Vec::new() };
    let claims = |client: &Client, who: &Principal| {
        let pairs = [
            ("aud", json!(client.client_id)),
            ("iss", json!(client.issuer(BASE))),
            ("sub", json!(subject(client, who))),
        ];
        Map::from_iter(pairs.map(|(name, value)| (name.to_owned(), value)))
    };
    differences(&claims(&one, was), &claims(&two, is))
}

/// How often a claim differs, and for whom first.
#[derive(Default)]
pub(super) struct ClaimTally {
    pub(super) count: u64,
    pub(super) examples: BTreeMap<u32, (Value, Value)>,
}

/// Examples of one claim.
const EXAMPLES: usize = 3;

impl ClaimTally {
    pub(super) fn add(&mut self, ordinal: u32, before: &Value, after: &Value) {
        self.count += 1;
        if self.examples.len() < EXAMPLES || self.examples.last_key_value().is_some_and(|(last, _)| ordinal < *last) {
            self.examples.insert(ordinal, (before.clone(), after.clone()));
        }
        while self.examples.len() > EXAMPLES {
            self.examples.pop_last();
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.count += other.count;
        self.examples.extend(other.examples);
        while self.examples.len() > EXAMPLES {
            self.examples.pop_last();
        }
    }
}
