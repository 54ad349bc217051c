//! One thing of every noun of the API, made by an administrator, and bodies that make more of them.

use super::Api;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_model::kind::{KINDS, Meta, by_target};
use lockgate_store::{
    AuthenticatorKind, Event, EventFilter, Issue, NewAuthenticator, NewCode, NewConsent, NewOAuthToken, NewProof,
    Notification, ScoreRules, Session, TokenKind,
};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};
use uuid::Uuid;

/// The kind that stands for a family.
pub(crate) const OF_FAMILY: [(&str, &str); 4] = [
    ("stage", "dummy_stage"),
    ("policy", "dummy_policy"),
    ("provider", "proxy_provider"),
    ("mapping", "scope_mapping"),
];

/// A server with things on it.
pub(crate) struct House {
    pub(crate) api: Api,
    /// Somebody else's.
    pub(crate) owner: i64,
    document: Value,
    /// What references lead to, by target.
    targets: HashMap<String, Value>,
    count: AtomicU64,
    certificate: Value,
    /// The folder that the server has.
    cedar: String,
    /// Slug of an application.
    app: String,
}

fn meta(kind: &str) -> &'static Meta {
    KINDS.iter().map(|known| known.meta).find(|meta| meta.kind == kind).expect("a kind")
}

impl House {
    /// Around a server whose folder is this one file of policies.
    pub(crate) async fn around(api: Api, cedar: String) -> Self {
        let owner = json!({"username": "owner", "name": "", "email": "o@example.com"});
        let owner = api.post("/core/users/", &owner).await.expect(201)["pk"].as_i64().expect("a number");
        let pair = api.get("/crypto/certificatekeypairs/").await.expect(200)["results"][0]["pk"].clone();
        let pair = format!("/crypto/certificatekeypairs/{}/view_certificate/", pair.as_str().expect("a key"));
        let certificate = api.get(&pair).await.expect(200)["data"].clone();
        let mut house = Self {
            certificate,
            cedar,
            app: String::new(),
            api,
            owner,
            document: lockgate_api::openapi::document(),
            targets: HashMap::new(),
            count: AtomicU64::new(0),
        };
        house.targets.insert("user".to_owned(), json!(owner));
        let group = house.api.post("/core/groups/", &json!({"name": "some group"})).await.expect(201)["pk"].clone();
        house.targets.insert("group".to_owned(), group);
        for (target, kind) in [
            ("flow", "flow"),
            ("role", "role"),
            ("key_pair", "key_pair"),
            ("stage", "dummy_stage"),
            ("policy", "dummy_policy"),
            ("mapping", "scope_mapping"),
            ("prompt", "prompt"),
            ("provider", "proxy_provider"),
            ("application", "application"),
            ("flow_stage_binding", "flow_stage_binding"),
        ] {
            let made = house.make(meta(kind)).await.expect("a thing");
            if kind == "application" {
                made["slug"].as_str().unwrap_or_default().clone_into(&mut house.app);
            }
            house.targets.insert(target.to_owned(), made["pk"].clone());
        }
        let application = house.targets["application"].clone();
        house.targets.insert("bindable".to_owned(), application);
        house
    }

    /// What has not been said before.
    fn fresh(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Makes one of a kind, with what is required.
    async fn make(&self, meta: &Meta) -> Result<Value, String> {
        let body = self.body(meta.schema);
        let reply = self.api.post(&format!("/{}/", meta.path), &body).await;
        let made = reply.status.as_u16() == 201;
        if made { Ok(reply.body) } else { Err(format!("none is made of {body}: {}", reply.body)) }
    }

    /// A body that makes one of a schema.
    pub(crate) fn body(&self, schema: &str) -> Value {
        let request = &self.document["components"]["schemas"][format!("{schema}Request")];
        let mut body = self.sample(request);
        self.own_words(schema, &mut body);
        body
    }

    /// What the schema does not tell of a sound body.
    fn own_words(&self, schema: &str, body: &mut Value) {
        let more = match schema {
            "CertificateKeyPair" => json!({"certificate_data": self.certificate}),
            "CertificateGeneration" => json!({"validity_days": 1}),
            "PolicyBinding" => json!({"policy": self.targets["policy"]}),
            "CedarPolicy" => json!({"cedar": "context.mfa"}),
            "BlueprintInstance" => json!({"content": "version: 1\nentries: []\n", "enabled": false}),
            "EventMatcherPolicy" => json!({"action": "login"}),
            "Schedule" => json!({"crontab": "0 0 * * *"}),
            "InvitationSendEmail" => json!({"email_addresses": ["ada@example.com"]}),
            "IdentificationStage" => json!({"user_fields": ["username"]}),
            "RedirectStage" => json!({"target_static": "https://example.com"}),
            "ProxyProvider" => json!({"mode": "forward_single"}),
            _ => json!({}),
        };
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
            body.entry("expression").and_modify(|source| *source = json!("true"));
        }
    }

