//! The part of the document that comes from the registry: schemas and operations of every kind and
//! family.

use super::{
    components::{Components, reference},
    operation::{Operation, Paths, parameter},
    shapes::{TypeCreate, UsedBy},
};
use crate::objects::{
    extra_values::FLOW_HEAD,
    extras::{self, Extra},
    face,
    families::{FACES, FamilyFace},
    filters,
    list::{Sense, sense},
    reading::{by_number, pk_field},
    served,
};
use http::Method;
use lockgate_model::{FilterOp, KindDef, Lookup, kind::Meta, kind::by_name, schema::Field};
use serde_json::{Map, Value, json};

/// Adds everything that the registry tells.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    for kind in served() {
        schemas(components, kind);
        operations(components, paths, kind);
    }
    for face in FACES {
        family_schema(components, face);
        family_operations(components, paths, face);
    }
    flow_set(components);
}

/// Part of an operationId: the path with underscores.
fn stem(path: &str) -> String {
    path.replace('/', "_")
}

fn tag(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn schemas(components: &mut Components, kind: &'static KindDef) {
    let schema = kind.schema();
    let parts = schema.root["$defs"].as_object().cloned().unwrap_or_default();
    for (name, definition) in &parts {
        components.put(name, definition.clone());
        if is_structure(definition) {
            components.put(&request_name(name), in_request(definition.clone(), &parts));
        }
    }
    let name = kind.meta.schema;
    let description = schema.root["description"].as_str().unwrap_or(kind.meta.verbose_name);
    let shown = schema.fields.iter().filter(|f| face::is_shown(f)).map(|f| (f.name.as_str(), outward(f)));
    let key = [(pk_field(kind.meta.kind), key_schema(kind.meta.lookup))];
    let fields: Vec<(&str, Value)> =
        key.into_iter().chain(shown).chain(computed(components, extras::of(kind))).collect();
    components.put(name, object(description, fields, None));

    let written: Vec<&Field> = schema.fields.iter().filter(|f| face::is_written(f)).collect();
    let required: Vec<&str> = written.iter().filter(|f| f.required).map(|f| f.name.as_str()).collect();
    let mut fields: Vec<(&str, Value)> =
        written.iter().map(|f| (f.name.as_str(), in_request(outward(f), &parts))).collect();
    if face::may_set_managed(kind) {
        fields.push(("managed", json!({"type": ["string", "null"], "minLength": 1, "maxLength": 255})));
    }
    components.put(&format!("{name}Request"), object(description, fields.clone(), Some(&required)));
    components.put(&format!("Patched{name}Request"), object(description, fields, Some(&[])));
    components.page_of(name);
}

/// Whether a part of a kind has fields; such parts have a name of their own in bodies, as kinds have.
fn is_structure(definition: &Value) -> bool {
    definition["type"] == "object"
}

fn request_name(name: &str) -> String {
    format!("{name}Request")
}

/// A schema whose references lead to what bodies are made of.
fn in_request(mut schema: Value, parts: &Map<String, Value>) -> Value {
    match &mut schema {
        Value::Object(map) => {
            for (word, value) in map.iter_mut() {
                let name = value.as_str().filter(|_| word == "$ref").and_then(|r| r.strip_prefix("#/$defs/"));
                *value = match name.filter(|name| parts.get(*name).is_some_and(is_structure)) {
                    Some(name) => reference(&request_name(name))["$ref"].clone(),
                    None => in_request(value.take(), parts),
                };
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = in_request(value.take(), parts)),
        _ => {}
    }
    schema
}

/// A field as the API has it: providers are numbers.
fn outward(field: &Field) -> Value {
    let mut schema = field.schema.clone();
    if field.target.as_deref().is_some_and(by_number) {
        let slot = if field.many { &mut schema["items"] } else { &mut schema };
        slot["type"] = if field.nullable { json!(["integer", "null"]) } else { json!("integer") };
        if let Some(slot) = slot.as_object_mut() {
            slot.remove("format");
        }
    }
    schema
}

fn key_schema(lookup: Lookup) -> Value {
    match lookup {
        Lookup::Number(_) => json!({"type": "integer", "readOnly": true}),
        _ => json!({"type": "string", "format": "uuid", "readOnly": true}),
    }
}

fn computed<'e>(
    components: &mut Components,
    extras: impl IntoIterator<Item = &'e &'static Extra>,
) -> Vec<(&'static str, Value)> {
    extras.into_iter().map(|extra| (extra.name, (extra.schema)(components))).collect()
}

/// An object schema; without `required`, every field is always there.
fn object(description: &str, fields: Vec<(&str, Value)>, required: Option<&[&str]>) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = fields.into_iter().map(|(name, s)| (name.to_owned(), s)).collect();
    let mut schema = json!({"type": "object", "description": description, "properties": properties});
    let required = required.unwrap_or(&names);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn operations(components: &mut Components, paths: &mut Paths, kind: &'static KindDef) {
    let meta = kind.meta;
    let (stem, name) = (stem(meta.path), meta.schema);
    let list = format!("/{}/", meta.path);
    let one = format!("/{}/{{{}}}/", meta.path, lookup_name(meta.lookup));
    let operation =
        |method: Method, path: &str, verb: &str| Operation::new(method, path, format!("{stem}_{verb}"), tag(meta.path));
    let key = || path_parameter(meta);
    let body = reference(&format!("{name}Request"));
    let patch = reference(&format!("Patched{name}Request"));
    let page = reference(&format!("Paginated{name}List"));
    let noun = meta.verbose_name.to_lowercase();

    let mut listing = operation(Method::GET, &list, "list").says(&format!("Lists every {noun} that matches."));
    for filter in filters::of(kind) {
        listing = listing.query(filter.param, filter.schema);
    }
    paths.add(listing.paged().answers(200, "One page.", page));
    let create = operation(Method::POST, &list, "create").says(&format!("Makes a {noun}.")).body(body.clone(), true);
    paths.add(create.answers(201, "Made.", reference(name)).may_conflict().tagged());
    let retrieve = operation(Method::GET, &one, "retrieve").says(&format!("Shows a {noun}."));
    paths.add(retrieve.path(key()).answers(200, "The object.", reference(name)).tagged());
    let update = operation(Method::PUT, &one, "update").says(&format!("Replaces a {noun}.")).body(body, true);
    paths.add(changed(update.path(key()), name));
    let partial = operation(Method::PATCH, &one, "partial_update").says(&format!("Changes fields of a {noun}."));
    let partial = partial.body(patch, false);
    paths.add(changed(partial.path(key()), name));
    let destroy = operation(Method::DELETE, &one, "destroy").says(&format!("Deletes a {noun}."));
    paths.add(destroy.path(key()).empty(204, "Deleted.").may_conflict().conditional());
    paths.add(used_by(components, &stem, &one, meta.path, key()));
}

/// An operation that changes an object of the schema with this name.
fn changed(operation: Operation, name: &str) -> Operation {
    operation.answers(200, "As it is now.", reference(name)).may_conflict().tagged().conditional()
}

fn used_by(components: &mut Components, stem: &str, one: &str, path: &str, key: Value) -> Operation {
    let answer = json!({"type": "array", "items": components.reply::<UsedBy>()});
    Operation::new(Method::GET, &format!("{one}used_by/"), format!("{stem}_used_by_list"), tag(path))
        .says("Tells what refers to the object, and what its deletion would do to it.")
        .path(key)
        .answers(200, "What refers to it.", answer)
}

fn lookup_name(lookup: Lookup) -> &'static str {
    match lookup {
        Lookup::Uuid(name) | Lookup::Slug(name) | Lookup::Number(name) => name,
    }
}

