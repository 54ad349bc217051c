//! From counts to a report that people read: by group where a group explains who it is, else by number,
//! with a few names.

use super::{
    Scene,
    worker::{Happening, Worker},
};
use lockgate_flows::plan::{AccessPart, AccessReport, AppAccess, AppClaims, ClaimChange, ClaimExample};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Names in one part.
const EXAMPLES: usize = 5;
/// Parts of one application to which the same happens; what is left is told as one.
const PARTS: usize = 20;

/// A part whose examples are still numbers.
struct Part {
    what: Happening,
    count: u64,
    group: Option<String>,
    all: bool,
    examples: Vec<i64>,
}

/// Whose claim, and its value before and after.
type Example = (i64, Value, Value);

/// A claim, for how many it changes, and some of them.
type Claim = (String, u64, Vec<Example>);

/// The report, but for the names.
pub(super) struct Found {
    people: u64,
    apps: Vec<(String, Vec<Part>)>,
    claims: Vec<(String, Vec<Claim>)>,
    problems: Vec<String>,
}

impl Found {
    /// `all` holds number and set of everybody, by place.
    pub(super) fn new(scene: &Scene, all: &[(i64, u32)], total: Worker) -> Self {
        let mut population: HashMap<u32, u64> = HashMap::new();
        all.iter().for_each(|(_, set)| *population.entry(*set).or_default() += 1);
        let members = [0, 1].map(|side| members(scene, side, &population));
        let mut found = Self { people: all.len() as u64, apps: Vec::new(), claims: Vec::new(), problems: Vec::new() };
        for (ask, counted) in scene.asks.iter().zip(total.counted) {
            let named = ask.reads.groups.iter().flat_map(|id| scene.world.named(id)).collect();
            let mut parts = Vec::new();
            for (what, mut who) in counted.shifts {
                who.sort_unstable();
                let side = usize::from(what.shift.is_gain());
                let crowd = Crowd { scene, all, side, members: &members[side], named: &named };
                parts.extend(crowd.parts(what, who));
            }
            if !parts.is_empty() {
                found.apps.push((ask.slug.clone(), parts));
            }
            let pk = |ordinal: u32| all.get(ordinal as usize).map(|(pk, _)| *pk);
            let claims = counted.claims.into_iter().map(|(claim, tally)| {
                let examples = tally.examples.into_iter();
                let examples = examples.filter_map(|(at, (before, after))| Some((pk(at)?, before, after))).collect();
                (claim, tally.count, examples)
            });
            let claims: Vec<_> = claims.collect();
            if !claims.is_empty() {
                found.claims.push((ask.slug.clone(), claims));
            }
        }
        found.problems = total.problems.into_keys().collect();
        found
    }

    /// Everybody who is named.
    pub(super) fn examples(&self) -> HashSet<i64> {
        let parts = self.apps.iter().flat_map(|(_, parts)| parts).flat_map(|part| part.examples.iter().copied());
        let claims = self.claims.iter().flat_map(|(_, claims)| claims).flat_map(|(.., who)| who.iter().map(|e| e.0));
        parts.chain(claims).collect()
    }

    pub(super) fn report(self, usernames: &BTreeMap<i64, String>) -> AccessReport {
        let name = |pk: i64| usernames.get(&pk).cloned().unwrap_or_else(|| format!("user {pk}"));
        let part = |part: Part| AccessPart {
            shift: part.what.shift,
            at: part.what.at,
            until: part.what.until,
            count: part.count,
            group: part.group,
            all: part.all,
            examples: part.examples.into_iter().map(name).collect(),
        };
        let apps = self.apps.into_iter();
        let apps = apps.map(|(app, parts)| AppAccess { app, parts: parts.into_iter().map(part).collect() });
        let claims = self.claims.into_iter().map(|(app, claims)| {
            let claims = claims.into_iter().map(|(claim, count, examples)| {
                let examples = examples.into_iter();
                let examples = examples.map(|(pk, before, after)| ClaimExample { user: name(pk), before, after });
                ClaimChange { claim, count, examples: examples.collect() }
            });
            AppClaims { app, claims: claims.collect() }
        });
        let (apps, claims) = (apps.collect(), claims.collect());
        AccessReport { looked: true, people: self.people, apps, claims, problems: self.problems }
    }
}

/// How many people are in each group, by place.
fn members(scene: &Scene, side: usize, population: &HashMap<u32, u64>) -> Vec<u64> {
    let mut members = vec![0; scene.world.len()];
    for (set, count) in population {
        for at in &scene.world.sets[*set as usize].groups[side] {
            members[*at as usize] += count;
        }
    }
    members
}

/// People to whom the same happens at an application, to be told by group.
struct Crowd<'a> {
    scene: &'a Scene,
    all: &'a [(i64, u32)],
    side: usize,
    members: &'a [u64],
    /// Groups that the policies name: they explain best.
    named: &'a BTreeSet<usize>,
}

impl Crowd<'_> {
    fn parts(&self, what: Happening, mut who: Vec<u32>) -> Vec<Part> {
        // Groups to all of whose members it happens, some of whom may be in another such group.
        let whole: Vec<usize> =
            self.inside(&who).into_iter().filter(|(at, count)| *count == self.members[*at]).map(|(at, _)| at).collect();
        let mut parts = Vec::new();
        while parts.len() < PARTS {
            let Some((group, count)) = self.best(&who, &whole) else { break };
            let (inside, rest) = who.into_iter().partition::<Vec<_>, _>(|at| self.is_in(*at, group));
            who = rest;
            let name = self.name(group).map(str::to_owned);
            let all = count == self.members[group];
            parts.push(Part { what, count, group: name, all, examples: self.some(&inside) });
        }
        if !who.is_empty() {
            let (count, examples) = (who.len() as u64, self.some(&who));
            parts.push(Part { what, count, group: None, all: false, examples });
        }
        parts
    }

    /// Of these groups the one that explains most of what is not explained yet.
    fn best(&self, left: &[u32], whole: &[usize]) -> Option<(usize, u64)> {
        let inside = self.inside(left).into_iter().filter(|(group, _)| whole.contains(group));
        inside.max_by_key(|(group, count)| (self.named.contains(group), *count, std::cmp::Reverse(self.name(*group))))
    }

    /// How many of these people are in which group.
    fn inside(&self, who: &[u32]) -> HashMap<usize, u64> {
        let mut sets: HashMap<u32, u64> = HashMap::new();
        who.iter().for_each(|at| *sets.entry(self.all[*at as usize].1).or_default() += 1);
        let mut inside: HashMap<usize, u64> = HashMap::new();
        for (set, count) in sets {
            for at in &self.scene.world.sets[set as usize].groups[self.side] {
                *inside.entry(*at as usize).or_default() += count;
            }
        }
        inside
    }

    fn name(&self, group: usize) -> Option<&str> {
        self.scene.world.sides[self.side].groups[group].as_ref().map(|g| g.name.as_str())
    }

    fn is_in(&self, at: u32, group: usize) -> bool {
        self.scene.world.sets[self.all[at as usize].1 as usize].has(self.side, group)
    }

    fn some(&self, who: &[u32]) -> Vec<i64> {
        who.iter().take(EXAMPLES).map(|at| self.all[*at as usize].0).collect()
    }
}
