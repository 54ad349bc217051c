//! Whom an entry of the audit log is about, where that is somebody else than who did it: people are shown what an
//! administrator did to their accounts.
//!
//! The column is empty for what was noted before: nobody finds that under their own name.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = big_integer_null("subject_pk");
        manager.alter_table(Table::alter().table("events").add_column(column).to_owned()).await?;
        index(manager, "events", &["subject_pk", "created"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("ix_events__subject_pk_created").table("events").to_owned()).await?;
        manager.alter_table(Table::alter().table("events").drop_column("subject_pk").to_owned()).await
    }
}
