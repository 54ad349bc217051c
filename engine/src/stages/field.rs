//! The rules of prompt fields: what each type accepts, and in which form it is kept.

use crate::{
    Response,
    challenge::{Choice, ResponseErrors},
};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use lockgate_model::kinds::{Prompt, PromptType};
use serde_json::{Number, Value};

/// The most choices that a field may offer.
pub(super) const MAX_CHOICES: usize = 1_000;
const MAX_FILE: usize = 262_144;

/// A field made ready to be shown: texts evaluated, choices known.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    pub(super) prompt: &'a Prompt,
    pub(super) placeholder: String,
    pub(super) initial: String,
    pub(super) choices: Option<Vec<Choice>>,
}

/// What a field's answer comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Kept under the field's key.
    Value(Value),
    /// Nothing to keep.
    Nothing,
    /// Not accepted; the complaint is in the errors.
    Bad,
}

/// Types that only show something.
pub(super) fn is_decoration(kind: PromptType) -> bool {
    use PromptType as T;
    matches!(kind, T::Separator | T::Static | T::AlertInfo | T::AlertWarning | T::AlertDanger)
}

/// Types whose value is the configuration's, whatever is sent.
pub(super) fn is_fixed(kind: PromptType) -> bool {
    matches!(kind, PromptType::TextReadOnly | PromptType::TextAreaReadOnly | PromptType::Hidden)
}

/// Types that offer choices.
pub(super) fn has_choices(kind: PromptType) -> bool {
    matches!(kind, PromptType::RadioButtonGroup | PromptType::Dropdown)
}

/// Reads one field's answer.
pub(super) fn read(field: &Ready<'_>, response: &Response, errors: &mut ResponseErrors) -> Answer {
    let prompt = field.prompt;
    match prompt.prompt_type {
        kind if is_decoration(kind) => Answer::Nothing,
        kind if is_fixed(kind) => Answer::Value(Value::String(field.initial.clone())),
        PromptType::Checkbox => checkbox(prompt, response, errors),
        PromptType::Number => number(prompt, response, errors),
        _ => text(field, response, errors),
    }
}

fn bad(errors: &mut ResponseErrors, prompt: &Prompt, code: &str, text: &str) -> Answer {
    errors.add(&prompt.field_key, code, text);
    Answer::Bad
}

fn checkbox(prompt: &Prompt, response: &Response, errors: &mut ResponseErrors) -> Answer {
    match (response.flag(&prompt.field_key), response.fields.contains_key(&prompt.field_key)) {
        (Some(flag), _) => Answer::Value(Value::Bool(flag)),
        (None, true) => bad(errors, prompt, "invalid", "Must be a valid boolean."),
        // Forms send nothing for a box that is not ticked.
        (None, false) if prompt.required => bad(errors, prompt, "required", "This field is required."),
        (None, false) => Answer::Value(Value::Bool(false)),
    }
}

fn number(prompt: &Prompt, response: &Response, errors: &mut ResponseErrors) -> Answer {
    const WRONG: &str = "A valid number is required.";
    if let Some(Value::Number(number)) = response.fields.get(&prompt.field_key) {
        return Answer::Value(Value::Number(number.clone()));
    }
    let Some(text) = response.text(&prompt.field_key, 64, prompt.required, errors) else { return Answer::Bad };
    let text = text.trim();
    if text.is_empty() && !prompt.required {
        return Answer::Nothing;
    }
    let whole = text.parse::<i64>().ok().map(Number::from);
    match whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64)) {
        Some(number) => Answer::Value(Value::Number(number)),
        None => bad(errors, prompt, "invalid", WRONG),
    }
}

/// The most characters that a type of field takes.
fn limit(kind: PromptType) -> usize {
    match kind {
        PromptType::Username => 150,
        PromptType::Email => 254,
        PromptType::Password => super::MAX_PASSWORD,
        PromptType::TextArea => 65_536,
        PromptType::File => MAX_FILE,
        PromptType::Date | PromptType::DateTime | PromptType::AkLocale => 64,
        _ => 4_096,
    }
}

fn text(field: &Ready<'_>, response: &Response, errors: &mut ResponseErrors) -> Answer {
    let prompt = field.prompt;
    let kind = prompt.prompt_type;
    // Whoever leaves out a name that need not be given takes the one that is offered, if one is.
    let offered = || match kind {
        PromptType::Username if !field.initial.is_empty() => Answer::Value(Value::String(field.initial.clone())),
        _ => Answer::Nothing,
    };
    if !prompt.required && !response.fields.contains_key(&prompt.field_key) {
        return offered();
    }
    let Some(typed) = response.text(&prompt.field_key, limit(kind), prompt.required, errors) else {
        return Answer::Bad;
    };
    // Spaces at the ends of a password belong to it.
    let typed = if kind == PromptType::Password { typed } else { typed.trim().to_owned() };
    if typed.is_empty() && prompt.required {
        return bad(errors, prompt, "blank", "This field may not be blank.");
    }
    if typed.is_empty() && kind == PromptType::Username && !field.initial.is_empty() {
        return offered();
    }
    if !typed.is_empty()
        && let Err((code, complaint)) = fits(field, &typed)
    {
        return bad(errors, prompt, code, &complaint);
    }
    Answer::Value(Value::String(typed))
}

