//! Where Redis is, by one address or by the reference's parts.

use serde::{Deserialize, Serialize};

/// The reference's way to name Redis.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedisSettings {
    /// Set: Redis is used.
    pub(crate) host: Option<String>,
    /// Port; 6379.
    pub(crate) port: Option<u16>,
    /// Number of the database; 0.
    pub(crate) db: Option<u16>,
    /// Name, where access is by lists.
    pub(crate) username: Option<String>,
    /// Password.
    pub(crate) password: Option<String>,
    /// Whether the connection is by TLS.
    pub(crate) tls: bool,
}

impl RedisSettings {
    /// The address that the parts come to.
    pub(crate) fn url(&self) -> Option<String> {
        let host = self.host.as_deref()?;
        let scheme = if self.tls { "rediss" } else { "redis" };
        let part = |value: &Option<String>| super::encode(value.as_deref().unwrap_or_default());
        let credentials = match (&self.username, &self.password) {
            (None, None) => String::new(),
            (username, password) => format!("{}:{}@", part(username), part(password)),
        };
        Some(format!("{scheme}://{credentials}{host}:{}/{}", self.port.unwrap_or(6379), self.db.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_parts_make_an_address() {
        assert_eq!(RedisSettings::default().url(), None);
        let host = Some("cache".to_owned());
        let plain = RedisSettings { host: host.clone(), ..RedisSettings::default() };
        assert_eq!(plain.url().as_deref(), Some("redis://cache:6379/0"));
        let password = Some("p@ss/1".to_owned());
        let whole = RedisSettings { host, password, db: Some(2), tls: true, ..RedisSettings::default() };
        assert_eq!(whole.url().as_deref(), Some("rediss://:p%40ss%2F1@cache:6379/2"));
    }
}
