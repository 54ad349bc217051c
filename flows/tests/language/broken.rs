//! Every `broken/NNN-name.yaml` has its exact complaint beside it in `NNN-name.txt`.
//!
//! A file that holds a line `#### path` stands for several files. After changing messages, look at
//! what comes out with `BLESS=1 cargo test --workspace --test language`, which writes the texts.

use crate::load;
use lockgate_flows::{Folder, Lookups, Nobody, Severity, check, render, to_annotations, to_json};
use std::{fs, path::Path};

/// The files that a broken document stands for, read as from any folder.
fn folder(name: &str, bytes: &[u8]) -> Folder {
    let root = tempfile::tempdir().expect("a folder");
    let write = |path: &str, bytes: &[u8]| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with("#### ") => {
            let parts = text.split("#### ").skip(1).filter_map(|part| part.split_once('\n'));
            parts.for_each(|(path, text)| write(path.trim(), text.as_bytes()));
        }
        _ => write(name, bytes),
    }
    Folder::read(root.path())
}

/// Every broken document and its folder, in order.
pub(crate) fn all() -> Vec<(String, Folder)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut names: Vec<_> = fs::read_dir(&root)
        .expect("the folder of broken documents")
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.ends_with(".yaml"))
        .collect();
    names.sort();
    let read = |name: String| {
        let folder = folder(&name, &fs::read(root.join(&name)).expect("readable"));
        (name, folder)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn every_broken_document_is_told_what_is_wrong_with_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let all = all();
    assert!(all.len() >= 120, "only {} broken documents", all.len());
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, folder) in &all {
        let checked = load(folder, &Nobody);
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
        for diagnostic in &checked.diagnostics {
            let of_one = std::slice::from_ref(diagnostic);
            let json = &to_json(of_one)[0];
            assert!(json["message"].is_string() && json["code"].is_string() && json["line"].is_u64(), "{json}");
            let annotation = to_annotations(of_one, "config");
            let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
            assert!(annotation.starts_with(&format!("::{severity} file=config/")), "{annotation}");
            assert_eq!(annotation.lines().count(), 1, "{annotation}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_doubt_is_documented() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/checks.md")).expect("the page");
    let lints = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lints")).expect("the lints");
    for file in lints.flatten() {
        let text = fs::read_to_string(file.path()).expect("readable");
        for told in text.split("Diagnostic::warning(\"").chain(text.split("Diagnostic::error(\"")).skip(1) {
            let code = told.split('"').next().unwrap_or_default();
            let is_code = !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let known = page.contains(&format!("`{code}`")) || ["allow", "later"].contains(&code);
            assert!(!is_code || known, "{code} of {}", file.path().display());
        }
    }
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
    // Every third place will do: a check takes a while without optimisation.
    for end in (0..whole.len()).step_by(3).filter(|e| whole.is_char_boundary(*e)) {
        let checked = check(&Folder::of([("cut.yaml", &whole[..end])]), &lookups);
        let last = whole[..end].lines().count();
        assert!(checked.diagnostics.iter().all(|d| d.span.line as usize <= last + 1), "cut at {end}");
    }
}