fn path_parameter(meta: &Meta) -> Value {
    key_parameter(meta.lookup, meta.verbose_name)
}

fn key_parameter(lookup: Lookup, noun: &str) -> Value {
    let schema = match lookup {
        Lookup::Uuid(_) => json!({"type": "string", "format": "uuid"}),
        Lookup::Slug(_) => json!({"type": "string"}),
        Lookup::Number(_) => json!({"type": "integer"}),
    };
    parameter("path", lookup_name(lookup), schema, &format!("Key of the {}.", noun.to_lowercase()))
}

/// The schema of a list's parameter.
pub(crate) fn filter_schema(kind: &KindDef, param: &str, field: &str, op: FilterOp) -> Value {
    let item = match sense(kind.meta, field, kind.schema().field(field)) {
        Sense::Uuid => json!({"type": "string", "format": "uuid"}),
        Sense::Provider | Sense::Integer => json!({"type": "integer"}),
        Sense::Flag => json!({"type": "boolean"}),
        Sense::Choice(choices) => json!({"type": "string", "enum": choices}),
        Sense::Text => json!({"type": "string"}),
    };
    match op {
        FilterOp::IsNull => json!({"type": "boolean"}),
        FilterOp::In => json!({"type": "array", "items": item}),
        FilterOp::Exact if param.ends_with("__iexact") => json!({"type": "string"}),
        _ => item,
    }
}

