//! YAML as a tree in which every key and value knows its place.
//!
//! Documents of one file are parsed one by one, so that a broken one does not hide the errors of the
//! others. That needs no YAML grammar: `---` or `...` at the start of a line always ends a document.

use crate::{diagnostics::Diagnostic, raw::Raw, span::Span};
use serde::Deserialize;
use serde_json::Number;
use serde_saphyr::{Error, Location, Options, Spanned, options::DuplicateKeyPolicy};
use std::sync::Arc;

/// Most documents in one file.
const MAX_DOCUMENTS: usize = 1_000;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
    /// The place of the first character of the text itself: behind the quote, or in the line below `|`.
    pub(crate) content: Span,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of an entry.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Node {
    /// A text that stands nowhere in the file but follows from what stands at `span`.
    pub(crate) fn implied(text: impl Into<String>, span: &Span) -> Self {
        Self { value: Value::Text(text.into()), span: span.clone(), content: span.clone() }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn map(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }

    /// From its first character to the last one of everything in it.
    pub(crate) fn extent(&self) -> Span {
        let mut extent = self.span.clone();
        let mut take = |end: (u32, u32)| {
            if end > (extent.end_line, extent.end_column) {
                (extent.end_line, extent.end_column) = end;
            }
        };
        for inner in self.list().unwrap_or_default() {
            let inner = inner.extent();
            take((inner.end_line, inner.end_column));
        }
        for (key, inner) in self.map().unwrap_or_default() {
            take((key.span.end_line, key.span.end_column));
            let inner = inner.extent();
            take((inner.end_line, inner.end_column));
        }
        extent
    }

    /// The value in words, for "expected …, found …".
    pub(crate) fn found(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(b) => b.to_string(),
            Value::Number(n) => format!("the number {n}"),
            Value::Text(t) => format!("the text {}", quoted(t)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// A text in quotes, cut to what fits in a message.
pub(crate) fn quoted(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let cut: String = first.chars().take(60).collect();
    if cut == text { format!("\"{cut}\"") } else { format!("\"{cut}…\"") }
}

/// One document of a file.
pub(crate) enum Parsed {
    Document(Node),
    /// Not YAML; what its first line seems to declare is kept, so that references to it are not
    /// reported as dangling on top.
    Broken(Box<Diagnostic>, Option<(String, String)>),
}

/// All documents of a file; empty ones are left out.
pub(crate) fn parse(file: &str, text: &str) -> Vec<Parsed> {
    let file: Arc<str> = file.into();
    let mut parsed = Vec::new();
    for chunk in chunks(text) {
        if parsed.len() == MAX_DOCUMENTS {
            let span = Span::at(&file, chunk.line + 1, 1);
            let message = format!("a file may hold {MAX_DOCUMENTS} documents");
            parsed.push(Parsed::Broken(Box::new(Diagnostic::error("limit", &span, message)), None));
            break;
        }
        parsed.push(match serde_saphyr::from_str_with_options::<Spanned<Placed>>(chunk.text, options()) {
            Ok(raw) => Parsed::Document(Places { file: &file, chunk: &chunk }.node(raw)),
            Err(e) => {
                let span = e.location().map(|l| Places { file: &file, chunk: &chunk }.span(l));
                let span = span.unwrap_or_else(|| Span::at(&file, chunk.line + 1, 1));
                Parsed::Broken(Box::new(complaint(&chunk, &span, &e)), declared(chunk.text))
            }
        });
    }
    parsed
}

struct Chunk<'a> {
    text: &'a str,
    /// Lines of the file before it.
    line: u32,
}

/// Splits a file into documents. Directives belong to the document that follows them.
fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut found = Vec::new();
    let (mut start, mut start_line, mut at) = (0, 0, 0);
    let mut push = |from: usize, to: usize, line: u32| {
        let chunk = &text[from..to];
        let directives_only = |l: &str| l.starts_with('%') || blank(l);
        let empty = chunk.lines().all(|l| directives_only(l) || l == "---" || l == "...");
        if !empty {
            found.push(Chunk { text: chunk, line });
        }
        // A document of directives alone is the head of the next one.
        !chunk.lines().any(|l| l.starts_with('%')) || !empty
    };
    for (number, line) in (0_u32..).zip(text.split_inclusive('\n')) {
        let marker = ["---", "..."].iter().any(|m| {
            line.strip_prefix(m).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
        });
        if marker && push(start, at, start_line) {
            (start, start_line) = (at, number);
        }
        if line.starts_with("...") && marker {
            (start, start_line) = (at + line.len(), number + 1);
        }
        at += line.len();
    }
    push(start, text.len(), start_line);
    found
}

fn blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// The first key and value of a text that is not YAML.
fn declared(text: &str) -> Option<(String, String)> {
    let first = text.lines().find(|l| !blank(l) && *l != "---")?;
    let (word, name) = first.split_once(':')?;
    Some((word.trim().to_owned(), name.trim().trim_matches(['"', '\'']).to_owned()))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 100_000,
            max_events: 200_000,
            max_anchors: 200,
            max_aliases: 1_000,
            max_merge_keys: 200,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// What the parser says, and what is most often behind it.
const MISTAKES: [(&str, &str); 8] = [
    ("unclosed quote", "end the text with the quote that it begins with"),
    ("did not find expected key", "the keys of one map begin in the same column"),
    ("mapping values are not allowed", "a text with a colon and a space in it stands in quotes"),
    ("illegal placement of ':'", "close the bracket or quote above, or put a text with a colon in quotes"),
    ("unexpected character", "a text that begins with a sign such as @ or % stands in quotes"),
    ("unsupported tag", "leave the tag away: values are texts, numbers, true, false, lists and maps"),
    ("expected string scalar", "a key is a plain text"),
    ("simple key expected ':'", "write a colon and a space behind the key"),
];

/// The error of the parser in our words where we have better ones.
fn complaint(chunk: &Chunk<'_>, span: &Span, error: &Error) -> Diagnostic {
    let limit = |text: &str| Diagnostic::error("limit", span, text);
    match error.without_snippet() {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            Diagnostic::error("duplicate", span, format!("the key {} is given twice in one map", quoted(key)))
        }
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            limit("the aliases of this document unfold to more than a configuration can hold")
        }
        Error::AliasError { error, .. } => complaint(chunk, span, error),
        Error::UnknownAnchor { .. } => Diagnostic::error("yaml", span, "there is no anchor of this name above")
            .hint("a text that begins with * stands in quotes"),
        Error::Budget { .. } => limit("this document is too large or too deeply nested"),
        Error::Eof { .. } => Diagnostic::error("yaml", span, "this document ends too early"),
        other => {
            let text = other.render();
            // The place is ours to print; the parser appends its own.
            let text = text.lines().next().unwrap_or_default();
            let text = text.split(" at line ").next().unwrap_or(text);
            let complaint = Diagnostic::error("yaml", span, format!("not valid YAML: {text}"));
            let complaint = match MISTAKES.iter().find(|(said, _)| text.contains(said)) {
                Some((_, way_out)) => complaint.hint(*way_out),
                None => complaint,
            };
            tab_hint(complaint, chunk, span)
        }
    }
}

/// Tabs are invisible, and the most common reason.
fn tab_hint(diagnostic: Diagnostic, chunk: &Chunk<'_>, span: &Span) -> Diagnostic {
    let upto = (span.line.saturating_sub(chunk.line)) as usize;
    let from = upto.saturating_sub(2);
    let tab = chunk
        .text
        .lines()
        .skip(from)
        .take(upto - from)
        .any(|l| l.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t'));
    if tab { diagnostic.hint("indent with spaces; YAML allows no tabs there") } else { diagnostic }
}

struct Places<'a> {
    file: &'a Arc<str>,
    chunk: &'a Chunk<'a>,
}

impl Places<'_> {
    fn slice(&self, location: Location) -> &str {
        let span = location.span();
        let (Some(from), Some(length)) = (span.byte_offset(), span.byte_len()) else { return "" };
        let (from, length) = (usize::try_from(from).unwrap_or(0), usize::try_from(length).unwrap_or(0));
        self.chunk.text.get(from..from.saturating_add(length)).unwrap_or_default().trim_end()
    }

    fn span(&self, location: Location) -> Span {
        let (line, column) = (narrow(location.line()).max(1), narrow(location.column()).max(1));
        let slice = self.slice(location);
        let breaks = narrow(slice.matches('\n').count() as u64);
        let last = slice.rsplit('\n').next().unwrap_or_default().chars().count() as u64;
        let end = if breaks == 0 { column.saturating_add(narrow(last.max(1))) } else { narrow(last) + 1 };
        let line = line.saturating_add(self.chunk.line);
        Span { file: Arc::clone(self.file), line, column, end_line: line.saturating_add(breaks), end_column: end }
    }

    fn content(&self, location: Location, span: &Span) -> Span {
        let source = self.slice(location);
        let mut content = span.clone();
        if source.starts_with(['"', '\'']) {
            content.column += 1;
        } else if source.starts_with(['|', '>']) {
            let indent = source.lines().skip(1).find(|l| !l.trim().is_empty());
            content.line += 1;
            content.column = 1 + narrow(indent.map_or(0, |l| l.len() - l.trim_start().len()) as u64);
        }
        content
    }

    fn node(&self, raw: Spanned<Placed>) -> Node {
        let span = self.span(raw.referenced);
        let content = match raw.value.0 {
            Raw::Text(_) => {
                let defined = self.span(raw.defined);
                self.content(raw.defined, &defined)
            }
            _ => span.clone(),
        };
        let value = match raw.value.0 {
            Raw::Null => Value::Null,
            Raw::Bool(b) => Value::Bool(b),
            Raw::Number(n) => Value::Number(n),
            Raw::Text(t) => Value::Text(t),
            Raw::List(items) => Value::List(items.into_iter().map(|i| self.node(i)).collect()),
            Raw::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(k, v)| (Key { span: self.span(k.referenced), text: k.value }, self.node(v)))
                    .collect(),
            ),
        };
        Node { value, span, content }
    }
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A value whose keys and values know their places.
#[derive(Deserialize)]
#[serde(transparent)]
struct Placed(Raw<Spanned<String>, Spanned<Placed>>);

