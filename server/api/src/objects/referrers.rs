//! Who refers to an object, and what its deletion would do to them.

use super::{reading::pk, sight::Sight};
use crate::openapi::shapes::{UsedBy, UsedByActionEnum};
use lockgate_model::{ObjectSet, schema::OnDelete};
use uuid::Uuid;

/// The objects that refer to `id`, as far as the caller sees them, by kind and name.
pub(crate) fn list(objects: &ObjectSet, sight: &Sight<'_>, id: Uuid) -> Vec<UsedBy> {
    let mut found: Vec<UsedBy> = objects
        .referrers(id)
        .iter()
        .filter_map(|referrer| {
            let from = objects.get(referrer.from).filter(|from| sight.has(from))?;
            let (app, model) = from.kind.meta.model.split_once('.').unwrap_or_default();
            let many = from.kind.schema().field(&referrer.field).is_some_and(|f| f.many);
            let action = match referrer.on_delete {
                // A binding outlives its group, so that nobody passes it.
                OnDelete::Cascade if objects.get(id).is_none() => UsedByActionEnum::LeftDangling,
                OnDelete::Cascade => UsedByActionEnum::Cascade,
                OnDelete::SetNull if many => UsedByActionEnum::CascadeMany,
                OnDelete::SetNull => UsedByActionEnum::SetNull,
            };
            let key = pk(from);
            Some(UsedBy {
                app: app.to_owned(),
                model_name: model.to_owned(),
                pk: key.as_str().map_or_else(|| key.to_string(), str::to_owned),
                name: from.document.name.clone(),
                action,
            })
        })
        .collect();
    found.sort_by(|a, b| (&a.model_name, &a.name, &a.pk).cmp(&(&b.model_name, &b.name, &b.pk)));
    found
}
