//! Asks for data, checks it field by field, then as a whole.

use super::{
    MAX_PASSWORD,
    field::{self, Answer, MAX_CHOICES, Ready},
};
use crate::{
    Response,
    challenge::{Body, Choice, Data, Prompt as Challenge, PromptField, ResponseErrors},
    compiled::CompiledPrompts,
    ports::{Facts, PromptExpression, SealError},
    run::{Answered, Entered, Failure, Run},
};
use lockgate_model::kinds::{Prompt, PromptType};
use lockgate_texts::Language;
use serde_json::Value;
use uuid::Uuid;

/// The field whose answer becomes the account's password and is never kept as it was typed.
pub(super) const PASSWORD_KEY: &str = "password";

pub(super) async fn enter(run: &mut Run<'_>, prompts: &CompiledPrompts) -> Result<Entered, Failure> {
    let fields = ready(run, prompts).await?.into_iter().map(shown).collect();
    Ok(Entered::Show(Body::Prompt(Challenge { fields })))
}

fn shown(field: Ready<'_>) -> PromptField {
    let prompt = field.prompt;
    PromptField {
        field_key: prompt.field_key.clone(),
        label: prompt.label.clone(),
        field_type: prompt.prompt_type,
        required: prompt.required,
        placeholder: field.placeholder,
        initial_value: field.initial,
        order: prompt.order,
        sub_text: prompt.sub_text.clone(),
        choices: field.choices,
    }
}

/// Evaluates the fields' expressions.
async fn ready<'p>(run: &Run<'_>, prompts: &'p CompiledPrompts) -> Result<Vec<Ready<'p>>, Failure> {
    let principal = run.trusted_subject().await?;
    let facts = run.facts(principal.as_ref(), run.plan.context.prompt_data.clone());
    let mut fields = Vec::with_capacity(prompts.fields.len());
    for (id, prompt) in &prompts.fields {
        fields.push(ready_one(run, &facts, *id, prompt).await?);
    }
    Ok(fields)
}

async fn ready_one<'p>(run: &Run<'_>, facts: &Facts<'_>, id: Uuid, prompt: &'p Prompt) -> Result<Ready<'p>, Failure> {
    let kind = prompt.prompt_type;
    let (placeholder, choices) = placeholder(run, facts, id, prompt).await?;
    let answered = run.plan.context.prompt_data.get(&prompt.field_key);
    let invited = run.plan.context.fixed_data.get(&prompt.field_key);
    let initial = match answered {
        _ if kind == PromptType::Password => String::new(),
        _ if field::is_fixed(kind) && invited.is_some() => invited.map(as_text).unwrap_or_default(),
        Some(value) if !field::is_fixed(kind) && !field::is_decoration(kind) => as_text(value),
        _ if prompt.initial_value_expression => {
            let expression = PromptExpression { prompt: id, field: "initial_value", source: &prompt.initial_value };
            as_text(&run.env.decide.expression(expression, facts).await?)
        }
        _ => prompt.initial_value.clone(),
    };
    Ok(Ready { prompt, placeholder, initial, choices })
}

async fn placeholder(
    run: &Run<'_>,
    facts: &Facts<'_>,
    id: Uuid,
    prompt: &Prompt,
) -> Result<(String, Option<Vec<Choice>>), Failure> {
    let evaluated = if prompt.placeholder_expression {
        let expression = PromptExpression { prompt: id, field: "placeholder", source: &prompt.placeholder };
        Some(run.env.decide.expression(expression, facts).await?)
    } else {
        None
    };
    if prompt.prompt_type == PromptType::AkLocale {
        let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
        let languages = Language::ALL.into_iter().map(|language| choice(language.tag(), language.name()));
        return Ok((String::new(), Some(std::iter::once(choice("", "Automatic")).chain(languages).collect())));
    }
    if !field::has_choices(prompt.prompt_type) {
        return Ok((evaluated.as_ref().map_or_else(|| prompt.placeholder.clone(), as_text), None));
    }
    let choices = match evaluated {
        Some(Value::Array(list)) => list.iter().take(MAX_CHOICES).map(choice).collect(),
        Some(single) => vec![choice(&single)],
        None => prompt
            .placeholder
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(MAX_CHOICES)
            .map(|line| choice(&Value::String(line.to_owned())))
            .collect(),
    };
    Ok((String::new(), Some(choices)))
}

