//! Links in mails that lead back into a flow, and the mails that were asked for, so that they are counted.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("flow_tokens")
            .col(string_len("key_hash", 64).primary_key())
            // The stage that asked for the mail.
            .col(uuid("stage"))
            // By which those about one name are counted, whether or not there is such an account.
            .col(string_len("about", 64))
            .col(big_integer_null("user_pk"))
            // Sealed: the plan, and whom the mail went to; empty where none was sent.
            .col(text("content"))
            .col(boolean("used"))
            .col(timestamp_with_time_zone("created"))
            .col(timestamp_with_time_zone("expires"))
            // It counts until then, used or not.
            .col(timestamp_with_time_zone("kept_until"))
            .foreign_key(&mut cascade(("flow_tokens", "user_pk"), ("users", "pk")))
            .to_owned();
        manager.create_table(table).await?;
        index(manager, "flow_tokens", &["about", "created"]).await?;
        index(manager, "flow_tokens", &["user_pk", "stage", "created"]).await?;
        index(manager, "flow_tokens", &["kept_until"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["flow_tokens"]).await
    }
}
