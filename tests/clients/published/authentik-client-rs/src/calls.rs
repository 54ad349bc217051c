//! Operations of the client by name.

use std::fmt::Debug;
use std::pin::Pin;

use authentik_client::apis::configuration::Configuration;
use authentik_client::apis::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why there is no typed answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client did not take it, or not understand the answer.
    Client(String),
    /// The server refused it.
    Server(u16, String),
}

pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Result<Value, Failure>> + 'a>>;

/// What an operation is called with.
pub(crate) struct Arguments {
    pub(crate) values: Map<String, Value>,
    pub(crate) body: Value,
}

impl Arguments {
    fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        typed(self.body.clone(), "the body")
    }

    fn take<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        typed(self.values.get(name).cloned().unwrap_or_default(), name)
    }

    fn text(&self, name: &str) -> String {
        self.maybe(name).unwrap_or_default()
    }

    fn maybe(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }
}

fn typed<T: DeserializeOwned>(value: Value, name: &str) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| Failure::Client(format!("{name}: {error}")))
}

/// A typed answer as JSON again.
fn told<T: Serialize, E: Debug>(answer: Result<T, Error<E>>) -> Result<Value, Failure> {
    match answer {
        Ok(value) => serde_json::to_value(value).map_err(|error| Failure::Client(error.to_string())),
        Err(Error::ResponseError(refusal)) => Err(Failure::Server(refusal.status.as_u16(), refusal.content)),
        Err(error) => Err(Failure::Client(format!("{error:?}"))),
    }
}

include!(concat!(env!("OUT_DIR"), "/calls.rs"));
