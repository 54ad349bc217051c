//! Rows on their way: read in batches by their primary key, written many at a time, and summed up.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::catalogue::{Sort, Table};
use super::{Side, TransferError, patiently};
use crate::{Backend, StoreError};

/// Rows of one batch: a document may have a MiB.
const BATCH: usize = 200;

const SUM: usize = 32;

/// How many rows there are, and a sum of them that does not depend on their order, in which databases differ: SHA-256
/// of each row, all of them added bit by bit (XOR). No row comes twice, since each has its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sum: [u8; SUM],
}

impl Digest {
    fn add(&mut self, row: &[Value]) -> Result<(), TransferError> {
        let mut hash = Sha256::new();
        for value in row {
            let (tag, bytes) = canonical(value)?;
            hash.update([tag]);
            // The length keeps neighbouring values apart.
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        self.sum.iter_mut().zip(hash.finalize()).for_each(|(sum, byte)| *sum ^= byte);
        self.rows += 1;
        Ok(())
    }

    pub(super) fn hex(&self) -> String {
        hex::encode(self.sum)
    }
}

/// The same bytes for the same value, whichever database it came from.
fn canonical(value: &Value) -> Result<(u8, Vec<u8>), TransferError> {
    Ok(match value {
        Value::BigInt(Some(number)) => (1, number.to_be_bytes().to_vec()),
        Value::Bool(Some(flag)) => (2, vec![u8::from(*flag)]),
        Value::String(Some(text)) => (3, text.clone().into_bytes()),
        Value::ChronoDateTimeUtc(Some(time)) => (4, time.timestamp_micros().to_be_bytes().to_vec()),
        Value::Uuid(Some(id)) => (5, id.as_bytes().to_vec()),
        Value::BigInt(None)
        | Value::Bool(None)
        | Value::String(None)
        | Value::ChronoDateTimeUtc(None)
        | Value::Uuid(None) => (0, Vec::new()),
        _ => return Err(StoreError::Corrupt { what: "a value that is copied".to_owned() }.into()),
    })
}

/// Copies all rows; those that `join` others give way to rows of the target with the same key. Answers what was read.
pub(super) async fn copy(
    source: &Side<'_>,
    target: &Side<'_>,
    table: &Table,
    join: bool,
) -> Result<Digest, TransferError> {
    let mut digest = Digest::default();
    let mut reader = Reader::new(source, table);
    while let Some(rows) = reader.next().await? {
        rows.iter().try_for_each(|row| digest.add(row))?;
        write(target, table, rows, join).await?;
    }
    Ok(digest)
}

/// Reads all rows and sums them up.
pub(super) async fn digest(side: &Side<'_>, table: &Table) -> Result<Digest, TransferError> {
    let mut digest = Digest::default();
    let mut reader = Reader::new(side, table);
    while let Some(rows) = reader.next().await? {
        rows.iter().try_for_each(|row| digest.add(row))?;
    }
    Ok(digest)
}

/// Goes through a table by its key.
struct Reader<'a> {
    side: &'a Side<'a>,
    table: &'a Table,
    /// The key of the last row that was read.
    last: Option<Vec<Value>>,
    over: bool,
}

impl<'a> Reader<'a> {
    fn new(side: &'a Side<'a>, table: &'a Table) -> Self {
        Self { side, table, last: None, over: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<Vec<Value>>>, TransferError> {
        if self.over {
            return Ok(None);
        }
        let last = self.last.take();
        let sql = self.sql(last.is_some());
        let statement = self.side.store.statement(&sql, last.unwrap_or_default());
        let found = patiently(self.side.tx.query_all_raw(statement)).await?;
        let rows: Result<Vec<_>, _> = found.iter().map(|row| values(row, self.table)).collect();
        let rows = rows?;
        self.over = rows.len() < BATCH;
        self.last = rows.last().map(|row| self.table.key.iter().map(|at| row[*at].clone()).collect());
        Ok((!rows.is_empty()).then_some(rows))
    }

    fn sql(&self, goes_on: bool) -> String {
        let column = |column: &super::catalogue::Column| match (column.sort, self.side.store.backend()) {
            // Numbers of every width are read as one.
            (Sort::Number, Backend::Postgres) => format!("CAST({} AS bigint)", column.quoted()),
            _ => column.quoted(),
        };
        let columns: Vec<String> = self.table.columns.iter().map(column).collect();
        let key: Vec<String> = self.table.key.iter().map(|at| self.table.columns[*at].quoted()).collect();
        let marks: Vec<String> = (1..=key.len()).map(|at| format!("${at}")).collect();
        let (key, marks) = (key.join(", "), marks.join(", "));
        let beyond = if goes_on { format!(" WHERE ({key}) > ({marks})") } else { String::new() };
        format!("SELECT {} FROM {}{beyond} ORDER BY {key} LIMIT {BATCH}", columns.join(", "), self.table.quoted())
    }
}

fn values(row: &QueryResult, table: &Table) -> Result<Vec<Value>, TransferError> {
    let value = |(at, column): (usize, &super::catalogue::Column)| -> Result<Value, TransferError> {
        Ok(match column.sort {
            Sort::Number => row.try_get_by_index::<Option<i64>>(at)?.into(),
            Sort::Flag => row.try_get_by_index::<Option<bool>>(at)?.into(),
            Sort::Text => row.try_get_by_index::<Option<String>>(at)?.into(),
            Sort::Time => row.try_get_by_index::<Option<DateTime<Utc>>>(at)?.into(),
            Sort::Id => row.try_get_by_index::<Option<Uuid>>(at)?.into(),
        })
    };
    table.columns.iter().enumerate().map(value).collect()
}

async fn write(target: &Side<'_>, table: &Table, rows: Vec<Vec<Value>>, join: bool) -> Result<(), TransferError> {
    let columns: Vec<String> = table.columns.iter().map(super::catalogue::Column::quoted).collect();
    let width = columns.len();
    let group = |row: usize| {
        let marks: Vec<String> = (1..=width).map(|at| format!("${}", row * width + at)).collect();
        format!("({})", marks.join(", "))
    };
    let groups: Vec<String> = (0..rows.len()).map(group).collect();
    let known = if join { " ON CONFLICT DO NOTHING" } else { "" };
    let sql = format!("INSERT INTO {} ({}) VALUES {}{known}", table.quoted(), columns.join(", "), groups.join(", "));
    target.run(&sql, rows.into_iter().flatten()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[Vec<Value>]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().try_for_each(|row| digest.add(row)).expect("known values");
        digest
    }

    #[test]
    fn the_sum_knows_every_value_and_no_order() {
        let (one, two) = (vec![Value::from(1_i64), "ab".into()], vec![Value::from(2_i64), "c".into()]);
        assert_eq!(sum(&[one.clone(), two.clone()]), sum(&[two.clone(), one.clone()]));
        for other in [
            vec![one.clone()],
            vec![one.clone(), vec![Value::from(2_i64), "d".into()]],
            vec![one.clone(), vec![Value::from(2_i64), Value::String(None)]],
        ] {
            assert_ne!(sum(&[one.clone(), two.clone()]), sum(&other));
        }
        assert_ne!(sum(&[vec!["a".into(), "bc".into()]]), sum(&[vec!["ab".into(), "c".into()]]));
    }
}