    fn sample(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.sample(self.document.pointer(name.trim_start_matches('#')).expect("a schema"));
        }
        if let Some(target) = schema["x-ref"].as_str().or_else(|| schema["items"]["x-ref"].as_str()) {
            let names: Vec<&str> = std::iter::once(target).chain(by_target(target).map(|k| k.meta.kind)).collect();
            let found = names.iter().find_map(|name| self.targets.get(*name));
            let found = found.unwrap_or_else(|| panic!("nothing that {target} could lead to")).clone();
            return if schema["type"] == "array" { json!([found]) } else { found };
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[0].clone();
        }
        if let Some(any) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return self.sample(&any[0]);
        }
        let is =
            |word: &str| schema["type"] == word || schema["type"].as_array().is_some_and(|l| l.contains(&json!(word)));
        if is("object") {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let names = required.iter().filter_map(Value::as_str);
            return names
                .map(|name| (name.to_owned(), self.sample(&schema["properties"][name])))
                .collect::<Map<_, _>>()
                .into();
        }
        match schema["format"].as_str() {
            Some("uuid") => return json!("7f0ea6a3-5bc6-4b7e-9c9b-54f3bb8f8f01"),
            Some("uri") => return json!(format!("https://x{}.example.com", self.fresh())),
            Some("date-time") => return json!("2099-01-01T00:00:00Z"),
            _ => {}
        }
        if is("boolean") {
            json!(false)
        } else if is("integer") || is("number") {
            schema["minimum"].as_i64().filter(|least| *least > 0).map_or(json!(self.fresh()), |least| json!(least))
        } else if is("array") {
            json!([])
        } else {
            json!(format!("x{}", self.fresh()))
        }
    }

    /// The key in the path of one thing below this path, `/core/users/`, that belongs to somebody else.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn one_below(&self, path: &str) -> Result<String, String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let path = path.trim_matches('/');
        if let Some(made) = self.of_people(path).await {
            return Ok(text(&made));
        }
        let named = |meta: &&Meta| meta.path == path;
        let family = OF_FAMILY.iter().find(|(word, _)| path == family_path(word)).map(|(_, kind)| meta(kind));
        let meta = KINDS.iter().map(|kind| kind.meta).find(named).or(family);
        let meta = meta.ok_or_else(|| format!("nothing is known to be below {path}"))?;
        let made = self.make(meta).await?;
        if meta.kind == "application" {
            // Whoever may open it sees it in any case.
            let binding = json!({"target": made["pk"], "user": self.owner, "order": 0});
            self.api.post("/policies/bindings/", &binding).await.expect(201);
        }
        Ok(match meta.lookup {
            lockgate_model::Lookup::Slug(field) => text(&made[field]),
            lockgate_model::Lookup::Number(_) => text(&made["pk"]),
            lockgate_model::Lookup::Uuid(name) => text(if made[name].is_null() { &made["pk"] } else { &made[name] }),
        })
    }

    async fn of_people(&self, path: &str) -> Option<Value> {
        let (api, n, now) = (&self.api, self.fresh(), self.api.identity.clock.now());
        let first = async |list: &str| api.get(list).await.expect(200)["results"][0].clone();
        if let Some(word) = path.strip_prefix("authenticators/") {
            return Some(json!(self.authenticator(word.trim_start_matches("admin/")).await));
        }
        Some(match path {
            "flows/executor" | "flows/inspector" => json!("default-authentication-flow"),
            "core/users" | "lockgate/users" => {
                api.post("/core/users/", &json!({"username": format!("u{n}"), "name": ""})).await.expect(201)["pk"]
                    .clone()
            }
            "core/groups" => {
                api.post("/core/groups/", &json!({"name": format!("g{n}")})).await.expect(201)["pk"].clone()
            }
            "core/tokens" => {
                let body = json!({"identifier": format!("t{n}"), "user": self.owner, "intent": "api"});
                api.post("/core/tokens/", &body).await.expect(201)["identifier"].clone()
            }
            "core/authenticated_sessions" => json!(self.session().await),
            "core/user_consent" => {
                let application =
                    self.targets["application"].as_str().and_then(|pk| Uuid::parse_str(pk).ok()).expect("a key");
                let consent =
                    NewConsent { user_pk: self.owner, application, permissions: String::new(), expires: None };
                api.store.consents().grant(&consent).await.expect("stored");
                first("/core/user_consent/").await["pk"].clone()
            }
            "oauth2/access_tokens" | "oauth2/refresh_tokens" | "oauth2/authorization_codes" => {
                self.granted(path).await;
                first(&format!("/{path}/")).await["pk"].clone()
            }
            "stages/invitation/invitations" => {
                api.post("/stages/invitation/invitations/", &json!({"name": format!("i{n}")})).await.expect(201)["pk"]
                    .clone()
            }
            "policies/reputation/scores" => {
                let rules = ScoreRules { lowest: -9, highest: 9, life: TimeDelta::hours(1) };
                let pk = Uuid::from_u128(u128::from(n));
                api.store.reputation().count(pk, ("owner", "192.0.2.1"), -1, &rules, now).await.expect("stored");
                first("/policies/reputation/scores/").await["pk"].clone()
            }
            "events/events" => json!(self.event().await.pk),
            "events/notifications" => {
                let event = self.event().await;
                let told = Notification {
                    pk: Uuid::from_u128(u128::from(n)),
                    event_pk: event.pk,
                    user_pk: self.owner,
                    severity: "notice".to_owned(),
                    body: "hello".to_owned(),
                    hyperlink: None,
                    hyperlink_label: None,
                    seen: false,
                    created: now,
                    expires: now + TimeDelta::hours(1),
                };
                api.store.notifications().insert(std::slice::from_ref(&told)).await.expect("stored");
                json!(told.pk)
            }
            "tasks/tasks" => {
                let run = lockgate_identity::schedule::asked_for(&api.identity, "old_tasks");
                let over = lockgate_store::Task {
                    state: lockgate_store::TaskState::Rejected,
                    outcome: Some(lockgate_store::TaskOutcome::Error),
                    ..run
                };
                api.store.tasks().ask(std::slice::from_ref(&over)).await.expect("stored");
                json!(over.id)
            }
            "tasks/schedules" => {
                let schedule = lockgate_store::Schedule {
                    id: Uuid::from_u128(u128::from(n)),
                    actor: "old_tasks".to_owned(),
                    crontab: "* * * * *".to_owned(),
                    paused: false,
                    next_run: now,
                    last_outcome: None,
                };
                api.store.schedules().ensure(&[schedule]).await.expect("stored");
                first("/tasks/schedules/").await["id"].clone()
            }
            "rbac/permissions" => first("/rbac/permissions/").await["id"].clone(),
            "rbac/permissions/assigned_by_roles" => self.make(meta("role")).await.expect("a role")["pk"].clone(),
            "admin/version/history" => api.get("/admin/version/history/").await.expect(200)[0]["id"].clone(),
            "stages/authenticator/webauthn_device_types" => {
                first("/stages/authenticator/webauthn_device_types/").await["aaguid"].clone()
            }
            "lockgate/revisions" => first("/lockgate/revisions/").await["number"].clone(),
            "lockgate/applications" => json!(self.app),
            "lockgate/objects" => json!("scope_mapping"),
            "lockgate/decisions" => self.decision().await,
            _ => return None,
        })
    }

    async fn authenticator(&self, word: &str) -> i64 {
        let kind = AuthenticatorKind::ALL.into_iter().find(|kind| kind.as_str() == word).expect("a kind");
        let new = NewAuthenticator {
            kind,
            user_pk: self.owner,
            name: "a device".to_owned(),
            confirmed: true,
            details: Map::new(),
            proof: NewProof::None,
        };
        self.api.store.authenticators().create(new, self.api.identity.clock.now()).await.expect("stored").pk
    }

    async fn session(&self) -> Uuid {
        let (now, n) = (self.api.identity.clock.now(), self.fresh());
        let session = Session {
            id_hash: format!("{n:064}"),
            uuid: Uuid::from_u128(u128::from(n)),
            user_pk: Some(self.owner),
            data: json!({}).into(),
            rev: 0,
            created: now,
            last_used: now,
            expires: now + TimeDelta::hours(1),
            last_ip: "192.0.2.1".to_owned(),
            user_agent: String::new(),
            login_event: None,
            auth: None,
            original_pk: None,
        };
        self.api.store.sessions().create(&session).await.expect("stored");
        session.uuid
    }

    async fn event(&self) -> Event {
        self.api.identity.journal.flush().await;
        let found = self.api.store.events().list(&EventFilter::default()).await.expect("events").0;
        found.into_iter().next().expect("an event")
    }

    async fn granted(&self, path: &str) {
        let (now, n, api) = (self.api.identity.clock.now(), self.fresh(), &self.api);
        let session = self.session().await;
        let client = self.make(meta("oauth2_provider")).await.expect("a provider");
        let snapshot = api.identity.config.snapshot();
        let number = client["pk"].as_i64().and_then(|number| i32::try_from(number).ok());
        let provider = snapshot.objects.iter().find(|o| o.document.number == number).expect("a provider").document.id;
        if path == "oauth2/authorization_codes" {
            let code = NewCode {
                code_hash: format!("{n:064}"),
                session,
                provider,
                user_pk: self.owner,
                grant: Uuid::from_u128(u128::from(n)),
                scope: "openid".to_owned(),
                data: json!({}),
                created: now,
                expires: now + TimeDelta::minutes(1),
            };
            return api.store.codes().create(&code).await.expect("stored");
        }
        let kind = if path == "oauth2/access_tokens" { TokenKind::Access } else { TokenKind::Refresh };
        let token = token(self.owner, provider, kind, &format!("{n:064}"), now);
        api.store.oauth_tokens().issue(&[Issue::Plain(vec![token])], now).await.expect("stored");
    }

    async fn decision(&self) -> Value {
        let identity = &self.api.identity;
        let snapshot = identity.config.snapshot();
        let who = identity.principals.get(self.owner).await.expect("a database").expect("a user");
        let facts = lockgate_policies::Facts::at(identity.clock.now());
        let denied = identity.access.app(&snapshot, Some(&who), "nowhere", &facts).await;
        identity.access.keep(&denied, Some(&who), "nowhere", &facts);
        identity.journal.flush().await;
        self.api.get("/lockgate/decisions/").await.expect(200)["results"][0]["id"].clone()
    }

    /// The address with its query, and the body, by which an operation is asked for something that can be done.
    pub(crate) fn asked(&self, id: &str, path: &str, key: &str, schema: Option<&str>) -> (String, Value) {
        let (owner, n) = (self.owner, self.fresh());
        let path = match id {
            "core_applications_check_access_retrieve" => format!("{path}?for_user={owner}"),
            "core_authenticated_sessions_bulk_delete_destroy" => format!("{path}?user_pks={owner}"),
            "lockgate_explain_retrieve" => format!("{path}?user=owner&app={}", self.app),
            _ => path.to_owned(),
        };
        let path = path.replace("{pk}", self.targets["mapping"].as_str().unwrap_or_default());
        let folder = json!({"files": [{"path": "tester.cedar", "text": self.cedar}]});
        let body = match id {
            _ if id.ends_with("_partial_update") => json!({}),
            "core_groups_add_user_create" | "core_groups_remove_user_create" => json!({"pk": owner}),
            "rbac_roles_add_user_create" | "rbac_roles_remove_user_create" => json!({"pk": owner}),
            "core_users_set_password_create" => json!({"password": "orbit-mango-trellis-58"}),
            "core_users_set_password_hash_create" => {
                json!({"password": "pbkdf2_sha256$1$c2FsdHNhbHQ$hGJrCBMGmqbvTPwnpmJFqPSmEKNXrKxqkYKOvRAGVWc="})
            }
            "core_users_impersonate_create" => json!({"reason": "a test"}),
            "core_tokens_set_key_create" => json!({"key": "a key of sixteen letters"}),
            "core_users_service_account_create" => json!({"name": format!("robot {n}")}),
            "core_transactional_applications_update" => json!({
                "app": self.body("Application"), "provider_model": "authentik_providers_proxy.proxyprovider",
                "provider": self.body("ProxyProvider"),
            }),
            "policies_all_test_create" => json!({"user": owner}),
            "propertymappings_all_test_create" => json!({}),
            "lockgate_plan_create" | "lockgate_apply_create" => folder,
            "lockgate_replay_create" | "lockgate_revisions_rollback_create" => json!({}),
            "lockgate_users_authenticators_static_create" | "lockgate_users_authenticators_totp_create" => json!({}),
            "lockgate_objects_preview_create" => json!({}),
            "lockgate_objects_preview_new_create" => self.body("ScopeMapping"),
            "lockgate_simulate_create" => json!({"flow": "default-authentication-flow"}),
            "rbac_permissions_assigned_by_roles_assign" => json!({"permissions": []}),
            "stages_authenticator_duo_import_device_manual_create" => {
                json!({"username": "owner", "duo_user_id": format!("DU{n}")})
            }
            _ => schema.and_then(|name| name.strip_suffix("Request")).map_or(Value::Null, |schema| self.body(schema)),
        };
        // What is replaced keeps its name: the address of some is made of it.
        let mut body = body;
        for field in ["slug", "identifier"].into_iter().filter(|_| id.ends_with("_update")) {
            if let Some(name) = body.get_mut(field) {
                *name = json!(key);
            }
        }
        (path, body)
    }
}

