//! From specs and values to a form, and from what a browser sent back to the body that the API takes.

use super::{
    desk::{Desk, Trouble},
    resource::{self, key_text, text},
    spec::{Holds, Spec, label},
};
use crate::{
    flow::form::Form as Sent,
    pages::admin::{Choice, Control, Field, FieldSet, FormRow},
};
use serde_json::{Map, Value, json};

/// With more to choose from, names are typed and searched for instead.
const MOST_CHOICES: u64 = 200;

/// What people are called as the target of a reference.
const USER: &str = "user";

/// What stands before the number of somebody whom the viewer may not see. No name has a tab in it.
const UNSEEN: &str = "user\t";

/// More choices than this stay in a list that unfolds.
const MOST_LAID_OPEN: usize = 8;

/// Rows beyond those that are filled in.
const BLANK_ROWS: usize = 2;

/// Fields that most people leave as they are, once there are as many as this.
const MANY_FIELDS: usize = 9;

/// The form's fields: what is needed first, the rest folded away.
pub(super) async fn sets(desk: &Desk, specs: &[Spec], values: &Value) -> Result<Vec<FieldSet>, Trouble> {
    let mut first = Vec::new();
    let mut rest = Vec::new();
    let many = specs.len() > MANY_FIELDS;
    for (index, spec) in specs.iter().enumerate() {
        let field = field(desk, spec, values).await?;
        let is_main = spec.required || index < 6 || matches!(spec.holds, Holds::Long(true));
        if many && !is_main { rest.push(field) } else { first.push(field) }
    }
    let mut sets = vec![FieldSet::plain(first)];
    if !rest.is_empty() {
        sets.push(FieldSet { legend: format!("{} more settings", rest.len()), folded: true, fields: rest });
    }
    Ok(sets)
}

pub(super) async fn field(desk: &Desk, spec: &Spec, values: &Value) -> Result<Field, Trouble> {
    let given = values.get(&spec.name);
    let value = given.unwrap_or(&spec.default);
    let control = match &spec.holds {
        Holds::Ref(target, many) => references(desk, spec, target, *many, value).await?,
        holds => explained(control(holds, value, &spec.name, !spec.required || spec.nullable), &spec.meanings),
    };
    let hint = match spec.holds {
        Holds::Secret if given.is_some() => format!("{} Empty: it stays what it is.", spec.hint),
        Holds::Lines => format!("{} One a line.", spec.hint),
        _ => spec.hint.clone(),
    };
    let mut field = Field::new(&spec.name, &spec.label, control).hint(hint.trim());
    field.required = spec.required && !matches!(spec.holds, Holds::Secret);
    Ok(field)
}

fn control(holds: &Holds, value: &Value, name: &str, optional: bool) -> Control {
    match holds {
        Holds::Text | Holds::Ref(..) => Control::text(key_text(value)),
        Holds::Number => Control::line("number", key_text(value)),
        Holds::Secret => Control::line("password", ""),
        Holds::Long(code) => {
            let text = text_of(value);
            let rows = text.lines().count().clamp(if *code { 10 } else { 3 }, 24);
            Control::Area { value: text, rows, code: *code, check: String::new() }
        }
        Holds::Bool => Control::Tick(value == &json!(true)),
        Holds::Time => Control::line("datetime-local", text_of(value).get(..16).unwrap_or_default()),
        Holds::One(values) => {
            let known = text_of(value);
            let none = Choice { label: "None".to_owned(), chosen: known.is_empty(), ..Choice::default() };
            let choices = values.iter().map(|one| choice(one, *one == known));
            let nothing = (optional && known.is_empty()).then_some(none);
            // What the server alone can set stays as well.
            let other = (!known.is_empty() && !values.contains(&known)).then(|| choice(&known, true));
            Control::Select(nothing.into_iter().chain(other).chain(choices).collect())
        }
        Holds::Any(values) => {
            let has = |one: &String| value.as_array().is_some_and(|list| list.iter().any(|v| v == one));
            Control::Many(values.iter().map(|one| choice(one, has(one))).collect())
        }
        Holds::Lines => {
            let lines: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            Control::area(lines.join("\n"), lines.len().clamp(2, 12))
        }
        Holds::Json => {
            let shown = if value.is_null() { String::new() } else { format!("{value:#}") };
            let rows = shown.lines().count().clamp(2, 16);
            Control::code(if shown == "{}" { String::new() } else { shown }, rows)
        }
        Holds::Rows(columns) => rows(columns, value, name),
    }
}

