//! Every language says everything that English says, and nothing is said that nobody shows.

mod house;
mod usage;

use crate::{Language, catalogue::catalogue, variables};
use chrono::{DateTime, TimeDelta};
use fluent_bundle::{FluentArgs, FluentValue};
use fluent_syntax::{ast::Entry, parser};
use std::collections::{BTreeMap, BTreeSet};

const OTHERS: [Language; 4] = [Language::German, Language::French, Language::Spanish, Language::Chinese];

/// A text as a file has it.
struct Text {
    variables: BTreeSet<&'static str>,
    /// Its tags, in order.
    tags: Vec<String>,
}

/// The texts of a file; nothing may be wrong with it.
fn texts(language: Language, source: &'static str) -> BTreeMap<&'static str, Text> {
    let resource = parser::parse(source).unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
    let mut found = BTreeMap::new();
    for entry in resource.body {
        let Entry::Message(message) = entry else { continue };
        let (id, value) = (message.id.name, message.value.expect("a text has a value"));
        let text = Text { variables: variables::of(&value), tags: tags_of(id, source) };
        assert!(found.insert(id, text).is_none(), "{language:?} says {id} twice");
    }
    found
}

/// The tags of a text that is markup.
fn tags_of(id: &str, source: &str) -> Vec<String> {
    let line = source.lines().find(|line| line.strip_prefix(id).is_some_and(|rest| rest.starts_with(" =")));
    let pieces = line.unwrap_or_default().split('<').skip(1);
    pieces.map(|piece| piece.split('>').next().unwrap_or_default().to_owned()).collect()
}

fn files(language: Language) -> [&'static str; 3] {
    let sources = language.sources();
    [sources.said, sources.told[0], sources.told[1]]
}

#[test]
fn every_language_has_every_text_with_the_same_variables_and_tags() {
    for (at, english) in files(Language::English).into_iter().enumerate() {
        let english = texts(Language::English, english);
        for language in OTHERS {
            let own = texts(language, files(language)[at]);
            let missing: Vec<_> = english.keys().filter(|id| !own.contains_key(*id)).collect();
            let unknown: Vec<_> = own.keys().filter(|id| !english.contains_key(*id)).collect();
            assert!(missing.is_empty() && unknown.is_empty(), "{language:?}: missing {missing:?}, unknown {unknown:?}");
            for (id, text) in &english {
                assert_eq!(own[id].variables, text.variables, "{language:?}: the variables of {id}");
                assert_eq!(own[id].tags, text.tags, "{language:?}: the tags of {id}");
                assert_eq!(text.tags.is_empty(), !id.ends_with("-html"), "the name of {id} says whether it is markup");
            }
        }
    }
}

#[test]
fn no_name_is_in_two_files() {
    let all: Vec<_> = files(Language::English).into_iter().flat_map(|file| texts(Language::English, file)).collect();
    let different: BTreeSet<_> = all.iter().map(|(id, _)| id).collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn what_is_filled_in_stays_text() {
    let asked = Language::German.would_like_to_html("<b>\"A&B\"</b>");
    assert_eq!(asked, "<strong>&#60;b&#62;&#34;A&#38;B&#34;&#60;/b&#62;</strong> möchte:");
    assert_eq!(Language::English.use_device("<b>"), "Use <b>", "what is no markup is escaped by whoever shows it");
}

#[test]
fn what_is_said_in_english_is_told_in_every_language() {
    let told: Vec<_> = Language::English.sources().told.into_iter().flat_map(|f| texts(Language::English, f)).collect();
    for language in OTHERS {
        for (id, text) in &told {
            let arguments = FluentArgs::from_iter(text.variables.iter().map(|name| (*name, FluentValue::from(2))));
            let said = Language::English.formatted(id, Some(&arguments));
            assert_eq!(language.told(&said), language.formatted(id, Some(&arguments)), "{id}: {said}");
            assert!(!language.told(&said).contains("{$"), "{id}");
        }
    }
}

#[test]
fn what_nobody_has_translated_stays_as_it_is() {
    let own = "Willkommen in der Werft";
    for language in Language::ALL {
        assert_eq!(language.told(own), own);
        assert_eq!(language.told(""), "");
    }
    assert_eq!(Language::English.told("Failed to authenticate."), "Failed to authenticate.");
    let lines = "Password is too weak.\nOurs alone.";
    assert_eq!(Language::German.told(lines), "Das Passwort ist zu schwach.\nOurs alone.");
}

#[test]
fn what_was_filled_in_is_found_again() {
    let german = Language::German;
    assert_eq!(german.told("Welcome to {{ brand }}"), "Willkommen bei {{ brand }}");
    let group = german.told("You need to be a member of the group A. B. and C.");
    assert_eq!(group, "Sie müssen Mitglied der Gruppe A. B. and C sein.");
    assert_eq!(
        german.told("Ensure this field has no more than 1 characters."),
        "Hier ist höchstens 1 Zeichen erlaubt."
    );
    let weak = german.told("Password expired 12 days ago. Please update your password.");
    assert_eq!(weak, "Das Passwort ist vor 12 Tagen abgelaufen. Bitte ändern Sie es.");
    assert_eq!(
        german.told("You are not allowed to change your username."),
        "Sie dürfen Ihren Benutzernamen nicht ändern."
    );
}

#[test]
fn no_english_text_is_there_twice_or_cannot_be_looked_up() {
    let told: usize = Language::English.sources().told.into_iter().map(|f| texts(Language::English, f).len()).sum();
    assert_eq!(catalogue().len(), told);
}

#[test]
fn all_that_is_said_of_weak_passwords_is_told() {
    use zxcvbn::feedback::{Suggestion as S, Warning as W};
    let warnings = [
        W::StraightRowsOfKeysAreEasyToGuess,
        W::ShortKeyboardPatternsAreEasyToGuess,
        W::RepeatsLikeAaaAreEasyToGuess,
        W::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess,
        W::ThisIsATop10Password,
        W::ThisIsATop100Password,
        W::ThisIsACommonPassword,
        W::ThisIsSimilarToACommonlyUsedPassword,
        W::SequencesLikeAbcAreEasyToGuess,
        W::RecentYearsAreEasyToGuess,
        W::AWordByItselfIsEasyToGuess,
        W::DatesAreOftenEasyToGuess,
        W::NamesAndSurnamesByThemselvesAreEasyToGuess,
        W::CommonNamesAndSurnamesAreEasyToGuess,
    ];
    let suggestions = [
        S::UseAFewWordsAvoidCommonPhrases,
        S::NoNeedForSymbolsDigitsOrUppercaseLetters,
        S::AddAnotherWordOrTwo,
        S::CapitalizationDoesntHelpVeryMuch,
        S::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase,
        S::ReversedWordsArentMuchHarderToGuess,
        S::PredictableSubstitutionsDontHelpVeryMuch,
        S::UseALongerKeyboardPatternWithMoreTurns,
        S::AvoidRepeatedWordsAndCharacters,
        S::AvoidSequences,
        S::AvoidRecentYears,
        S::AvoidYearsThatAreAssociatedWithYou,
        S::AvoidDatesAndYearsThatAreAssociatedWithYou,
    ];
    let said = warnings.iter().map(ToString::to_string).chain(suggestions.iter().map(ToString::to_string));
    for english in said {
        assert_ne!(Language::German.told(&english), english);
    }
}

#[test]
fn a_language_is_chosen_by_person_place_and_browser() {
    use Language as L;
    for (own, usual, accepted, expected) in [
        (None, None, "", L::English),
        (None, None, "de-AT,de;q=0.9,en;q=0.8", L::German),
        (None, None, "pt, es;q=0.4, fr;q=0.7", L::French),
        (None, None, "zh-CN,zh;q=0.9", L::Chinese),
        (None, None, "zh-TW,en;q=0.5", L::English),
        (None, None, "zh-TW,zh;q=0.9,en;q=0.5", L::Chinese),
        (None, None, "*, ;q=x, \u{0}", L::English),
        (Some("fr"), Some("es"), "de", L::French),
        (Some("zh_CN"), None, "de", L::Chinese),
        (Some("tlh"), Some("es"), "de", L::Spanish),
        (Some(""), None, "de", L::German),
    ] {
        assert_eq!(L::choose(own, usual, accepted), expected, "{own:?}, {usual:?}, {accepted}");
    }
    for language in L::ALL {
        assert_eq!(L::of_tag(language.tag()), Some(language));
    }
}

#[test]
fn spans_and_moments_are_told_in_words() {
    let told = |seconds| Language::English.span(TimeDelta::seconds(seconds));
    assert_eq!([told(1), told(90), told(60), told(1_800)], ["1 second", "90 seconds", "1 minute", "30 minutes"]);
    assert_eq!([told(7_200), told(86_400), told(172_800)], ["2 hours", "1 day", "2 days"]);
    assert_eq!(Language::French.span(TimeDelta::hours(1)), "1 heure");
    let at = DateTime::from_timestamp(1_800_000_000, 0).expect("a moment");
    let moments = Language::ALL.map(|language| language.moment(at));
    let expected = [
        "15 January 2027, 08:00 UTC",
        "15. Januar 2027, 08:00 UTC",
        "15 de enero de 2027, 08:00 UTC",
        "15 janvier 2027 à 08:00 UTC",
        "2027年1月15日 08:00 UTC",
    ];
    assert_eq!(moments, expected);
}

#[test]
fn languages_keep_their_own_signs() {
    let has = |language, signs: &[char]| {
        let text = files(language).concat();
        signs.iter().filter(|sign| text.contains(**sign)).copied().collect::<Vec<_>>()
    };
    assert!(has(Language::German, &['“', '”', '»']) == ['“'], "German quotes are „…“");
    let french = files(Language::French).concat();
    for wrong in [" !", " ?", " ;", "« ", " »", "“"] {
        let found = french.lines().filter(|line| !line.starts_with('#')).find(|line| line.contains(wrong));
        assert_eq!(found, None, "French spaces before {wrong:?} do not break");
    }
    let chinese = files(Language::Chinese).concat();
    let found =
        chinese.lines().filter(|line| !line.starts_with('#')).find(|line| line.contains("您,") || line.ends_with('.'));
    assert_eq!(found, None, "Chinese punctuation is as wide as its characters");
}
