//! What a change of the configuration would do, as a report: objects field by field, and who gains or
//! loses what. The values here are what programs read; [`text`] and [`markdown`] are for people.

mod diff;
mod markdown;
mod text;

pub use diff::{Names, changes};
pub use markdown::markdown;
pub use text::text;

use chrono::{DateTime, Utc};
use lockgate_model::period::moment_in_words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that a change would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanReport {
    /// Number of the revision that it was made against.
    pub base_revision: i64,
    /// Objects and groups that would change.
    pub objects: Vec<ObjectChange>,
    /// Objects of which only the place in the text changes.
    pub moved: u64,
    /// Builtin objects that somebody edited, and that stay so.
    pub kept: Vec<KeptObject>,
    /// What is probably not meant.
    pub warnings: Vec<String>,
    /// Who gains or loses what.
    pub access: AccessReport,
}

impl PlanReport {
    /// Whether anything would change that a person would call a change.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.objects.is_empty()
    }

    /// How many objects would be made, changed and deleted.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let of = |sort: ChangeSort| self.objects.iter().filter(|o| o.change == sort).count();
        (of(ChangeSort::Created), of(ChangeSort::Changed), of(ChangeSort::Deleted))
    }
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PlanChangeEnum")]
pub enum ChangeSort {
    /// It is made.
    Created,
    /// It is changed.
    Changed,
    /// It is deleted; a group is released instead, and goes on with its members.
    Deleted,
}

/// One object that would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectChange {
    /// What happens to it.
    pub change: ChangeSort,
    /// Its kind; `group` for groups.
    pub kind: String,
    /// What people call it, such as `app grafana`.
    pub name: String,
    /// Who it belonged to, when the folder takes it over: `api` or `builtin`.
    pub adopted_from: Option<String>,
    /// Where it is declared, such as `apps.yaml:3`.
    pub place: Option<String>,
    /// Its fields that change.
    pub fields: Vec<FieldChange>,
}

/// One field that would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// JSON pointer (RFC 6901) in the object.
    pub pointer: String,
    /// The value before, references by name; null where there was none, and for secrets.
    pub before: Value,
    /// The value after; as above.
    pub after: Value,
    /// A secret: its values are not shown.
    pub secret: bool,
}

/// A builtin object that was edited and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptObject {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Who gains or loses what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessReport {
    /// Whether this was looked at; a plan does, an apply does not.
    pub looked: bool,
    /// Active accounts that were looked at; 0 where nothing that decides changes.
    pub people: u64,
    /// Applications that somebody gains or loses.
    pub apps: Vec<AppAccess>,
    /// Applications in whose tokens claims change.
    pub claims: Vec<AppClaims>,
    /// What failed while deciding; it counts as denied.
    pub problems: Vec<String>,
}

/// Who gains or loses an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppAccess {
    /// Its slug.
    pub app: String,
    /// Those who gain or lose it, by what happens to them and by group.
    pub parts: Vec<AccessPart>,
}

impl AppAccess {
    /// How many people gain, and how many lose, at once.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        self.sums(false)
    }

    /// How many people gain, and how many lose, by the passing of time.
    #[must_use]
    pub fn counts_later(&self) -> (u64, u64) {
        self.sums(true)
    }

    fn sums(&self, later: bool) -> (u64, u64) {
        let parts = || self.parts.iter().filter(|p| p.at.is_some() == later);
        let sum = |gain: bool| parts().filter(|p| p.shift.is_gain() == gain).map(|p| p.count).sum();
        (sum(true), sum(false))
    }
}

/// What happens to somebody's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccessShiftEnum")]
pub enum AccessShift {
    /// They gain it.
    Gains,
    /// They gain it, only with a second factor.
    GainsWithMfa,
    /// They do not need a second factor any more.
    NoLongerNeedsMfa,
    /// They lose it.
    Loses,
    /// They need a second factor from now on.
    NeedsMfa,
}

impl AccessShift {
    /// Whether more is open to them than before.
    #[must_use]
    pub fn is_gain(self) -> bool {
        matches!(self, Self::Gains | Self::GainsWithMfa | Self::NoLongerNeedsMfa)
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Gains => "gain access",
            Self::GainsWithMfa => "gain access, only with a second factor",
            Self::NoLongerNeedsMfa => "no longer need a second factor",
            Self::Loses => "lose access",
            Self::NeedsMfa => "need a second factor from now on",
        }
    }
}

/// People to whom the same happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessPart {
    /// What happens to them.
    pub shift: AccessShift,
    /// When it happens by itself, because a time begins or ends; null: at once.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// When it is undone by itself; null: never.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// How many they are.
    pub count: u64,
    /// A group to all of whose active members it happens; null for those of no such group.
    pub group: Option<String>,
    /// Whether they are all of the group's members: the others were told with another group.
    pub all: bool,
    /// Some of them, by username.
    pub examples: Vec<String>,
}

