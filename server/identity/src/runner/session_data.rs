//! What a session remembers between two steps of a flow.

use lockgate_engine::Plan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Errands that may be finished and not yet picked up.
const MAX_TICKETS: usize = 16;

/// The `data` of a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SessionData {
    /// The running flow; starting another one replaces it.
    pub(crate) plan: Option<Plan>,
    /// Tickets of completed flows that whoever began them has not picked up yet.
    pub(crate) tickets: Vec<String>,
}

impl SessionData {
    /// Reads the data; what an older release wrote and this one cannot read is as if nothing was running.
    pub(crate) fn read(data: &Value) -> Self {
        serde_json::from_value(data.clone()).unwrap_or_default()
    }

    /// The stored form.
    pub(crate) fn write(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Leaves a ticket for whoever began the flow.
    pub(crate) fn leave(&mut self, ticket: String) {
        if self.tickets.len() >= MAX_TICKETS {
            self.tickets.remove(0);
        }
        self.tickets.push(ticket);
    }

    /// Picks a ticket up; each can be picked up once.
    pub(crate) fn take(&mut self, ticket: &str) -> bool {
        let found = self.tickets.iter().position(|t| t == ticket);
        found.map(|at| self.tickets.remove(at)).is_some()
    }
}
