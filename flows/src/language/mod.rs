//! From YAML documents to normalised objects.
//!
//! First every document is read and declares its names, so that order does not matter; then fields
//! are translated and references resolved. Nothing stops at the first error.

mod access;
mod app;
mod build;
mod draft;
mod flow;
mod names;
mod oauth2;
mod plain;
mod policy;
mod redirects;
mod role;
mod test_document;
mod values;
pub(crate) mod words;

pub use names::{NAMESPACE, stable_id};

pub(crate) use app::{
    APP_KEYS, ENTITLEMENT_KEYS, EXPLICIT_CONSENT, FORWARD_INVALIDATION, FORWARD_KEYS, IMPLICIT_CONSENT,
};
pub(crate) use flow::{ENTRY_KEYS, FLOW_KEYS};
pub(crate) use oauth2::{NO_KEY, OAUTH2_INVALIDATION, OAUTH2_KEYS, USUAL_GRANTS, USUAL_SCOPES};
pub(crate) use policy::LOGGED;
pub(crate) use test_document::{
    ACCESS_KEYS, CLAIMS_KEYS, END_STEP_KEYS, SENTENCE_FORM, STAGE_STEP_KEYS, TEST_KEYS, USER_KEYS, USER_TYPES,
};
pub(crate) use values::{accepts, is_web_address, plain, short_choice};

use crate::{
    diagnostics::{self, Diagnostic, Severity},
    lints,
    lookup::Lookups,
    node::{self, Key, Node, Parsed},
    read::{Folder, TextFile},
    span::Span,
    test_document::TestDocument,
};
use chrono_tz::Tz;
use draft::Draft;
use lockgate_model::{Document, Origin, Source, kinds::FolderSettings};
use lockgate_policies::{ClaimMapping, Expression, PolicyProblem, TextOrigin};
use names::Names;
use oauth2::ScopesOf;
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// A group that the configuration declares. Who is in it is people's data.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupDeclaration {
    /// Its primary key: that of the group of this name, if there is one.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Members are superusers.
    pub superuser: bool,
    /// Names of the direct parents, which are declared too or exist.
    pub parents: Vec<String>,
    /// Merged under the members' attributes.
    pub attributes: Map<String, Value>,
    /// `Builtin` or `Folder`.
    pub origin: Origin,
    /// Where it is declared, for origin `Folder`.
    pub source: Option<Source>,
}

/// A file of Cedar policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CedarText {
    /// Its path.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// What a text of Rhai or Cedar is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptRole {
    /// A condition.
    Policy,
    /// A condition in Cedar, which means something only beside everything else: it is compiled with that.
    Condition,
    /// A map of claims.
    Mapping,
    /// What a field of a prompt holds.
    Prompt,
    /// Body or headers of a webhook.
    Webhook,
}

/// A text of Rhai or Cedar and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The document that holds it.
    pub document: Uuid,
    /// Where in its body.
    pub pointer: String,
    /// Name of the document.
    pub name: String,
    /// What it is for.
    pub role: ScriptRole,
    /// The source.
    pub text: String,
    /// Place of its first character in the folder.
    pub start: Span,
}

impl Script {
    /// Its place, as the compiler wants it.
    #[must_use]
    pub fn origin(&self) -> TextOrigin {
        TextOrigin { file: self.start.file.to_string(), line: self.start.line, column: self.start.column }
    }

    fn compile(&self) -> Result<(), PolicyProblem> {
        match self.role {
            ScriptRole::Mapping => ClaimMapping::compile(&self.name, "", &self.text, &self.origin()).map(drop),
            ScriptRole::Condition => Ok(()),
            ScriptRole::Policy | ScriptRole::Prompt | ScriptRole::Webhook => {
                Expression::compile(&self.name, &self.text, &self.origin()).map(drop)
            }
        }
    }
}

/// Places of objects and of everything in their bodies.
#[derive(Debug, Clone, Default)]
pub struct Spans(HashMap<Uuid, (Span, HashMap<String, Span>)>);

