//! What of roles the schema of their kind does not tell: groups that say which they hold, and the objects that
//! single permissions are given on.

use super::{GroupDraft, Loaded, Loader};
use crate::{diagnostics::Diagnostic, span::Span};
use lockgate_model::{Document, kind::by_name, kinds::Role, permission};
use serde_json::Value;
use uuid::Uuid;

impl Loader<'_> {
    /// A role says which groups hold it, wherever that was written: a group's own word for it goes there.
    pub(super) fn roles_of_group(&mut self, group: &GroupDraft, loaded: &mut Loaded) {
        let id = Value::from(group.declaration.id.to_string());
        for node in &group.roles {
            let Some(name) = node.text() else {
                self.wrong(node, "roles", "a list of role names");
                continue;
            };
            let known = loaded.documents.iter().filter(|d| d.kind == "role").map(|d| d.name.clone());
            let known: Vec<String> = known.collect();
            match loaded.documents.iter_mut().find(|d| d.kind == "role" && d.name == name) {
                Some(role) => match role.body["groups"].as_array_mut() {
                    Some(groups) if groups.contains(&id) => {}
                    Some(groups) => groups.push(id.clone()),
                    None => {}
                },
                None => {
                    let message = format!("no role \"{name}\" is declared here");
                    let complaint = Diagnostic::error("dangling", &node.span, message);
                    let complaint = complaint.near(name, known.iter().map(String::as_str));
                    self.diagnostics.push(complaint);
                }
            }
        }
    }

    /// An object that is named, and not told by its key, must be there.
    pub(super) fn objects_of_roles(&mut self, loaded: &Loaded) {
        for document in loaded.documents.iter().filter(|document| document.kind == "role") {
            let Ok(role) = serde_json::from_value::<Role>(document.body.clone()) else { continue };
            for (number, given) in role.object_permissions.iter().enumerate() {
                let kind = permission::by_codename(&given.permission.0).map(|known| known.noun.kind);
                let span = place(loaded, document, number);
                let missing = match kind {
                    Some("group") if self.names.group(&given.object).is_none() => {
                        Some(self.names.dangling_group(&given.object, &span))
                    }
                    Some(kind) if by_name(kind).is_some() => {
                        self.names.resolve(kind, &given.object, &span).err().map(|complaint| *complaint)
                    }
                    // Users come and go.
                    _ => None,
                };
                self.diagnostics.extend(missing.filter(|_| Uuid::parse_str(&given.object).is_err()));
            }
        }
    }
}

fn place(loaded: &Loaded, role: &Document, number: usize) -> Span {
    let pointer = format!("/object_permissions/{number}/object");
    loaded.spans.get(role.id, &pointer).cloned().unwrap_or_else(|| Span::whole(""))
}
