//! The query string: parameters that may repeat, read with the contract's tolerance.

use crate::error::ApiError;
use axum::extract::FromRequestParts;
use http::request::Parts;
use lockgate_identity::Identity;
use std::{convert::Infallible, str::FromStr};
use uuid::Uuid;

/// Parameters that are looked at; what comes after is ignored.
const MAX_PARAMETERS: usize = 200;

/// The parameters of a request, in order.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    /// Objects a page: when nothing is asked, and at most.
    pub(crate) page_sizes: (u64, u64),
}

impl Query {
    /// Reads a query string; what is not UTF-8 is replaced, never refused.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes()).take(MAX_PARAMETERS);
        Self { pairs: pairs.map(|(k, v)| (k.into_owned(), v.into_owned())).collect(), page_sizes: (20, 100) }
    }

    /// The last value of a parameter that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Every parameter with its value, in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a parameter is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(k, _)| k == name)
    }

    /// Every value of a parameter that repeats, or holds several between commas.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.pairs.iter().filter(|(k, _)| k == name).flat_map(|(_, v)| v.split(','));
        values.map(str::trim).filter(|v| !v.is_empty()).collect()
    }

    /// Every value of a parameter that repeats; commas belong to the value.
    pub(crate) fn repeated(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str()).collect()
    }

    /// Yes or no; anything else counts as not given.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(flag)
    }

    /// Yes or no, of an operation that is no list and so has no filters to ignore.
    ///
    /// # Errors
    /// 400 on the parameter's name.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        flag(value).map(Some).ok_or_else(|| ApiError::field(name, "invalid", "Must be a valid boolean."))
    }

    /// A parameter of another type.
    ///
    /// # Errors
    /// 400 with `text` on the parameter's name.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, text: &str) -> Result<Option<T>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| ApiError::field(name, "invalid", text))
    }

    /// A UUID.
    ///
    /// # Errors
    /// 400 on the parameter's name.
    pub(crate) fn uuid(&self, name: &str) -> Result<Option<Uuid>, ApiError> {
        self.parsed(name, "Enter a valid UUID.")
    }

    /// An integer.
    ///
    /// # Errors
    /// 400 on the parameter's name.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.parsed(name, "Enter a number.")
    }

    /// Several values of another type.
    ///
    /// # Errors
    /// 400 with `text` on the parameter's name.
    pub(crate) fn several<T: FromStr>(&self, name: &str, text: &str) -> Result<Vec<T>, ApiError> {
        let parsed = self.all(name).into_iter().map(|v| v.parse().map_err(|_| ApiError::field(name, "invalid", text)));
        parsed.collect()
    }

    /// `ordering`: field names, each with whether it descends.
    pub(crate) fn ordering(&self) -> Vec<(String, bool)> {
        let fields = self.all("ordering").into_iter().take(8);
        fields
            .map(|f| match f.strip_prefix('-') {
                Some(field) => (field.to_owned(), true),
                None => (f.to_owned(), false),
            })
            .collect()
    }
}

/// Yes or no, as clients write it.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" => Some(false),
        _ => None,
    }
}

impl FromRequestParts<Identity> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Infallible> {
        let settings = identity.tuning.now();
        let page_sizes = (settings.pagination_default_page_size.into(), settings.pagination_max_page_size.into());
        Ok(Self { page_sizes, ..Self::parse(parts.uri.query().unwrap_or_default()) })
    }
}