fn choice(value: &Value) -> Choice {
    match value {
        Value::Object(map) => {
            let value = map.get("value").map(as_text).unwrap_or_default();
            Choice { label: map.get("label").map_or_else(|| value.clone(), as_text), value }
        }
        other => Choice { value: as_text(other), label: as_text(other) },
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) async fn answer(
    run: &mut Run<'_>,
    prompts: &CompiledPrompts,
    response: &Response,
) -> Result<Answered, Failure> {
    let mut errors = ResponseErrors::default();
    let mut answers = Data::new();
    for field in ready(run, prompts).await? {
        if let Answer::Value(value) = field::read(&field, response, &mut errors) {
            answers.insert(field.prompt.field_key.clone(), value);
        }
    }
    passwords_match(prompts, &answers, &mut errors);
    if errors.is_empty() {
        names_free(run, prompts, &answers, &mut errors).await?;
    }
    if errors.is_empty() {
        policies_pass(run, prompts, &answers, &mut errors).await?;
    }
    if errors.is_empty() { keep(run, prompts, answers).await } else { Ok(Answered::Invalid(errors)) }
}

fn passwords_match(prompts: &CompiledPrompts, answers: &Data, errors: &mut ResponseErrors) {
    let mut typed = prompts
        .fields
        .iter()
        .filter(|(_, p)| p.prompt_type == PromptType::Password)
        .map(|(_, p)| answers.get(&p.field_key));
    let Some(first) = typed.next() else { return };
    if typed.any(|other| other != first) && errors.is_empty() {
        errors.add(ResponseErrors::GENERAL, "invalid", "Passwords don't match.");
    }
}

async fn names_free(
    run: &Run<'_>,
    prompts: &CompiledPrompts,
    answers: &Data,
    errors: &mut ResponseErrors,
) -> Result<(), Failure> {
    for (_, prompt) in prompts.fields.iter().filter(|(_, p)| p.prompt_type == PromptType::Username) {
        let Some(name) = answers.get(&prompt.field_key).and_then(Value::as_str).filter(|n| !n.is_empty()) else {
            continue;
        };
        if run.env.directory.username_taken(name, run.trusted_or_session()).await? {
            errors.add(&prompt.field_key, "invalid", "Username is already taken.");
        }
    }
    Ok(())
}

async fn policies_pass(
    run: &Run<'_>,
    prompts: &CompiledPrompts,
    answers: &Data,
    errors: &mut ResponseErrors,
) -> Result<(), Failure> {
    if prompts.policies.is_empty() {
        return Ok(());
    }
    let mut data = run.plan.context.prompt_data.clone();
    data.extend(answers.clone());
    let principal = run.trusted_subject().await?;
    let facts = run.facts(principal.as_ref(), data);
    let verdict = run.env.decide.policies(&prompts.policies, &facts).await?;
    if verdict.passing {
        return Ok(());
    }
    for message in &verdict.messages {
        errors.add(ResponseErrors::GENERAL, "invalid", message);
    }
    if errors.is_empty() {
        errors.add(ResponseErrors::GENERAL, "invalid", "These answers are not accepted.");
    }
    Ok(())
}

/// What is to be said of a password while it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// How hard it is to guess, from 0 to 4.
    pub score: u8,
    /// Whether the policies would take it.
    pub passing: bool,
    /// What they say, for the person.
    pub messages: Vec<String>,
}

pub(crate) async fn weigh(
    run: &Run<'_>,
    prompts: &CompiledPrompts,
    field: &str,
    response: &Response,
) -> Result<Option<Weighed>, Failure> {
    let is_it = |prompt: &Prompt| prompt.prompt_type == PromptType::Password && prompt.field_key == field;
    if !prompts.fields.iter().any(|(_, prompt)| is_it(prompt)) {
        return Ok(None);
    }
    let mut data = run.plan.context.prompt_data.clone();
    for (_, prompt) in &prompts.fields {
        // What else was typed tells what others would guess first.
        if super::asks_for(prompt.prompt_type)
            && let Some(text) = response.text(&prompt.field_key, MAX_PASSWORD, true, &mut ResponseErrors::default())
        {
            data.insert(prompt.field_key.clone(), Value::String(text));
        }
    }
    let principal = run.trusted_subject().await?;
    let facts = run.facts(principal.as_ref(), data);
    let score = run.env.decide.strength(field, &facts);
    let verdict = run.env.decide.policies(&prompts.policies, &facts).await?;
    Ok(Some(Weighed { score, passing: verdict.passing, messages: verdict.messages }))
}

/// Keeps the answers in the plan. The plan is stored between requests, so passwords go in sealed or
/// not at all.
async fn keep(run: &mut Run<'_>, prompts: &CompiledPrompts, mut answers: Data) -> Result<Answered, Failure> {
    let password = answers.remove(PASSWORD_KEY).as_ref().map(as_text).filter(|p| !p.is_empty());
    for (_, prompt) in prompts.fields.iter().filter(|(_, p)| p.prompt_type == PromptType::Password) {
        answers.remove(&prompt.field_key);
    }
    if let Some(password) = password {
        match run.env.credentials.seal(&password).await {
            Ok(sealed) => run.context().new_password = Some(sealed),
            Err(SealError::Overloaded { retry_after }) => {
                run.retry_after = Some(retry_after);
                let text = format!("Too many requests. Try again in {retry_after} seconds.");
                return Ok(Answered::Retry(ResponseErrors::general("throttled", text)));
            }
            Err(SealError::Failed(error)) => return Err(error.into()),
        }
    }
    run.context().prompt_data.extend(answers);
    Ok(Answered::Accepted)
}
