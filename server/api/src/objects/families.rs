//! Families: kinds that are listed, shown and deleted as one (`stages/all/` …).

use super::{
    extras, face,
    filters::{self, Computed, Parameter},
    list,
    reading::{Reading, pk},
    referrers,
    sight::Sight,
    version::{IfMatch, Tagged},
    write,
};
use crate::{
    caller::Caller,
    error::ApiError,
    openapi::shapes::{TypeCreate, UsedBy},
    paging::{self, Listed},
    query::Query,
};
use axum::Json;
use http::StatusCode;
use lockgate_identity::{Identity, config::Snapshot};
use lockgate_model::{Family, KindDef, Lookup, Object, kind::KINDS};
use lockgate_policies::Action;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The face of a family.
#[derive(Debug)]
pub(crate) struct FamilyFace {
    /// Which.
    pub(crate) family: Family,
    /// Name of its schema.
    pub(crate) schema: &'static str,
    /// Path below `/api/v3/`.
    pub(crate) path: &'static str,
    /// How one member is addressed.
    pub(crate) lookup: Lookup,
    /// The fields that all members have and the face shows.
    pub(crate) fields: &'static [&'static str],
}

/// The families of the API.
pub(crate) static FACES: &[FamilyFace] = &[
    FamilyFace {
        family: Family::Stage,
        schema: "Stage",
        path: "stages/all",
        lookup: Lookup::Uuid("stage_uuid"),
        fields: &["name"],
    },
    FamilyFace {
        family: Family::Policy,
        schema: "Policy",
        path: "policies/all",
        lookup: Lookup::Uuid("policy_uuid"),
        fields: &["name", "execution_logging"],
    },
    FamilyFace {
        family: Family::Provider,
        schema: "Provider",
        path: "providers/all",
        lookup: Lookup::Number("id"),
        fields: &["name", "authentication_flow", "authorization_flow", "invalidation_flow", "property_mappings"],
    },
    FamilyFace {
        family: Family::Mapping,
        schema: "PropertyMapping",
        path: "propertymappings/all",
        lookup: Lookup::Uuid("pm_uuid"),
        fields: &["name", "expression"],
    },
];

/// The face of a family, if it has one.
pub(crate) fn face(family: Family) -> Option<&'static FamilyFace> {
    FACES.iter().find(|f| f.family == family)
}

impl FamilyFace {
    /// The kinds of the family.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static KindDef> + use<'_> {
        KINDS.iter().filter(|k| k.meta.family == self.family)
    }

    /// An object as its family shows it.
    pub(crate) fn show(&self, object: &Object, reading: &Reading<'_>) -> Value {
        let body = object.value.to_value();
        let mut shown = Map::new();
        shown.insert("pk".to_owned(), pk(object));
        for field in self.fields {
            shown.insert((*field).to_owned(), body[field].clone());
        }
        for extra in extras::of_family(self.family) {
            shown.insert(extra.name.to_owned(), (extra.value)(object, reading));
        }
        Value::Object(shown)
    }

    /// The schemas of the fields, taken from the first kind that has them.
    pub(crate) fn field_schemas(&self) -> impl Iterator<Item = (&'static str, Value)> + use<'_> {
        self.fields.iter().filter_map(|name| {
            let field = self.kinds().find_map(|k| k.schema().field(name).filter(|f| face::is_shown(f)))?;
            Some((*name, field.schema.clone()))
        })
    }
}

/// Lists every member that a query asks for.
///
/// # Errors
/// 403, and 404 for a page that does not exist.
pub(crate) async fn list(
    face: &'static FamilyFace,
    identity: Identity,
    caller: Caller,
    query: Query,
) -> Result<Listed, ApiError> {
    let snapshot = identity.config.snapshot();
    let sight = Sight::of(&identity, &snapshot, &caller);
    sight.require(face.kinds())?;
    let page = paging::wanted(&query)?;
    let members = snapshot.objects.iter().filter(|o| o.kind.meta.family == face.family && sight.has(o));
    let mut found = members.filter(|o| list::mentions(o, o.kind.meta.search, query.get("search"))).collect();
    let reading = Reading::new(&snapshot, caller.principal());
    filters::retain(face.computed(), &mut found, &reading, &query);
    Listed::cut(page, list::ordered(found, &query, "name"), |object| face.show(object, &reading))
}

/// Shows one member.
///
/// # Errors
/// 404.
pub(crate) async fn retrieve(
    face: &'static FamilyFace,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Tagged, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = face.find(&identity, &snapshot, &caller, &key)?;
    Ok(Tagged::of(object, face.show(object, &Reading::new(&snapshot, caller.principal()))))
}

/// Deletes one member.
///
/// # Errors
/// 403, 404 or 409.
pub(crate) async fn destroy(
    face: &'static FamilyFace,
    identity: Identity,
    caller: Caller,
    key: String,
    wanted: IfMatch,
) -> Result<StatusCode, ApiError> {
    let _turn = identity.config.turn().await;
    let snapshot = identity.config.snapshot();
    let object = face.find(&identity, &snapshot, &caller, &key)?;
    Sight::of(&identity, &snapshot, &caller).require_on(Action::Delete, object)?;
    wanted.holds(Some(&object.document))?;
    write::destroy(&identity, &caller, object).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells what refers to one member.
///
/// # Errors
/// 404.
pub(crate) async fn used_by(
    face: &'static FamilyFace,
    identity: Identity,
    caller: Caller,
    key: String,
) -> Result<Json<Vec<UsedBy>>, ApiError> {
    let snapshot = identity.config.snapshot();
    let object = face.find(&identity, &snapshot, &caller, &key)?;
    let sight = Sight::of(&identity, &snapshot, &caller);
    Ok(Json(referrers::list(&snapshot.objects, &sight, object.document.id)))
}

/// Lists the kinds of a family; what kinds there are is no secret to anybody who is known.
pub(crate) async fn types(face: &'static FamilyFace, _: Caller) -> Json<Value> {
    let described = face.kinds().map(|kind| TypeCreate {
        name: kind.meta.verbose_name.to_owned(),
        description: kind.schema().root["description"].as_str().unwrap_or_default().to_owned(),
        component: kind.meta.component.to_owned(),
        model_name: kind.meta.model.split_once('.').map_or("", |(_, model)| model).to_owned(),
        icon_url: String::new(),
        requires_enterprise: false,
        deprecated: false,
    });
    Json(json!(described.collect::<Vec<_>>()))
}

impl FamilyFace {
    /// A member that the caller may see.
    pub(crate) fn find<'a>(
        &self,
        identity: &Identity,
        snapshot: &'a Snapshot,
        caller: &Caller,
        key: &str,
    ) -> Result<&'a Object, ApiError> {
        let objects = &snapshot.objects;
        let found = match self.lookup {
            Lookup::Number(_) => key.parse().ok().and_then(|number| objects.by_number(number)),
            _ => Uuid::parse_str(key).ok().and_then(|id| objects.get(id)),
        };
        let sight = Sight::of(identity, snapshot, caller);
        let seen = found.filter(|o| o.kind.meta.family == self.family && sight.has(o));
        seen.ok_or_else(|| ApiError::no_such(self.schema))
    }

    fn computed(&self) -> &'static [Computed] {
        match self.family {
            Family::Stage => filters::STAGES,
            Family::Policy => filters::POLICIES,
            Family::Provider => filters::PROVIDERS,
            Family::Mapping => filters::MAPPINGS,
            Family::None => &[],
        }
    }

    /// The parameters of its list, beside those of every list.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = Parameter> + use<> {
        filters::described(self.computed())
    }
}
