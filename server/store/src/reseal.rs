//! Another secret key: everything that is sealed under the old one is sealed under the new one, in one transaction.
//!
//! It may be done while servers run that open with both keys and seal with the new one. What none of the keys opens
//! is left and told of; nobody could read it before, either.

use sea_orm::{ColumnTrait, QueryResult};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::entity::{document, revision_change};
use crate::schema::RECOGNISE_KEY;
use crate::seal::{PREFIX, plan_place, task_place};
use crate::text::from_json;
use crate::transfer::texts_with;
use crate::{SealKey, Store, StoreError, document_row, factors, flow_tokens, tokens};

/// Rows of one batch.
const BATCH: usize = 100;

/// What became of the sealed texts of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResealedTable {
    /// Table and column.
    pub column: &'static str,
    /// Rows that were sealed anew.
    pub resealed: u64,
    /// Keys of rows that no key opens.
    pub unreadable: Vec<String>,
}

/// What became of everything that was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Each place where secrets are.
    pub columns: Vec<ResealedTable>,
    /// Other columns with texts that look sealed, and how many: what people wrote, or a place that is not known here.
    pub elsewhere: Vec<(String, u64)>,
}

/// What the first key has to seal of one row; `None` where it has already.
type Anew = Result<Option<String>, StoreError>;

/// A row with something sealed in it.
struct Row {
    key: Value,
    /// The key as text.
    named: String,
    text: String,
    /// What the place of the secret is made of, besides the key.
    word: String,
    number: i64,
}

/// A column with sealed texts in it.
struct Place {
    column: &'static str,
    /// Key, text, a word and a number of the rows after `$1`, of which there may be none for the first.
    select: &'static str,
    update: &'static str,
    /// A key before all others.
    first: fn() -> Value,
    anew: fn(&SealKey, &Row) -> Anew,
}

/// `documents` and what revisions keep of them have ways of their own.
static PLACES: [Place; 7] = [
    Place {
        column: "documents.body",
        select: "SELECT id, body, sealed, 0 FROM documents WHERE id > $1 AND sealed <> '[]' ORDER BY id LIMIT 100",
        update: "UPDATE documents SET body = $1 WHERE id = $2 AND body = $3",
        first: || Uuid::nil().into(),
        anew: |key, row| of_document(key, &row.named, &row.text, &row.word),
    },
    Place {
        column: "tokens.key_sealed",
        select: "SELECT pk, key_sealed, '', 0 FROM tokens WHERE pk > $1 ORDER BY pk LIMIT 100",
        update: "UPDATE tokens SET key_sealed = $1 WHERE pk = $2 AND key_sealed = $3",
        first: || Uuid::nil().into(),
        anew: |key, row| key.resealed(&tokens::place(id(&row.named)?), &row.text),
    },
    Place {
        column: "authenticators.secret",
        select: "SELECT pk, secret, kind, user_pk FROM authenticators WHERE pk > $1 AND secret <> '' \
                 ORDER BY pk LIMIT 100",
        update: "UPDATE authenticators SET secret = $1 WHERE pk = $2 AND secret = $3",
        first: || 0_i64.into(),
        anew: |key, row| key.resealed(&factors::place(row.number, &row.word), &row.text),
    },
    Place {
        column: "flow_tokens.content",
        select: "SELECT key_hash, content, '', coalesce(user_pk, 0) FROM flow_tokens WHERE key_hash > $1 AND content <> '' \
                 ORDER BY key_hash LIMIT 100",
        update: "UPDATE flow_tokens SET content = $1 WHERE key_hash = $2 AND content = $3",
        first: || "".into(),
        anew: of_flow_token,
    },
    Place {
        column: "tasks.data",
        select: "SELECT id, data, queue, 0 FROM tasks WHERE id > $1 AND data LIKE '%sealed:v1:%' ORDER BY id LIMIT 100",
        update: "UPDATE tasks SET data = $1 WHERE id = $2 AND data = $3",
        first: || Uuid::nil().into(),
        anew: of_task,
    },
    Place {
        column: "sessions.data",
        select: "SELECT id_hash, data, '', coalesce(user_pk, 0) FROM sessions \
                 WHERE id_hash > $1 AND data LIKE '%sealed:v1:%' ORDER BY id_hash LIMIT 100",
        update: "UPDATE sessions SET data = $1 WHERE id_hash = $2 AND data = $3",
        first: || "".into(),
        anew: |key, row| of_plan(key, &row.text, row.number),
    },
    Place {
        column: "installation.value",
        select: "SELECT \"key\", value, '', 0 FROM installation WHERE \"key\" > $1 AND \"key\" = 'recognise_key'",
        update: "UPDATE installation SET value = $1 WHERE \"key\" = $2 AND value = $3",
        first: || "".into(),
        anew: |key, row| key.resealed(RECOGNISE_KEY, &row.text),
    },
];

