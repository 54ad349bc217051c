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

/// What an account adds to those that are active.
const ONE_IF_ACTIVE: &str = "CASE WHEN is_active THEN 1 ELSE 0 END";

/// What is kept of an account.
const KEPT: [&str; 6] = ["username", "name", "email", "search", "date_joined", "is_active"];

/// What lists are ordered by.
const ORDERS: [&str; 4] = ["username", "name", "email", "date_joined"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tables(manager).await?;
        let kept = KEPT.join(", ");
        let copy =
            format!("INSERT INTO user_search (user_pk, {kept}) SELECT pk, {kept} FROM users ORDER BY username, pk");
        let count = format!(
            "INSERT INTO user_counts (bucket, users, active)
                SELECT pk % {BUCKETS}, count(*), sum({ONE_IF_ACTIVE}) FROM users GROUP BY 1"
        );
        execute(manager, &[copy, count]).await?;
        for column in ORDERS {
            // Whether it is active is the most frequent filter, so that the index has it.
            index(manager, "user_search", &[column, "user_pk", "is_active"]).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            execute(manager, &postgres()).await
        } else {
            execute(manager, &sqlite()).await
        }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let triggers = [
                "user_search_insert",
                "user_search_update",
                "user_counts_insert",
                "user_counts_update",
                "user_counts_delete",
            ];
            for trigger in triggers {
                execute(manager, &[format!("DROP TRIGGER IF EXISTS {trigger} ON users")]).await?;
            }
            let functions = ["user_search_keep", "user_counts_add", "user_counts_move", "user_counts_take"];
            for function in functions {
                execute(manager, &[format!("DROP FUNCTION IF EXISTS {function}()")]).await?;
            }
        } else {
            let triggers = ["user_search_insert", "user_search_update", "user_counts_update", "user_search_delete"];
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
        .col(boolean("is_active"))
        .foreign_key(&mut cascade(("user_search", "user_pk"), ("users", "pk")))
        .to_owned();
    manager.create_table(search).await?;
    let counts = Table::create()
        .table("user_counts")
        .col(big_integer("bucket").primary_key())
        .col(big_integer("users"))
        .col(big_integer("active"))
        .to_owned();
    manager.create_table(counts).await
}

/// Trigrams by FTS5, which names a superset of the rows; triggers a row at a time, since there are no others.
fn sqlite() -> Vec<String> {
    let words = "CREATE VIRTUAL TABLE user_words USING fts5(search, content='user_search', content_rowid='user_pk',
        detail=none, columnsize=0, tokenize='trigram case_sensitive 1')";
    let forget = "INSERT INTO user_words (user_words, rowid, search) VALUES ('delete', old.pk, old.search);";
    let (kept, new) = (KEPT.join(", "), KEPT.map(|column| format!("new.{column}")).join(", "));
    let insert = format!(
        "CREATE TRIGGER user_search_insert AFTER INSERT ON users BEGIN
            INSERT INTO user_search (user_pk, {kept}) VALUES (new.pk, {new});
            INSERT INTO user_words (rowid, search) VALUES (new.pk, new.search);
            INSERT INTO user_counts (bucket, users, active) VALUES (new.pk % {BUCKETS}, 1, new.is_active)
                ON CONFLICT (bucket) DO UPDATE SET users = users + 1, active = active + new.is_active;
        END"
    );
    let changed = KEPT.map(|column| format!("old.{column} IS NOT new.{column}")).join(" OR ");
    let update = format!(
        "CREATE TRIGGER user_search_update AFTER UPDATE ON users WHEN {changed} BEGIN
            UPDATE user_search SET ({kept}) = ({new}) WHERE user_pk = new.pk;
            {forget}
            INSERT INTO user_words (rowid, search) VALUES (new.pk, new.search);
        END"
    );
    let switch = format!(
        "CREATE TRIGGER user_counts_update AFTER UPDATE ON users WHEN old.is_active IS NOT new.is_active BEGIN
            UPDATE user_counts SET active = active + new.is_active - old.is_active WHERE bucket = new.pk % {BUCKETS};
        END"
    );
    let delete = format!(
        "CREATE TRIGGER user_search_delete AFTER DELETE ON users BEGIN
            {forget}
            UPDATE user_counts SET users = users - 1, active = active - old.is_active WHERE bucket = old.pk % {BUCKETS};
        END"
    );
    let fill = "INSERT INTO user_words (user_words) VALUES ('rebuild')".to_owned();
    vec![words.to_owned(), fill, insert, update, switch, delete]
}

/// Trigrams by `pg_trgm`, where it may be had: without it a search goes through all rows.
fn postgres() -> Vec<String> {
    // Rather in a schema that stays than in ours, with which it would go: others in the same database may use it too.
    let extension = "DO $$ BEGIN
            BEGIN
                CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
            EXCEPTION WHEN invalid_schema_name OR insufficient_privilege THEN
                CREATE EXTENSION IF NOT EXISTS pg_trgm;
            END;
        EXCEPTION
            WHEN unique_violation OR duplicate_object THEN
                -- Somebody else was making it at the same time.
                NULL;
            WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
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
    let (kept, new) = (KEPT.join(", "), KEPT.map(|column| format!("new.{column}")).join(", "));
    let keep = format!(
        "CREATE FUNCTION user_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO user_search (user_pk, {kept}) VALUES (new.pk, {new})
                ON CONFLICT (user_pk) DO UPDATE SET ({kept}) = ({new});
            RETURN NULL;
        END $$"
    );
    let changed = KEPT.map(|column| format!("old.{column} IS DISTINCT FROM new.{column}")).join(" OR ");
    let counting = |name: &str, sign: &str| {
        format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO user_counts (bucket, users, active)
                    SELECT pk % {BUCKETS} AS bucket, {sign} count(*), {sign} sum({ONE_IF_ACTIVE})
                        FROM touched GROUP BY 1 ORDER BY 1
                    ON CONFLICT (bucket) DO UPDATE SET users = user_counts.users + excluded.users,
                        active = user_counts.active + excluded.active;
                RETURN NULL;
            END $$"
        )
    };
    vec![
        extension.to_owned(),
        trigrams.to_owned(),
        keep,
        "CREATE TRIGGER user_search_insert AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION user_search_keep()"
            .to_owned(),
        format!(
            "CREATE TRIGGER user_search_update AFTER UPDATE ON users FOR EACH ROW WHEN ({changed})
                EXECUTE FUNCTION user_search_keep()"
        ),
        format!(
            "CREATE FUNCTION user_counts_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                UPDATE user_counts SET active = active + CASE WHEN new.is_active THEN 1 ELSE -1 END
                    WHERE bucket = new.pk % {BUCKETS};
                RETURN NULL;
            END $$"
        ),
        "CREATE TRIGGER user_counts_update AFTER UPDATE ON users FOR EACH ROW
            WHEN (old.is_active IS DISTINCT FROM new.is_active) EXECUTE FUNCTION user_counts_move()"
            .to_owned(),
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
