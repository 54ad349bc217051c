//! Every `broken/NN-name.yaml` has its exact complaint beside it in `NN-name.txt`.
//!
//! A file that holds a line `#### path` stands for several files. After changing messages, look at
//! what comes out with `BLESS=1 cargo test -p lockgate-flows --test language`, which writes the texts.

use crate::load;
use lockgate_flows::{Folder, Lookups, Nobody, check, render, to_json};
use std::{fs, path::Path};

fn folder(name: &str, text: &str) -> Folder {
    if !text.starts_with("#### ") {
        return Folder::of([(name.to_owned(), text.to_owned())]);
    }
    let parts = text.split("#### ").skip(1).filter_map(|part| part.split_once('\n'));
    Folder::of(parts.map(|(path, text)| (path.trim().to_owned(), text.to_owned())))
}

#[test]
fn every_broken_document_is_told_what_is_wrong_with_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut names: Vec<_> = fs::read_dir(&root)
        .expect("the folder of broken documents")
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".yaml"))
        .collect();
    names.sort();
    assert!(names.len() >= 30, "only {} broken documents", names.len());
    let bless = option_env!("BLESS").is_some();
    let mut wrong = Vec::new();
    for name in &names {
        let text = fs::read_to_string(root.join(name)).expect("readable");
        let checked = load(&folder(name, &text), &Nobody);
        let found = render(&checked.diagnostics);
        let beside = root.join(name.replace(".yaml", ".txt"));
        if bless {
            fs::write(&beside, &found).expect("written");
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            wrong.push(format!("=== {name}\n--- expected\n{expected}--- found\n{found}"));
        }
        assert!(!checked.diagnostics.is_empty(), "{name} is not broken");
        assert!(checked.diagnostics.iter().all(|d| to_json(std::slice::from_ref(d))[0]["message"].is_string()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_secret_written_in_plain_is_not_repeated() {
    let checked = crate::text("key_pair: signing\ncertificate: { env: KEY }\nkey: hunter2\n");
    assert!(!checked.is_sound() && !render(&checked.diagnostics).contains("hunter2"));
}

#[test]
fn text_that_is_cut_off_anywhere_is_refused_and_nothing_worse() {
    let below = crate::shipped(&Nobody);
    let lookups = Lookups {
        objects: &Nobody,
        directory: &crate::Town,
        secrets: &Nobody,
        builtin: Some(&below),
        now: crate::now(),
    };
    let whole = include_str!("homelab.yaml");
    for end in (0..whole.len()).filter(|e| whole.is_char_boundary(*e)) {
        let checked = check(&Folder::of([("cut.yaml", &whole[..end])]), &lookups);
        let last = whole[..end].lines().count();
        assert!(checked.diagnostics.iter().all(|d| d.span.line as usize <= last + 1), "cut at {end}");
    }
}
