//! A whole configuration, parsed: every object by id, name and number, and who refers to whom.

use crate::{
    Document, Kind, KindDef, Problems,
    kind::{self, AnyKind},
    schema::OnDelete,
};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// One parsed object.
#[derive(Debug, Clone)]
pub struct Object {
    /// As it is stored.
    pub document: Document,
    /// Its declaration.
    pub kind: &'static KindDef,
    /// The struct.
    pub value: Arc<dyn AnyKind>,
}

impl Object {
    /// The struct, when it is a `K`.
    #[must_use]
    pub fn typed<K: Kind>(&self) -> Option<&K> {
        self.value.as_any().downcast_ref()
    }
}

/// Who refers to an object, and through which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// The referring object.
    pub from: Uuid,
    /// Its field.
    pub field: String,
    /// What the deletion of the object does to it.
    pub on_delete: OnDelete,
}

/// A document that is not sound, and why.
#[derive(Debug, Clone)]
pub struct Unsound {
    /// Kind and name of the document.
    pub document: Box<Document>,
    /// What is wrong.
    pub problems: Problems,
}

/// A whole configuration.
#[derive(Debug, Default, Clone)]
pub struct ObjectSet {
    objects: HashMap<Uuid, Object>,
    by_name: HashMap<(&'static str, String), Uuid>,
    by_number: HashMap<i32, Uuid>,
    referrers: HashMap<Uuid, Vec<Referrer>>,
}

impl ObjectSet {
    /// Parses documents and checks every reference among them. `group_exists` answers for groups,
    /// which are people's data.
    ///
    /// # Errors
    /// All unsound documents, not the first.
    pub fn parse(documents: Vec<Document>, group_exists: &dyn Fn(Uuid) -> bool) -> Result<Self, Vec<Unsound>> {
        let mut set = Self::default();
        let mut unsound = Vec::new();
        for document in documents {
            match Self::parse_one(&document) {
                Ok(object) => set.insert(object, &mut unsound),
                Err(problems) => unsound.push(Unsound { document: Box::new(document), problems }),
            }
        }
        set.link(group_exists, &mut unsound);
        if unsound.is_empty() { Ok(set) } else { Err(unsound) }
    }

    fn parse_one(document: &Document) -> Result<Object, Problems> {
        let kind = kind::by_name(&document.kind)
            .ok_or_else(|| Problems::one("", "unknown", format!("There is no kind \"{}\".", document.kind)))?;
        Ok(Object { value: kind.parse(&document.body)?, kind, document: document.clone() })
    }

    fn insert(&mut self, object: Object, unsound: &mut Vec<Unsound>) {
        let (id, name) = (object.document.id, object.value.identifier());
        if self.by_name.insert((object.kind.meta.kind, name), id).is_some() {
            let text = format!("{} with this name already exists.", object.kind.meta.verbose_name);
            unsound.push(Unsound {
                document: Box::new(object.document.clone()),
                problems: Problems::one("/name", "unique", text),
            });
        }
        if let Some(number) = object.document.number {
            self.by_number.insert(number, id);
        }
        self.objects.insert(id, object);
    }

    fn link(&mut self, group_exists: &dyn Fn(Uuid) -> bool, unsound: &mut Vec<Unsound>) {
        let mut referrers: HashMap<Uuid, Vec<Referrer>> = HashMap::new();
        for object in self.objects.values() {
            let mut problems = Problems::default();
            for found in object.kind.schema().references(&object.document.body) {
                if found.target == "group" && group_exists(found.to) || self.is_a(found.to, &found.target) {
                    let referrer =
                        Referrer { from: object.document.id, field: found.field, on_delete: found.on_delete };
                    referrers.entry(found.to).or_default().push(referrer);
                } else {
                    let text = format!("Invalid pk \"{}\" - object does not exist.", found.to);
                    problems.add(&found.pointer, "does_not_exist", text);
                }
            }
            if !problems.is_empty() {
                unsound.push(Unsound { document: Box::new(object.document.clone()), problems });
            }
        }
        self.referrers = referrers;
    }

    /// Whether the object `id` exists and is of kind or family `target`.
    #[must_use]
    pub fn is_a(&self, id: Uuid, target: &str) -> bool {
        self.objects.get(&id).is_some_and(|o| {
            let meta = o.kind.meta;
            meta.kind == target || meta.family.target() == Some(target) || (target == "bindable" && meta.bindable)
        })
    }

    /// The object with this primary key.
    #[must_use]
    pub fn get(&self, id: Uuid) -> Option<&Object> {
        self.objects.get(&id)
    }

    /// The object of kind `K` with this primary key.
    #[must_use]
    pub fn typed<K: Kind>(&self, id: Uuid) -> Option<&K> {
        self.objects.get(&id)?.typed()
    }

    /// The object of a kind with this name, slug or domain.
    #[must_use]
    pub fn by_name(&self, kind: &'static str, name: &str) -> Option<&Object> {
        self.objects.get(self.by_name.get(&(kind, name.to_owned()))?)
    }

    /// The object with this small integer key.
    #[must_use]
    pub fn by_number(&self, number: i32) -> Option<&Object> {
        self.objects.get(self.by_number.get(&number)?)
    }

    /// Every object, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// Every object of kind `K`, ordered by name.
    #[must_use]
    pub fn all<K: Kind>(&self) -> Vec<(&Object, &K)> {
        let mut found: Vec<_> = self.objects.values().filter_map(|o| Some((o, o.typed::<K>()?))).collect();
        found.sort_by(|a, b| a.0.document.name.cmp(&b.0.document.name));
        found
    }

    /// Who refers to the object or group `id`.
    #[must_use]
    pub fn referrers(&self, id: Uuid) -> &[Referrer] {
        self.referrers.get(&id).map_or(&[], Vec::as_slice)
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
