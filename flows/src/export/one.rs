//! One object as the document that holds it: its own, or that of the flow or application in which it stands.

use super::{
    all::{ExportRequest, LeftOut, app_of, called, declared, in_order, owner, path, why_not},
    writer::{Whole, Writer, document},
};
use lockgate_model::{Family, Object, kinds::CedarFile};
use std::collections::HashSet;
use uuid::Uuid;

/// A document that holds an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldIn {
    /// Where it would be in a folder.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Every object that stands in it.
    pub objects: Vec<Uuid>,
}

/// Writes the document that holds an object. What of the others is wanted decides whether they stand inside of it, or
/// by their name.
///
/// # Errors
/// Why there is none.
pub fn export_document(request: &ExportRequest<'_>, id: Uuid) -> Result<HeldIn, LeftOut> {
    let gone = || LeftOut { id, what: id.to_string(), why: "there is no such object".to_owned() };
    let target = request.objects.get(id).ok_or_else(gone)?;
    let left_out = |why: &str| LeftOut { id, what: called(target), why: why.to_owned() };
    if let Some(cedar) = target.typed::<CedarFile>() {
        return Ok(HeldIn { path: cedar.path.clone(), text: cedar.text.clone(), objects: vec![id] });
    }
    let mut lost = Vec::new();
    let declared = declared(request, &mut lost);
    if let Some(lost) = lost.into_iter().find(|lost| lost.id == id) {
        return Err(lost);
    }
    let whole = Whole {
        declared: declared.clone(),
        builtin: request.builtin,
        stand_ins: &request.stand_ins,
        comments: &request.comments,
    };
    let mut writer = Writer::new(request.objects, request.people, Some(whole));
    let main = joined_to(request, target);
    for object in in_order(request.objects, &declared) {
        let own = object.document.id;
        if writer.absorbed.contains(&own) || object.kind.meta.family == Family::Provider || is_cedar(object) {
            continue;
        }
        let before = writer.absorbed.clone();
        let Some(value) = writer.document(object) else { continue };
        let mut held: HashSet<Uuid> = writer.absorbed.difference(&before).copied().chain([own]).collect();
        if held.contains(&main) {
            let joints = request.objects.iter().filter(|o| o.document.id != joined_to(request, o));
            let joints: Vec<Uuid> =
                joints.filter(|o| held.contains(&joined_to(request, o))).map(|o| o.document.id).collect();
            held.extend(joints);
            let mut objects: Vec<Uuid> = held.into_iter().collect();
            objects.sort_unstable();
            return Ok(HeldIn { path: path(object), text: document(request.comments.get(&own), value), objects });
        }
    }
    Err(if target.kind.meta.family == Family::Provider {
        left_out(&why_not(request.objects, target))
    } else {
        left_out("the language has no words for it")
    })
}

/// What stands in text wherever the object does: a joint is part of what it belongs to.
fn joined_to(request: &ExportRequest<'_>, object: &Object) -> Uuid {
    let is_joint = object.kind.meta.family != Family::Provider;
    let owner = owner(request.objects, object).filter(|_| is_joint);
    owner.map_or(object.document.id, |owner| owner.document.id)
}

/// The object whose origin decides what stands in a document beside this one.
#[must_use]
pub fn main_of<'o>(objects: &'o lockgate_model::ObjectSet, object: &'o Object) -> &'o Object {
    if object.kind.meta.family == Family::Provider {
        return app_of(objects, object).unwrap_or(object);
    }
    owner(objects, object).unwrap_or(object)
}

fn is_cedar(object: &Object) -> bool {
    object.typed::<CedarFile>().is_some()
}
