//! Events in plain words: one sentence for each action that there is.

use crate::{
    admin::resource::{self, key_text, text},
    pages::admin::Tone,
};
use serde_json::Value;

/// What is said of an action.
pub(super) struct Said {
    /// Its word in the API.
    pub(super) action: &'static str,
    /// What it is called.
    pub(super) name: &'static str,
    /// The sentence. `{actor}`, `{from}`, `{object}` and `{app}` stand for who, from which address, what it is about and
    /// which application; any other word for what the context says under it.
    sentence: &'static str,
    /// How it is meant.
    pub(super) tone: Tone,
}

const fn said(action: &'static str, name: &'static str, tone: Tone, sentence: &'static str) -> Said {
    Said { action, name, sentence, tone }
}

/// Every action.
pub(super) static TABLE: &[Said] = &[
    said("login", "Sign-in", Tone::Good, "{actor} signed in{from}"),
    said("login_failed", "Failed sign-in", Tone::Warn, "Somebody failed to sign in as {username}{from}"),
    said("logout", "Sign-out", Tone::Plain, "{actor} signed out{from}"),
    said("user_write", "Account written", Tone::Plain, "{actor} was written by a flow"),
    said("user_offboarded", "Account closed", Tone::Warn, "{actor} closed the account of {username}"),
    said("suspicious_request", "Suspicious request", Tone::Bad, "A request looked like an attack{from}: {message}"),
    said("password_set", "Password set", Tone::Plain, "The password of {actor} was set"),
    said("secret_view", "Secret seen", Tone::Warn, "{actor} looked at {secret_of}{from}"),
    said("secret_rotate", "Secret replaced", Tone::Plain, "{actor} replaced the secret of {object}"),
    said("invitation_used", "Invitation used", Tone::Plain, "The invitation {invitation} was used{from}"),
    said("authorize_application", "Application opened", Tone::Good, "{actor} opened {app}{from}"),
    said("source_linked", "Source linked", Tone::Plain, "{actor} linked an account of {source}"),
    said("impersonation_started", "Acting began", Tone::Warn, "{actor} began to act as {impersonated}: {reason}"),
    said("impersonation_ended", "Acting ended", Tone::Plain, "{actor} stopped acting as {impersonated}"),
    said("flow_execution", "Flow gone through", Tone::Plain, "{actor} went through {flow}"),
    said(
        "policy_execution",
        "Refused by a policy",
        Tone::Warn,
        "{actor} was refused {app}{flow}{from}: {message}{reason}",
    ),
    said("policy_exception", "Policy failed", Tone::Bad, "A policy failed: {message}{errors}"),
    said("property_mapping_exception", "Mapping failed", Tone::Bad, "A property mapping failed: {message}"),
    said("system_task_execution", "Job done", Tone::Plain, "The job {actor_name} was done"),
    said("system_task_exception", "Job failed", Tone::Bad, "The job {job} failed: {message}"),
    said("system_exception", "Error", Tone::Bad, "Something failed inside: {message}{error}"),
    said("configuration_error", "Configuration error", Tone::Bad, "The configuration cannot be used: {message}"),
    said("configuration_warning", "Configuration warning", Tone::Warn, "The configuration needs a look: {message}"),
    said("model_created", "Created", Tone::Plain, "{actor} created {object}"),
    said("model_updated", "Changed", Tone::Plain, "{actor} changed {object}"),
    said("model_deleted", "Deleted", Tone::Warn, "{actor} deleted {object}"),
    said("email_sent", "Mail sent", Tone::Plain, "A mail went to {to_email}: {subject}"),
    said("update_available", "Update available", Tone::Info, "There is a new version: {new_version}"),
    said("export_ready", "Export ready", Tone::Info, "An export of {actor} is ready"),
    said("review_initiated", "Review begun", Tone::Plain, "{actor} began a review of {object}"),
    said("review_overdue", "Review overdue", Tone::Warn, "A review of {object} is overdue"),
    said("review_attested", "Review attested", Tone::Plain, "{actor} attested a review of {object}"),
    said("review_completed", "Review completed", Tone::Plain, "The review of {object} is complete"),
    said("access_request_created", "Access requested", Tone::Info, "{actor} asked for access to {app}"),
    said("access_request_approved", "Access approved", Tone::Good, "{actor} approved access to {app}"),
    said("access_request_denied", "Access refused", Tone::Warn, "{actor} refused access to {app}"),
    said("access_request_revoked", "Access taken back", Tone::Warn, "{actor} took back access to {app}"),
    said("custom_", "Told by a policy", Tone::Info, "{told}{from}"),
];

/// What is said of an action; what somebody made up is told as `custom_` is.
pub(super) fn of(action: &str) -> &'static Said {
    // The last stands for whatever there is no sentence for.
    TABLE.iter().find(|said| said.action == action).unwrap_or(&TABLE[TABLE.len() - 1])
}

/// What the API calls the action and people call it.
pub(super) fn name(action: &str) -> String {
    match action.strip_prefix("custom_") {
        Some(own) if !own.is_empty() => crate::admin::spec::label(own),
        _ => of(action).name.to_owned(),
    }
}

/// The event in one sentence.
pub(super) fn sentence(event: &Value) -> String {
    let mut rest = pattern(event);
    let mut told = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (word, after) = after.split_once('}').unwrap_or((after, ""));
        told.push_str(before);
        told.push_str(&meant(event, word));
        rest = after;
    }
    told.push_str(rest);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    // What is not known leaves nothing behind.
    let told = told.trim_end_matches([':', ' ']);
    if told.is_empty() { name(text(event, "action")) } else { told.to_owned() }
}

