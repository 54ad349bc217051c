//! One thread's part of the looking: asks both configurations about its people, and counts.

use super::{
    Person, Scene,
    ask::{Ask, Key},
    claims::{ClaimTally, Difference, registered},
    world::Set,
};
use chrono::{DateTime, Utc};
use lockgate_flows::plan::AccessShift;
use lockgate_model::{Group, Principal, User, UserType};
use lockgate_policies::{Action, Facts, PreparedPrincipal, Question, Resource};
use lockgate_store::{principal_of, user_uid};
use serde_json::Map;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// What somebody may: nothing, the application with a second factor, or the application.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Nothing,
    WithMfa,
    All,
}

/// What happens to somebody's access, and when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Happening {
    /// Later, by itself.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) shift: AccessShift,
    /// Undone then, by itself.
    pub(super) until: Option<DateTime<Utc>>,
}

/// What one application came to.
#[derive(Default)]
pub(super) struct Counted {
    /// Who gains or loses, by place.
    pub(super) shifts: BTreeMap<Happening, Vec<u32>>,
    pub(super) claims: BTreeMap<String, ClaimTally>,
    cache: HashMap<Key, Arc<[Level]>>,
}

/// What a thread has found so far.
pub(super) struct Worker {
    pub(super) counted: Vec<Counted>,
    /// What failed, and for how many.
    pub(super) problems: BTreeMap<String, u64>,
}

/// Gives each worker its share of the people.
pub(super) fn share(scene: &Scene, workers: &mut [Worker], people: &[Person]) {
    let size = people.len().div_ceil(workers.len().max(1)).max(1);
    std::thread::scope(|scope| {
        for (worker, people) in workers.iter_mut().zip(people.chunks(size)) {
            scope.spawn(move || people.iter().for_each(|person| worker.person(scene, person)));
        }
    });
}

/// A person on both sides, made ready when first needed.
struct Ready<'a> {
    scene: &'a Scene,
    person: &'a Person,
    set: &'a Set,
    sides: Option<[Option<PreparedPrincipal>; 2]>,
}

impl Ready<'_> {
    fn sides(&mut self) -> &[Option<PreparedPrincipal>; 2] {
        let (scene, person, set) = (self.scene, self.person, self.set);
        self.sides.get_or_insert_with(|| {
            let before = prepared(scene, person, set, 0);
            let after = if set.altered { prepared(scene, person, set, 1) } else { before.clone() };
            [before, after]
        })
    }

    fn principals(&mut self) -> Option<[Arc<Principal>; 2]> {
        let [before, after] = self.sides();
        Some([Arc::clone(before.as_ref()?.principal()), Arc::clone(after.as_ref()?.principal())])
    }
}

fn prepared(scene: &Scene, person: &Person, set: &Set, side: usize) -> Option<PreparedPrincipal> {
    let groups = &scene.world.sides[side].groups;
    let groups: Vec<&Group> = set.groups[side].iter().filter_map(|at| groups[*at as usize].as_ref()).collect();
    let user = person.user.clone().unwrap_or_else(|| anybody(person.pk));
    let principal = principal_of(user, user_uid(person.pk, &scene.install_id), &groups, &set.direct[side]);
    // Whoever cannot be judged may nothing.
    PreparedPrincipal::new(Arc::new(principal)).ok()
}

/// Stands for people of whom only number and groups are read.
pub(super) fn anybody(pk: i64) -> User {
    User {
        pk,
        uuid: Uuid::nil(),
        username: format!("user {pk}"),
        name: String::new(),
        email: String::new(),
        is_active: true,
        user_type: UserType::Internal,
        path: String::new(),
        attributes: Map::new(),
        date_joined: DateTime::UNIX_EPOCH,
        last_login: None,
        last_updated: DateTime::UNIX_EPOCH,
        password_change_date: DateTime::UNIX_EPOCH,
    }
}

type Followed = HashMap<usize, Result<Vec<Difference>, String>>;

impl Worker {
    pub(super) fn new(scene: &Scene) -> Self {
        Self { counted: scene.asks.iter().map(|_| Counted::default()).collect(), problems: BTreeMap::new() }
    }

    /// The findings of two workers together.
    pub(super) fn join(mut self, other: Self) -> Self {
        for (mine, theirs) in self.counted.iter_mut().zip(other.counted) {
            theirs.shifts.into_iter().for_each(|(shift, who)| mine.shifts.entry(shift).or_default().extend(who));
            theirs.claims.into_iter().for_each(|(claim, tally)| mine.claims.entry(claim).or_default().join(tally));
        }
        other.problems.into_iter().for_each(|(problem, count)| *self.problems.entry(problem).or_default() += count);
        self
    }

