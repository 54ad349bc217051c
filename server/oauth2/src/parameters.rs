//! What a client sent: a query or a form, each parameter at most once.

use lockgate_store::hash_secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;
use url::form_urlencoded;

/// The longest request, in bytes.
pub const MAX_REQUEST: usize = 16 * 1024;

/// Parameters of one request; more are an attack.
const MAX_PARAMETERS: usize = 64;

/// What a client sent, each parameter at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, String>);

/// What is wrong with the parameters as such.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadParameters {
    /// Longer than [`MAX_REQUEST`], or too many.
    #[error("the request is too long")]
    TooLong,
    /// RFC 6749, section 3.1: parameters must not be included more than once.
    #[error("the parameter {0} is there more than once")]
    Twice(String),
}

impl Parameters {
    /// Reads a query or a form.
    ///
    /// # Errors
    /// When it is too long or a parameter is repeated.
    pub fn parse(text: &[u8]) -> Result<Self, BadParameters> {
        if text.len() > MAX_REQUEST {
            return Err(BadParameters::TooLong);
        }
        let mut map = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(text) {
            if map.len() >= MAX_PARAMETERS {
                return Err(BadParameters::TooLong);
            }
            let shown = || key.chars().filter(|c| !c.is_control()).take(64).collect();
            if map.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(BadParameters::Twice(shown()));
            }
        }
        // RFC 6749, section 3.1: without a value is as if omitted.
        map.retain(|_, value| !value.is_empty());
        Ok(Self(map))
    }

    /// What was said in another way than a query or a form; here, too, no value is as if omitted.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The same without some of them.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&name.as_str())).map(own).collect())
    }

    /// The same, with others over them.
    #[must_use]
    pub fn overlaid(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).map(own).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The same request as a query: its parameters in order.
    #[must_use]
    pub fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// What tells this request from every other.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hash_secret(&self.to_query())
    }
}

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_there_once() {
        assert_eq!(Parameters::parse(b"a=1&a=2"), Err(BadParameters::Twice("a".into())));
        assert_eq!(Parameters::parse(&vec![b'a'; MAX_REQUEST + 1]), Err(BadParameters::TooLong));
        assert_eq!(Parameters::parse(b"a=&b=1").expect("parameters").to_query(), "b=1");
        assert!(Parameters::parse(b"").expect("parameters").is_empty());
    }

    #[test]
    fn others_are_laid_over_and_some_left_out() {
        let parse = |query: &str| Parameters::parse(query.as_bytes()).expect("parameters");
        let whole = parse("a=1&b=2").overlaid(&parse("b=3&c=4"));
        assert_eq!(whole.to_query(), "a=1&b=3&c=4");
        assert_eq!(whole.without(&["a", "c"]).to_query(), "b=3");
        let pairs = [("a".to_owned(), String::new()), ("b".to_owned(), "1".to_owned())];
        assert_eq!(Parameters::of(pairs).to_query(), "b=1");
    }

    #[test]
    fn fingerprints_tell_requests_apart_whatever_their_order() {
        let print = |query: &str| Parameters::parse(query.as_bytes()).expect("parameters").fingerprint();
        assert_eq!(print("a=1&b=2"), print("b=2&a=1"));
        assert_ne!(print("a=1&b=2"), print("a=1b&=2"));
        assert_ne!(print("a=12"), print("a1=2"));
    }
}