/// How an operation answers who may ask for it, where it cannot be done in these tests.
pub(crate) fn answers(id: &str) -> &'static [u16] {
    match id {
        // The body is no form with a file.
        "managed_blueprints_import_create" => &[400],
        // The body is no table.
        "lockgate_users_import_create" => &[415],
        // A token has no session.
        "core_users_impersonate_create" | "flows_inspector_get" => &[400],
        // There is no recovery flow.
        "core_users_recovery_create" | "core_users_recovery_email_create" => &[400],
        // There is no mail server.
        "stages_invitation_invitations_send_email_create" => &[400],
        // The stage has no keys of Duo's Admin API.
        "stages_authenticator_duo_import_devices_automatic_create" => &[400],
        // No application has the provider.
        "providers_oauth2_preview_user_retrieve" => &[400],
        // There are no files.
        "admin_file_destroy" => &[404],
        _ => &[501],
    }
}

fn family_path(word: &str) -> &'static str {
    match word {
        "stage" => "stages/all",
        "policy" => "policies/all",
        "provider" => "providers/all",
        _ => "propertymappings/all",
    }
}

/// A token of OAuth2 as the server stores it.
pub(crate) fn token(user_pk: i64, provider: Uuid, kind: TokenKind, hash: &str, at: DateTime<Utc>) -> NewOAuthToken {
    NewOAuthToken {
        token_hash: hash.to_owned(),
        kind,
        grant: Uuid::from_u128(1),
        provider,
        user_pk,
        session: None,
        scope: "openid email".to_owned(),
        data: match kind {
            TokenKind::Access => json!({"facts": {"iss": "x"}, "claims": {"sub": hash}}),
            TokenKind::Refresh => json!({"facts": {"iss": "x"}}),
        },
        created: at,
        expires: at + TimeDelta::hours(1),
    }
}
