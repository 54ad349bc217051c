//! Shapes of events and of what is counted of them.

use crate::people::shapes::PartialUser;
use chrono::{DateTime, Utc};
use lockgate_model::kinds::EventActions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// An entry of the audit log.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Event {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// Who did it, as they were then.
    pub(crate) user: Map<String, Value>,
    /// What happened.
    #[schemars(with = "EventActions")]
    pub(crate) action: String,
    /// Which part of the program says so.
    pub(crate) app: String,
    /// Particulars.
    pub(crate) context: Map<String, Value>,
    /// From which address.
    pub(crate) client_ip: Option<String>,
    /// When.
    pub(crate) created: DateTime<Utc>,
    /// When the entry may be dropped.
    pub(crate) expires: DateTime<Utc>,
    /// The brand whose page it was done on.
    pub(crate) brand: Map<String, Value>,
}

/// An entry to make or change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct EventRequest {
    /// Who did it.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub(crate) user: Option<Map<String, Value>>,
    /// What happened.
    #[schemars(required, with = "EventActions")]
    pub(crate) action: Option<String>,
    /// Which part of the program says so.
    #[schemars(required, with = "String", length(min = 1, max = 255))]
    pub(crate) app: Option<String>,
    /// Particulars.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub(crate) context: Option<Map<String, Value>>,
    /// From which address.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    pub(crate) client_ip: Option<String>,
    /// When the entry may be dropped.
    #[serde(default)]
    #[schemars(with = "DateTime<Utc>")]
    pub(crate) expires: Option<DateTime<Utc>>,
    /// The brand whose page it was done on.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub(crate) brand: Option<Map<String, Value>>,
}

/// How often an application was opened.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventTopPerUser {
    /// The application.
    pub(crate) application: Map<String, Value>,
    /// How often.
    pub(crate) counted_events: u64,
    /// By how many people.
    pub(crate) unique_users: u64,
}

/// How often something happened in an hour.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventVolume {
    /// What.
    #[schemars(with = "EventActions")]
    pub(crate) action: String,
    /// The beginning of the hour.
    pub(crate) time: DateTime<Utc>,
    /// How often.
    pub(crate) count: u64,
}

/// How much happened.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventStats {
    /// People who did something.
    pub(crate) unique_users: u64,
    /// Entries since each of the spans that were asked for.
    pub(crate) count_step: Map<String, Value>,
}

/// What is exported.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ContentType {
    /// A number of its own.
    pub(crate) id: i32,
    /// The part of the program.
    pub(crate) app_label: String,
    /// The kind.
    pub(crate) model: String,
    /// Human name.
    pub(crate) verbose_name_plural: String,
    /// Both together.
    pub(crate) fully_qualified_model: String,
}

/// Entries to take away.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DataExport {
    /// A key of its own.
    pub(crate) id: Uuid,
    /// Who asked for it.
    pub(crate) requested_by: PartialUser,
    /// When; what came later is not in it.
    pub(crate) requested_on: DateTime<Utc>,
    /// What is exported.
    pub(crate) content_type: ContentType,
    /// Which entries.
    pub(crate) query_params: Map<String, Value>,
    /// Where they are to be fetched, by whoever may.
    pub(crate) file_url: String,
    /// Always true: they are written while they are fetched.
    pub(crate) completed: bool,
}

/// What came of a try to tell somebody something.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NotificationTransportTest {
    /// In words.
    pub(crate) messages: Vec<String>,
}