impl Store {
    /// Seals everything anew that the first of the keys has not sealed.
    ///
    /// # Errors
    /// Whatever the database answers; nothing is changed then.
    pub async fn reseal(&self) -> Result<Resealed, StoreError> {
        let tx = self.begin().await?;
        self.be_patient(&tx).await?;
        let mut columns = Vec::new();
        for place in &PLACES {
            columns.push(Box::pin(self.reseal_column(&tx, place)).await?);
        }
        for (column, of) in REMEMBERED {
            columns.push(Box::pin(self.reseal_history(&tx, column, of)).await?);
        }
        let known: Vec<&str> = columns.iter().map(|one| one.column).collect();
        let mut elsewhere = texts_with(self, &tx, PREFIX).await?;
        elsewhere.retain(|(column, _)| !known.contains(&column.as_str()));
        tx.commit().await?;
        Ok(Resealed { columns, elsewhere })
    }

    async fn reseal_column(&self, tx: &DatabaseTransaction, place: &Place) -> Result<ResealedTable, StoreError> {
        let mut done = ResealedTable { column: place.column, resealed: 0, unreadable: Vec::new() };
        let mut last = (place.first)();
        loop {
            let rows = tx.query_all_raw(self.statement(place.select, [last.clone()])).await?;
            for found in &rows {
                let row = row_of(found, &last)?;
                match (place.anew)(self.seal_key(), &row) {
                    Ok(Some(text)) => {
                        // Whoever wrote the row meanwhile has sealed it with the new key.
                        let values = [text.into(), row.key.clone(), row.text.into()];
                        done.resealed += tx.execute_raw(self.statement(place.update, values)).await?.rows_affected();
                    }
                    Ok(None) => {}
                    Err(_) => done.unreadable.push(row.named.clone()),
                }
                last = row.key;
            }
            if rows.len() < BATCH {
                return Ok(done);
            }
        }
    }

    /// What revisions keep of documents, a revision at a time.
    async fn reseal_history(
        &self,
        tx: &DatabaseTransaction,
        column: &'static str,
        of: Remembered,
    ) -> Result<ResealedTable, StoreError> {
        use revision_change::{Column, Entity};
        let mut done = ResealedTable { column, resealed: 0, unreadable: Vec::new() };
        let sql = "SELECT DISTINCT revision FROM revision_changes WHERE sort = 'document' ORDER BY revision";
        for row in tx.query_all_raw(self.statement(sql, [])).await? {
            let revision: i64 = row.try_get_by_index(0)?;
            let these = Entity::find().filter(Column::Revision.eq(revision)).filter(Column::Sort.eq("document"));
            for change in these.order_by_asc(Column::Object).all(tx).await? {
                let text = match of {
                    Remembered::Before => change.before,
                    Remembered::After => change.after,
                };
                let Some(text) = text else { continue };
                match of_remembered(self.seal_key(), &text) {
                    Ok(Some(anew)) => {
                        let name = of.name();
                        let sql = format!(
                            "UPDATE revision_changes SET {name} = $1 WHERE revision = $2 AND object = $3 AND {name} = $4"
                        );
                        let values = [anew.into(), revision.into(), change.object.into(), text.into()];
                        done.resealed += tx.execute_raw(self.statement(&sql, values)).await?.rows_affected();
                    }
                    Ok(None) => {}
                    Err(_) => done.unreadable.push(format!("{} in revision {revision}", change.object)),
                }
            }
        }
        Ok(done)
    }
}

/// What a revision keeps of an object.
#[derive(Clone, Copy)]
enum Remembered {
    Before,
    After,
}

