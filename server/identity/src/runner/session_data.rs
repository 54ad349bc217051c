//! What a session remembers between two steps of a flow.

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::{Passage, Plan};
use lockgate_store::JsonText;
use serde::{Deserialize, Serialize};

/// Errands that may be finished and not yet picked up.
const MAX_TICKETS: usize = 16;

/// How long a ticket lies ready. Browsers come for it at once; what is found later was left behind.
const TICKET_LIFE: TimeDelta = TimeDelta::minutes(10);

/// A flow that was gone through to its end, or given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ticket {
    name: String,
    left: DateTime<Utc>,
    passage: Passage,
}

/// The `data` of a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SessionData {
    /// The running flow; starting another one replaces it.
    pub(crate) plan: Option<Plan>,
    /// Tickets that whoever began the flows has not picked up yet.
    tickets: Vec<Ticket>,
}

impl SessionData {
    /// Reads the data; what an older release wrote and this one cannot read is as if nothing was running.
    pub(crate) fn read(data: &JsonText) -> Self {
        data.read().unwrap_or_default()
    }

    /// The stored form.
    pub(crate) fn write(&self) -> JsonText {
        JsonText::of(self)
    }

    /// Whether there is nothing to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.plan.is_none() && self.tickets.is_empty()
    }

    /// Leaves a ticket for whoever began the flow, with what happened on the way. It replaces what was left
    /// under this name before.
    pub(crate) fn leave(&mut self, name: String, passage: Passage, now: DateTime<Utc>) {
        self.tickets.retain(|ticket| ticket.name != name && lies_ready(ticket, now));
        if self.tickets.len() >= MAX_TICKETS {
            self.tickets.remove(0);
        }
        self.tickets.push(Ticket { name, left: now, passage });
    }

    /// Whether there is such a ticket.
    pub(crate) fn has(&self, name: &str, now: DateTime<Utc>) -> bool {
        self.tickets.iter().any(|ticket| ticket.name == name && lies_ready(ticket, now))
    }

    /// Picks a ticket up; each can be picked up once.
    pub(crate) fn take(&mut self, name: &str, now: DateTime<Utc>) -> Option<Passage> {
        let found = self.tickets.iter().position(|ticket| ticket.name == name && lies_ready(ticket, now))?;
        Some(self.tickets.remove(found).passage)
    }
}

fn lies_ready(ticket: &Ticket, now: DateTime<Utc>) -> bool {
    now - ticket.left < TICKET_LIFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_picked_up_once_and_soon() {
        let start = DateTime::UNIX_EPOCH;
        let mut data = SessionData::default();
        let passage = Passage { signed_in: Some(7), consented: None };
        data.leave("a".into(), passage.clone(), start);
        data.leave("b".into(), Passage::default(), start);
        let mut data = SessionData::read(&data.write());
        assert!(data.has("a", start) && !data.has("c", start));
        assert_eq!(data.take("a", start + TimeDelta::minutes(9)), Some(passage));
        assert_eq!(data.take("a", start), None);
        assert_eq!(data.take("b", start + TICKET_LIFE), None);
        data.leave("c".into(), Passage::default(), start + TICKET_LIFE);
        assert!(!data.has("b", start), "what is too old goes");
    }
}
