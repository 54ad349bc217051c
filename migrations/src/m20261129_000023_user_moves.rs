//! What has moved in the lists of accounts, on PostgreSQL: each account that came to a place or left it, with the
//! transaction that did it. A list remembers some of its places as a snapshot had them, and counts with these rows what has
//! changed before them since. Everybody only adds rows, so that nobody waits for anybody.
//!
//! SQLite reads through a million entries of an index three times as fast, and has no need of it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::parts::drop_tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Accounts that one statement makes or deletes beyond which it is told only that everything has moved.
const EACH: u64 = 100;

/// What has a place in a list.
const PLACED: [&str; 5] = ["username", "name", "email", "date_joined", "is_active"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            for statement in up() {
                manager.get_connection().execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let mut statements = Vec::new();
        for trigger in ["user_moves_insert", "user_moves_update", "user_moves_delete"] {
            statements.push(format!("DROP TRIGGER IF EXISTS {trigger} ON users"));
        }
        for function in ["user_moves_many", "user_moves_one"] {
            statements.push(format!("DROP FUNCTION IF EXISTS {function}()"));
        }
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        drop_tables(manager, &["user_moves"]).await
    }
}

/// `sign` is 1 for what came, -1 for what left, and 0 where everything may have moved. The time is the database's, since
/// triggers know no other; it only tells what nobody counts with any more.
fn up() -> Vec<String> {
    let placed = PLACED.join(", ");
    let of = |row: &str| PLACED.map(|column| format!("{row}.{column}")).join(", ");
    let (old, new) = (of("old"), of("new"));
    let changed = PLACED.map(|column| format!("old.{column} IS DISTINCT FROM new.{column}")).join(" OR ");
    vec![
        "CREATE TABLE user_moves (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            sign smallint NOT NULL,
            user_pk bigint,
            username varchar(150),
            name text,
            email varchar(254),
            date_joined timestamptz,
            is_active boolean
        )"
        .to_owned(),
        "CREATE INDEX ix_user_moves__xid ON user_moves (xid)".to_owned(),
        "CREATE INDEX ix_user_moves__moved_at ON user_moves (moved_at)".to_owned(),
        format!(
            "CREATE FUNCTION user_moves_many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF (SELECT count(*) FROM (SELECT 1 FROM touched LIMIT {EACH} + 1) AS few) > {EACH} THEN
                    INSERT INTO user_moves (sign) VALUES (0);
                ELSE
                    INSERT INTO user_moves (sign, user_pk, {placed})
                        SELECT CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END, pk, {placed} FROM touched;
                END IF;
                RETURN NULL;
            END $$"
        ),
        format!(
            "CREATE FUNCTION user_moves_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO user_moves (sign, user_pk, {placed}) VALUES (-1, old.pk, {old}), (1, new.pk, {new});
                RETURN NULL;
            END $$"
        ),
        "CREATE TRIGGER user_moves_insert AFTER INSERT ON users REFERENCING NEW TABLE AS touched
            FOR EACH STATEMENT EXECUTE FUNCTION user_moves_many()"
            .to_owned(),
        format!(
            "CREATE TRIGGER user_moves_update AFTER UPDATE ON users FOR EACH ROW WHEN ({changed})
                EXECUTE FUNCTION user_moves_one()"
        ),
        "CREATE TRIGGER user_moves_delete AFTER DELETE ON users REFERENCING OLD TABLE AS touched
            FOR EACH STATEMENT EXECUTE FUNCTION user_moves_many()"
            .to_owned(),
    ]
}