fn family_schema(components: &mut Components, face: &FamilyFace) {
    let key = [("pk", key_schema(face.lookup))];
    let extras: Vec<&'static Extra> = extras::of_family(face.family).collect();
    let computed = computed(components, &extras);
    let fields: Vec<(&str, Value)> = key.into_iter().chain(face.field_schemas()).chain(computed).collect();
    components.put(face.schema, object("What all kinds of this family have.", fields, None));
    components.page_of(face.schema);
}

fn family_operations(components: &mut Components, paths: &mut Paths, face: &FamilyFace) {
    let stem = stem(face.path);
    let one = format!("/{}/{{{}}}/", face.path, lookup_name(face.lookup));
    let noun = face.schema.to_lowercase();
    let operation = |method: Method, path: String, verb: &str| {
        Operation::new(method, &path, format!("{stem}_{verb}"), tag(face.path))
    };
    let key = || key_parameter(face.lookup, face.schema);
    let mut listing = operation(Method::GET, format!("/{}/", face.path), "list").says(&format!("Lists every {noun}."));
    for parameter in face.parameters() {
        listing = listing.query(parameter.param, parameter.schema);
    }
    paths.add(listing.paged().answers(200, "One page.", reference(&format!("Paginated{}List", face.schema))));
    let retrieve = operation(Method::GET, one.clone(), "retrieve").says(&format!("Shows a {noun} of any kind."));
    paths.add(retrieve.path(key()).answers(200, "The object.", reference(face.schema)).tagged());
    let destroy = operation(Method::DELETE, one.clone(), "destroy").says(&format!("Deletes a {noun} of any kind."));
    paths.add(destroy.path(key()).empty(204, "Deleted.").may_conflict().conditional());
    paths.add(used_by(components, &stem, &one, face.path, key()));
    let types = json!({"type": "array", "items": components.reply::<TypeCreate>()});
    let kinds = operation(Method::GET, format!("/{}/types/", face.path), "types_list");
    paths.add(kinds.says("Lists the kinds of this family.").answers(200, "The kinds.", types));
}

/// A flow inside a stage: without what would lead back to stages.
fn flow_set(components: &mut Components) {
    let Some(flow) = by_name("flow") else { return };
    let uuid = || json!({"type": "string", "format": "uuid", "readOnly": true});
    let text = || json!({"type": "string", "readOnly": true});
    let mut fields =
        vec![("pk", uuid()), ("policybindingmodel_ptr_id", uuid()), ("background_url", text()), ("export_url", text())];
    let head = FLOW_HEAD.iter().filter_map(|name| Some((*name, flow.schema().field(name)?.schema.clone())));
    fields.extend(head);
    components.put("FlowSet", object("A flow that a stage is bound to.", fields, None));
}
