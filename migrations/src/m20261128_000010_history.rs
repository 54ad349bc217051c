//! History: what each revision of the configuration changed.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Databases differ in how many columns one statement may add.
        let dirty = Table::alter().table("revisions").add_column(boolean("git_dirty").default(false)).to_owned();
        manager.alter_table(dirty).await?;
        // Whether everything that the revision changed is in `revision_changes`.
        let kept = Table::alter().table("revisions").add_column(boolean("kept").default(false)).to_owned();
        manager.alter_table(kept).await?;
        manager
            .create_table(
                Table::create()
                    .table("revision_changes")
                    .col(big_integer("revision"))
                    .col(uuid("object"))
                    // `document` or `group`.
                    .col(string_len("sort", 10))
                    // As JSON, secrets sealed as in `documents`; null where there was, or is, none.
                    .col(text_null("before"))
                    .col(text_null("after"))
                    .primary_key(Index::create().col("revision").col("object"))
                    .foreign_key(&mut cascade(("revision_changes", "revision"), ("revisions", "number")))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["revision_changes"]).await?;
        for column in ["kept", "git_dirty"] {
            manager.alter_table(Table::alter().table("revisions").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
