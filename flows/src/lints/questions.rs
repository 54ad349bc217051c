//! Prompts that nobody can answer, or whose answers overwrite each other.

use super::view::View;
use crate::{diagnostics::Diagnostic, span::Span};
use lockgate_model::kinds::{Prompt, PromptStage, PromptType};
use std::collections::HashMap;

pub(super) fn check(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (document, prompt) in view.own::<Prompt>() {
        let chooses = matches!(prompt.prompt_type, PromptType::RadioButtonGroup | PromptType::Dropdown);
        if chooses && prompt.placeholder.trim().is_empty() {
            let text = format!("the field \"{}\" offers no choices", prompt.field_key);
            let complaint = Diagnostic::error("no_choices", &view.at(document, ""), text);
            found.push(complaint.expected("the choices in `placeholder`, one a line"));
        }
    }
    for (document, stage) in view.own::<PromptStage>() {
        let mut keys: HashMap<String, Span> = HashMap::new();
        for (i, field) in stage.fields.iter().enumerate() {
            let Some(prompt) = view.typed::<Prompt>(field.0).filter(|p| !is_decoration(p.prompt_type)) else {
                continue;
            };
            let at = view.at(document, &format!("/fields/{i}"));
            if let Some(first) = keys.get(&prompt.field_key) {
                let text =
                    format!("two fields of one page have the key \"{}\": only one answer is kept", prompt.field_key);
                found.push(Diagnostic::error("duplicate", &at, text).related(first, "first used at"));
            } else {
                keys.insert(prompt.field_key, at);
            }
        }
    }
}

fn is_decoration(kind: PromptType) -> bool {
    use PromptType as T;
    matches!(kind, T::Separator | T::Static | T::AlertInfo | T::AlertWarning | T::AlertDanger)
}
