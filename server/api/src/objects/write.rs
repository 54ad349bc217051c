//! Changes of configuration objects: from a client's body to a stored document, through the one door
//! that validates, compiles, stores and puts into force.

use super::{face, sight::Sight};
use crate::{
    caller::Caller,
    error::{ApiError, not_of_folder},
    rbac,
};
use lockgate_identity::{
    Identity,
    config::{Change, ChangeError, Snapshot, draft},
    system::random_uuid,
};
use lockgate_model::{
    Document, KindDef, Object, ObjectSet, Problems,
    kinds::{OAuth2Provider, ProxyProvider, key_pair::INTERNAL_JWT_KEY, outpost::EMBEDDED_OUTPOST},
};
use lockgate_policies::Action;
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;

/// How often a change is made anew because another node, or the folder, is faster.
const ATTEMPTS: usize = 8;

/// Objects that the server cannot be without.
const INDISPENSABLE: &[&str] = &[EMBEDDED_OUTPOST, INTERNAL_JWT_KEY];

/// Makes a change of what there is, from the start again whenever somebody else changed that meanwhile: what two
/// callers change at once are both changes, and each is allowed by what it is made of.
///
/// # Errors
/// Whatever the change answers; 409 if others were faster every time.
pub(crate) async fn settled<T, F>(
    identity: &Identity,
    mut change: impl FnMut(Arc<Snapshot>) -> F,
) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let _turn = identity.config.turn().await;
    for _ in 1..ATTEMPTS {
        match change(identity.config.snapshot()).await {
            Err(ApiError::Stale) => {}
            settled => return settled,
        }
    }
    change(identity.config.snapshot()).await
}

/// Makes an object; answers its primary key and the configuration with it.
///
/// # Errors
/// 400 for a body that is not sound, 409 when the folder stands in the way.
pub(crate) async fn create(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    kind: &'static KindDef,
    given: &Map<String, Value>,
) -> Result<(Uuid, Arc<Snapshot>), ApiError> {
    make(identity, snapshot, caller, (Action::Create, kind), given).await
}

