//! `/lockgate/users/import/`: accounts out of a table, as `lockgate import` reads them, on behalf of somebody: each effect
//! takes what it takes when it is asked for alone.

use super::{
    attributes::{self, Of},
    sight::{Directory, Sight},
    users::check_type,
};
use crate::{
    body::unread,
    caller::Caller,
    decisions::TAG,
    error::ApiError,
    openapi::{
        components::Components,
        operation::{Operation, Paths},
    },
    query::Query,
    rbac,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequest as _, Request, State},
    routing::post,
};
use http::{Method, header};
use lockgate_identity::{
    Identity,
    config::Snapshot,
    roster::{Gate, Imported, Outcome, Refused, RosterError, Wish},
};
use lockgate_model::{
    User,
    kinds::{AttributeOwner, ObjectAttribute},
};
use lockgate_policies::{Action, Administered, Extent, GROUP_KIND, USER_KIND};
use lockgate_store::NewUser;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, json};
use std::net::IpAddr;
use uuid::Uuid;

/// Media types of tables: what they are, and what generators of clients know bodies that are no JSON by.
const TABLES: [&str; 2] = ["text/csv", "application/octet-stream"];

/// Accounts that are decided about before they are made, in one transaction.
const AT_ONCE: usize = 1_000;

/// What became of a row.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ImportOutcomeEnum {
    /// Its account was made, or would be.
    Created,
    /// Its account was changed, or would be.
    Updated,
    /// Nothing of it was taken.
    Refused,
}

/// A row of a table of accounts.
#[derive(Debug, Serialize, JsonSchema)]
struct ImportedRow {
    /// Line on which it begins.
    line: u64,
    /// Its user name.
    username: String,
    /// What became of it.
    outcome: ImportOutcomeEnum,
    /// Why it was refused, or what was changed.
    message: String,
}

/// What became of a table of accounts.
#[derive(Debug, Serialize, JsonSchema)]
struct UserImport {
    /// Rows below the header.
    rows: u64,
    /// Accounts that were made, or would be.
    created: u64,
    /// Accounts that were changed, or would be.
    updated: u64,
    /// Accounts that were as their rows say.
    unchanged: u64,
    /// Rows of which nothing was taken.
    refused: u64,
    /// What became of single rows but those that were as they say; a thousand refused ones at most, and a thousand others.
    report: Vec<ImportedRow>,
}

impl From<Imported> for UserImport {
    fn from(told: Imported) -> Self {
        let report = told.remarks.into_iter().map(|remark| ImportedRow {
            line: remark.line,
            username: remark.username,
            outcome: match remark.outcome {
                Outcome::Created => ImportOutcomeEnum::Created,
                Outcome::Updated => ImportOutcomeEnum::Updated,
                Outcome::Refused => ImportOutcomeEnum::Refused,
            },
            message: remark.what.replace("--create-groups", "create_groups=true").replace("--update", "update=true"),
        });
        Self {
            report: report.collect(),
            rows: told.rows,
            created: told.made,
            updated: told.changed,
            unchanged: told.unchanged,
            refused: told.refused,
        }
    }
}

/// Routes.
pub(super) fn routes() -> Router<Identity> {
    Router::new().route("/lockgate/users/import/", post(import))
}

/// Operations.
pub(super) fn describe(components: &mut Components, paths: &mut Paths) {
    let flag = || json!({"type": "boolean", "default": false});
    paths.add(
        Operation::new(Method::POST, "/lockgate/users/import/", "lockgate_users_import_create", TAG)
            .says(
                "Reads a table of accounts in CSV (`text/csv` is taken as well): makes those that are not there. The same table once more changes nothing.",
            )
            .query("dry_run", flag())
            .query("update", flag())
            .query("create_groups", flag())
            .body_as(json!({TABLES[1]: {"schema": {"type": "string", "format": "binary"}}}), true)
            .answers(200, "What became of it.", components.reply::<UserImport>()),
    );
}

async fn import(
    State(identity): State<Identity>,
    caller: Caller,
    query: Query,
    request: Request,
) -> Result<Json<UserImport>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, USER_KIND)?;
    let flag = |name: &str| query.boolean(name).map(|given| given == Some(true));
    let wish = Wish {
        dry_run: flag("dry_run")?,
        update: flag("update")?,
        create_groups: flag("create_groups")?,
        tell_all: true,
    };
    let table = table(request).await?;
    let sight = Sight { identity: &identity, snapshot: &snapshot, caller: &caller };
    let desk = Desk { directory: Directory::load(&identity).await?, sight };
    // A mark at the beginning, and what is not UTF-8, are told of by who reads rows.
    let told = Box::pin(identity.import_people(&*table, wish, Some(&desk), |_| {})).await.map_err(refused)?;
    // So that whoever reads this answer finds the entry.
    identity.journal.flush().await;
    Ok(Json(told.into()))
}

/// The body of a request that says that it is a table.
async fn table(request: Request) -> Result<Bytes, ApiError> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if !TABLES.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        return Err(ApiError::MediaType(media.chars().take(100).collect()));
    }
    Bytes::from_request(request, &()).await.map_err(|error| unread(&error))
}

fn refused(error: RosterError) -> ApiError {
    match error {
        RosterError::Header(text) => ApiError::field("", "invalid", format!("line 1: {text}")),
        RosterError::Store(error) => error.into(),
        RosterError::File(_) => ApiError::Internal,
        RosterError::Gate(error) => match error.downcast::<ApiError>() {
            Ok(error) => *error,
            Err(_) => ApiError::Internal,
        },
    }
}

