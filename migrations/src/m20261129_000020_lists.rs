//! What lists of accounts are answered from: a narrow copy of what they are ordered and searched by, kept by
//! triggers, and how many there are.
//!
//! Every sign-in writes its row of `users`, after which PostgreSQL has to look at the row itself instead of an index
//! of it. Nothing but a change of the account itself writes a row of `user_search`.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::parts::{cascade, drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Parts of the count: accounts that are made at the same moment wait for each other only within one.
const BUCKETS: i64 = 16;

/// What is kept of an account.
const KEPT: [&str; 5] = ["username", "name", "email", "search", "date_joined"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tables(manager).await?;
        let copy = "INSERT INTO user_search (user_pk, username, name, email, search, date_joined)
            SELECT pk, username, name, email, search, date_joined FROM users ORDER BY username, pk";
        let count =
            format!("INSERT INTO user_counts (bucket, users) SELECT pk % {BUCKETS}, count(*) FROM users GROUP BY 1");
        execute(manager, &[copy, &count]).await?;
        for column in KEPT.into_iter().filter(|column| *column != "search") {
            index(manager, "user_search", &[column, "user_pk"]).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            execute(manager, &postgres()).await
        } else {
            execute(manager, &sqlite()).await
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let triggers = ["user_search_insert", "user_search_update", "user_counts_insert", "user_counts_delete"];
            for trigger in triggers {
                execute(manager, &[format!("DROP TRIGGER IF EXISTS {trigger} ON users")]).await?;
            }
            let functions = ["user_search_keep", "user_counts_add", "user_counts_take"];
            for function in functions {
                execute(manager, &[format!("DROP FUNCTION IF EXISTS {function}()")]).await?;
            }
        } else {
            let triggers = ["user_search_insert", "user_search_update", "user_search_delete"];
            for trigger in triggers {
                execute(manager, &[format!("DROP TRIGGER IF EXISTS {trigger}")]).await?;
            }
            execute(manager, &["DROP TABLE IF EXISTS user_words"]).await?;
        }
        drop_tables(manager, &["user_counts", "user_search"]).await
    }
}

async fn execute(manager: &SchemaManager<'_>, statements: &[impl AsRef<str> + Sync]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement.as_ref()).await?;
    }
    Ok(())
}

async fn tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let search = Table::create()
        .table("user_search")
        .col(big_integer("user_pk").primary_key())
        .col(string_len("username", 150))
        .col(text("name"))
        .col(string_len("email", 254))
        .col(text("search"))
        .col(timestamp_with_time_zone("date_joined"))
        .foreign_key(&mut cascade(("user_search", "user_pk"), ("users", "pk")))
        .to_owned();
    manager.create_table(search).await?;
    let counts = Table::create()
        .table("user_counts")
        .col(big_integer("bucket").primary_key())
        .col(big_integer("users"))
        .to_owned();
    manager.create_table(counts).await
}

/// Trigrams by FTS5, which names a superset of the rows; triggers a row at a time, since there are no others.
fn sqlite() -> Vec<String> {
    let words = "CREATE VIRTUAL TABLE user_words USING fts5(search, content='user_search', content_rowid='user_pk',
        detail=none, columnsize=0, tokenize='trigram case_sensitive 1')";
    let forget = "INSERT INTO user_words (user_words, rowid, search) VALUES ('delete', old.pk, old.search);";
    let insert = format!(
        "CREATE TRIGGER user_search_insert AFTER INSERT ON users BEGIN
            INSERT INTO user_search (user_pk, username, name, email, search, date_joined)
                VALUES (new.pk, new.username, new.name, new.email, new.search, new.date_joined);
            INSERT INTO user_words (rowid, search) VALUES (new.pk, new.search);
            INSERT INTO user_counts (bucket, users) VALUES (new.pk % {BUCKETS}, 1)
                ON CONFLICT (bucket) DO UPDATE SET users = users + 1;
        END"
    );
    let changed = KEPT.map(|column| format!("old.{column} IS NOT new.{column}")).join(" OR ");
    let update = format!(
        "CREATE TRIGGER user_search_update AFTER UPDATE ON users WHEN {changed} BEGIN
            UPDATE user_search SET username = new.username, name = new.name, email = new.email, search = new.search,
                date_joined = new.date_joined WHERE user_pk = new.pk;
            {forget}
            INSERT INTO user_words (rowid, search) VALUES (new.pk, new.search);
        END"
    );
    let delete = format!(
        "CREATE TRIGGER user_search_delete AFTER DELETE ON users BEGIN
            {forget}
            UPDATE user_counts SET users = users - 1 WHERE bucket = old.pk % {BUCKETS};
        END"
    );
    vec![words.to_owned(), "INSERT INTO user_words (user_words) VALUES ('rebuild')".to_owned(), insert, update, delete]
}

/// Trigrams by `pg_trgm`, where it may be had: without it a search goes through all rows.
fn postgres() -> Vec<String> {
    let extension = "DO $$ BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
        EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
            RAISE WARNING 'the extension pg_trgm is not to be had, so that searching goes through all accounts';
        END $$";
    // The extension may lie in any schema.
    let trigrams = "DO $$ DECLARE place name; BEGIN
            SELECT n.nspname INTO place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                WHERE e.extname = 'pg_trgm';
            IF place IS NOT NULL THEN
                EXECUTE format('CREATE INDEX ix_user_search__search ON user_search USING gin (search %I.gin_trgm_ops)', place);
            END IF;
        END $$";
    let keep = "CREATE FUNCTION user_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO user_search (user_pk, username, name, email, search, date_joined)
                VALUES (new.pk, new.username, new.name, new.email, new.search, new.date_joined)
                ON CONFLICT (user_pk) DO UPDATE SET username = excluded.username, name = excluded.name,
                    email = excluded.email, search = excluded.search, date_joined = excluded.date_joined;
            RETURN NULL;
        END $$";
    let changed = KEPT.map(|column| format!("old.{column} IS DISTINCT FROM new.{column}")).join(" OR ");
    let counting = |name: &str, sign: &str| {
        format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO user_counts (bucket, users)
                    SELECT pk % {BUCKETS} AS bucket, {sign} count(*) FROM touched GROUP BY 1 ORDER BY 1
                    ON CONFLICT (bucket) DO UPDATE SET users = user_counts.users + excluded.users;
                RETURN NULL;
            END $$"
        )
    };
    vec![
        extension.to_owned(),
        trigrams.to_owned(),
        keep.to_owned(),
        "CREATE TRIGGER user_search_insert AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION user_search_keep()"
            .to_owned(),
        format!(
            "CREATE TRIGGER user_search_update AFTER UPDATE ON users FOR EACH ROW WHEN ({changed})
                EXECUTE FUNCTION user_search_keep()"
        ),
        counting("user_counts_add", ""),
        counting("user_counts_take", "-"),
        "CREATE TRIGGER user_counts_insert AFTER INSERT ON users REFERENCING NEW TABLE AS touched
            FOR EACH STATEMENT EXECUTE FUNCTION user_counts_add()"
            .to_owned(),
        "CREATE TRIGGER user_counts_delete AFTER DELETE ON users REFERENCING OLD TABLE AS touched
            FOR EACH STATEMENT EXECUTE FUNCTION user_counts_take()"
            .to_owned(),
    ]
}
