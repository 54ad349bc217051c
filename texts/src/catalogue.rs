//! From what is said in English to how another language says it.

use crate::Language;
use chrono::NaiveDateTime;
use fluent_bundle::{FluentArgs, FluentValue};
use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};
use std::{borrow::Cow, collections::HashMap, sync::OnceLock};

/// What is told in English, by its words.
pub(crate) struct Catalogue {
    fixed: HashMap<&'static str, &'static str>,
    filled: Vec<Form>,
}

/// A text with variables.
struct Form {
    id: &'static str,
    parts: Vec<Part>,
}

enum Part {
    Text(&'static str),
    Variable(&'static str),
}

impl Language {
    /// How this language says what is said in English; what nobody has translated stays as it is. Of several lines
    /// each is looked up by itself.
    #[must_use]
    pub fn told(self, english: &str) -> Cow<'_, str> {
        if self == Self::English || english.is_empty() {
            return Cow::Borrowed(english);
        }
        if english.contains('\n') {
            return english.split('\n').map(|line| self.line(line)).collect::<Vec<_>>().join("\n").into();
        }
        self.line(english)
    }

    fn line(self, english: &str) -> Cow<'_, str> {
        let catalogue = catalogue();
        if let Some(id) = catalogue.fixed.get(english) {
            return self.fixed(id);
        }
        match catalogue.filled.iter().find_map(|form| Some((form.id, form.read(english)?))) {
            Some((id, arguments)) => self.formatted(id, Some(&self.with_moments(arguments))),
            None => Cow::Borrowed(english),
        }
    }
}

/// How English tells a moment.
const MOMENTS: [&str; 2] = ["%Y-%m-%d %H:%M UTC", "%Y-%m-%d %H:%M:%S UTC"];

impl Language {
    /// What was filled in, with moments as this language tells them.
    fn with_moments(self, told: FluentArgs<'_>) -> FluentArgs<'_> {
        let moment = |text: &str| MOMENTS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let each = told.into_iter().map(|(name, value)| match &value {
            FluentValue::String(text) if name == "moment" => match moment(text) {
                Some(at) => (name, FluentValue::String(self.moment(at.and_utc()).into())),
                None => (name, value),
            },
            _ => (name, value),
        });
        each.collect()
    }
}

pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut catalogue = Catalogue { fixed: HashMap::new(), filled: Vec::new() };
        Language::English.sources().told.into_iter().for_each(|source| catalogue.add(source));
        catalogue
    })
}

impl Catalogue {
    /// How many texts can be looked up.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.fixed.len() + self.filled.len()
    }

    fn add(&mut self, source: &'static str) {
        let resource = parser::parse(source).unwrap_or_else(|(resource, _)| resource);
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            let Some(parts) = message.value.and_then(parts) else { continue };
            match parts.as_slice() {
                [Part::Text(text)] => _ = self.fixed.insert(text, message.id.name),
                _ => self.filled.push(Form { id: message.id.name, parts }),
            }
        }
    }
}

/// The parts of a text that can be looked up: English says it with words and variables alone.
fn parts(pattern: Pattern<&'static str>) -> Option<Vec<Part>> {
    let part = |element| match element {
        PatternElement::TextElement { value } => Some(Part::Text(value)),
        PatternElement::Placeable { expression: Expression::Inline(InlineExpression::VariableReference { id }) } => {
            Some(Part::Variable(id.name))
        }
        PatternElement::Placeable { .. } => None,
    };
    pattern.elements.into_iter().map(part).collect()
}

impl Form {
    /// What the variables were filled with, if this text was said.
    fn read<'t>(&self, mut said: &'t str) -> Option<FluentArgs<'t>> {
        let mut arguments = FluentArgs::new();
        let mut open: Option<&'static str> = None;
        for (at, part) in self.parts.iter().enumerate() {
            match (part, open.take()) {
                (Part::Variable(name), _) => open = Some(name),
                (Part::Text(text), None) => said = said.strip_prefix(text)?,
                (Part::Text(text), Some(name)) => {
                    let is_last = at + 1 == self.parts.len();
                    let (value, rest) = if is_last { (said.strip_suffix(text)?, "") } else { said.split_once(text)? };
                    arguments.set(name, value_of(value));
                    said = rest;
                }
            }
        }
        match open {
            Some(name) => arguments.set(name, value_of(said)),
            None if said.is_empty() => {}
            None => return None,
        }
        Some(arguments)
    }
}

/// A number forms the words around it.
fn value_of(text: &str) -> FluentValue<'_> {
    match text.parse::<u32>() {
        Ok(number) if number.to_string() == text => number.into(),
        _ => FluentValue::String(Cow::Borrowed(text)),
    }
}
