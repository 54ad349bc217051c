//! The house rules that a machine can hold: which room may know which, what
//! belongs to one room only, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

use lockgate_tests::workspace_root;

/// The rooms from the top down. A room may depend on rooms of later lines only;
/// those of one line do not know each other.
const HOUSE: &[&[&str]] = &[
    &["server"],
    &["server/api", "server/web", "server/oauth2", "server/forward_auth", "server/worker"],
    &["server/identity"],
    &["server/store"],
    &["flows"],
    &["policies"],
    &["engine"],
    &["engine/model", "texts"],
    &["migrations"],
];

/// Crates that belong to some rooms only.
const RESERVED: &[(&str, &[&str])] = &[
    ("cedar-policy", &["policies"]),
    ("rhai", &["policies"]),
    ("axum", &["server", "server/api", "server/web", "server/oauth2", "server/forward_auth"]),
    // Pages, and mails.
    ("askama", &["server/web", "server/identity"]),
    ("lettre", &["server/identity"]),
    ("sea-orm", &["server/store"]),
    ("sqlx", &["server/store"]),
    ("sea-orm-migration", &["migrations", "server/store"]),
    ("serde-saphyr", &["flows"]),
    ("fluent-bundle", &["texts"]),
];

/// Longest source file, in lines.
const LONGEST: usize = 600;

#[test]
fn dependencies_point_downwards() {
    let mut wrong = Vec::new();
    for (level, rooms) in HOUSE.iter().enumerate() {
        for room in *rooms {
            for dependency in dependencies(room) {
                let Some(target) = room_of(&dependency) else { continue };
                let below = HOUSE.iter().skip(level + 1).any(|line| line.contains(&target));
                if !below {
                    wrong.push(format!("{room} depends on {target}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn reserved_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for room in HOUSE.iter().copied().flatten() {
        let own = dependencies(room);
        for (name, rooms) in RESERVED {
            if own.iter().any(|dependency| dependency == name) && !rooms.contains(room) {
                wrong.push(format!("{room} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_in_the_house() {
    let manifest = read(&workspace_root().join("Cargo.toml"));
    let (_, members) = manifest.split_once("members = [").expect("a workspace has members");
    let (members, _) = members.split_once(']').expect("a list ends");
    for member in members.split('"').skip(1).step_by(2).filter(|member| *member != "tests") {
        assert!(HOUSE.iter().any(|line| line.contains(&member)), "{member} has no place in the house");
    }
}

#[test]
fn files_are_short_enough_to_be_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let marks =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["to", "do!("], ["unimple", "mented!("]].map(|mark| mark.concat());
    let mut found = Vec::new();
    for path in sources() {
        for (number, line) in read(&path).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_room_says_what_it_is_for() {
    for room in HOUSE.iter().copied().flatten() {
        let folder = workspace_root().join(room).join("src");
        let first = [folder.join("lib.rs"), folder.join("main.rs")].into_iter().find(|path| path.exists());
        let path = first.unwrap_or_else(|| panic!("{room} has no source"));
        let text = read(&path);
        let paragraph: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(paragraph.len() > 120, "{} opens without a paragraph", path.display());
    }
}

/// The fuzz targets are no part of the workspace, so that nothing else notices when their lock falls behind.
#[test]
fn the_lock_of_the_fuzz_targets_knows_what_the_rooms_depend_on() {
    let lock = read(&workspace_root().join("tests/fuzz/Cargo.lock"));
    let (mut compared, mut missing) = (0, Vec::new());
    for package in lock.split("[[package]]") {
        let name = package.split('"').nth(1).unwrap_or_default();
        let Some(room) = HOUSE.iter().copied().flatten().find(|room| name == package_of(room)) else { continue };
        compared += 1;
        let known: Vec<&str> =
            package.split('"').skip(1).step_by(2).filter_map(|entry| entry.split(' ').next()).collect();
        let own = dependencies(room).into_iter().filter(|dependency| !known.contains(&dependency.as_str()));
        missing.extend(own.map(|dependency| format!("{room} needs {dependency}")));
    }
    assert!(compared >= 6, "{compared} rooms");
    assert!(
        missing.is_empty(),
        "`cp Cargo.lock tests/fuzz/ && cargo update --workspace --manifest-path tests/fuzz/Cargo.toml`: {missing:#?}"
    );
}

/// Name of a room's crate.
fn package_of(room: &str) -> String {
    format!("lockgate-{}", room.rsplit('/').next().unwrap_or_default().replace('_', "-"))
}

/// Names of the crates that a room's manifest depends on; those for its own
/// tests are not counted.
fn dependencies(room: &str) -> Vec<String> {
    let manifest = read(&workspace_root().join(room).join("Cargo.toml"));
    let mut names = Vec::new();
    let mut counted = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            counted = section.ends_with("dependencies") && section != "dev-dependencies";
            if let Some(name) = section.strip_prefix("dependencies.") {
                names.push(name.to_owned());
            }
        } else if counted && !line.is_empty() && !line.starts_with('#') {
            names.push(line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

/// Room of one of our own crates.
fn room_of(dependency: &str) -> Option<&'static str> {
    let name = dependency.strip_prefix("lockgate-")?.replace('-', "_");
    let room = HOUSE.iter().copied().flatten().find(|room| room.rsplit('/').next() == Some(name.as_str()));
    Some(room.unwrap_or_else(|| panic!("{dependency} has no place in the house")))
}

/// Every Rust file of the workspace.
pub(crate) fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![workspace_root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the workspace can be read").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found
}

/// A file of the workspace as text.
pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
