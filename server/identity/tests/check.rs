//! What `lockgate check` says of folders whose faults show only when everything is compiled together: Cedar
//! against the schema, keys, providers of several apps. As in `flows/tests`, every `broken/NN-name.txt`
//! stands for files (`#### path`) and has its exact complaint beside it in `NN-name.out`;
//! `BLESS=1 cargo test --workspace --test check` writes the complaints.
#![allow(clippy::expect_used)]

use chrono::DateTime;
use lockgate_flows::render;
use lockgate_identity::config::check_folder;
use std::{collections::BTreeMap, fs, path::Path};

fn complaints(text: &str) -> String {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in text.split("#### ").skip(1).filter_map(|part| part.split_once('\n')) {
        let path = root.path().join(path.trim());
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let variables = BTreeMap::from([("NO_KEY".to_owned(), "not a key".to_owned())]);
    render(&check_folder(root.path(), &variables, DateTime::UNIX_EPOCH).diagnostics)
}

#[test]
fn every_broken_folder_is_told_what_is_wrong_with_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut names: Vec<_> = fs::read_dir(&root)
        .expect("the broken folders")
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".txt"))
        .collect();
    names.sort();
    assert!(names.len() >= 12, "only {} broken folders", names.len());
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for name in &names {
        let found = complaints(&fs::read_to_string(root.join(name)).expect("readable"));
        let beside = root.join(name.replace(".txt", ".out"));
        if bless {
            fs::write(&beside, &found).expect("written");
        }
        assert!(!found.starts_with("0 errors, 0 warnings"), "{name} is not broken");
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            wrong.push(format!("=== {name}\n--- expected\n{expected}--- found\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
