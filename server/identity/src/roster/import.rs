//! Reads a table into the directory.

use super::{
    Gate, RosterError,
    columns::{Column, Row},
    gate::Refused,
    header,
};
use crate::{
    Identity,
    journal::{Action, Entry},
    people::PeopleError,
    system::random_uuid,
};
use csv::{Position, Reader, StringRecord, Trim};
use lockgate_model::{Group, Origin, User, UserType};
use lockgate_store::{NewGroup, NewUser, StoreError, UserPatch};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    io::Read,
};
use uuid::Uuid;

/// Accounts of one transaction.
const AT_ONCE: usize = 1_000;

/// The most lines of each sort in a report.
const REMARKS: u64 = 1_000;

/// The longest row, in bytes.
const LONGEST: usize = 64 * 1024;

/// What an import may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// Nothing is written.
    pub dry_run: bool,
    /// Accounts that are there are changed to what their rows say; else they are told of.
    pub update: bool,
    /// Groups that nobody has made yet are made.
    pub create_groups: bool,
    /// What is made and changed is told of, too, row by row.
    pub tell_all: bool,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its account was made.
    Created,
    /// Its account was changed.
    Updated,
    /// Nothing of it was taken.
    Refused,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Rows below the header.
    pub rows: u64,
    /// Accounts made.
    pub made: u64,
    /// Accounts changed.
    pub changed: u64,
    /// Accounts that were as their rows say.
    pub unchanged: u64,
    /// Rows of which nothing was taken.
    pub refused: u64,
    /// What is to be said of single rows, by line; a thousand refused ones at most, and a thousand others.
    pub remarks: Vec<Remark>,
}

/// Something to be said of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Line of the file on which the row begins.
    pub line: u64,
    /// Its user name.
    pub username: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What; empty where there is nothing to add.
    pub what: String,
}

/// A row with its line.
struct Line {
    line: u64,
    row: Row,
}

/// An import under way.
struct Import<'a> {
    identity: &'a Identity,
    wish: Wish,
    /// Who has to permit each effect; nobody where the operator imports.
    gate: Option<&'a dyn Gate>,
    /// What the gate said of groups: why nobody may join.
    joins: HashMap<Uuid, Option<String>>,
    columns: Vec<Column>,
    groups: HashMap<String, Uuid>,
    /// Hashes of the names so far, folded; of a million they take eight megabytes.
    seen: HashSet<u64>,
    hasher: RandomState,
    told: Imported,
    noted: bool,
}

impl Identity {
    /// Reads a table of accounts into the directory, as far as `gate` permits. `progress` hears of the bytes that were
    /// read.
    ///
    /// # Errors
    /// [`RosterError`], when the header is wrong or the file or the database fails; what is wrong with single rows is
    /// told in the report.
    pub async fn import_people(
        &self,
        input: impl Read,
        wish: Wish,
        gate: Option<&dyn Gate>,
        progress: impl FnMut(u64),
    ) -> Result<Imported, RosterError> {
        let mut reader = csv::ReaderBuilder::new().trim(Trim::Headers).from_reader(input);
        let columns = header(reader.headers()?)?;
        let groups = self.store.groups().all().await?;
        let mut import = Import {
            identity: self,
            wish,
            gate,
            joins: HashMap::new(),
            columns,
            groups: groups.into_iter().map(|group| (group.name, group.pk)).collect(),
            seen: HashSet::new(),
            hasher: RandomState::new(),
            told: Imported::default(),
            noted: false,
        };
        let done = import.all(&mut reader, progress).await;
        // What was written before something failed is there all the same.
        self.feed.settle().await;
        import.note(false);
        import.told.remarks.sort_by_key(|remark| remark.line);
        done.map(|()| std::mem::take(&mut import.told))
    }
}

