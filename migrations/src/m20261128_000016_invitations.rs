//! Invitations: whoever knows the key of one may enroll.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("invitations")
                    .col(pk_uuid("pk"))
                    .col(string_len("name", 255))
                    .col(text("search"))
                    .col(text("fixed_data"))
                    .col(boolean("single_use"))
                    .col(timestamp_with_time_zone_null("expires"))
                    // An invitation to a flow that is gone must not become one to every flow: it goes too.
                    .col(uuid_null("flow_id"))
                    .col(big_integer("created_by"))
                    .col(timestamp_with_time_zone("created"))
                    .foreign_key(&mut cascade(("invitations", "created_by"), ("users", "pk")))
                    .foreign_key(&mut cascade(("invitations", "flow_id"), ("documents", "id")))
                    .to_owned(),
            )
            .await?;
        index(manager, "invitations", &["created_by"]).await?;
        index(manager, "invitations", &["flow_id"]).await?;
        index(manager, "invitations", &["expires"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["invitations"]).await
    }
}
