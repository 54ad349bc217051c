//! What events are looked for by, notifications to people, and the work that is done in the background.
//!
//! The columns that are added to events are empty for what was noted before: lists that ask by them do not
//! find it.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What of an event's context and brand is asked for by itself.
const FACETS: [&str; 6] = ["brand_name", "authorized_app", "device", "model_app", "model_name", "model_pk"];

/// What lists of events are asked for by, each newest first.
const ASKED: [&str; 5] = ["action", "username", "client_ip", "authorized_app", "model_pk"];

async fn events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for facet in FACETS {
        let column = string_len(facet, 255).default("").to_owned();
        manager.alter_table(Table::alter().table("events").add_column(column).to_owned()).await?;
    }
    for column in ASKED {
        index(manager, "events", &[column, "created"]).await?;
    }
    // With the key, so that pages far behind are found in the index alone.
    index(manager, "events", &["created", "pk"]).await?;
    manager.drop_index(Index::drop().name("ix_events__created").table("events").to_owned()).await
}

async fn notifications(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("notifications")
                .col(pk_uuid("pk"))
                .col(uuid("event_pk"))
                .col(big_integer("user_pk"))
                .col(string_len("severity", 16))
                .col(text("body"))
                .col(text_null("hyperlink"))
                .col(text_null("hyperlink_label"))
                .col(boolean("seen"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("expires"))
                .foreign_key(&mut cascade(("notifications", "user_pk"), ("users", "pk")))
                .to_owned(),
        )
        .await?;
    index(manager, "notifications", &["user_pk", "created"]).await?;
    index(manager, "notifications", &["event_pk"]).await?;
    index(manager, "notifications", &["expires"]).await
}

async fn tasks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("tasks")
                .col(pk_uuid("id"))
                .col(string_len("actor", 100))
                .col(string_len("queue", 50))
                .col(string_len("uid", 255))
                .col(string_len("state", 16))
                .col(string_len("outcome", 16))
                .col(timestamp_with_time_zone("due"))
                .col(big_integer("retries"))
                .col(string_len("rel_model", 100))
                .col(string_len_null("rel_id", 64))
                .col(text("data"))
                .col(text("logs"))
                .col(text("previous_logs"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("changed"))
                .to_owned(),
        )
        .await?;
    index(manager, "tasks", &["state", "due"]).await?;
    index(manager, "tasks", &["actor", "changed"]).await?;
    index(manager, "tasks", &["changed"]).await?;
    index(manager, "tasks", &["rel_id"]).await?;
    manager
        .create_table(
            Table::create()
                .table("schedules")
                .col(pk_uuid("id"))
                .col(string_len("actor", 100))
                .col(string_len("crontab", 100))
                .col(boolean("paused"))
                .col(timestamp_with_time_zone("next_run"))
                .col(string_len_null("last_outcome", 16))
                .to_owned(),
        )
        .await?;
    unique(manager, "schedules", &["actor"]).await?;
    manager
        .create_table(
            Table::create()
                .table("workers")
                .col(string_len("id", 100).primary_key())
                .col(string_len("version", 50))
                .col(timestamp_with_time_zone("seen"))
                .to_owned(),
        )
        .await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        events(manager).await?;
        notifications(manager).await?;
        tasks(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["workers", "schedules", "tasks", "notifications"]).await?;
        for column in ASKED {
            let name = format!("ix_events__{column}_created");
            manager.drop_index(Index::drop().name(name).table("events").to_owned()).await?;
        }
        index(manager, "events", &["created"]).await?;
        manager.drop_index(Index::drop().name("ix_events__created_pk").table("events").to_owned()).await?;
        for facet in FACETS {
            manager.alter_table(Table::alter().table("events").drop_column(facet).to_owned()).await?;
        }
        Ok(())
    }
}
