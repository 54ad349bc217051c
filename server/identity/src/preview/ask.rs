//! Which applications have to be asked about, and what tells people apart there.

use super::{
    claims::Recipes,
    world::{Set, World},
};
use crate::config::Snapshot;
use chrono::{DateTime, Utc};
use lockgate_model::{Family, kind};
use lockgate_policies::{PersonReads, Resource};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The most groups that a key holds a bit for.
const BITS: usize = 64;
/// Moments to come that are looked at for one application.
const MOST_POINTS: usize = 16;

/// An application to be asked about.
pub(super) struct Ask {
    pub(super) slug: String,
    /// Whether it is there, before and after.
    pub(super) there: [bool; 2],
    /// Whether the two configurations can decide differently; if not, only people who are not the same
    /// any more are asked about.
    pub(super) may_differ: bool,
    /// Moments to come at which the new configuration decides otherwise by itself, where it is not as before
    /// in this.
    pub(super) points: Vec<DateTime<Utc>>,
    /// What tells people apart.
    pub(super) reads: PersonReads,
    /// Places of the groups that do; `None`: the whole set of groups does.
    pub(super) relevant: Option<Vec<usize>>,
    /// What makes the claims of its tokens, where they may change.
    pub(super) recipe: Option<usize>,
    /// Whether the claims may change for people who are the same.
    pub(super) claims_differ: bool,
}

/// People with the same key are decided about alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    groups: [u64; 2],
    superuser: [bool; 2],
    there: [bool; 2],
    /// The account, where it is told apart by number.
    who: i64,
}

impl Ask {
    /// Whether a member of this set has to be asked about at all.
    pub(super) fn concerns(&self, set: &Set) -> bool {
        self.may_differ || self.claims_differ || set.altered
    }

    pub(super) fn key(&self, number: u32, set: &Set, pk: i64) -> Key {
        let groups = match &self.relevant {
            Some(relevant) => [0, 1].map(|side| {
                let bit = |(n, at): (usize, &usize)| u64::from(set.has(side, *at)) << n;
                relevant.iter().enumerate().map(bit).fold(0, |all, bit| all | bit)
            }),
            None => [number.into(), u64::MAX],
        };
        Key {
            groups,
            superuser: set.superuser,
            there: set.there,
            who: if self.reads.users.contains(&pk) { pk } else { -1 },
        }
    }
}

/// The applications about which something can come out differently.
pub(super) fn all(
    before: &Snapshot,
    after: &Snapshot,
    world: &World,
    recipes: &Recipes,
    now: DateTime<Utc>,
) -> Vec<Ask> {
    let edited = edited_policies(before, after);
    let slugs = [before, after].into_iter().flat_map(|s| s.all_apps()).map(|app| app.application.slug.clone());
    let slugs: BTreeSet<String> = slugs.collect();
    let ask = |slug: String| {
        let resource = Resource::App(&slug);
        let may_differ = before.policies.may_differ(&after.policies, resource, &|name| edited.contains(name));
        let recipe = recipes.of_app.get(&slug).copied();
        let claims_differ = recipes.differ.contains(&slug);
        let others = world.groups_differ || world.people_differ;
        if !may_differ && !claims_differ && !others {
            return None;
        }
        let mut reads = PersonReads::default();
        [before, after].iter().filter_map(|s| s.policies.reads_of_person(resource)).for_each(|r| reads.extend(&r));
        let relevant: BTreeSet<usize> = reads.groups.iter().flat_map(|id| world.named(id)).collect();
        let relevant: Vec<usize> = relevant.into_iter().collect();
        let relevant = (!reads.every_group && relevant.len() <= BITS).then_some(relevant);
        let there = [before, after].map(|s| s.app(&slug).is_some());
        let recipe = recipe.filter(|_| claims_differ || others);
        let mut points = after.policies.turning_points(resource, now);
        if before.policies.turning_points(resource, now) == points {
            points.clear();
        }
        points.truncate(MOST_POINTS);
        Some(Ask { there, may_differ, points, reads, relevant, recipe, claims_differ, slug })
    };
    slugs.into_iter().filter_map(ask).collect()
}

/// Names of the policies whose own texts are not the same on both sides.
fn edited_policies(before: &Snapshot, after: &Snapshot) -> HashSet<String> {
    let policies = |snapshot: &Snapshot| -> HashMap<String, (String, String)> {
        let is_policy = |name: &str| kind::by_name(name).is_some_and(|k| k.meta.family == Family::Policy);
        let all = snapshot.objects.iter().map(|o| &o.document).filter(|d| is_policy(&d.kind));
        all.map(|d| (d.name.clone(), (d.id.to_string(), d.body.to_string()))).collect()
    };
    let (one, two) = (policies(before), policies(after));
    let names = one.keys().chain(two.keys());
    names.filter(|name| one.get(*name) != two.get(*name)).cloned().collect()
}