    fn person(&mut self, scene: &Scene, person: &Person) {
        let set = &scene.world.sets[person.set as usize];
        let mut ready = Ready { scene, person, set, sides: None };
        let mut followed = Followed::new();
        for (number, ask) in scene.asks.iter().enumerate().filter(|(_, ask)| ask.concerns(set)) {
            let levels = self.levels(number, ask, &mut ready);
            let [before, after, ..] = *levels else { continue };
            for happening in happenings(&levels, &ask.points) {
                self.counted[number].shifts.entry(happening).or_default().push(person.ordinal);
            }
            let looks = ask.recipe.filter(|_| ask.claims_differ || set.altered);
            if let Some(recipe) = looks.filter(|_| before > Level::Nothing && after > Level::Nothing) {
                self.claims(number, recipe, &mut ready, &mut followed);
            }
        }
    }

    /// What somebody may, before, after, and later on; once for each sort of people.
    fn levels(&mut self, number: usize, ask: &Ask, ready: &mut Ready<'_>) -> Arc<[Level]> {
        let key = ask.key(ready.person.set, ready.set, ready.person.pk);
        if let Some(known) = self.counted[number].cache.get(&key).filter(|_| !ask.reads.person) {
            return Arc::clone(known);
        }
        let now = ready.scene.now;
        let moments = [(0, now), (1, now)].into_iter().chain(ask.points.iter().map(|at| (1, *at)));
        let levels: Arc<[Level]> = moments.map(|(side, at)| self.level(ask, side, at, ready)).collect();
        if !ask.reads.person {
            self.counted[number].cache.insert(key, Arc::clone(&levels));
        }
        levels
    }

    fn level(&mut self, ask: &Ask, side: usize, at: DateTime<Utc>, ready: &mut Ready<'_>) -> Level {
        let scene = ready.scene;
        if !ask.there[side] || !ready.set.there[side] {
            return Level::Nothing;
        }
        let Some(principal) = &ready.sides()[side] else { return Level::Nothing };
        let policies = if side == 0 { &scene.before.policies } else { &scene.after.policies };
        let mut allows = |mfa: bool| {
            let facts = Facts { mfa, ..Facts::at(at) };
            let (action, resource) = (Action::Access, Resource::App(&ask.slug));
            let question = Question { id: Uuid::nil(), principal: Some(principal), action, resource, facts: &facts };
            let (allows, errors) = policies.verdict(&question);
            if side == 1 && at == scene.now {
                errors.iter().for_each(|error| self.failed(&ask.slug, error));
            }
            allows
        };
        match (allows(false), ask.reads.mfa) {
            (true, _) => Level::All,
            (false, true) if allows(true) => Level::WithMfa,
            _ => Level::Nothing,
        }
    }

    fn claims(&mut self, number: usize, recipe: usize, ready: &mut Ready<'_>, followed: &mut Followed) {
        let Some(principals) = ready.principals() else { return };
        let (scene, ordinal) = (ready.scene, ready.person.ordinal);
        let (snapshots, people) = ([&*scene.before, &*scene.after], [&*principals[0], &*principals[1]]);
        let slug = &scene.asks[number].slug;
        let found = followed
            .entry(recipe)
            .or_insert_with(|| scene.recipes[recipe].follow(snapshots, people, &Facts::at(scene.now)));
        let made = match found {
            Ok(made) => made.as_slice(),
            Err(error) => {
                let error = error.clone();
                return self.failed(slug, &error);
            }
        };
        let tallies = &mut self.counted[number].claims;
        for (claim, before, after) in made.iter().chain(&registered(slug, snapshots, people)) {
            tallies.entry(claim.clone()).or_default().add(ordinal, before, after);
        }
    }

    fn failed(&mut self, slug: &str, error: &str) {
        // What fails differently for everybody is not worth a line each.
        const MOST: usize = 50;
        let problem = format!("app {slug}: {error}");
        if self.problems.len() < MOST || self.problems.contains_key(&problem) {
            *self.problems.entry(problem).or_default() += 1;
        }
    }
}

/// What happens at once, and what happens by itself at the moments to come; what undoes the step before it
/// is told with that.
fn happenings(levels: &[Level], points: &[DateTime<Utc>]) -> Vec<Happening> {
    let mut found: Vec<(Happening, Level)> = Vec::new();
    let moments = std::iter::once(None).chain(points.iter().copied().map(Some));
    for (at, step) in moments.zip(levels.windows(2)) {
        let &[before, after] = step else { continue };
        let Some(shift) = shift(before, after) else { continue };
        match found.last_mut() {
            Some((last, was)) if last.until.is_none() && *was == after => last.until = at,
            _ => found.push((Happening { at, shift, until: None }, before)),
        }
    }
    found.into_iter().map(|(happening, _)| happening).collect()
}

fn shift(before: Level, after: Level) -> Option<AccessShift> {
    use Level::{All, Nothing, WithMfa};
    Some(match (before, after) {
        (Nothing, All) => AccessShift::Gains,
        (Nothing, WithMfa) => AccessShift::GainsWithMfa,
        (WithMfa, All) => AccessShift::NoLongerNeedsMfa,
        (All | WithMfa, Nothing) => AccessShift::Loses,
        (All, WithMfa) => AccessShift::NeedsMfa,
        _ => return None,
    })
}
