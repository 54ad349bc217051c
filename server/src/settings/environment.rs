//! Settings that come from the environment: their names, ours and the reference's, and what they refer to.

use super::SettingsError;
use figment::{
    Profile, Provider,
    value::{Dict, Map, Value},
};
use std::collections::BTreeMap;

/// Every setting, as the path in the file; the variable is `LOCKGATE_` and the path in upper case with
/// `__` between the levels.
const KNOWN: &[&str] = &[
    "listen.http",
    "listen.https",
    "listen.drain",
    "listen.trusted_proxy_cidrs",
    "data_dir",
    "config_dir",
    "git.url",
    "git.branch",
    "git.path",
    "git.interval",
    "git.commit",
    "git.signers",
    "git.token",
    "git.ssh_key",
    "git.known_hosts",
    "git.ca",
    "database_url",
    "postgresql.host",
    "postgresql.port",
    "postgresql.name",
    "postgresql.user",
    "postgresql.password",
    "postgresql.sslmode",
    "redis_url",
    "redis.host",
    "redis.port",
    "redis.db",
    "redis.username",
    "redis.password",
    "redis.tls",
    "public_url",
    "secret_key",
    "secret_key_other",
    "bootstrap_password",
    "bootstrap_token",
    "bootstrap_email",
    "session_lifetime",
    "log_level",
    "log_format",
    "reputation.expiry",
    "reputation.lower_limit",
    "reputation.upper_limit",
    "email.host",
    "email.port",
    "email.username",
    "email.password",
    "email.use_tls",
    "email.use_ssl",
    "email.timeout",
    "email.from",
    "hibp_url",
    "twilio_url",
    "passwords.breached_file",
    "tls.certificate",
    "tls.key",
    "geoip.city",
    "geoip.asn",
    "limits.password_threads",
    "limits.password_queue",
    "limits.wrong_passwords_by_address",
    "limits.wrong_passwords_by_name",
    "limits.api_requests",
    "limits.new_sessions",
    "limits.body_bytes",
    "limits.connections",
    "limits.database_connections",
    "limits.remembered_people",
    "limits.outage_seconds",
    "decisions.allows",
    "decisions.days",
    "decisions.most",
    "tracing.endpoint",
    "tracing.sample",
];

/// Values by path, from variables.
#[derive(Debug, Default)]
pub(super) struct Environment(pub(super) BTreeMap<&'static str, String>);

impl Provider for Environment {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named("environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut root = Dict::new();
        for (path, text) in &self.0 {
            // `parse` gives numbers and booleans their types; text that only looks like one stays text
            // where the setting is text.
            let value = match *path {
                "postgresql.port" | "redis.port" | "redis.db" | "session_lifetime" => {
                    text.parse().unwrap_or_else(|_| Value::from(text.clone()))
                }
                "email.port" | "email.timeout" | "email.use_tls" | "email.use_ssl" | "redis.tls" => {
                    // The reference's are written as Python has them: True.
                    text.to_lowercase().parse().unwrap_or_else(|_| Value::from(text.clone()))
                }
                p if ["limits.", "decisions.", "reputation.", "tracing.sample"]
                    .iter()
                    .any(|part| p.starts_with(part)) =>
                {
                    text.parse().unwrap_or_else(|_| Value::from(text.clone()))
                }
                _ => Value::from(text.clone()),
            };
            match path.split_once('.') {
                None => _ = root.insert((*path).to_owned(), value),
                Some((outer, inner)) => {
                    let nested = root.entry(outer.to_owned()).or_insert_with(|| Value::from(Dict::new()));
                    if let Value::Dict(_, dict) = nested {
                        dict.insert(inner.to_owned(), value);
                    }
                }
            }
        }
        Ok(Map::from([(Profile::Default, root)]))
    }
}

pub(super) type FromEnvironment = (BTreeMap<&'static str, String>, Vec<String>);

/// Settings by their path, and warnings of variables that mean nothing.
///
/// # Errors
/// When a variable refers to what cannot be read.
pub(super) fn from_environment(environment: &BTreeMap<String, String>) -> Result<FromEnvironment, SettingsError> {
    let mut values = BTreeMap::new();
    let mut warnings = Vec::new();
    // AUTHENTIK_ first, so that our own name wins where both are set.
    for prefix in ["AUTHENTIK_", "LOCKGATE_"] {
        for (variable, text) in environment.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let path = variable[prefix.len()..].to_lowercase().replace("__", ".");
            // The key of commands that ask a server, which is none of a server's settings.
            if variable == "LOCKGATE_TOKEN" {
                continue;
            }
            // The reference keeps them where it keeps what it adds to events.
            let path = match path.strip_prefix("events.context_processors.") {
                Some("geoip") if prefix == "AUTHENTIK_" => "geoip.city".to_owned(),
                Some("asn") if prefix == "AUTHENTIK_" => "geoip.asn".to_owned(),
                _ => path,
            };
            let Some(known) = KNOWN.iter().find(|k| **k == path) else {
                warnings.push(unknown(prefix, variable, &path));
                continue;
            };
            let text = match *known {
                // Here it is the address of a repository, which holds no secret.
                "git.url" if text.starts_with("file://") => text.clone(),
                _ => resolve(variable, text, environment)?,
            };
            if !text.is_empty() {
                values.insert(*known, text);
            }
        }
    }
    Ok((values, warnings))
}

fn unknown(prefix: &str, variable: &str, path: &str) -> String {
    if prefix == "AUTHENTIK_" {
        return format!("{variable} has no meaning here and is ignored");
    }
    let nearest = KNOWN.iter().max_by(|a, b| strsim::jaro_winkler(a, path).total_cmp(&strsim::jaro_winkler(b, path)));
    let name = nearest.map(|n| format!("LOCKGATE_{}", n.to_uppercase().replace('.', "__"))).unwrap_or_default();
    format!("{variable} is not a setting; did you mean {name}?")
}

/// A value that refers to another place: `file` or `env`, the target, and what counts where there is nothing.
pub(super) fn reference(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let (scheme @ ("file" | "env"), rest) = text.split_once("://")? else { return None };
    let (target, default) = rest.split_once('?').map_or((rest, None), |(t, d)| (t, Some(d)));
    Some((scheme, target, default))
}

/// `file:///path?default` reads a file, `env://NAME?default` another variable.
fn resolve(variable: &str, text: &str, environment: &BTreeMap<String, String>) -> Result<String, SettingsError> {
    let Some((scheme, target, default)) = reference(text) else { return Ok(text.to_owned()) };
    let found = match scheme {
        "file" => std::fs::read_to_string(target).map(|t| t.trim_end().to_owned()).map_err(|e| e.to_string()),
        _ => environment.get(target).cloned().ok_or_else(|| "the variable is not set".to_owned()),
    };
    found.or_else(|reason| {
        default.map(str::to_owned).ok_or_else(|| SettingsError::Reference {
            variable: variable.to_owned(),
            target: target.to_owned(),
            reason,
        })
    })
}