/// Choices with what they mean. A list that unfolds has no room for that: a short one is laid open.
fn explained(control: Control, meanings: &[(String, String)]) -> Control {
    let told = |mut choice: Choice| {
        if let Some((_, meaning)) = meanings.iter().find(|(value, _)| *value == choice.value) {
            choice.hint.clone_from(meaning);
        }
        choice
    };
    match control {
        Control::Select(choices) if !meanings.is_empty() && choices.len() <= MOST_LAID_OPEN => {
            Control::Radio(choices.into_iter().map(told).collect())
        }
        Control::Many(choices) => Control::Many(choices.into_iter().map(told).collect()),
        other => other,
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn choice(value: &str, chosen: bool) -> Choice {
    // Grant types are URNs whose last part is the word.
    let word = value.rsplit(':').next().unwrap_or(value);
    Choice { value: value.to_owned(), label: label(word), hint: String::new(), chosen }
}

fn rows(columns: &[Spec], value: &Value, name: &str) -> Control {
    let known = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let blank = std::iter::repeat_n(&Value::Null, BLANK_ROWS);
    let row = |(number, value): (usize, &Value)| {
        FormRow(
            columns
                .iter()
                .map(|column| {
                    let name = format!("{name}.{number}.{}", column.name);
                    let given = value.get(&column.name).unwrap_or(&column.default);
                    Field::new(&name, &column.label, control(&column.holds, given, &name, false))
                })
                .collect(),
        )
    };
    Control::Rows(known.iter().chain(blank).enumerate().map(row).collect())
}

/// A choice among what there is, or a field for names where that is much, and for people always: a name that is all
/// digits would be taken for somebody's number.
async fn references(desk: &Desk, spec: &Spec, target: &str, many: bool, value: &Value) -> Result<Control, Trouble> {
    let Some(resource) = resource::of_target(target) else { return Ok(control(&Holds::Json, value, &spec.name, true)) };
    if target == USER {
        return typed(desk, resource, target, many, value).await;
    }
    let list = desk.rest.get(&resource.list(&[("page_size", &MOST_CHOICES.to_string())])).await;
    let list = match list {
        Ok(list) => list,
        // Who may not see what there is keeps what is set.
        Err(crate::rest::Refusal::Said(..)) => return Ok(Control::Fixed(key_text(value))),
        Err(refusal) => return Err(refusal.into()),
    };
    let found = list["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The API may give fewer than were asked for.
    if list["pagination"]["count"].as_u64().unwrap_or_default() > found.len() as u64 {
        return typed(desk, resource, target, many, value).await;
    }
    let known: Vec<String> = several(value).iter().map(key_text).filter(|key| !key.is_empty()).collect();
    let chosen = |key: &str| known.iter().any(|one| one == key);
    let option = |one: &Value| {
        let key = key_text(&one["pk"]);
        let key = if key.is_empty() { key_text(&one[resource.key]) } else { key };
        Choice { chosen: chosen(&key), value: key, label: resource.name(one), hint: String::new() }
    };
    let mut options: Vec<Choice> = found.iter().map(option).collect();
    // What is there and may not be seen is kept all the same.
    for key in &known {
        if !options.iter().any(|option| option.value == *key) {
            let label = format!("{key} (not shown to you)");
            options.push(Choice { value: key.clone(), label, hint: String::new(), chosen: true });
        }
    }
    options.sort_by_cached_key(|choice| (!choice.chosen || !many, choice.label.to_lowercase()));
    if many {
        return Ok(Control::Many(options));
    }
    let none = Choice { label: "None".to_owned(), chosen: !options.iter().any(|o| o.chosen), ..Choice::default() };
    Ok(Control::Select(std::iter::once(none).chain(options).collect()))
}

/// Names instead of keys, with suggestions while they are typed.
async fn typed(
    desk: &Desk,
    resource: &resource::Resource,
    target: &str,
    many: bool,
    value: &Value,
) -> Result<Control, Trouble> {
    let mut names = Vec::new();
    for (one, key) in several(value).iter().map(|one| (one, key_text(one))).filter(|(_, key)| !key.is_empty()) {
        // What somebody typed comes back as text, and is a name already.
        if target == USER && one.is_string() {
            names.push(key);
            continue;
        }
        names.push(match desk.rest.get(&resource.shown(&key)).await {
            Ok(one) => resource.name(&one),
            Err(_) if target == USER => format!("{UNSEEN}{key}"),
            Err(_) => key,
        });
    }
    let search = format!("{}pick/{target}/", super::ROOT);
    if many {
        return Ok(Control::area(names.join("\n"), names.len().clamp(3, 12)));
    }
    let (kind, placeholder, suggestions) = ("text", String::new(), Vec::new());
    Ok(Control::Line { kind, value: names.pop().unwrap_or_default(), placeholder, suggestions, search })
}

/// The things of a reference, one or many.
fn several(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

/// The body that the API takes, out of what was sent; or what is wrong, by field.
pub(super) async fn body(
    desk: &Desk,
    specs: &[Spec],
    sent: &Sent,
) -> Result<Result<Value, Vec<(String, String)>>, Trouble> {
    let mut body = Map::new();
    let mut wrong = Vec::new();
    for spec in specs {
        let read = match &spec.holds {
            Holds::Ref(target, many) => reference(desk, target, *many, sent, &spec.name).await?,
            Holds::Rows(columns) => Ok(Some(sent_rows(columns, sent, &spec.name))),
            holds => plain(holds, sent, &spec.name),
        };
        match read {
            Ok(Some(value)) if value == json!("") && spec.nullable => drop(body.insert(spec.name.clone(), Value::Null)),
            Ok(Some(value)) => drop(body.insert(spec.name.clone(), value)),
            Ok(None) => {}
            Err(sentence) => wrong.push((spec.name.clone(), sentence)),
        }
    }
    Ok(if wrong.is_empty() { Ok(Value::Object(body)) } else { Err(wrong) })
}

/// What one field says; nothing where the form did not have it.
fn plain(holds: &Holds, sent: &Sent, name: &str) -> Result<Option<Value>, String> {
    let given = sent.get(name).map(str::trim);
    Ok(match holds {
        Holds::Bool => Some(json!(given == Some("true"))),
        Holds::Any(_) => given.map(|_| json!(sent.all(name).filter(|value| !value.is_empty()).collect::<Vec<_>>())),
        Holds::Secret => given.filter(|text| !text.is_empty()).map(|text| json!(text)),
        Holds::Number => match given {
            Some("") => None,
            Some(text) => Some(serde_json::from_str(text).map_err(|_| "A valid number is required.".to_owned())?),
            None => None,
        },
        Holds::Time => match given {
            Some("") => Some(Value::Null),
            Some(text) if text.len() == 16 => Some(json!(format!("{text}:00Z"))),
            Some(text) => Some(json!(format!("{text}Z"))),
            None => None,
        },
        Holds::Lines => {
            given.map(|text| json!(text.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>()))
        }
        Holds::Json => match given {
            Some("") => Some(json!({})),
            Some(text) => Some(serde_json::from_str(text).map_err(|e| format!("This is not JSON: {e}."))?),
            None => None,
        },
        Holds::Long(_) => sent.get(name).map(|text| json!(text)),
        Holds::Text | Holds::One(_) | Holds::Ref(..) | Holds::Rows(_) => given.map(|text| json!(text)),
    })
}

/// Rows in which something was filled in.
fn sent_rows(columns: &[Spec], sent: &Sent, name: &str) -> Value {
    let mut rows = Vec::new();
    for number in 0.. {
        let prefix = format!("{name}.{number}.");
        if !columns.iter().any(|column| sent.get(&format!("{prefix}{}", column.name)).is_some()) {
            break;
        }
        let mut row = Map::new();
        for column in columns {
            if let Ok(Some(value)) = plain(&column.holds, sent, &format!("{prefix}{}", column.name)) {
                row.insert(column.name.clone(), value);
            }
        }
        // Choices are always sent: what somebody typed says whether a row is meant.
        let typed =
            columns.iter().filter(|column| matches!(column.holds, Holds::Text | Holds::Long(_) | Holds::Number));
        if typed.into_iter().any(|column| row.get(&column.name).is_some_and(|v| v != &json!(""))) {
            rows.push(Value::Object(row));
        }
    }
    Value::Array(rows)
}

async fn reference(
    desk: &Desk,
    target: &str,
    many: bool,
    sent: &Sent,
    name: &str,
) -> Result<Result<Option<Value>, String>, Trouble> {
    if many {
        // Nothing can be said of what the form only told.
        if sent.get(name).is_none() {
            return Ok(Ok(None));
        }
        let lines = sent.all(name).flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty());
        let mut keys = Vec::new();
        for line in lines {
            match key(desk, target, line).await? {
                Some(key) => keys.push(key),
                None => return Ok(Err(format!("There is no \"{line}\" to choose."))),
            }
        }
        return Ok(Ok(Some(Value::Array(keys))));
    }
    Ok(match sent.get(name).map(str::trim) {
        None => Ok(None),
        Some("") if target == USER => Ok(None),
        Some("") => Ok(Some(Value::Null)),
        Some(word) => match key(desk, target, word).await? {
            Some(key) => Ok(Some(key)),
            None => Err(format!("There is no \"{word}\" to choose.")),
        },
    })
}

/// The key that a word stands for: it is one, or the name of exactly one thing. People have names alone.
pub(super) async fn key(desk: &Desk, target: &str, word: &str) -> Result<Option<Value>, Trouble> {
    if target == USER {
        return user(desk, word).await;
    }
    let is_number = resource::by_number(target);
    if is_number && let Ok(number) = word.parse::<i64>() {
        return Ok(Some(json!(number)));
    }
    if !is_number && word.len() == 36 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        return Ok(Some(json!(word)));
    }
    let Some(resource) = resource::of_target(target) else { return Ok(Some(json!(word))) };
    let list = desk.rest.get(&resource.list(&[("page_size", "100"), ("search", word)])).await?;
    let found = list["results"].as_array().into_iter().flatten().find(|one| resource.name(one) == word);
    Ok(found.map(|one| one["pk"].clone()))
}

/// The number of whoever has this name.
async fn user(desk: &Desk, name: &str) -> Result<Option<Value>, Trouble> {
    if let Some(number) = name.strip_prefix(UNSEEN) {
        return Ok(number.parse::<i64>().ok().map(|number| json!(number)));
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("username", name).finish();
    let list = desk.rest.get(&format!("/core/users/?include_groups=false&{query}")).await?;
    // Only a list of one tells who is meant.
    Ok(list["results"]
        .as_array()
        .and_then(|found| if let [one] = found.as_slice() { Some(one["pk"].clone()) } else { None }))
}

/// A value of a spec as a fact.
pub(super) fn shown(spec: &Spec, value: &Value) -> crate::pages::admin::Cell {
    use crate::pages::admin::{Badge, Cell, Tone};
    match (&spec.holds, &value[&spec.name]) {
        (_, Value::Null) => Cell::Nothing,
        (Holds::Secret, _) => Cell::from("Kept secret"),
        (Holds::Bool, yes) => Cell::Yes(yes == &json!(true)),
        (Holds::Time, time) => Cell::time(time.as_str()),
        (Holds::One(_), one) => Cell::from(label(one.as_str().unwrap_or_default())),
        (Holds::Any(_) | Holds::Lines, Value::Array(list)) => {
            Cell::Badges(list.iter().map(|one| Badge::new(key_text(one), Tone::Plain)).collect())
        }
        (Holds::Rows(_), Value::Array(list)) => {
            let words = |one: &Value| one.as_object().map(|o| o.values().map(key_text).collect::<Vec<_>>().join(" "));
            let lines: Vec<String> = list.iter().filter_map(words).collect();
            Cell::from(lines.join(", "))
        }
        (Holds::Json, json) => {
            let shown = json.to_string();
            if shown == "{}" || shown == "[]" { Cell::Nothing } else { Cell::Code(shown) }
        }
        (_, Value::Array(list)) => Cell::Number(list.len() as i64),
        (_, Value::Number(number)) => number.as_i64().map_or(Cell::Nothing, Cell::Number),
        (_, other) => Cell::from(key_text(other)),
    }
}

/// A sent form as values to be shown again.
pub(super) fn as_values(specs: &[Spec], sent: &Sent, known: &Value) -> Value {
    let mut values = known.as_object().cloned().unwrap_or_default();
    for spec in specs {
        let value = match &spec.holds {
            Holds::Ref(_, true) => sent
                .get(&spec.name)
                .map(|_| json!(sent.all(&spec.name).filter(|one| !one.is_empty()).collect::<Vec<_>>())),
            Holds::Rows(columns) => Some(sent_rows(columns, sent, &spec.name)),
            holds => plain(holds, sent, &spec.name).unwrap_or_else(|_| sent.get(&spec.name).map(|text| json!(text))),
        };
        if let Some(value) = value {
            values.insert(spec.name.clone(), value);
        }
    }
    Value::Object(values)
}

/// The name in a deletion's sentence, and what is compared with what somebody typed.
pub(super) fn title(resource: &resource::Resource, value: &Value) -> String {
    let name = resource.name(value);
    if name.is_empty() { text(value, "pk").to_owned() } else { name }
}
