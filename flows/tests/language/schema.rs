//! The JSON Schema for editors, held against everything that the language accepts and refuses.

use crate::{broken, load};
use lockgate_flows::{Nobody, Severity, json_schema};
use lockgate_model::{Family, kind::KINDS};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The documents of a text, without their places; `None` when it is not YAML.
fn documents(yaml: &str) -> Option<Vec<Value>> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_multiple_with_options(yaml, options).ok()
}

/// Every YAML file below a folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push((path.display().to_string(), fs::read_to_string(&path).expect("readable")));
        }
    }
    found
}

/// The blocks of YAML in a page that are documents of ours.
fn blocks(markdown: &str) -> Vec<String> {
    let words: Vec<&str> = KINDS.iter().filter(|k| k.meta.family != Family::Stage).map(|k| k.meta.word).collect();
    let blocks = markdown.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    blocks
        .map(|(block, _)| block.to_owned())
        .filter(|b| words.iter().any(|w| b.strip_prefix(w).is_some_and(|rest| rest.starts_with(':'))))
        .collect()
}

#[test]
fn everything_that_is_shown_anywhere_is_accepted() {
    let validator = jsonschema::draft202012::new(&json_schema()).expect("a valid schema");
    let mut texts = files(&root().join("flows/builtin"));
    for example in fs::read_dir(root().join("examples")).expect("the examples").flatten() {
        texts.extend(files(&example.path().join("config")));
    }
    texts.push(("homelab.yaml".to_owned(), include_str!("homelab.yaml").to_owned()));
    let pages = fs::read_dir(root().join("docs")).expect("the pages").flatten().map(|page| page.path());
    let pages = pages.filter(|page| page.extension().is_some_and(|e| e == "md"));
    for page in pages.chain([root().join("README.md")]) {
        let shown = blocks(&fs::read_to_string(&page).expect("readable"));
        texts.extend(shown.into_iter().map(|block| (page.display().to_string(), block)));
    }
    assert!(texts.len() >= 40, "{}", texts.len());
    for (name, text) in texts {
        // `managed` is for the built-in layer alone.
        let text = text.replace("managed: goauthentik.io/outposts/embedded\n", "");
        for document in documents(&text).expect("valid YAML") {
            let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}\n{document:#}");
        }
    }
}

/// Codes of complaints about the form of a document alone.
const OF_FORM: [&str; 9] = [
    "unknown_key",
    "type",
    "invalid_choice",
    "unknown_stage",
    "null",
    "max_length",
    "min_length",
    "min_value",
    "blank",
];
/// Codes of complaints that no schema can make: about names, and about what is well formed.
const OF_MEANING: [&str; 22] = [
    "dangling",
    "duplicate",
    "cycle",
    "policy",
    "regex",
    "no_proof",
    "asked_twice",
    "unreachable",
    "loop",
    "nothing_written",
    "superuser",
    "turned_away",
    "purpose",
    "nobody",
    "open",
    "internal_address",
    "same_host",
    "cookie_domain",
    "weak_secret",
    "duration",
    "no_choices",
    "literal",
];

#[test]
fn what_is_refused_for_its_form_is_refused_by_the_schema_and_nothing_else() {
    let validator = jsonschema::draft202012::new(&json_schema()).expect("a valid schema");
    let (mut refused, mut accepted, mut wrong) = (0, 0, Vec::new());
    for (name, folder) in broken::all() {
        let texts: Vec<&str> = folder.files.iter().filter(|f| f.path.contains(".y")).map(|f| f.text.as_str()).collect();
        let Some(documents) = texts.iter().map(|t| documents(t)).collect::<Option<Vec<_>>>() else { continue };
        let found = load(&folder, &Nobody).diagnostics;
        let sound = documents.iter().flatten().all(|d| validator.is_valid(d));
        let errors: Vec<&str> = found.iter().filter(|d| d.severity == Severity::Error).map(|d| d.code).collect();
        if errors.iter().any(|code| OF_FORM.contains(code)) {
            refused += 1;
            if sound {
                wrong.push(format!("{name} is accepted by the schema: {errors:?}"));
            }
        } else if found.iter().all(|d| OF_MEANING.contains(&d.code)) {
            let refused = documents.iter().flatten().filter(|d| !validator.is_valid(d));
            wrong.extend(refused.map(|d| format!("{name} is refused by the schema: {d}")));
            accepted += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused >= 35 && accepted >= 35, "{refused} refused, {accepted} accepted");
}

#[test]
fn every_key_is_described_and_defaults_are_told() {
    let schema = json_schema();
    let mut bare = Vec::new();
    walk(&schema, "", &mut bare);
    assert!(bare.is_empty(), "{bare:#?}");
    let text = schema.to_string();
    for kind in KINDS.iter().filter(|k| !k.meta.word.is_empty()) {
        for field in kind.schema().fields.iter().filter(|f| !f.read_only && !f.internal && !f.secret) {
            let default = &field.schema["default"];
            if field.target.is_none() && default.as_str().is_some_and(|d| !d.is_empty()) {
                assert!(text.contains(&format!("\"default\":{default}")), "{} {}", kind.meta.kind, field.name);
            }
        }
    }
    // What several places share stands once.
    assert!(text.len() < 200_000, "{} bytes", text.len());
}

/// Collects the keys of all maps that an editor could offer without a word on what they are for.
fn walk(schema: &Value, at: &str, bare: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                for (key, value) in properties {
                    if value["description"].as_str().is_none_or(str::is_empty) {
                        bare.push(format!("{at}/{key}"));
                    }
                }
            }
            map.iter().for_each(|(key, value)| walk(value, &format!("{at}/{key}"), bare));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| walk(item, &format!("{at}/{i}"), bare)),
        _ => {}
    }
}
