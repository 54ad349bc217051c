//! What is said somewhere is there in every language, and what is there is said somewhere.

use super::{house, texts};
use crate::Language;
use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, PatternElement},
    parser,
};
use std::collections::BTreeSet;

/// Where people are told something in English that is looked up.
const TELLING: [&str; 4] = ["engine", "policies", "server", "flows"];

/// Said by a library; another test asks it.
const OF_LIBRARIES: [&str; 2] = ["weak-", "better-"];

/// What the engine says to itself, to logs and to programs, although it looks like a sentence.
const NOT_FOR_PEOPLE: [&str; 4] = ["App(..)", "Codes(..)", "Mail(..)", "Sign-in {}"];

#[test]
fn every_text_is_shown_somewhere() {
    let code: String = house::files("server", &[".rs", ".html", ".txt"]).into_iter().map(|(_, text)| text).collect();
    let own: String = house::files("texts/src", &["time.rs"]).into_iter().map(|(_, text)| text).collect();
    let code = code + &own;
    let said = texts(Language::English, Language::English.sources().said);
    let named = |id: &str| {
        let method = id.replace('-', "_");
        code.contains(&format!(".{method}(")) || code.contains(&format!("Self::{method}"))
    };
    let unused: Vec<_> = said.keys().filter(|id| !named(id)).collect();
    assert!(unused.is_empty(), "nobody shows {unused:?}");
}

/// The texts that are looked up, with `{}` in place of what is filled in.
fn told(source: &'static str) -> Vec<(&'static str, String)> {
    let resource = parser::parse(source).expect("it is well-formed");
    let messages = resource.body.into_iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some((message.id.name, message.value?)),
        _ => None,
    });
    let text = |element| match element {
        PatternElement::TextElement { value } => value,
        PatternElement::Placeable { expression: Expression::Inline(InlineExpression::VariableReference { .. }) } => {
            "{}"
        }
        PatternElement::Placeable { .. } => panic!("English has words and variables alone"),
    };
    messages.map(|(id, value)| (id, value.elements.into_iter().map(text).collect())).collect()
}

/// The literals of the house, and what its expressions say.
fn said_in_the_house() -> BTreeSet<String> {
    let code = TELLING.iter().flat_map(|room| house::files(room, &[".rs"]));
    let mut said: BTreeSet<String> = code.flat_map(|(_, code)| house::literals(&code)).collect();
    for (_, code) in house::files("server", &[".rs"]) {
        // Sentences of errors.
        for line in code.lines().filter_map(|line| line.trim().strip_prefix("#[error(\"")) {
            said.insert(house::blank(line.split("\")").next().unwrap_or_default()));
        }
    }
    for (_, code) in house::files("engine", &[".rs"]) {
        for line in code.lines().filter_map(|line| line.trim().strip_prefix("#[error(\"")) {
            said.insert(house::blank(line.split("\")").next().unwrap_or_default()));
        }
    }
    said
}

#[test]
fn every_text_that_is_looked_up_is_said_somewhere() {
    let said = said_in_the_house();
    let login = "The login could not be completed: ";
    let is_said = |text: &str| {
        said.contains(text)
            // Put together in two places.
            || text.strip_prefix(login).is_some_and(|why| said.contains(why.trim_end_matches('.')))
            || text == "You are not allowed to change your {}."
            // In an expression.
            || text == "Tick the box if you want your account to be deleted."
    };
    let texts = told(Language::English.sources().told[0]);
    let unused: Vec<_> =
        texts.iter().filter(|(id, text)| !OF_LIBRARIES.iter().any(|of| id.starts_with(of)) && !is_said(text)).collect();
    assert!(unused.is_empty(), "nobody says {unused:#?}");
}

#[test]
fn every_sentence_of_the_engine_is_told() {
    let known: BTreeSet<String> =
        Language::English.sources().told.into_iter().flat_map(told).map(|(_, text)| text).collect();
    let mut untold = Vec::new();
    for (path, code) in house::files("engine/src", &[".rs"]) {
        for literal in house::literals(&code) {
            let first = literal.trim_start_matches(['"', '{', '}']).chars().next();
            let is_sentence =
                first.is_some_and(char::is_uppercase) && (literal.contains(' ') || literal.ends_with('.'));
            if is_sentence && !known.contains(&literal) && !NOT_FOR_PEOPLE.contains(&literal.as_str()) {
                untold.push(format!("{}: {literal}", path.display()));
            }
        }
    }
    assert!(untold.is_empty(), "no language but English has {untold:#?}");
}

/// What the built-in configuration shows to people.
fn built_in() -> BTreeSet<String> {
    const SHOWN: [&str; 6] = ["title: ", "label: ", "placeholder: ", "subject: ", "error_message: ", "value: "];
    let mut shown = BTreeSet::new();
    let flows = house::files("flows/builtin", &[".yaml"]);
    for (_, yaml) in flows.iter().filter(|(path, _)| !path.ends_with("brand.yaml")) {
        for line in yaml.lines().map(|line| line.trim_start().trim_start_matches("- ")) {
            let Some(text) = SHOWN.iter().find_map(|key| line.strip_prefix(key)) else { continue };
            // Names in lists are no texts, and neither are expressions.
            if text.starts_with(char::is_uppercase) {
                shown.insert(house::blank(&text.replace("{{", "{").replace("}}", "}")));
            }
        }
    }
    for (_, code) in house::files("policies/src", &["builtin.rs"]) {
        for mapping in code.split("    mapping!(").skip(1) {
            let description = mapping.split('"').nth(7).unwrap_or_default();
            shown.extend((!description.is_empty()).then(|| description.to_owned()));
        }
    }
    shown
}

#[test]
fn the_built_in_configuration_is_told() {
    let known: BTreeSet<String> =
        Language::English.sources().told.into_iter().flat_map(told).map(|(_, text)| text).collect();
    let shown = built_in();
    let german = Language::German;
    let untold: Vec<_> = shown.difference(&known).filter(|text| german.told(text) == **text).collect();
    assert!(untold.is_empty(), "no language but English has {untold:#?}");
    // The subject that stages have whose configuration came from elsewhere.
    let elsewhere = ["authentik Sign-in code"];
    let texts = told(Language::English.sources().told[1]);
    let unused: Vec<_> =
        texts.iter().filter(|(_, text)| !shown.contains(text) && !elsewhere.contains(&text.as_str())).collect();
    assert!(unused.is_empty(), "the built-in configuration does not have {unused:#?}");
}