#[cfg(test)]
mod tests {
    use super::{Node, Parsed, Value, parse};

    fn one(text: &str) -> Node {
        match parse("a.yaml", text).into_iter().next() {
            Some(Parsed::Document(node)) => node,
            Some(Parsed::Broken(d, _)) => panic!("{}", d.render()),
            None => panic!("no document"),
        }
    }

    #[test]
    fn every_key_and_value_has_its_place() {
        let node = one("# head\nflow: \"x\"\nstages:\n  - password: { attempts: 5 }\n    when: |\n      true\n");
        let entry = &node.get("stages").and_then(Node::list).expect("a list")[0];
        assert_eq!(node.get("flow").map(|n| (n.span.line, n.span.column, n.content.column)), Some((2, 7, 8)));
        let attempts = entry.get("password").and_then(|p| p.get("attempts")).expect("there");
        assert_eq!((attempts.span.line, attempts.span.column, attempts.span.end_column), (4, 27, 28));
        let when = entry.get("when").expect("there");
        assert_eq!((when.content.line, when.content.column), (6, 7));
        let key = &entry.map().expect("a map")[1].0;
        assert_eq!((key.text.as_str(), key.span.line, key.span.column, key.span.end_column), ("when", 5, 5, 9));
    }

    #[test]
    fn untyped_words_and_numbers_stay_what_they_look_like() {
        let node = one("a: no\nb: 010\nc: 1_000\nd: true\ne: 7\nf: ~\n");
        let shown: Vec<_> = node.map().expect("a map").iter().map(|(_, v)| v.found()).collect();
        assert_eq!(
            shown,
            ["the text \"no\"", "the text \"010\"", "the text \"1_000\"", "true", "the number 7", "nothing"]
        );
    }

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let parsed = parse("a.yaml", "flow: a\n---\napp: [\n--- # next\n%no\n---\nflow: c\n...\n\n# end\n");
        let shown: Vec<_> = parsed
            .iter()
            .map(|p| match p {
                Parsed::Document(n) => format!("{} {}", n.span.line, matches!(n.value, Value::Map(_))),
                Parsed::Broken(d, name) => format!("broken {} {name:?}", d.span.line),
            })
            .collect();
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert!(shown[0].starts_with("1 true") && shown[1].starts_with("broken") && shown[3].ends_with("true"));
    }
}
