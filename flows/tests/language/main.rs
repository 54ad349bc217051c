//! The language as a whole: what is refused and how, what is accepted and what becomes of it.
#![allow(clippy::expect_used)]

mod blueprints;
mod broken;
mod exported;
mod exported_folder;
mod layers;
mod oauth2;
mod policies;
mod returning;
mod samples;
mod schema;
mod tests;

use chrono::{DateTime, Utc};
use lockgate_flows::{Checked, Directory, Folder, Loaded, Lookups, Nobody, Objects, ProcessSecrets, builtin, check};
use uuid::Uuid;

/// People who are there already: the group "Staff" and the user "ada".
pub struct Town;

impl Directory for Town {
    fn group(&self, name: &str) -> Option<Uuid> {
        (name == "Staff").then(|| Uuid::from_u128(7))
    }
    fn user(&self, username: &str) -> Option<i64> {
        (username == "ada").then_some(3)
    }
    fn group_names(&self) -> Vec<String> {
        vec!["Staff".to_owned()]
    }
}

/// The moment at which everything here happens.
pub fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// The built-in layer over stored objects.
pub fn shipped(objects: &dyn Objects) -> Loaded {
    builtin(objects, &Town, now()).expect("the built-in configuration is sound")
}

/// A folder over the built-in layer and stored objects.
pub fn load(folder: &Folder, objects: &dyn Objects) -> Checked {
    let below = shipped(objects);
    let variables = [
        ("KEY", "a secret that is long enough to be one"),
        ("PIN", "1234"),
        ("WORDS", "twenty-two characters!"),
        ("TOKEN", "a-token-of-twenty-four-characters-or-more"),
        ("ADDRESS", "https://chat.example.com/hook"),
    ];
    let secrets = ProcessSecrets::new(variables.map(|(k, v)| (k.to_owned(), v.to_owned())), "/nonexistent");
    check(folder, &Lookups { objects, directory: &Town, secrets: &secrets, builtin: Some(&below), now: now() })
}

/// One file over the built-in layer.
pub fn text(yaml: &str) -> Checked {
    load(&Folder::of([("test.yaml", yaml)]), &Nobody)
}
