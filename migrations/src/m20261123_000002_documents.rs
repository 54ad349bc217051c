//! Configuration: documents of every kind, the references between them, and the log of revisions.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        documents(manager).await?;
        document_refs(manager).await?;
        manager
            .create_table(
                Table::create()
                    .table("revisions")
                    .col(big_pk_auto("number"))
                    .col(timestamp_with_time_zone("created"))
                    .col(text("author"))
                    .col(string_len("origin", 10))
                    .col(text("summary"))
                    .col(string_len_null("git_commit", 64))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["revisions", "document_refs", "documents"]).await
    }
}

async fn documents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("documents")
                .col(pk_uuid("id"))
                .col(integer_null("number"))
                .col(string_len("kind", 100))
                .col(string_len("name", 255))
                .col(string_len("origin", 10))
                .col(text_null("source_file"))
                .col(integer_null("source_line"))
                .col(string_len_null("managed", 255))
                .col(text("body"))
                // The JSON pointers within the body whose values are sealed.
                .col(text("sealed"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("updated"))
                .to_owned(),
        )
        .await?;
    unique(manager, "documents", &["number"]).await?;
    unique(manager, "documents", &["kind", "name"]).await
}

async fn document_refs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("document_refs")
                .col(uuid("from_id"))
                .col(string_len("field", 200))
                .col(integer("position"))
                .col(uuid("to_id"))
                .primary_key(Index::create().col("from_id").col("field").col("position"))
                .foreign_key(&mut cascade(("document_refs", "from_id"), ("documents", "id")))
                .to_owned(),
        )
        .await?;
    index(manager, "document_refs", &["to_id"]).await
}