/// Claims that change in the tokens of an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppClaims {
    /// Its slug.
    pub app: String,
    /// The claims.
    pub claims: Vec<ClaimChange>,
}

/// A claim that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimChange {
    /// Its name.
    pub claim: String,
    /// For how many people with access.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<ClaimExample>,
}

/// A claim of somebody, before and after; null where it is not there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimExample {
    /// Username.
    pub user: String,
    /// The value before.
    pub before: Value,
    /// The value after.
    pub after: Value,
}

/// `1 object`, `2 objects`.
fn counted(count: u64, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {several}", thousands(count)) }
}

/// 100000 as `100,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

fn people(count: u64) -> String {
    counted(count, "person", "people")
}

/// What happens to them, and when: `gain access, until 2027-01-01 00:00 UTC`.
fn what(part: &AccessPart) -> String {
    let at = part.at.map(|at| format!(" on {}", moment_in_words(at))).unwrap_or_default();
    let until = part.until.map(|at| format!(", until {}", moment_in_words(at))).unwrap_or_default();
    format!("{}{at}{until}", part.shift.phrase())
}

/// Who they are: `all 12 members of Editors (ada, bob, …)`.
fn who(part: &AccessPart) -> String {
    let mut examples = part.examples.join(", ");
    if (part.examples.len() as u64) < part.count {
        examples.push_str(", …");
    }
    match &part.group {
        Some(group) if !part.all => format!("{} more of {group} ({examples})", thousands(part.count)),
        Some(group) if part.count == 1 => format!("the only member of {group} ({examples})"),
        Some(group) => format!("all {} members of {group} ({examples})", thousands(part.count)),
        None => format!("{} ({examples})", people(part.count)),
    }
}

/// A value on one line.
fn short(value: &Value) -> String {
    const MOST: usize = 100;
    let text = match value {
        Value::Null => return "(none)".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > MOST { text.chars().take(MOST).chain(['…']).collect() } else { text }
}

/// The lines of two texts that differ: what they share at the beginning and at the end is left out.
fn differing<'t>(before: &'t str, after: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let (mut one, mut two): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = one.iter().zip(&two).take_while(|(a, b)| a == b).count();
    one.drain(..same);
    two.drain(..same);
    let same = one.iter().rev().zip(two.iter().rev()).take_while(|(a, b)| a == b).count();
    one.truncate(one.len() - same);
    two.truncate(two.len() - same);
    (one, two)
}

/// A field that changes, in lines: the new value over the old one, or the lines of a text that differ.
fn field_lines(field: &FieldChange) -> Vec<String> {
    let name = field.pointer.trim_start_matches('/');
    if field.secret {
        return vec![format!("{name}: (secret changed)")];
    }
    match (&field.before, &field.after) {
        (Value::String(before), Value::String(after)) if before.contains('\n') || after.contains('\n') => {
            let (gone, new) = differing(before, after);
            let gone = gone.into_iter().map(|line| format!("  - {line}"));
            let lines = gone.chain(new.into_iter().map(|line| format!("  + {line}")));
            std::iter::once(format!("{name}:")).chain(lines).collect()
        }
        (before, after) => vec![format!("{name}: {} -> {}", short(before), short(after))],
    }
}

/// The summary in one line.
fn summary(report: &PlanReport) -> String {
    let (created, changed, deleted) = report.counts();
    let access = &report.access;
    let add = |(g, l): (u64, u64), (more, less): (u64, u64)| (g + more, l + less);
    let (gains, losses) = access.apps.iter().map(AppAccess::counts).fold((0, 0), add);
    let (begins, ends) = access.apps.iter().map(AppAccess::counts_later).fold((0, 0), add);
    let mut line = format!("{created} to create, {changed} to change, {deleted} to delete");
    line.push_str(&match (gains, losses) {
        _ if !access.looked => String::new(),
        (0, 0) => "; nobody gains or loses an application".to_owned(),
        _ => format!("; access is gained {} and lost {}", times(gains), times(losses)),
    });
    if (begins, ends) != (0, 0) {
        line.push_str(&format!("; by the passing of time it is gained {} and lost {}", times(begins), times(ends)));
    }
    if !access.claims.is_empty() {
        let apps = access.claims.len() as u64;
        line.push_str(&format!("; claims change in the tokens of {}", counted(apps, "application", "applications")));
    }
    line.push('.');
    line
}

fn times(count: u64) -> String {
    counted(count, "time", "times")
}

#[cfg(test)]
mod tests;
