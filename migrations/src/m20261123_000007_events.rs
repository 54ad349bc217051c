//! The audit log. Rows keep the names of users and applications as they were, so nothing cascades here.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("events")
                    .col(pk_uuid("pk"))
                    .col(string_len("action", 100))
                    .col(string_len("app", 255))
                    .col(big_integer_null("user_pk"))
                    .col(text("username"))
                    .col(text("user"))
                    .col(text("context"))
                    .col(string_len_null("client_ip", 64))
                    .col(text("brand"))
                    .col(timestamp_with_time_zone("created"))
                    .col(timestamp_with_time_zone("expires"))
                    .to_owned(),
            )
            .await?;
        index(manager, "events", &["created"]).await?;
        index(manager, "events", &["action"]).await?;
        index(manager, "events", &["user_pk"]).await?;
        index(manager, "events", &["expires"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["events"]).await
    }
}