/// What a caller may do to accounts and groups by a table.
struct Desk<'a> {
    sight: Sight<'a>,
    directory: Directory,
}

/// What a row is refused with, or what ends all of it.
fn said(error: ApiError) -> Refused {
    match error {
        ApiError::Forbidden(_) | ApiError::Conflict(_) | ApiError::BadRequest(_) => Refused::Why(error.to_string()),
        ApiError::Invalid(problems) => Refused::Why(problems.to_string()),
        ApiError::NotFound(text) => Refused::Why(text),
        other => Refused::Failed(Box::new(other)),
    }
}

fn snapshot<'a>(desk: &Desk<'a>) -> (&'a Identity, &'a Snapshot) {
    (desk.sight.identity, desk.sight.snapshot)
}

impl Desk<'_> {
    async fn attributes(&self, of: Of, attributes: &Map<String, serde_json::Value>) -> Result<(), Refused> {
        let (identity, snapshot) = snapshot(self);
        attributes::check(identity, snapshot, of, attributes).await.map_err(said)
    }
}

#[async_trait::async_trait]
impl Gate for Desk<'_> {
    fn by(&self) -> (&User, IpAddr) {
        (self.sight.caller.user(), self.sight.caller.client.ip)
    }

    fn at_once(&self) -> usize {
        // What nobody else may have is looked for among those that are there.
        let rules = self.sight.snapshot.objects.all::<ObjectAttribute>();
        let alone = |rule: &ObjectAttribute| rule.enabled && rule.is_unique && rule.object_type == AttributeOwner::User;
        if rules.iter().any(|(_, rule)| alone(rule)) { 1 } else { AT_ONCE }
    }

    async fn may_make(&self, account: &NewUser) -> Result<(), Refused> {
        let user = User {
            pk: 0,
            uuid: account.uuid,
            username: account.username.clone(),
            name: account.name.clone(),
            email: account.email.clone(),
            is_active: account.is_active,
            user_type: account.user_type,
            path: account.path.clone(),
            attributes: account.attributes.clone(),
            ..super::users::nobody(self.sight.identity.clock.now())
        };
        check_type(Some(account.user_type), None).map_err(said)?;
        let wish = self.directory.prepared(user, account.groups.iter().copied(), Vec::new()).map_err(said)?;
        let wish = Administered::user(&wish).map_err(|error| said(error.into()))?;
        self.sight.require(Action::Create, &wish).map_err(said)?;
        if account.password_hash.is_some() {
            self.sight.caller.require_oneself().map_err(said)?;
            self.sight.require(Action::SetPassword, &wish).map_err(said)?;
        }
        self.attributes(Of::User(None), &account.attributes).await
    }

    async fn may_see(&self, user: &User) -> Result<(), Refused> {
        if self.sight.extent(Action::Read, USER_KIND) == Extent::All {
            return Ok(());
        }
        match self.sight.user(Action::Read, user.pk).await {
            Err(ApiError::NotFound(_)) => Err(Refused::Why("the user name is taken".to_owned())),
            other => other.map(drop).map_err(said),
        }
    }

    async fn may_change(&self, user: &User, wish: &User) -> Result<(), Refused> {
        let sight = &self.sight;
        sight.user(Action::Update, user.pk).await.map_err(said)?;
        check_type((wish.user_type != user.user_type).then_some(wish.user_type), Some(user)).map_err(said)?;
        if !wish.is_active && user.pk == sight.caller.user().pk {
            return Err(Refused::Why("You cannot deactivate your own account.".to_owned()));
        }
        let store = &sight.identity.store;
        let failed = |error: lockgate_store::StoreError| said(error.into());
        let direct = store.groups().of_user(user.pk, sight.identity.clock.now()).await.map_err(failed)?;
        let roles = store.roles().of_users(&[user.pk]).await.map_err(failed)?.remove(&user.pk).unwrap_or_default();
        let prepared = self.directory.prepared(wish.clone(), direct.iter().map(|group| group.pk), roles);
        let prepared = prepared.map_err(said)?;
        let what = Administered::user(&prepared).map_err(|error| said(error.into()))?;
        sight.require(Action::Update, &what).map_err(said)?;
        if wish.attributes == user.attributes {
            return Ok(());
        }
        self.attributes(Of::User(Some(user.pk)), &wish.attributes).await
    }

    async fn may_join(&self, group: Uuid, name: &str) -> Result<(), Refused> {
        match self.sight.groups(Action::ManageMembers, &[group]).await {
            Err(ApiError::NotFound(_)) => Err(Refused::Why(format!("groups: there is no group \"{name}\""))),
            Err(ApiError::Forbidden(text)) => Err(Refused::Why(format!("groups: \"{name}\": {text}"))),
            other => other.map_err(said),
        }
    }

    async fn may_make_group(&self, name: &str) -> Result<(), Refused> {
        let wish = Administered::group(&self.directory.facts_of(None, name, false, &[]));
        let wish = wish.map_err(|error| said(error.into()))?;
        for verb in [Action::Create, Action::ManageMembers] {
            self.sight.require(verb, &wish).map_err(said)?;
        }
        self.attributes(Of::Group(None), &Map::new()).await
    }

    async fn made(&self, users: &[User]) -> Result<(), Refused> {
        let keys: Vec<String> = users.iter().map(|user| user.pk.to_string()).collect();
        rbac::initial::keep_all(&self.sight, USER_KIND, &keys).await.map_err(said)
    }

    async fn made_group(&self, group: Uuid) -> Result<(), Refused> {
        rbac::initial::keep(&self.sight, GROUP_KIND, &group.to_string()).await.map_err(said)
    }
}
