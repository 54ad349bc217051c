//! Who decides what an import may do that somebody asks for.

use async_trait::async_trait;
use lockgate_model::User;
use lockgate_store::NewUser;
use std::{error::Error, net::IpAddr};
use uuid::Uuid;

/// Why something is not done.
#[derive(Debug)]
pub enum Refused {
    /// It is not permitted, or not sound: a sentence.
    Why(String),
    /// Nobody could tell.
    Failed(Box<dyn Error + Send + Sync>),
}

/// Asked before each effect of an import; the operator's own, which has none, may do everything.
#[async_trait]
pub trait Gate: Send + Sync {
    /// On whose behalf it is done, and from where.
    fn by(&self) -> (&User, IpAddr);
    /// Accounts that may be decided about before the first of them is made.
    fn at_once(&self) -> usize;
    /// Whether an account may be made.
    async fn may_make(&self, account: &NewUser) -> Result<(), Refused>;
    /// Whether it may be told how an account is.
    async fn may_see(&self, user: &User) -> Result<(), Refused>;
    /// Whether an account may become another one.
    async fn may_change(&self, user: &User, wish: &User) -> Result<(), Refused>;
    /// Whether accounts may be put into a group.
    async fn may_join(&self, group: Uuid, name: &str) -> Result<(), Refused>;
    /// Whether a group may be made, and accounts put into it.
    async fn may_make_group(&self, name: &str) -> Result<(), Refused>;
    /// Hears of accounts that were made.
    async fn made(&self, users: &[User]) -> Result<(), Refused>;
    /// Hears of a group that was made.
    async fn made_group(&self, group: Uuid) -> Result<(), Refused>;
}