impl Remembered {
    fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

const REMEMBERED: [(&str, Remembered); 2] =
    [("revision_changes.before", Remembered::Before), ("revision_changes.after", Remembered::After)];

fn row_of(row: &QueryResult, like: &Value) -> Result<Row, StoreError> {
    let (key, named) = match like {
        Value::Uuid(_) => {
            let id: Uuid = row.try_get_by_index(0)?;
            (id.into(), id.to_string())
        }
        Value::BigInt(_) => {
            let number: i64 = row.try_get_by_index(0)?;
            (number.into(), number.to_string())
        }
        _ => {
            let text: String = row.try_get_by_index(0)?;
            (text.clone().into(), text)
        }
    };
    // A literal 0 is a number of 32 bits on PostgreSQL.
    let number = row.try_get_by_index::<i64>(3).or_else(|_| row.try_get_by_index::<i32>(3).map(i64::from))?;
    Ok(Row { key, named, text: row.try_get_by_index(1)?, word: row.try_get_by_index(2)?, number })
}

fn id(text: &str) -> Result<Uuid, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { what: "a key".to_owned() })
}

/// Answers the body with its secrets sealed by the first key.
fn of_document(key: &SealKey, named: &str, body: &str, sealed: &str) -> Anew {
    let pointers: Vec<String> = from_json("documents.sealed", sealed)?;
    let body: Json = from_json("documents.body", body)?;
    document_row::resealed(id(named)?, body, &pointers, key).map(|anew| anew.map(|body| body.to_string()))
}

fn of_remembered(key: &SealKey, text: &str) -> Anew {
    let mut row: document::Model = from_json("revision_changes", text)?;
    let Some(body) = of_document(key, &row.id.to_string(), &row.body, &row.sealed)? else { return Ok(None) };
    row.body = body;
    serde_json::to_string(&row).map(Some).map_err(|_| StoreError::Corrupt { what: "revision_changes".to_owned() })
}

fn of_task(key: &SealKey, row: &Row) -> Anew {
    let mut data: Json = from_json("tasks.data", &row.text)?;
    let place = task_place(&row.word, id(&row.named)?);
    let Some(sealed) = data["sealed"].as_str() else { return Ok(None) };
    let Some(anew) = key.resealed(&place, sealed)? else { return Ok(None) };
    data["sealed"] = anew.into();
    Ok(Some(data.to_string()))
}

/// A plan lies sealed in it, in which more may be sealed.
fn of_flow_token(key: &SealKey, row: &Row) -> Anew {
    let place = flow_tokens::place(&row.named);
    let plain = key.open(&place, &row.text)?;
    let inner = match std::str::from_utf8(&plain) {
        Ok(text) if text.contains(PREFIX) => of_plan(key, text, row.number)?,
        _ => None,
    };
    match inner {
        Some(text) => key.seal(&place, text.as_bytes()).map(Some),
        None => key.resealed(&place, &row.text),
    }
}

/// What is under way in a browser: what a stage has shown is sealed for whom it was shown to, the owner of the session or
/// the account that the plan is about.
fn of_plan(key: &SealKey, text: &str, owner: i64) -> Anew {
    let mut data: Json = from_json("sessions.data", text)?;
    let mut people = vec![owner];
    accounts_in(&data, &mut people);
    let mut changed = false;
    reseal_within(key, &mut data, &people, &mut changed)?;
    Ok(changed.then(|| data.to_string()))
}

/// Numbers of accounts that a plan names.
fn accounts_in(data: &Json, people: &mut Vec<i64>) {
    match data {
        Json::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_i64() {
            Some(pk) if name == "pk" && !people.contains(&pk) => people.push(pk),
            _ => accounts_in(value, people),
        }),
        Json::Array(items) => items.iter().for_each(|item| accounts_in(item, people)),
        _ => {}
    }
}

fn reseal_within(key: &SealKey, data: &mut Json, people: &[i64], changed: &mut bool) -> Result<(), StoreError> {
    match data {
        Json::Object(fields) => fields.values_mut().try_for_each(|value| reseal_within(key, value, people, changed)),
        Json::Array(items) => items.iter_mut().try_for_each(|item| reseal_within(key, item, people, changed)),
        Json::String(text) if text.starts_with(PREFIX) => {
            let unread = StoreError::Seal { what: "a plan".to_owned() };
            let found = people.iter().find_map(|pk| key.resealed(&plan_place(*pk), text).ok()).ok_or(unread)?;
            if let Some(anew) = found {
                *text = anew;
                *changed = true;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
