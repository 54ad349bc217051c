//! Providers and bindings, where leaving something out could let somebody in. A binding that cannot be
//! carried over denies, and a flow denies at the place of a stage that cannot.

use super::{
    build::{Build, Made, Target, is_joint, object_of},
    entries::Entry,
    eval::{Item, Truth},
    python,
    report::Place,
    world::{Found, kind_of},
};
use crate::language::{is_web_address, stable_id};
use lockgate_model::{KindDef, kind, kinds::key_pair::DEFAULT_SIGNING_KEY};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The policy of bindings that were not carried over.
const DENY_POLICY: &str = "import-denies";
/// The grants that end at a redirect URI.
const REDIRECTING: [&str; 3] = ["authorization_code", "implicit", "hybrid"];
/// The grants of a provider that names none, as the reference has them.
const USUAL: [&str; 4] =
    ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"];

impl Build<'_> {
    /// What the language has no words for is taken off providers.
    pub(super) fn providers(&mut self) {
        let ids: Vec<Uuid> = self.made.keys().copied().collect();
        for id in ids {
            let Some(mut made) = self.made.remove(&id) else { continue };
            let keep = match made.kind.meta.kind {
                "oauth2_provider" => {
                    self.oauth2(&mut made);
                    true
                }
                "proxy_provider" => self.proxy(&made),
                _ => true,
            };
            if keep {
                self.made.insert(id, made);
            } else {
                self.forget(id);
            }
        }
    }

    fn oauth2(&mut self, made: &mut Made) {
        let (place, what) = (made.place.clone(), made.what());
        let uris = made.body.entry("redirect_uris").or_insert_with(|| json!([]));
        if let Some(list) = uris.as_array_mut() {
            list.retain(|uri| {
                let url = uri["url"].as_str().unwrap_or_default();
                let sound = uri["matching_mode"] != "regex" || Regex::new(url).is_ok();
                if !sound {
                    self.remarks.left(&place, &what, format!("the address \"{url}\" is no regular expression here"));
                }
                sound
            });
        }
        let sends = |uri: &Value| uri["redirect_uri_type"] != "logout";
        if !made.body["redirect_uris"].as_array().is_some_and(|l| l.iter().any(sends)) {
            let grants = made.body.entry("grant_types").or_insert_with(|| json!(USUAL));
            if let Some(list) = grants.as_array_mut() {
                list.retain(|grant| grant.as_str().is_none_or(|g| !REDIRECTING.contains(&g)));
            }
            let why = "it has no redirect URIs, and the first address that comes would own it: name them, and the grants that need them";
            self.remarks.left(&place, &what, why);
        }
        let public = made.body.get("client_type") == Some(&json!("public"));
        if public && made.body.get("signing_key").is_none_or(Value::is_null) {
            made.body.insert("signing_key".to_owned(), json!(stable_id("key_pair", DEFAULT_SIGNING_KEY)));
            let why = "a public client has no secret with which it could check its tokens: the default key signs them";
            self.remarks.note(&place, &what, why);
        }
    }

    /// Whether a proxy provider can be carried over; the address of its application is settled on the way.
    fn proxy(&mut self, made: &Made) -> bool {
        let mode = made.body.get("mode").and_then(Value::as_str).unwrap_or("proxy");
        if mode == "proxy" {
            let why = "Lockgate is no reverse proxy yet: put one in front that asks Lockgate, and write forward_auth";
            self.remarks.left(&made.place, &made.what(), why);
            return false;
        }
        let host = made.body.get("external_host").cloned();
        let key = json!(made.id);
        let app =
            self.made.values_mut().find(|m| m.kind.meta.kind == "application" && m.body.get("provider") == Some(&key));
        let (Some(app), Some(host)) = (app, host) else { return true };
        let url = app.body.get("meta_launch_url").and_then(Value::as_str).unwrap_or_default().to_owned();
        let env = self.stand_ins.contains_key(&(made.id, "external_host".to_owned()));
        if url.is_empty() && !env {
            app.body.insert("meta_launch_url".to_owned(), host);
        } else if !url.is_empty() && !is_web_address(&url) {
            app.body.remove("meta_launch_url");
            let why = format!("the launch address \"{url}\" cannot stand beside forward_auth");
            self.remarks.left(&app.place, &app.what(), why);
        }
        true
    }

    /// Nothing refers to an object any more.
    fn forget(&mut self, id: Uuid) {
        for target in self.targets.iter_mut().filter(|t| **t == Target::Object(id)) {
            *target = Target::Gone("it was not carried over".to_owned());
        }
        for made in self.made.values_mut() {
            made.body.retain(|_, value| *value != json!(id));
            let lists = made.body.values_mut().filter_map(Value::as_array_mut);
            lists.for_each(|list| list.retain(|value| *value != json!(id)));
        }
    }

    /// A binding: of a stage, or of a policy, group or user.
    pub(super) fn joint(&mut self, entry: &Entry) -> Target {
        let Some(kind) = kind_of(&entry.model) else { return Target::Gone(String::new()) };
        let Some(target) = self.field(kind, entry, "target") else {
            self.left(entry, "it says not what it is bound to");
            return Target::Gone("it is bound to nothing".to_owned());
        };
        let target = match target {
            Ok(target) => target,
            Err(why) => {
                self.left(entry, &format!("what it is bound to is not carried over: {why}"));
                return Target::Gone("what it is bound to is not carried over".to_owned());
            }
        };
        let (id, base) = self.shipped_joint(entry).unzip();
        let base = base.unwrap_or_default();
        let mut made = Made { id: Uuid::nil(), kind, name: String::new(), body: base, place: entry.place.clone() };
        let own = ["target", "stage", "policy", "group", "user"];
        for attr in entry.fields().filter(|a| !own.contains(&a.name.as_str())) {
            self.fill(&mut made, attr, false);
        }
        made.body.insert("target".to_owned(), target.clone());
        made.body.entry("order").or_insert_with(|| json!(0));
        if kind.meta.kind == "flow_stage_binding" {
            self.stage_of(entry, &mut made);
        } else {
            self.subject_of(entry, &mut made);
        }
        if !self.sound(&mut made) {
            made.body = object_of(json!({"target": target, "order": 0}));
            self.deny(&mut made);
        }
        let name = made.kind.parse(&Value::Object(made.body.clone())).map(|v| v.identifier()).unwrap_or_default();
        made.id = id.unwrap_or_else(|| stable_id(kind.meta.kind, &name));
        made.name = name;
        let id = made.id;
        self.put(made);
        Target::Object(id)
    }

    /// A reference of a binding; `None` where nothing is said.
    fn field(&mut self, kind: &'static KindDef, entry: &Entry, name: &str) -> Option<Result<Value, String>> {
        let item = entry.get(name).filter(|item| **item != Item::Null)?;
        let field = kind.schema().field(name)?;
        Some(self.reference(field, item))
    }

    /// The shipped binding that an entry changes.
    fn shipped_joint(&mut self, entry: &Entry) -> Option<(Uuid, Map<String, Value>)> {
        let mut filters = Vec::new();
        for attr in &entry.identifiers {
            let item = match self.target(&attr.item) {
                Target::Object(id) => Item::Text(id.to_string()),
                _ => attr.item.clone(),
            };
            filters.push((attr.name.clone(), item));
        }
        match self.world.find_below(&entry.model, &filters) {
            Found::Shipped(id) => self.world.document(id).map(|d| (id, object_of(d.body.clone()))),
            _ => None,
        }
    }

    fn stage_of(&mut self, entry: &Entry, made: &mut Made) {
        let given = self.field(made.kind, entry, "stage");
        let why = match (given, &entry.applies) {
            (_, Truth::Unknown(why)) => format!("its conditions cannot be told: {why}"),
            (Some(Ok(stage)), _) => {
                made.body.insert("stage".to_owned(), stage);
                return;
            }
            (Some(Err(why)), _) => why,
            (None, _) if made.body.contains_key("stage") => return,
            (None, _) => "it names no stage".to_owned(),
        };
        self.left(entry, &format!("{why}; the flow denies at this place"));
        self.deny(made);
    }

    fn subject_of(&mut self, entry: &Entry, made: &mut Made) {
        let mut why = match &entry.applies {
            Truth::Unknown(why) => Some(format!("its conditions cannot be told: {why}")),
            _ => None,
        };
        let negate = made.body.get("negate") == Some(&json!(true));
        let mut given = 0;
        for subject in ["policy", "group", "user"] {
            match self.field(made.kind, entry, subject) {
                None => {}
                Some(Ok(value)) => {
                    given += 1;
                    self.note_user(entry, subject);
                    made.body.insert(subject.to_owned(), value);
                }
                Some(Err(lost)) => why = Some(format!("its {subject} is not carried over: {lost}")),
            }
        }
        let known =
            ["policy", "group", "user"].iter().filter(|s| made.body.get(**s).is_some_and(|v| !v.is_null())).count();
        if why.is_none() && (known != 1 || given > 1) {
            why = Some("it does not name one policy, group or user".to_owned());
        }
        let group = entry.get("group").filter(|_| negate && why.is_none()).map(|item| self.target(item));
        if matches!(group, Some(Target::Group(name)) if self.is_looked_up(&name)) {
            let open = "it keeps a group out that is not declared here, and an empty one would keep nobody out";
            why = Some(open.to_owned());
        }
        if let Some(why) = why {
            self.left(entry, &format!("{why}; it denies"));
            return self.deny(made);
        }
        let policy = made.body.get("policy").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
        if negate && policy.is_some_and(|id| self.stubs.contains(&id)) && !self.is_on_stage(made) {
            made.body.insert("negate".to_owned(), json!(false));
            self.left(entry, "its \"not\" is left out, since its policy denies until it is written anew");
        }
    }

    fn note_user(&mut self, entry: &Entry, subject: &str) {
        if let Some(Target::User(name)) = entry.get(subject).map(|item| self.target(item)) {
            let why = format!("the user \"{name}\" has to be there before the folder is loaded");
            self.remarks.note(&entry.place, "policy binding", why);
        }
    }

    fn is_on_stage(&self, made: &Made) -> bool {
        let target = made.body.get("target").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
        target.is_some_and(|id| {
            self.kinds.get(&id).is_some_and(|k| k.meta.kind == "flow_stage_binding")
                || self.world.document(id).is_some_and(|d| d.kind == "flow_stage_binding")
        })
    }

    /// Makes a binding deny.
    fn deny(&mut self, made: &mut Made) {
        if made.kind.meta.kind == "flow_stage_binding" {
            let flow = made.body.get("target").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
            let stage = self.deny_stage(flow.unwrap_or_default(), &made.place);
            made.body.insert("stage".to_owned(), json!(stage));
            return;
        }
        for (field, value) in [
            ("policy", json!(self.deny_policy(&made.place))),
            ("negate", json!(false)),
            ("failure_result", json!(false)),
        ] {
            made.body.insert(field.to_owned(), value);
        }
        made.body.remove("group");
        made.body.remove("user");
    }

    /// Takes out the policy that denies where nothing needs it.
    pub(super) fn tidy(&mut self) {
        let id = stable_id("expression_policy", DENY_POLICY);
        let key = json!(id);
        let names = |value: &Value| *value == key || value.as_array().is_some_and(|list| list.contains(&key));
        if !self.made.values().any(|made| made.body.values().any(names)) {
            self.made.remove(&id);
            self.comments.remove(&id);
        }
    }

    pub(super) fn deny_policy(&mut self, place: &Place) -> Uuid {
        let id = stable_id("expression_policy", DENY_POLICY);
        let body = json!({"name": DENY_POLICY, "expression": python::DENIES});
        let comment = "Stands where a binding was not carried over from a blueprint, and denies.";
        self.stub_object("expression_policy", id, DENY_POLICY, body, place, comment);
        id
    }

    /// The stage that denies in a flow.
    fn deny_stage(&mut self, flow: Uuid, place: &Place) -> Uuid {
        let slug = self.made.get(&flow).map(|m| m.name.as_str());
        let slug = slug.or_else(|| self.world.document(flow).map(|d| d.name.as_str())).unwrap_or_default();
        let name = format!("{slug}-not-carried-over");
        let id = stable_id("deny_stage", &name);
        let message = "This flow is not finished: a part of it was not carried over.";
        let body = json!({"name": name, "deny_message": message});
        let comment = "Stands in the flow where something was not carried over from a blueprint, and denies.";
        self.stub_object("deny_stage", id, &name, body, place, comment);
        id
    }

    fn stub_object(&mut self, kind: &str, id: Uuid, name: &str, body: Value, place: &Place, comment: &str) {
        let Some(kind) = kind::by_name(kind) else { return };
        self.stubs.insert(id);
        self.comments.insert(id, comment.to_owned());
        self.put(Made { id, kind, name: name.to_owned(), body: object_of(body), place: place.clone() });
    }

    /// A stage whose policy fails is passed over. So where a policy is not carried over that a stage depends
    /// on, the flow denies before that stage.
    pub(super) fn guard_stages(&mut self) {
        let shipped = self
            .world
            .shipped
            .documents
            .iter()
            .filter(|d| d.kind == "policy_binding" && !self.made.contains_key(&d.id));
        let shipped = shipped.map(|d| object_of(d.body.clone()));
        let made = self.made.values().filter(|m| m.kind.meta.kind == "policy_binding").map(|m| m.body.clone());
        let id = |body: &Map<String, Value>, field: &str| {
            body.get(field).and_then(Value::as_str).and_then(|v| Uuid::parse_str(v).ok())
        };
        let mut unguarded = BTreeSet::new();
        for body in made.chain(shipped).collect::<Vec<_>>() {
            let stub = id(&body, "policy").filter(|policy| self.stubs.contains(policy));
            if let (Some(policy), Some(target)) = (stub, id(&body, "target")) {
                unguarded.insert((target, policy));
            }
        }
        for (binding, policy) in unguarded {
            let body = self.made.get(&binding).map(|m| (m.kind.meta.kind, m.body.clone()));
            let body =
                body.or_else(|| self.world.document(binding).map(|d| (d.kind.as_str(), object_of(d.body.clone()))));
            let Some(("flow_stage_binding", body)) = body else { continue };
            let (Some(flow), Some(kind)) = (id(&body, "target"), kind::by_name("flow_stage_binding")) else { continue };
            let place = self.made.get(&policy).map_or_else(Place::default, |m| m.place.clone());
            let what = self.made.get(&policy).map(Made::what).unwrap_or_default();
            let order = body.get("order").and_then(Value::as_i64).unwrap_or_default().saturating_sub(1);
            let stage = self.deny_stage(flow, &place);
            let body = json!({"target": flow, "stage": stage, "order": order.max(i64::from(i32::MIN))});
            let name = format!("{flow}/{stage}/{order}");
            let made = Made {
                id: stable_id("flow_stage_binding", &name),
                kind,
                name,
                body: object_of(body),
                place: place.clone(),
            };
            self.put(made);
            let flow = self
                .made
                .get(&flow)
                .map(|m| m.name.clone())
                .or_else(|| self.world.document(flow).map(|d| d.name.clone()));
            let why = format!(
                "a stage of the flow \"{}\" depends on it: the flow denies before that stage",
                flow.unwrap_or_default()
            );
            self.remarks.left(&place, &what, why);
        }
        debug_assert!(self.made.values().all(|m| !is_joint(m.kind) || !m.id.is_nil()));
    }
}
