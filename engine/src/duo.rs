//! The port to Duo: a phone is set up there, is asked to approve, and says so.

use crate::{
    factors::Factor,
    ports::{PortError, RequestFacts},
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::{User, kinds::AuthenticatorDuoStage};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A phone that Duo waits for; or, where it has nothing to activate, one that Duo knows already and that has to say yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuoEnrolment {
    /// What Duo calls the account.
    pub user_id: String,
    /// What activates Duo's app.
    pub activation_code: String,
    /// Address of a picture of it.
    pub activation_barcode: String,
    /// What a phone that Duo knows is asked.
    #[serde(default)]
    pub push: Option<Push>,
}

impl DuoEnrolment {
    /// Of an account that Duo knows already.
    #[must_use]
    pub fn of_known(user_id: String) -> Self {
        Self { user_id, activation_code: String::new(), activation_barcode: String::new(), push: None }
    }

    /// Whether Duo knows the account already.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.activation_code.is_empty()
    }
}

/// How far a phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuoProgress {
    /// Duo's app is activated, or the phone that Duo knows has said yes.
    Success,
    /// Not yet.
    Waiting,
    /// The code is wrong, or has ended.
    Invalid,
    /// The phone that Duo knows has said no.
    Denied,
    /// It has said nothing for too long.
    TimedOut,
    /// It was asked too often.
    TooMany {
        /// Minutes after which it may be tried again.
        minutes: i64,
    },
}

/// A question that lies on somebody's phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// What Duo calls it.
    pub id: String,
    /// Until when it can be answered.
    pub until: DateTime<Utc>,
}

impl Push {
    /// How long a phone asks.
    pub const LIFE: TimeDelta = TimeDelta::seconds(60);
}

/// What became of an order to ask a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// It asks, under this name.
    Asked(String),
    /// There were too many in too short a time.
    TooMany {
        /// Minutes after which it may be tried again.
        minutes: i64,
    },
    /// Duo does not ask, or cannot be asked itself; a sentence for the person.
    Unable(String),
}

/// What somebody said on their phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushAnswer {
    /// Yes.
    Allowed,
    /// No, or something else that is no yes.
    Denied,
    /// Nothing, until the phone stopped asking.
    TimedOut,
    /// Nothing yet.
    Waiting,
}

/// Duo.
#[async_trait]
pub trait Duo: Send + Sync {
    /// Has Duo wait for a phone of somebody; the inner error is a sentence for the person.
    async fn enrol(
        &self,
        settings: &AuthenticatorDuoStage,
        user: &User,
    ) -> Result<Result<DuoEnrolment, String>, PortError>;

    /// How far that is; the inner error is a sentence for the person. A phone that Duo knows already is asked, and its
    /// owner is waited for some seconds: what was asked is noted.
    async fn progress(
        &self,
        stage: (Uuid, &AuthenticatorDuoStage),
        user: i64,
        enrolment: &mut DuoEnrolment,
    ) -> Result<Result<DuoProgress, String>, PortError>;

    /// Has a phone ask its owner.
    async fn push(&self, user: i64, factor: &Factor, request: &RequestFacts) -> Result<Pushed, PortError>;

    /// What its owner said. It waits some seconds for that, and no longer.
    async fn answer(&self, factor: &Factor, push: &str) -> Result<PushAnswer, PortError>;
}
