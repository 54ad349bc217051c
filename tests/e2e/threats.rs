//! The threat model in `SECURITY.md` names the tests that show what it says, and the files that do it:
//! all of them are there.

use std::collections::BTreeMap;

use lockgate_tests::workspace_root;

use super::tidy::{read, sources};

/// How the document shortens the folders that it names most often.
const SHORT: [(&str, &str); 2] = [("e2e/", "tests/e2e/"), ("room/", "server/api/tests/room/")];

/// Fewer mean that the names were lost, not the tests.
const LEAST: usize = 150;

#[test]
fn tests_and_files_of_the_threat_model_are_there() {
    let root = workspace_root();
    let files: BTreeMap<String, String> = sources()
        .iter()
        .filter_map(|path| Some((path.strip_prefix(&root).ok()?.to_string_lossy().into_owned(), read(path))))
        .collect();
    let document = read(&root.join("SECURITY.md"));
    let (mut tests, mut missing) = (0, Vec::new());
    for span in document.lines().filter(|line| line.starts_with('|')).flat_map(spans) {
        let there = match span.split_once(".rs::") {
            Some((path, test)) => {
                tests += 1;
                files.get(&whole(path)).is_some_and(|text| holds(text, test))
            }
            None => !span.ends_with(".rs") || files.keys().any(|path| is_called(path, span)),
        };
        if !there {
            missing.push(span);
        }
    }
    assert!(tests >= LEAST, "{tests} tests are named");
    assert!(missing.is_empty(), "SECURITY.md names what is not there: {missing:#?}");
}

/// What stands between backticks in a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The path of a file of tests, which the document shortens.
fn whole(path: &str) -> String {
    let long = SHORT.iter().find_map(|(short, long)| Some(format!("{long}{}.rs", path.strip_prefix(short)?)));
    long.unwrap_or_else(|| format!("{path}.rs"))
}

/// Whether a file has the function, or says the sentence of a case with its quotation marks.
fn holds(text: &str, test: &str) -> bool {
    if test.starts_with('"') { text.contains(test) } else { text.contains(&format!("fn {test}(")) }
}

/// Whether the document calls a file so: from some folder on, without `src`.
fn is_called(path: &str, span: &str) -> bool {
    format!("/{}", path.replace("/src/", "/")).ends_with(&format!("/{span}"))
}