impl Import<'_> {
    async fn all(&mut self, reader: &mut Reader<impl Read>, mut progress: impl FnMut(u64)) -> Result<(), RosterError> {
        let at_once = self.gate.map_or(AT_ONCE, |gate| gate.at_once().clamp(1, AT_ONCE));
        let (mut record, mut lines) = (StringRecord::new(), Vec::with_capacity(at_once));
        loop {
            let more = match reader.read_record(&mut record) {
                Ok(more) => more,
                Err(error) if error.is_io_error() => return Err(error.into()),
                Err(error) => {
                    let line = error.position().map_or_else(|| reader.position().line(), Position::line);
                    self.told.rows += 1;
                    self.refuse(line, "", malformed(&error));
                    continue;
                }
            };
            if more {
                self.told.rows += 1;
                lines.extend(self.read(&record));
            }
            if lines.len() == at_once || !more {
                Box::pin(self.take(std::mem::take(&mut lines))).await?;
                progress(reader.position().byte());
            }
            if !more {
                return Ok(());
            }
        }
    }

    fn refuse(&mut self, line: u64, username: &str, what: impl Into<String>) {
        self.told.refused += 1;
        if self.told.refused <= REMARKS {
            self.remark(line, username, Outcome::Refused, what.into());
        }
    }

    fn made(&mut self, line: &Line) {
        self.told.made += 1;
        if self.wish.tell_all && self.told.made + self.told.changed <= REMARKS {
            self.remark(line.line, &line.row.username, Outcome::Created, String::new());
        }
    }

    fn changed(&mut self, line: &Line, what: String) {
        self.told.changed += 1;
        if self.wish.tell_all && self.told.made + self.told.changed <= REMARKS {
            self.remark(line.line, &line.row.username, Outcome::Updated, what);
        }
    }

    fn remark(&mut self, line: u64, username: &str, outcome: Outcome, what: String) {
        self.told.remarks.push(Remark { line, username: username.to_owned(), outcome, what });
    }

    /// Whether the gate permits something; if not, the row is refused with its words.
    fn passes(&mut self, line: &Line, answer: Result<(), Refused>) -> Result<bool, RosterError> {
        match answer {
            Ok(()) => Ok(true),
            Err(Refused::Why(why)) => {
                self.refuse(line.line, &line.row.username, why);
                Ok(false)
            }
            Err(Refused::Failed(error)) => Err(RosterError::Gate(error)),
        }
    }

    /// Whether somebody may join a group by this import.
    async fn joins(&mut self, group: Uuid, name: &str) -> Result<Option<String>, RosterError> {
        let Some(gate) = self.gate else { return Ok(None) };
        if let Some(known) = self.joins.get(&group) {
            return Ok(known.clone());
        }
        let said = match gate.may_join(group, name).await {
            Ok(()) => None,
            Err(Refused::Why(why)) => Some(why),
            Err(Refused::Failed(error)) => return Err(RosterError::Gate(error)),
        };
        self.joins.insert(group, said.clone());
        Ok(said)
    }

    fn read(&mut self, record: &StringRecord) -> Option<Line> {
        let line = record.position().map_or(0, Position::line);
        if record.as_slice().len() > LONGEST {
            self.refuse(line, "", format!("the row has more than {LONGEST} bytes"));
            return None;
        }
        let row = match Row::read(&self.columns, record) {
            Ok(row) => row,
            Err(wrong) => {
                let at = self.columns.iter().position(|column| *column == Column::Username);
                let username = at.and_then(|at| record.get(at)).unwrap_or_default().to_owned();
                self.refuse(line, &username, wrong.join("; "));
                return None;
            }
        };
        if !self.seen.insert(self.hasher.hash_one(row.username.to_lowercase())) {
            self.refuse(line, &row.username, "the same user name stands further up");
            return None;
        }
        Some(Line { line, row })
    }

    /// Takes some rows in: those of new accounts in one transaction.
    async fn take(&mut self, lines: Vec<Line>) -> Result<(), RosterError> {
        let names: Vec<&str> = lines.iter().map(|line| line.row.username.as_str()).collect();
        let there = self.identity.store.users().by_usernames(&names).await?;
        let mut there: HashMap<String, User> =
            there.into_iter().map(|user| (user.username.to_lowercase(), user)).collect();
        let pks: Vec<i64> = there.values().map(|user| user.pk).collect();
        let held = self.identity.store.groups().of_users(&pks, self.identity.clock.now()).await?;
        let mut new = Vec::new();
        for line in lines {
            let Some(groups) = self.groups_of(&line).await? else { continue };
            match there.remove(&line.row.username.to_lowercase()) {
                Some(user) => {
                    let held = held.get(&user.pk).map(Vec::as_slice).unwrap_or_default();
                    self.known(line, user, groups, held).await?;
                }
                None => new.push((line, groups)),
            }
        }
        self.make(new).await
    }

    /// The groups that a row names; `None` where one is unknown.
    async fn groups_of(&mut self, line: &Line) -> Result<Option<Vec<Uuid>>, RosterError> {
        let mut found = Vec::new();
        for name in &line.row.groups {
            let pk = match self.groups.get(name) {
                Some(pk) => *pk,
                None if self.wish.create_groups => match self.new_group(name).await? {
                    Ok(pk) => pk,
                    Err(why) => {
                        self.refuse(line.line, &line.row.username, format!("groups: \"{name}\": {why}"));
                        return Ok(None);
                    }
                },
                None => {
                    let text = format!("groups: there is no group \"{name}\" (--create-groups makes it)");
                    self.refuse(line.line, &line.row.username, text);
                    return Ok(None);
                }
            };
            if let Some(why) = self.joins(pk, name).await? {
                self.refuse(line.line, &line.row.username, why);
                return Ok(None);
            }
            if !found.contains(&pk) {
                found.push(pk);
            }
        }
        Ok(Some(found))
    }

    async fn new_group(&mut self, name: &str) -> Result<Result<Uuid, String>, RosterError> {
        let pk = random_uuid(&*self.identity.random);
        if let Some(gate) = self.gate {
            match gate.may_make_group(name).await {
                Ok(()) => drop(self.joins.insert(pk, None)),
                Err(Refused::Why(why)) => return Ok(Err(why)),
                Err(Refused::Failed(error)) => return Err(RosterError::Gate(error)),
            }
        }
        if !self.wish.dry_run {
            let new = NewGroup {
                pk,
                name: name.to_owned(),
                is_superuser: false,
                parents: Vec::new(),
                attributes: Map::new(),
                origin: Origin::Api,
                source: None,
            };
            match self.identity.people.create_group(new, self.by()).await {
                Ok(_) => {
                    if let Some(gate) = self.gate {
                        heard(gate.made_group(pk).await)?;
                    }
                }
                Err(PeopleError::Store(error)) => return Err(error.into()),
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        self.groups.insert(name.to_owned(), pk);
        Ok(Ok(pk))
    }

    /// Makes new accounts, all in one transaction; where that fails, one by one, so that each is told of.
    async fn make(&mut self, new: Vec<(Line, Vec<Uuid>)>) -> Result<(), RosterError> {
        let mut permitted = Vec::with_capacity(new.len());
        for (line, groups) in new {
            let account = self.account(&line.row, &groups);
            let answer = match self.gate {
                Some(gate) => gate.may_make(&account).await,
                None => Ok(()),
            };
            if self.passes(&line, answer)? {
                permitted.push((line, account));
            }
        }
        if self.wish.dry_run {
            permitted.iter().for_each(|(line, _)| self.made(line));
            return Ok(());
        }
        let (users, now) = (self.identity.store.users(), self.identity.clock.now());
        let accounts: Vec<NewUser> = permitted.iter().map(|(_, account)| account.clone()).collect();
        if let Ok(made) = users.create_many(accounts, now).await {
            permitted.iter().for_each(|(line, _)| self.made(line));
            permitted.iter().zip(&made).for_each(|((line, _), user)| self.note_account(user, &line.row));
            return self.keep(&made).await;
        }
        for (line, account) in permitted {
            let groups = account.groups.clone();
            match users.create(account, now).await {
                Ok(made) => {
                    self.made(&line);
                    self.note_account(&made, &line.row);
                    self.keep(&[made]).await?;
                }
                // Somebody else makes the same accounts at this moment.
                Err(StoreError::Unique { field }) if field == "username" => self.taken(line, groups).await?,
                Err(error) => match PeopleError::from(error) {
                    PeopleError::Store(error) => return Err(error.into()),
                    error => self.refuse(line.line, &line.row.username, error.to_string()),
                },
            }
        }
        Ok(())
    }

    /// Where somebody may make some accounts and not others, each is told of as one that was made by itself.
    fn note_account(&self, user: &User, row: &Row) {
        let Some((by, ip)) = self.gate.map(|gate| gate.by()) else { return };
        let entry = Entry::new(Action::ModelCreated, "lockgate.roster").by(by).from_ip(ip);
        let entry = entry.about("authentik_core.user", user.pk, &user.username).with("groups", row.groups.clone());
        self.identity.journal.record(entry.with("password", row.password_hash.is_some()));
    }

    async fn keep(&self, made: &[User]) -> Result<(), RosterError> {
        let Some(gate) = self.gate.filter(|_| !made.is_empty()) else { return Ok(()) };
        heard(gate.made(made).await)
    }

    /// A row whose account came to be since it was looked for.
    async fn taken(&mut self, line: Line, groups: Vec<Uuid>) -> Result<(), RosterError> {
        let found = self.identity.store.users().by_usernames(&[&line.row.username]).await?;
        let Some(user) = found.into_iter().next() else {
            self.refuse(line.line, &line.row.username, "somebody else makes and deletes it at this moment");
            return Ok(());
        };
        let held = self.identity.store.groups().of_user(user.pk, self.identity.clock.now()).await?;
        self.known(line, user, groups, &held).await
    }

    fn account(&self, row: &Row, groups: &[Uuid]) -> NewUser {
        NewUser {
            uuid: random_uuid(&*self.identity.random),
            username: row.username.clone(),
            name: row.name.clone().unwrap_or_default(),
            email: row.email.clone().unwrap_or_default(),
            is_active: row.active.unwrap_or(true),
            user_type: row.user_type.unwrap_or(UserType::Internal),
            path: row.path.clone().unwrap_or_else(|| "users".to_owned()),
            attributes: row.attributes.clone(),
            groups: groups.to_vec(),
            password_hash: row.password_hash.clone(),
        }
    }

    /// An account that is there: as its row says, or to be made so.
    async fn known(&mut self, line: Line, user: User, groups: Vec<Uuid>, held: &[Group]) -> Result<(), RosterError> {
        if let Some(gate) = self.gate {
            let answer = gate.may_see(&user).await;
            if !self.passes(&line, answer)? {
                return Ok(());
            }
        }
        let (patch, differs) = differences(&line.row, &user);
        let missing: Vec<Uuid> = groups.into_iter().filter(|pk| held.iter().all(|group| group.pk != *pk)).collect();
        let differs: Vec<&str> = differs.into_iter().chain((!missing.is_empty()).then_some("groups")).collect();
        if differs.is_empty() {
            self.told.unchanged += 1;
            return Ok(());
        }
        if !self.wish.update {
            let text = format!("is there already, and differs in {} (--update changes it)", differs.join(", "));
            self.refuse(line.line, &line.row.username, text);
            return Ok(());
        }
        if let Some(gate) = self.gate {
            let answer = gate.may_change(&user, &as_changed(&user, &patch)).await;
            if !self.passes(&line, answer)? {
                return Ok(());
            }
        }
        let what = differs.join(", ");
        if !self.wish.dry_run
            && let Err(error) = self.change(&user, patch, &missing).await
        {
            return match error {
                PeopleError::Store(error) => Err(error.into()),
                error => {
                    self.refuse(line.line, &line.row.username, error.to_string());
                    Ok(())
                }
            };
        }
        self.changed(&line, what);
        Ok(())
    }

    fn by(&self) -> Option<&User> {
        self.gate.map(|gate| gate.by().0)
    }

    async fn change(&self, user: &User, patch: UserPatch, groups: &[Uuid]) -> Result<(), PeopleError> {
        let people = &self.identity.people;
        if patch != UserPatch::default() {
            people.update_user(user.pk, patch, self.by()).await?;
        }
        for group in groups {
            people.add_member(*group, user.pk, None, self.by()).await?;
        }
        Ok(())
    }

    /// Tells of the import, once.
    fn note(&mut self, is_broken_off: bool) {
        let Imported { made, changed, .. } = self.told;
        if std::mem::replace(&mut self.noted, true) || self.wish.dry_run || (made + changed == 0 && !is_broken_off) {
            return;
        }
        let entry = Entry::new(Action::ModelCreated, "lockgate.roster").with("made", made).with("changed", changed);
        let entry = match is_broken_off {
            true => entry.with("message", "Accounts were being made from a table, which was broken off."),
            false => entry.with("message", "Accounts were made from a table."),
        };
        self.identity.journal.record(match self.gate.map(|gate| gate.by()) {
            Some((user, ip)) => entry.by(user).from_ip(ip),
            None => entry,
        });
    }
}

impl Drop for Import<'_> {
    /// Whoever asked may have gone away in the middle: what was made until then is told of all the same.
    fn drop(&mut self) {
        self.note(true);
    }
}