impl Spans {
    pub(crate) fn extend(&mut self, id: Uuid, at: Span, places: Vec<(String, Span)>) {
        self.0.insert(id, (at, places.into_iter().collect()));
    }

    /// The place of a JSON pointer in a document, or of the nearest place around it.
    #[must_use]
    pub fn get(&self, document: Uuid, pointer: &str) -> Option<&Span> {
        let (whole, places) = self.0.get(&document)?;
        let mut pointer = pointer;
        loop {
            if let Some(span) = places.get(pointer) {
                return Some(span);
            }
            match pointer.rsplit_once('/') {
                Some((above, _)) => pointer = above,
                None => return Some(whole),
            }
        }
    }
}

/// A configuration in normalised form.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Every object, references resolved.
    pub documents: Vec<Document>,
    /// Every group.
    pub groups: Vec<GroupDeclaration>,
    /// Every Cedar file.
    pub cedar: Vec<CedarText>,
    /// Every text of Rhai, and every condition in Cedar, in `documents`.
    pub scripts: Vec<Script>,
    /// Settings, which are among `documents` where the folder gives them.
    pub settings: FolderSettings,
    /// Every test. They say what is expected, and change nothing.
    pub tests: Vec<TestDocument>,
    /// Places.
    pub spans: Spans,
}

/// What became of a folder.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The objects; to be used only when [`Checked::is_sound`].
    pub loaded: Loaded,
    /// Everything that is wrong, by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether there is no error; there may be warnings.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.diagnostics.iter().all(|d| d.severity != Severity::Error)
    }

    /// Adds what other compilers found, and sorts again.
    pub fn add(&mut self, folder: &Folder, more: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(more);
        diagnostics::finish(&mut self.diagnostics, folder);
    }
}

/// Turns a folder into objects, and finds everything that is wrong with it.
#[must_use]
pub fn check(folder: &Folder, lookups: &Lookups<'_>) -> Checked {
    let mut loader = Loader {
        lookups: *lookups,
        names: Names::new(*lookups),
        drafts: Vec::new(),
        groups: Vec::new(),
        scopes: Vec::new(),
        diagnostics: folder.diagnostics.clone(),
        zone: Tz::UTC,
    };
    let mut loaded = Loaded::default();
    let yaml = folder.files.iter().filter(|f| !matches!(f.extension().as_str(), "cedar" | "rhai"));
    let mut trees: Vec<Node> = yaml.flat_map(|file| loader.trees(file)).collect();
    loader.zone = zone(&trees);
    let named: Vec<&str> = trees.iter_mut().filter_map(|tree| plain::script_of(tree, folder)).collect();
    for file in &folder.files {
        match file.extension().as_str() {
            "cedar" => {
                loader.cedar_file(file);
                loaded.cedar.push(CedarText { path: file.path.clone(), text: file.text.clone() });
            }
            "rhai" if !named.contains(&file.path.as_str()) => loader.rhai_file(file),
            _ => {}
        }
    }
    trees.iter().for_each(|tree| loader.document(tree));
    loader.finish_scopes();
    loader.build(&mut loaded);
    loader.finish_groups(&mut loaded);
    loader.finish_tests(&trees, &mut loaded);
    let settings = loaded.documents.iter().find(|d| d.kind == "settings").map(|d| d.body.clone());
    loaded.settings = settings.and_then(|s| serde_json::from_value(s).ok()).unwrap_or_default();
    let mut diagnostics = loader.diagnostics;
    diagnostics.extend(loaded.scripts.iter().filter_map(|s| s.compile().err()).map(Diagnostic::from));
    let wrong = diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| d.span.clone());
    let wrong: Vec<Span> = wrong.collect();
    let extents: Vec<Span> = trees.iter().map(Node::extent).collect();
    diagnostics.extend(lints::lint(&loaded, lookups, &wrong, &extents));
    diagnostics::finish(&mut diagnostics, folder);
    Checked { loaded, diagnostics }
}

