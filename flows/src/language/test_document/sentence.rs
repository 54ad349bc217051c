//! Expectations as sentences: `ada and bob can access grafana with mfa from 10.0.0.1`.

use super::{ADDRESS, MOMENT, moment};
use crate::{node::Node, span::Span, test_document::Circumstances};
use std::net::IpAddr;

/// How a sentence looks.
pub(super) const FORM: &str = "a sentence such as `ada can access grafana` or `bob cannot access grafana`, \
    with `with mfa`, `from 10.0.0.1` or `at 2026-12-24T18:00:00Z` behind it";

/// A word and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    /// Characters before it in the sentence.
    pub(super) at: usize,
}

impl Word<'_> {
    /// Its place in the file.
    pub(super) fn span(self, sentence: &Node) -> Span {
        let start = &sentence.content;
        // A sentence that is folded over several lines is marked as a whole.
        if start.line != sentence.span.end_line {
            return sentence.span.clone();
        }
        let column = start.column.saturating_add(u32::try_from(self.at).unwrap_or(u32::MAX));
        let length = u32::try_from(self.text.chars().count()).unwrap_or(u32::MAX);
        Span { end_column: column.saturating_add(length), column, ..Span::at(&start.file, start.line, column) }
    }
}

/// Who is spoken of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Who<'t> {
    /// These.
    Users(Vec<Word<'t>>),
    /// Everybody that the test declares.
    Everybody,
}

/// A sentence, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence<'t> {
    pub(super) who: Who<'t>,
    pub(super) allow: bool,
    pub(super) apps: Vec<Word<'t>>,
    pub(super) circumstances: Circumstances,
}

/// A sentence that is not understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear<'t> {
    /// From where on; the whole sentence otherwise.
    pub(super) at: Option<Word<'t>>,
    pub(super) message: String,
    pub(super) expected: &'static str,
}

fn unclear<'t>(at: Option<Word<'t>>, message: impl Into<String>, expected: &'static str) -> Unclear<'t> {
    Unclear { at, message: message.into(), expected }
}

/// Understands a sentence; `usual` is what is so where it says nothing else.
pub(super) fn read<'t>(text: &'t str, usual: &Circumstances) -> Result<Sentence<'t>, Unclear<'t>> {
    let words = words(text);
    let is_verb = |word: &Word<'_>| matches!(word.text, "can" | "cannot" | "can't");
    let Some(verb) = words.iter().position(is_verb) else {
        return Err(unclear(None, "this says neither \"can access\" nor \"cannot access\"", FORM));
    };
    let mut rest = &words[verb + 1..];
    let mut allow = words[verb].text == "can";
    if let (true, Some((Word { text: "not", .. }, more))) = (allow, rest.split_first()) {
        (allow, rest) = (false, more);
    }
    match rest.split_first() {
        Some((Word { text: "access", .. }, more)) => rest = more,
        Some((other, _)) => {
            let message = format!("after \"{}\" comes \"access\", not \"{}\"", words[verb].text, other.text);
            return Err(unclear(Some(*other), message, FORM));
        }
        None => return Err(unclear(Some(words[verb]), "this sentence ends too early", FORM)),
    }
    let tail = rest.iter().position(|word| TAILS.contains(&word.text)).unwrap_or(rest.len());
    let apps = names(&rest[..tail]);
    if apps.is_empty() {
        return Err(unclear(Some(words[verb]), "this sentence names no app", FORM));
    }
    let (who, allow) = who(&words[..verb], allow)?;
    Ok(Sentence { who, allow, apps, circumstances: tails(&rest[tail..], usual)? })
}

/// "Nobody can" is "everybody cannot".
fn who<'t>(words: &[Word<'t>], allow: bool) -> Result<(Who<'t>, bool), Unclear<'t>> {
    match words {
        [] => Err(unclear(None, "this sentence names nobody", FORM)),
        [Word { text: "everybody" | "everyone" | "Everybody" | "Everyone", .. }] => Ok((Who::Everybody, allow)),
        [Word { text: "nobody" | "Nobody", .. }] if allow => Ok((Who::Everybody, false)),
        [word @ Word { text: "nobody" | "Nobody", .. }] => {
            Err(unclear(Some(*word), "\"nobody cannot\" says two things at once", "`everybody can access …`"))
        }
        words => Ok((Who::Users(names(words)), allow)),
    }
}

const TAILS: [&str; 4] = ["with", "without", "from", "at"];
const TAIL_FORM: &str = "`with mfa`, `without mfa`, `from` an IP address or `at` a moment";

fn tails<'t>(mut words: &[Word<'t>], usual: &Circumstances) -> Result<Circumstances, Unclear<'t>> {
    let mut circumstances = usual.clone();
    while let Some((first, rest)) = words.split_first() {
        let Some((value, more)) = rest.split_first() else {
            return Err(unclear(Some(*first), format!("nothing follows \"{}\"", first.text), TAIL_FORM));
        };
        let wrong = |expected| {
            let message = format!("\"{}\" cannot follow \"{}\"", value.text, first.text);
            Err(unclear(Some(*value), message, expected))
        };
        match (first.text, value.text) {
            ("with" | "without", "mfa") => circumstances.mfa = first.text == "with",
            ("with" | "without", _) => return wrong("mfa"),
            ("from", text) => match text.parse::<IpAddr>() {
                Ok(ip) => circumstances.ip = Some(ip),
                Err(_) => return wrong(ADDRESS),
            },
            ("at", text) => match moment(text) {
                Some(at) => circumstances.at = Some(at),
                None => return wrong(MOMENT),
            },
            _ => {
                let message = format!("wrong word \"{}\" in a sentence", first.text);
                return Err(unclear(Some(*first), message, TAIL_FORM));
            }
        }
        words = more;
    }
    Ok(circumstances)
}

/// Names out of `a, b and c`.
fn names<'t>(words: &[Word<'t>]) -> Vec<Word<'t>> {
    let without_comma = words.iter().map(|word| Word { text: word.text.trim_end_matches(','), ..*word });
    without_comma.filter(|word| !word.text.is_empty() && word.text != "and").collect()
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split(' ') {
        if !part.trim().is_empty() {
            words.push(Word { text: part.trim(), at });
        }
        at += part.chars().count() + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Who, read};
    use crate::test_document::Circumstances;

    #[test]
    fn a_sentence_says_who_what_and_under_which_circumstances() {
        let text = "ada, bob and eve cannot access grafana and wiki from 10.0.0.1 with mfa at 2026-12-24T18:00Z";
        let read = read(text, &Circumstances::default()).expect("a sentence");
        let Who::Users(users) = &read.who else { panic!("users are named") };
        assert_eq!(users.iter().map(|w| (w.text, w.at)).collect::<Vec<_>>(), [("ada", 0), ("bob", 5), ("eve", 13)]);
        assert_eq!(read.apps.iter().map(|w| w.text).collect::<Vec<_>>(), ["grafana", "wiki"]);
        assert!(!read.allow && read.circumstances.mfa && read.circumstances.ip.is_some());
        assert_eq!(read.circumstances.at.expect("a moment").to_rfc3339(), "2026-12-24T18:00:00+00:00");
    }

    #[test]
    fn nobody_can_is_everybody_cannot() {
        let usual = Circumstances { mfa: true, ..Circumstances::default() };
        for text in ["nobody can access wiki", "everybody cannot access wiki", "everyone can not access wiki"] {
            let read = read(text, &usual).expect("a sentence");
            assert!(read.who == Who::Everybody && !read.allow && read.circumstances.mfa, "{text}");
        }
    }
}
