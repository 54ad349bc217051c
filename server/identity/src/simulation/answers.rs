//! Answers that are given in advance: each goes to the first page that asks for it, once.

use lockgate_engine::{Body, Challenge};
use lockgate_model::kinds::UserField;
use serde_json::{Map, Value, json};

/// An answer. Has no `Debug`, since it may hold a password.
#[derive(Clone, Default, PartialEq)]
pub struct Answer {
    /// Word or name of the stage that it is for; empty: any that asks for one of its fields.
    pub stage: String,
    /// What is answered.
    pub fields: Map<String, Value>,
}

/// Those that are left.
pub(super) struct Answers {
    left: Vec<Answer>,
    /// What the person types who is asked for their name.
    own: Vec<(UserField, String)>,
}

impl Answers {
    pub(super) fn new(given: &[Answer], own: Vec<(UserField, String)>) -> Self {
        Self { left: given.to_vec(), own }
    }

    /// What a page is answered that this stage shows; `None`: nothing is left that answers it.
    pub(super) fn next(&mut self, word: &str, name: &str, asked: &Challenge) -> Option<Map<String, Value>> {
        let is_meant = |answer: &Answer| !answer.stage.is_empty() && (answer.stage == word || answer.stage == name);
        let mut fields = match self.left.iter().position(is_meant) {
            Some(place) => self.left.remove(place).fields,
            None => self.gathered(asked)?,
        };
        if let Body::Identification(page) = &asked.body
            && !fields.contains_key("uid_field")
        {
            let own = page.user_fields.iter().find_map(|field| self.own.iter().find(|(known, _)| known == field));
            fields.extend(own.map(|(_, text)| ("uid_field".to_owned(), json!(text))));
        }
        Some(fields)
    }

    /// What there is for any page, as far as this one asks for it.
    fn gathered(&mut self, asked: &Challenge) -> Option<Map<String, Value>> {
        let (asks, mut fields) = (asked.body.asks(), Map::new());
        for key in &asks {
            let found = self.left.iter_mut().filter(|answer| answer.stage.is_empty());
            fields.extend(found.filter_map(|answer| answer.fields.remove_entry(*key)).next());
        }
        self.left.retain(|answer| !answer.stage.is_empty() || !answer.fields.is_empty());
        // Who is known gives their name where nothing else is asked for, and does not insist.
        let is_own = asks == ["uid_field"] && !self.own.is_empty() && asked.response_errors.is_empty();
        (is_own || !fields.is_empty()).then_some(fields)
    }

    /// What nobody asked for, in words.
    pub(super) fn unasked(self) -> Vec<String> {
        let told = self.left.into_iter().map(|Answer { stage, fields }| {
            let keys: Vec<&str> = fields.keys().map(String::as_str).collect();
            match (stage.as_str(), keys.join(", ")) {
                ("", keys) => format!("Nobody asked for {keys}."),
                (stage, keys) if keys.is_empty() => format!("The answer to {stage} was not asked for."),
                (stage, keys) => format!("The answer to {stage} ({keys}) was not asked for."),
            }
        });
        told.collect()
    }
}