/// One document with its first key taken apart.
pub(crate) struct Declaration<'n> {
    /// What stands at the first key.
    pub(crate) name: &'n str,
    /// Where that stands.
    pub(crate) at: &'n Span,
    /// All entries, the first one too.
    pub(crate) entries: &'n [(Key, Node)],
}

impl<'n> Declaration<'n> {
    pub(crate) fn entry(&self, key: &str) -> Option<&'n (Key, Node)> {
        self.entries.iter().find(|(k, _)| k.text == key)
    }
}

pub(crate) struct GroupDraft {
    pub(crate) declaration: GroupDeclaration,
    pub(crate) parents: Vec<Node>,
    pub(crate) roles: Vec<Node>,
}

/// What is known while a folder is read.
pub(crate) struct Loader<'a> {
    pub(crate) lookups: Lookups<'a>,
    pub(crate) names: Names<'a>,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) groups: Vec<GroupDraft>,
    pub(crate) scopes: Vec<ScopesOf>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where days begin and end.
    pub(crate) zone: Tz,
}

/// The zone that the settings document names, wherever that stands; one that is wrong is told of elsewhere.
fn zone(trees: &[Node]) -> Tz {
    let settings =
        trees.iter().filter_map(Node::map).filter(|map| map.first().is_some_and(|(k, _)| k.text == "settings"));
    let inside = settings.filter_map(|map| map.first()?.1.map()).flatten();
    let mut named = inside.filter(|(key, _)| key.text == "timezone").filter_map(|(_, zone)| zone.text()?.parse().ok());
    named.next().unwrap_or(Tz::UTC)
}

impl Loader<'_> {
    fn trees(&mut self, file: &TextFile) -> Vec<Node> {
        let mut trees = Vec::new();
        for parsed in node::parse(&file.path, &file.text) {
            match parsed {
                Parsed::Document(tree) => trees.push(tree),
                Parsed::Broken(complaint, declared) => {
                    self.diagnostics.push(*complaint);
                    if let Some((word, name)) = declared {
                        self.names.broken(word, name);
                    }
                }
            }
        }
        trees
    }

    fn document(&mut self, tree: &Node) {
        let first_keys = || format!("one of {}", words::document_words().join(", "));
        let Some([(key, node), ..]) = tree.map() else {
            let message = match tree.map() {
                Some(_) => "this document is empty".to_owned(),
                None => format!("a document is a map, found {}", tree.found()),
            };
            let expected = format!("a first key, {}", first_keys());
            return self.diagnostics.push(Diagnostic::error("document", &tree.span, message).expected(expected));
        };
        let word = key.text.as_str();
        if !words::document_words().contains(&word) {
            let complaint = if words::is_later_document(word) {
                Diagnostic::error("later", &key.span, format!("\"{word}\" documents are not built yet"))
            } else {
                let complaint = Diagnostic::error("document", &key.span, format!("no document begins with \"{word}\""));
                complaint.near(word, words::document_words()).expected(first_keys())
            };
            return self.diagnostics.push(complaint);
        }
        let entries = tree.map().unwrap_or_default();
        if word == "settings" {
            return self.settings_document(key, node, entries);
        }
        let Some(name) = node.text().filter(|n| !n.trim().is_empty()) else {
            return self.wrong(node, word, &format!("a text: the name of the {}", words::noun(word)));
        };
        self.declaration(word, &Declaration { name, at: &node.span, entries });
    }

    fn declaration(&mut self, word: &str, doc: &Declaration<'_>) {
        match word {
            "flow" => self.flow(doc),
            "stage" => self.stage_document(doc),
            "app" => self.app(doc),
            "group" => self.group(doc),
            "policy" => self.policy_document(doc),
            "outpost" => self.outpost(doc),
            "notification_rule" => self.notification_rule(doc),
            // Read when everything else is declared.
            "test" => {}
            _ => self.plain_document(word, doc),
        }
    }
}