fn fits(field: &Ready<'_>, typed: &str) -> Result<(), (&'static str, String)> {
    let wrong = |text: &str| Err(("invalid", text.to_owned()));
    match field.prompt.prompt_type {
        PromptType::Email if !is_email(typed) => wrong("Enter a valid email address."),
        PromptType::Username if typed.chars().any(char::is_control) => wrong("Enter a valid username."),
        PromptType::Date if !is_date(typed) => {
            wrong("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
        }
        PromptType::DateTime if !is_date_time(typed) => wrong(
            "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
        ),
        PromptType::File if !typed.starts_with("data:") || !typed.contains(',') => {
            wrong("The file must be sent as a data URI.")
        }
        PromptType::AkLocale if !is_locale(typed) => wrong("Enter a language tag, such as en."),
        kind if has_choices(kind) && !offers(field, typed) => {
            let shown: String = typed.chars().take(80).collect();
            Err(("invalid_choice", format!("\"{shown}\" is not a valid choice.")))
        }
        _ => Ok(()),
    }
}

fn offers(field: &Ready<'_>, typed: &str) -> bool {
    field.choices.iter().flatten().any(|choice| choice.value == typed)
}

/// The shape of an address that mail can be sent to: one `@`, a local part without spaces, a domain
/// of labels with a dot between.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let label = |l: &str| {
        !l.is_empty() && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c))
        && (domain == "localhost" || domain.contains('.') && domain.split('.').all(label))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_date_time(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_ok()
        || ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .any(|form| NaiveDateTime::parse_from_str(text, form).is_ok())
}

fn is_locale(text: &str) -> bool {
    text.len() <= 35 && text.split(['-', '_']).all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_one(kind: &str, required: bool, sent: Option<Value>) -> Result<Answer, String> {
        let prompt: Prompt = serde_json::from_value(json!({
            "name": "f", "field_key": "f", "label": "F", "type": kind, "required": required,
        }))
        .expect("a prompt");
        let choices = Some(vec![Choice { value: "a".into(), label: "A".into() }]);
        let field = Ready { prompt: &prompt, placeholder: String::new(), initial: "set".into(), choices };
        let body = sent.map_or(json!({}), |value| json!({ "f": value }));
        let mut errors = ResponseErrors::default();
        let answer = read(&field, &Response::from_json(body).expect("an object"), &mut errors);
        match errors.of("f").first() {
            Some(error) => Err(error.code.clone()),
            None => Ok(answer),
        }
    }

    #[test]
    fn every_type_has_its_rules() {
        let ok = |value: Value| Ok(Answer::Value(value));
        let bad = |code: &str| Err(code.to_owned());
        for (kind, sent, expected) in [
            ("text", json!(" a "), ok(json!("a"))),
            ("text", json!(""), bad("blank")),
            ("text", json!(null), bad("null")),
            ("text", json!(7), bad("invalid")),
            ("text", json!("a\0"), bad("null_characters_not_allowed")),
            ("username", json!("a".repeat(151)), bad("max_length")),
            ("email", json!("ada@example.com"), ok(json!("ada@example.com"))),
            ("email", json!("ada@@example.com"), bad("invalid")),
            ("email", json!("ada@nowhere"), bad("invalid")),
            ("password", json!(" p "), ok(json!(" p "))),
            ("number", json!("12"), ok(json!(12))),
            ("number", json!(1.5), ok(json!(1.5))),
            ("number", json!("NaN"), bad("invalid")),
            ("checkbox", json!("on"), ok(json!(true))),
            ("checkbox", json!("maybe"), bad("invalid")),
            ("dropdown", json!("a"), ok(json!("a"))),
            ("radio-button-group", json!("b"), bad("invalid_choice")),
            ("date", json!("2026-02-30"), bad("invalid")),
            ("date-time", json!("2026-02-28T10:00"), ok(json!("2026-02-28T10:00"))),
            ("file", json!("/etc/passwd"), bad("invalid")),
            ("ak-locale", json!("<b>"), bad("invalid")),
            ("text_read_only", json!("mine"), ok(json!("set"))),
            ("hidden", json!("mine"), ok(json!("set"))),
            ("static", json!("mine"), Ok(Answer::Nothing)),
        ] {
            assert_eq!(read_one(kind, true, Some(sent.clone())), expected, "{kind} {sent}");
        }
        assert_eq!(read_one("text", true, None), bad("required"));
        assert_eq!(read_one("text", false, None), Ok(Answer::Nothing));
        assert_eq!(read_one("checkbox", false, None), ok(json!(false)));
        for nothing in [None, Some(json!(" "))] {
            assert_eq!(read_one("username", false, nothing), ok(json!("set")), "the name that is offered");
        }
    }
}