/// As [`create`], for who has to be allowed to do this to the object as it would be.
///
/// # Errors
/// As [`create`].
pub(crate) async fn make(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    (verb, kind): (Action, &'static KindDef),
    given: &Map<String, Value>,
) -> Result<(Uuid, Arc<Snapshot>), ApiError> {
    let body = face::accept(kind, &snapshot.objects, given, None, true)?;
    let id = random_uuid(&*identity.random);
    let mut document = draft(kind, id, body);
    document.managed = managed(kind, &snapshot.objects, id, given)?;
    Sight::of(identity, snapshot, caller).require_wish(verb, &document)?;
    rbac::initial::may_promise(identity, snapshot, caller, &document)?;
    sound(identity, snapshot, kind, &document, &[]).await?;
    let kept = rbac::initial::documents(snapshot, caller, &[(kind.meta.kind.to_owned(), id.to_string())]);
    let change = Change { upserts: [document].into_iter().chain(kept).collect(), deletes: Vec::new() };
    Ok((id, apply(identity, caller, change).await?))
}

/// Changes an object; with `whole`, all required fields must be given.
///
/// # Errors
/// As [`create`].
pub(crate) async fn update(
    identity: &Identity,
    snapshot: &Snapshot,
    caller: &Caller,
    object: &Object,
    given: &Map<String, Value>,
    whole: bool,
) -> Result<Arc<Snapshot>, ApiError> {
    not_of_folder(&object.document)?;
    let (kind, id) = (object.kind, object.document.id);
    let existing = object.value.to_value();
    let body = face::accept(kind, &snapshot.objects, given, Some(&existing), whole)?;
    let managed = managed(kind, &snapshot.objects, id, given)?.or_else(|| object.document.managed.clone());
    let document = Document { body, managed, ..object.document.clone() };
    // Who may change only some objects may not make others of them.
    Sight::of(identity, snapshot, caller).require_wish(Action::Update, &document)?;
    rbac::initial::may_promise(identity, snapshot, caller, &document)?;
    sound(identity, snapshot, kind, &document, &[]).await?;
    apply(identity, caller, Change { upserts: vec![document], deletes: Vec::new() }).await
}

/// Deletes an object, with what cannot be without it.
///
/// # Errors
/// 409 for what the folder declares or the server needs.
pub(crate) async fn destroy(identity: &Identity, caller: &Caller, object: &Object) -> Result<(), ApiError> {
    not_of_folder(&object.document)?;
    if object.document.managed.as_deref().is_some_and(|managed| INDISPENSABLE.contains(&managed)) {
        return Err(ApiError::Conflict("The server needs this object: it cannot be deleted.".to_owned()));
    }
    let change = Change { upserts: Vec::new(), deletes: vec![object.document.id] };
    apply(identity, caller, change).await.map(drop)
}

/// Puts a change into force and answers the configuration with it.
///
/// # Errors
/// As [`create`].
pub(crate) async fn apply(identity: &Identity, caller: &Caller, change: Change) -> Result<Arc<Snapshot>, ApiError> {
    attempt(identity, caller, change).await.map_err(|fault| match fault {
        Fault::Unsound(_, problems) => ApiError::Invalid(problems),
        Fault::Other(error) => error,
    })
}

/// Why a change of several objects is not in force.
pub(crate) enum Fault {
    /// What is wrong with the object of this key.
    Unsound(Uuid, Problems),
    /// Anything else.
    Other(ApiError),
}

/// As [`apply`], for who changes several objects and wants to know which of them is not sound.
pub(crate) async fn attempt(identity: &Identity, caller: &Caller, change: Change) -> Result<Arc<Snapshot>, Fault> {
    match Box::pin(identity.config.change(change, Some(caller.user()))).await {
        Ok(_) => Ok(identity.config.snapshot()),
        Err(ChangeError::Invalid { id, problems }) => Err(Fault::Unsound(id, problems)),
        Err(error) => Err(Fault::Other(refused(error))),
    }
}

/// What a change is refused with.
pub(crate) fn refused(error: ChangeError) -> ApiError {
    match error {
        ChangeError::Invalid { problems, .. } => ApiError::Invalid(problems),
        ChangeError::OwnedByFolder { place, .. } => ApiError::folder(&place.file, place.line),
        ChangeError::StillGuards(error) => ApiError::Conflict(error.to_string()),
        ChangeError::NotFound => ApiError::no_such("object"),
        ChangeError::Stale => ApiError::Stale,
        ChangeError::Store(error) => error.into(),
    }
}

/// What a client wants the stable identifier to be; two objects of a kind cannot have the same.
///
/// # Errors
/// 400.
pub(crate) fn managed(
    kind: &KindDef,
    objects: &ObjectSet,
    id: Uuid,
    given: &Map<String, Value>,
) -> Result<Option<String>, ApiError> {
    let Some(value) = given.get("managed").filter(|v| !v.is_null() && face::may_set_managed(kind)) else {
        return Ok(None);
    };
    let Some(managed) = value.as_str().filter(|m| (1..=255).contains(&m.len())) else {
        return Err(ApiError::field("managed", "invalid", "Not a valid string of 1 to 255 characters."));
    };
    let same = |o: &&Object| o.kind.meta.kind == kind.meta.kind && o.document.managed.as_deref() == Some(managed);
    if objects.iter().find(same).is_some_and(|o| o.document.id != id) {
        let text = format!("{} with this managed already exists.", kind.meta.verbose_name);
        return Err(ApiError::field("managed", "unique", text));
    }
    Ok(Some(managed.to_owned()))
}

/// Checks what only the whole configuration tells, and puts each complaint at its field: the schema,
/// references, and that a provider serves one application. `made` are objects that come to be along with it.
pub(crate) async fn sound(
    identity: &Identity,
    snapshot: &Snapshot,
    kind: &'static KindDef,
    document: &Document,
    made: &[Uuid],
) -> Result<(), ApiError> {
    let parsed = kind.parse(&document.body)?;
    let (value, place) = (parsed.to_value(), parsed.identifier());
    let mut problems = Problems::default();
    for found in kind.schema().references(&value) {
        let exists = match found.target.as_str() {
            _ if made.contains(&found.to) => true,
            "group" => identity.store.groups().get(found.to).await?.is_some(),
            target => snapshot.objects.is_a(found.to, target),
        };
        if !exists {
            let text = format!("Invalid pk \"{}\" - object does not exist.", found.to);
            problems.add(&format!("/{}", found.field), "does_not_exist", text);
        }
    }
    if let Some(user) = value["user"].as_i64().filter(|_| kind.meta.kind == "policy_binding")
        && identity.store.users().get(user).await?.is_none()
    {
        problems.add("/user", "does_not_exist", format!("Invalid pk \"{user}\" - object does not exist."));
    }
    // Kinds without a name are told apart by their place, which the general check cannot put in words.
    let same = snapshot.objects.by_name(kind.meta.kind, &place).is_some_and(|o| o.document.id != document.id);
    if same && kind.schema().field("name").is_none() && kind.meta.kind != "brand" {
        problems.add("", "unique", "There is one already with the same target, subject and order.");
    }
    if kind.meta.kind == "application" {
        one_application(&snapshot.objects, document.id, &value["provider"], &mut problems);
    }
    if kind.meta.kind == "oauth2_provider" {
        one_client(&snapshot.objects, document.id, &value["client_id"], &mut problems);
    }
    Ok(problems.into_result()?)
}

fn one_application(objects: &ObjectSet, id: Uuid, provider: &Value, problems: &mut Problems) {
    let Some(provider) = provider.as_str().and_then(|p| Uuid::parse_str(p).ok()) else { return };
    let others = objects.referrers(provider).iter().filter(|r| r.field == "provider" && r.from != id);
    let applications = others.filter_map(|r| objects.get(r.from)).filter(|o| o.kind.meta.kind == "application");
    if applications.count() > 0 {
        problems.add("/provider", "unique", "Application with this provider already exists.");
    }
}

/// Clients are told apart by their identifier alone (RFC 6749, section 2.2).
fn one_client(objects: &ObjectSet, id: Uuid, client_id: &Value, problems: &mut Problems) {
    let same = |o: &Object| {
        let theirs = o.typed::<OAuth2Provider>().map(|p| &p.client_id);
        let theirs = theirs.or_else(|| o.typed::<ProxyProvider>().map(|p| &p.client_id));
        theirs.is_some_and(|theirs| !theirs.is_empty() && client_id == theirs.as_str())
    };
    if objects.iter().any(|o| o.document.id != id && same(o)) {
        problems.add("/client_id", "unique", "A provider with this client ID already exists.");
    }
}
