//! Sessions in which somebody acts as another user.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without a foreign key, which SQLite cannot add to a table: who ends the sessions of a user ends these too.
        let original = big_integer_null("original_pk");
        manager.alter_table(Table::alter().table("sessions").add_column(original).to_owned()).await?;
        index(manager, "sessions", &["original_pk"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("ix_sessions__original_pk").table("sessions").to_owned()).await?;
        manager.alter_table(Table::alter().table("sessions").drop_column("original_pk").to_owned()).await
    }
}
