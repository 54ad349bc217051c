//! The schemas of the document: collected once under their names, pointed at from everywhere.
//!
//! Schemas come from Rust types (schemars) or from the registry of kinds; both are made to look alike.

use lockgate_model::{Family, Lookup, Meta, schema::KindSchema};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where schemas live.
const PLACE: &str = "/components/schemas";

/// The schemas collected so far.
pub(crate) struct Components {
    replies: SchemaGenerator,
    requests: SchemaGenerator,
    schemas: BTreeMap<String, Value>,
}

impl Components {
    pub(crate) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|s| {
                s.definitions_path = PLACE.into();
                s.meta_schema = None;
            })
        };
        Self {
            replies: settings().for_serialize().into_generator(),
            requests: settings().for_deserialize().into_generator(),
            schemas: BTreeMap::new(),
        }
    }

    /// The schema of an answer, or a reference to it.
    pub(crate) fn reply<T: JsonSchema>(&mut self) -> Value {
        self.replies.subschema_for::<T>().to_value()
    }

    /// The schema of a body, or a reference to it.
    pub(crate) fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// A body of which nothing is required: `Patched…`.
    pub(crate) fn patched<T: JsonSchema>(&mut self) -> Value {
        let name = T::schema_name();
        let mut schema = SchemaSettings::draft2020_12()
            .with(|s| s.definitions_path = PLACE.into())
            .for_deserialize()
            .into_generator()
            .into_root_schema_for::<T>()
            .to_value();
        if let Some(map) = schema.as_object_mut() {
            for word in ["required", "$defs", "$schema", "title", "components"] {
                map.remove(word);
            }
        }
        let _ = self.request::<T>();
        self.put(&format!("Patched{name}"), schema)
    }

    /// Keeps a schema under a name, and answers a reference to it.
    pub(crate) fn put(&mut self, name: &str, mut schema: Value) -> Value {
        tidy(&mut schema);
        if name.starts_with("Patched") {
            without_defaults(&mut schema);
        }
        self.schemas.insert(name.to_owned(), schema);
        reference(name)
    }

    /// One page of a list of the schema with this name.
    pub(crate) fn page_of(&mut self, item: &str) -> Value {
        let schema = json!({
            "type": "object",
            "description": format!("One page of a list of {item}."),
            "properties": {
                "pagination": self.reply::<super::shapes::Pagination>(),
                "results": {"type": "array", "items": reference(item)},
                "autocomplete": self.reply::<super::shapes::Autocomplete>(),
            },
            "required": ["pagination", "results", "autocomplete"],
        });
        self.put(&format!("Paginated{item}List"), schema)
    }

    /// All schemas by name.
    pub(crate) fn finish(mut self) -> Value {
        let generated = [self.replies.take_definitions(true), self.requests.take_definitions(true)];
        for (name, mut schema) in generated.into_iter().flatten() {
            tidy(&mut schema);
            self.schemas.entry(name).or_insert(schema);
        }
        Value::Object(self.schemas.into_iter().collect())
    }
}

/// A reference to the schema of this name.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#{PLACE}/{name}")})
}

/// Whether a client could need a hint of ours.
const OURS: &[&str] = &["x-yaml", "x-on-delete", "x-secret", "x-internal"];

/// Makes schemas of all origins alike: references point into the document, hints for other rooms are
/// dropped, documented constants become a plain `enum`, which client generators understand.
pub(crate) fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            OURS.iter().for_each(|word| drop(map.remove(*word)));
            map.retain(|word, value| word != "default" || !value.is_null());
            if let Some(Value::String(target)) = map.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#{PLACE}/{name}");
            }
            // Nobody but Rust knows these formats.
            map.retain(|word, value| word != "format" || !value.as_str().is_some_and(|text| text.starts_with("uint")));
            constants(map);
            map.values_mut().for_each(tidy);
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// What a change leaves out stays as it is; generated clients would send the defaults that they are told of.
fn without_defaults(schema: &mut Value) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        field.retain(|word, _| word != "default");
    }
}

fn constants(map: &mut Map<String, Value>) {
    let Some(variants) = map.get("oneOf").and_then(Value::as_array) else { return };
    let mut values = Vec::new();
    for variant in variants {
        match (variant.get("const"), variant.get("enum").and_then(Value::as_array)) {
            (Some(value), _) => values.push(value.clone()),
            (None, Some(several)) => values.extend(several.iter().cloned()),
            _ => return,
        }
    }
    map.remove("oneOf");
    map.insert("type".to_owned(), json!("string"));
    map.insert("enum".to_owned(), Value::Array(values));
}

/// What bodies of `T` are checked against: the same schema that the document shows.
pub(crate) fn form<T: JsonSchema>() -> KindSchema {
    static NOBODY: Meta = Meta {
        kind: "",
        word: "",
        family: Family::None,
        schema: "",
        path: "",
        lookup: Lookup::Uuid(""),
        component: "",
        verbose_name: "",
        verbose_name_plural: "",
        model: "",
        search: &[],
        filters: &[],
        ordering: "",
        bindable: false,
    };
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    KindSchema::new(&NOBODY, generator.into_root_schema_for::<T>().to_value())
}