/// The sentence before anything is put into it.
fn pattern(event: &Value) -> &'static str {
    let context = &event["context"];
    match text(event, "action") {
        // It decided about something else than being let in.
        "policy_execution" if context["authorized_application"].is_null() && context["flow"].is_null() => {
            "A policy decided about {actor}: {message}{reason}"
        }
        "password_set" if !context["model"].is_null() => "{actor} set the password of {object}",
        action => of(action).sentence,
    }
}

/// What a word of a sentence stands for.
fn meant(event: &Value, word: &str) -> String {
    let context = &event["context"];
    match word {
        "actor" => actor(event),
        "from" => match text(event, "client_ip") {
            "" => String::new(),
            address => format!(" from {address}"),
        },
        "object" => object(context).unwrap_or_default(),
        "app" => application(context),
        "flow" => match text(context, "flow") {
            "" => String::new(),
            flow => format!("the flow {flow}"),
        },
        "secret_of" => match (text(context, "secret"), text(context, "name")) {
            ("", _) => format!("the secret of {}", object(context).unwrap_or_default()),
            (secret, name) => format!("the {} of {name}", secret.replace('_', " ")),
        },
        "told" => match short(&context["message"]) {
            message if message.is_empty() => name(text(event, "action")),
            message => message,
        },
        "job" => text(context, "actor").to_owned(),
        word => short(&context[word]),
    }
}

/// A fact of the context as it stands in a sentence.
fn short(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(short).collect::<Vec<_>>().join("; "),
        Value::Object(map) => {
            let name = ["username", "name", "slug"].iter().find_map(|member| map.get(*member)?.as_str());
            name.unwrap_or_default().to_owned()
        }
        other => key_text(other).chars().take(200).collect(),
    }
}

/// Who did it.
pub(super) fn actor(event: &Value) -> String {
    let user = &event["user"];
    match (text(user, "username"), text(&user["on_behalf_of"], "username")) {
        ("", _) if text(event, "app") == "lockgate.configuration" => "The configuration".to_owned(),
        ("", _) => "Somebody".to_owned(),
        (name, "") => name.to_owned(),
        (name, other) => format!("{name} (as {other})"),
    }
}

/// What it is about: `application Grafana`.
pub(super) fn object(context: &Value) -> Option<String> {
    let model = &context["model"];
    let (kind, name) = match model {
        Value::Object(_) => (noun(text(model, "app"), text(model, "model_name")), key_text(&model["name"])),
        Value::String(kind) => (kind.replace('_', " "), key_text(&context["name"])),
        _ => return None,
    };
    let name = if name.is_empty() { key_text(&model["pk"]) } else { name };
    Some(format!("{kind} {name}").trim().to_owned())
}

/// What people call a model.
fn noun(app: &str, model: &str) -> String {
    let known = resource::of_model(&format!("{app}.{model}")).or_else(|| resource::of(model));
    match known {
        Some(known) => crate::admin::edit::lower_first(&known.noun),
        None => model.replace('_', " "),
    }
}

/// Which application it is about.
fn application(context: &Value) -> String {
    let told = &context["authorized_application"];
    match (text(told, "name"), text(context, "application"), text(context, "app")) {
        ("", "", "") if context.get("flow").is_some() => String::new(),
        ("", "", "") => "an application".to_owned(),
        ("", "", name) | ("", name, _) | (name, ..) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_model::kinds::EventActions;
    use serde_json::json;

    #[test]
    fn every_action_has_one_sentence() {
        for word in EventActions::words() {
            assert_eq!(TABLE.iter().filter(|said| said.action == word).count(), 1, "{word}");
        }
        assert_eq!(TABLE.len(), EventActions::words().len());
    }

    #[test]
    fn events_are_told_in_plain_words() {
        let told = |action: &str, context: Value| {
            let user = json!({"pk": 3, "username": "ada"});
            sentence(&json!({"action": action, "user": user, "client_ip": "10.0.0.7", "context": context}))
        };
        assert_eq!(told("login", json!({})), "ada signed in from 10.0.0.7");
        let grafana = json!({"app": "authentik_core", "model_name": "application", "name": "Grafana", "pk": "x"});
        assert_eq!(told("model_updated", json!({"model": grafana})), "ada changed application Grafana");
        let user = json!({"app": "authentik_core", "model_name": "user", "name": "bob", "pk": "4"});
        assert_eq!(told("model_deleted", json!({"model": user})), "ada deleted user bob");
        let opened = json!({"authorized_application": {"name": "Grafana"}});
        assert_eq!(told("authorize_application", opened.clone()), "ada opened Grafana from 10.0.0.7");
        assert_eq!(told("policy_execution", opened), "ada was refused Grafana from 10.0.0.7");
        let flow = json!({"flow": "join", "reason": "closed"});
        assert_eq!(told("policy_execution", flow), "ada was refused the flow join from 10.0.0.7: closed");
        let failed = json!({"username": "eve"});
        assert_eq!(told("login_failed", failed), "Somebody failed to sign in as eve from 10.0.0.7");
        assert_eq!(told("custom_door_open", json!({})), "Door open from 10.0.0.7");
        let retired = json!({"message": "The password has expired."});
        assert_eq!(told("policy_execution", retired), "A policy decided about ada: The password has expired.");
        let seen = json!({"secret": "private_key", "name": "web"});
        assert_eq!(told("secret_view", seen), "ada looked at the private key of web from 10.0.0.7");
        assert_eq!(told("configuration_error", json!({})), "The configuration cannot be used");
        let visitor = json!({"action": "login", "user": {}, "client_ip": null, "context": {}});
        assert_eq!(sentence(&visitor), "Somebody signed in");
    }
}