/// What is done is done, whatever the gate thinks of it.
fn heard(answer: Result<(), Refused>) -> Result<(), RosterError> {
    match answer {
        Ok(()) | Err(Refused::Why(_)) => Ok(()),
        Err(Refused::Failed(error)) => Err(RosterError::Gate(error)),
    }
}

/// An account as it would be.
fn as_changed(user: &User, patch: &UserPatch) -> User {
    let patch = patch.clone();
    User {
        name: patch.name.unwrap_or_else(|| user.name.clone()),
        email: patch.email.unwrap_or_else(|| user.email.clone()),
        path: patch.path.unwrap_or_else(|| user.path.clone()),
        user_type: patch.user_type.unwrap_or(user.user_type),
        is_active: patch.is_active.unwrap_or(user.is_active),
        attributes: patch.attributes.unwrap_or_else(|| user.attributes.clone()),
        ..user.clone()
    }
}

/// What a row has that its account has not. Hashes are for new accounts alone: nobody can tell whether a hash is of the
/// same password.
fn differences(row: &Row, user: &User) -> (UserPatch, Vec<&'static str>) {
    let mut differs = Vec::new();
    let mut text = |field: &'static str, wanted: &Option<String>, is: &str| {
        let wanted = wanted.clone().filter(|wanted| wanted != is);
        differs.extend(wanted.as_ref().map(|_| field));
        wanted
    };
    let (name, email, path) = (
        text("name", &row.name, &user.name),
        text("email", &row.email, &user.email),
        text("path", &row.path, &user.path),
    );
    let user_type = row.user_type.filter(|wanted| *wanted != user.user_type);
    differs.extend(user_type.map(|_| "type"));
    let is_active = row.active.filter(|wanted| *wanted != user.is_active);
    differs.extend(is_active.map(|_| "active"));
    let mut attributes = user.attributes.clone();
    lay_over(&mut attributes, &row.attributes);
    let attributes = (attributes != user.attributes).then_some(attributes);
    differs.extend(attributes.as_ref().map(|_| "attributes"));
    (UserPatch { name, email, path, user_type, is_active, attributes, ..UserPatch::default() }, differs)
}

/// Sets what the one has in the other, object by object.
fn lay_over(into: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (into.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => lay_over(inner, value),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

fn malformed(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields, and the header {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not in UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
