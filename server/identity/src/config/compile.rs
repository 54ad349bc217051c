//! Documents to snapshot: everything parsed, linked, planned and compiled, or every reason why not.

use super::{
    client::{Client, Clients},
    hosts::{HostIndex, ProxyHost, redirect_uris},
    snapshot::{App, Entitlement, ProxyApp, Snapshot},
};
use crate::keys::SigningKey;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use lockgate_engine::CompiledFlow;
use lockgate_model::{
    Document, Family, Kind, ObjectSet, Problems,
    kinds::{
        Application, ApplicationEntitlement, CedarFile, CedarPolicy, CertificateKeyPair, DefaultAccess,
        ExpressionPolicy, Flow, FlowStageBinding, FolderSettings, LinkedPrincipal, LinkedResource, NotificationRule,
        NotificationWebhookMapping, Outpost, PolicyBinding, PolicyEngineMode, PolicyLink, Prompt, PromptStage,
        ProxyProvider, ScopeMapping, key_pair::INTERNAL_JWT_KEY, outpost::EMBEDDED_OUTPOST,
    },
    objects::{Object, Unsound},
};
use lockgate_policies::{
    AppInput, BindingInput, Check, ClaimMapping, ConditionInput, EngineMode, EntitlementInput, Expression,
    ExpressionInput, GroupInput, LinkInput, Linked, Native, NativeInput, Places, PolicyInput, PolicyProblem, PolicySet,
    Resource, Stopwatch, Subject, Target, TextOrigin, World,
};
use regex::Regex;
use sha2::{Digest, Sha256};
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;
use url::{Url, form_urlencoded::Serializer};
use uuid::Uuid;

/// What is compiled beside documents.
pub(super) struct Surroundings<'a> {
    /// Every group: id and name.
    pub(super) groups: &'a HashMap<Uuid, String>,
    /// Names of the users that bindings name.
    pub(super) users: &'a HashMap<i64, String>,
    /// Where the text of an object's field stands: object, field.
    pub(super) origin: &'a dyn Fn(Uuid, &str) -> Option<TextOrigin>,
    pub(super) stopwatch: &'a Stopwatch,
    /// What is known of addresses.
    pub(super) places: Option<&'a Arc<dyn Places>>,
    pub(super) now: DateTime<Utc>,
}

/// Why a configuration does not compile.
#[derive(Debug, Error)]
pub enum CompileError {
    /// Documents that are not sound.
    #[error("{}", .0.iter().map(|u| format!("{} \"{}\": {}", u.document.kind, u.document.name, u.problems)).collect::<Vec<_>>().join("; "))]
    Unsound(Vec<Unsound>),
    /// Policies or expressions that are not.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Policies(Vec<PolicyProblem>),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl CompileError {
    /// The complaints about one document of a kind, as the API answers them.
    #[must_use]
    pub fn problems_of(&self, id: Uuid, kind: &str) -> Problems {
        match self {
            Self::Unsound(all) => match all.iter().find(|u| u.document.id == id) {
                Some(unsound) => unsound.problems.clone(),
                None => Problems::one("", "invalid", self.to_string()),
            },
            Self::Policies(problems) => Problems(
                problems
                    .iter()
                    .map(|p| lockgate_model::Problem {
                        pointer: if kind == CedarPolicy::META.kind { "/cedar" } else { "/expression" }.to_owned(),
                        message: p.to_string(),
                        code: "invalid",
                    })
                    .collect(),
            ),
            Self::Other(text) => Problems::one("", "invalid", text.clone()),
        }
    }
}

pub(super) fn compile(
    documents: Vec<Document>,
    revision: i64,
    around: &Surroundings<'_>,
) -> Result<Snapshot, CompileError> {
    // Groups come and go as people's data; a binding to one that is gone lets nobody pass.
    let objects = ObjectSet::parse(documents, &|_| true).map_err(CompileError::Unsound)?;
    let mut problems = Vec::new();
    let world = World { zone: zone(&objects)?, places: around.places.cloned() };
    let policies = match PolicySet::compile(&policy_input(&objects, around)) {
        Ok(set) => Some(set.with_stopwatch(around.stopwatch.clone()).in_world(world.clone())),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    let checks = objects.iter().filter_map(|o| Some((o.document.id, check(o, around)?))).collect();
    let prompts = prompt_expressions(&objects, around, &mut problems);
    let mappings = mappings(&objects, around, &mut problems);
    let webhooks = webhook_mappings(&objects, around, &mut problems);
    let Some(policies) = policies.filter(|_| problems.is_empty()) else {
        return Err(CompileError::Policies(problems));
    };
    let flows = CompiledFlow::build_all(&objects).map_err(|e| CompileError::Other(e.to_string()))?;
    let flows = flows.into_iter().map(|f| (f.flow.slug.clone(), Arc::new(f))).collect();
    let providers = providers(&objects)?;
    let key = signing_key(&objects)?;
    let apps = apps(&objects, &providers, &key)?;
    let clients = clients(&apps)?;
    let clients_by_provider = clients.values().map(|client| (client.id, Arc::clone(client))).collect();
    let hosts = host_index(&objects, &providers);
    let (outpost, authentik_host) = outpost(&objects);
    let entitlements = entitlements(&objects);
    let settings = objects.all::<FolderSettings>().into_iter().next().map(|(_, settings)| settings.clone());
    let rules = rules(&objects, &policies);
    Ok(Snapshot {
        revision,
        settings: Arc::new(settings.unwrap_or_default()),
        loaded: around.now,
        policies,
        hosts,
        flows,
        apps,
        providers,
        clients,
        clients_by_provider,
        checks,
        prompts,
        mappings,
        entitlements,
        webhooks,
        rules,
        key,
        stopwatch: around.stopwatch.clone(),
        world,
        outpost,
        authentik_host,
        objects,
    })
}

fn origin(object: &Object, field: &str, around: &Surroundings<'_>) -> TextOrigin {
    let document = &object.document;
    (around.origin)(document.id, field).unwrap_or_else(|| match &document.source {
        Some(source) => TextOrigin { file: source.file.clone(), line: source.line, column: 1 },
        None => TextOrigin::start(document.name.clone()),
    })
}

fn expression(
    name: &str,
    text: &str,
    object: &Object,
    field: &str,
    around: &Surroundings<'_>,
) -> Result<Expression, PolicyProblem> {
    Expression::compile(name, text, &origin(object, field, around))
}

/// A policy that is asked by itself; conditions in Cedar are asked of the policy set.
fn check(object: &Object, around: &Surroundings<'_>) -> Option<Check> {
    if let Some(p) = object.typed::<ExpressionPolicy>() {
        // What fails here failed with the policy set, with the same words.
        return Some(Check::Expression(expression(&p.name, &p.expression, object, "/expression", around).ok()?));
    }
    Native::of(&*object.value).map(|rule| Check::native(&object.document.name, rule))
}

fn native(object: &Object) -> Option<NativeInput> {
    let document = &object.document;
    Native::of(&*object.value).map(|rule| NativeInput { id: document.id, name: document.name.clone(), rule })
}

fn conditions(objects: &ObjectSet, around: &Surroundings<'_>) -> Vec<ConditionInput> {
    let stages = objects.all::<PromptStage>();
    let checked = |id: Uuid| stages.iter().any(|(_, stage)| stage.validation_policies.iter().any(|p| p.0 == id));
    let condition = |(o, p): (&Object, &CedarPolicy)| ConditionInput {
        id: o.document.id,
        name: p.name.clone(),
        text: p.cedar.clone(),
        origin: origin(o, "/cedar", around),
        checks_prompts: checked(o.document.id),
    };
    objects.all::<CedarPolicy>().into_iter().map(condition).collect()
}

fn is_logged(object: &&Object) -> bool {
    object.kind.meta.family == Family::Policy && object.document.body["execution_logging"] == true
}

fn policy_input(objects: &ObjectSet, around: &Surroundings<'_>) -> PolicyInput {
    let mut input = PolicyInput {
        expressions: objects
            .all::<ExpressionPolicy>()
            .into_iter()
            .map(|(o, p)| ExpressionInput {
                id: o.document.id,
                name: p.name.clone(),
                source: p.expression.clone(),
                origin: origin(o, "/expression", around),
            })
            .collect(),
        natives: objects.iter().filter_map(native).collect(),
        conditions: conditions(objects, around),
        logged: objects.iter().filter(is_logged).map(|o| o.document.id).collect(),
        cedar_files: objects.all::<CedarFile>().into_iter().map(|(_, f)| (f.path.clone(), f.text.clone())).collect(),
        links: objects.all::<PolicyLink>().into_iter().map(|(object, link)| link_input(object, link, around)).collect(),
        apps: objects.all::<Application>().into_iter().map(|(_, a)| app_input(a)).collect(),
        entitlements: named_entitlements(objects)
            .map(|(app, e)| EntitlementInput { app, name: e.name.clone() })
            .collect(),
        groups: around.groups.iter().map(|(id, name)| GroupInput { id: *id, name: name.clone() }).collect(),
        roles: super::roles::inputs(objects),
        default_access_deny: closed_by_default(objects),
        ..PolicyInput::default()
    };
    for object in objects.iter() {
        if let (Some(mode), Some(target)) = (mode(object), target(objects, object.document.id)) {
            input.engine_modes.insert(target, mode);
        }
    }
    input.bindings =
        objects.all::<PolicyBinding>().into_iter().filter_map(|(o, b)| binding(objects, o, b, around)).collect();
    input
}

fn link_input(object: &Object, link: &PolicyLink, around: &Surroundings<'_>) -> LinkInput {
    let principal = |of: &LinkedPrincipal| match of {
        LinkedPrincipal::Group(name) => Linked::Group(name.clone()),
        LinkedPrincipal::User(name) => Linked::User(name.clone()),
    };
    let resource = |of: &LinkedResource| match of {
        LinkedResource::App(slug) => Linked::App(slug.clone()),
        LinkedResource::Tag(name) => Linked::Tag(name.clone()),
    };
    let key = |name: &str| Some((name.to_owned(), (around.origin)(object.document.id, &format!("/{name}"))?));
    LinkInput {
        name: link.name.clone(),
        template: link.template.clone(),
        principal: link.principal.as_ref().map(principal),
        resource: link.resource.as_ref().map(resource),
        origin: origin(object, "", around),
        keys: ["template", "principal", "resource"].into_iter().filter_map(key).collect(),
    }
}

/// Every entitlement with the slug of its application.
fn named_entitlements(objects: &ObjectSet) -> impl Iterator<Item = (String, &ApplicationEntitlement)> {
    let slug = |e: &ApplicationEntitlement| Some(objects.typed::<Application>(e.app.0)?.slug.clone());
    objects.iter().filter_map(|o| o.typed::<ApplicationEntitlement>()).filter_map(move |e| Some((slug(e)?, e)))
}

fn entitlements(objects: &ObjectSet) -> HashMap<String, Vec<Entitlement>> {
    let mut all: HashMap<String, Vec<Entitlement>> = HashMap::new();
    for (app, found) in named_entitlements(objects) {
        let known = Entitlement { name: found.name.clone(), attributes: found.attributes.clone() };
        all.entry(app).or_default().push(known);
    }
    all.values_mut().for_each(|of| of.sort_by(|a, b| a.name.cmp(&b.name)));
    all
}

fn app_input(app: &Application) -> AppInput {
    AppInput { slug: app.slug.clone(), name: app.name.clone(), group: app.group.clone(), tags: app.tags.clone() }
}

/// Whether an application without bindings is closed.
pub(super) fn closed_by_default(objects: &ObjectSet) -> bool {
    objects.all::<FolderSettings>().iter().any(|(_, settings)| settings.default_access == DefaultAccess::Deny)
}

/// The zone in which hours are told.
fn zone(objects: &ObjectSet) -> Result<Tz, CompileError> {
    let Some((_, settings)) = objects.all::<FolderSettings>().into_iter().next() else { return Ok(Tz::UTC) };
    let unknown = |_| CompileError::Other(format!("settings: \"{}\" is not a time zone", settings.timezone));
    settings.timezone.parse().map_err(unknown)
}

pub(super) fn mode(object: &Object) -> Option<EngineMode> {
    let mode = object
        .typed::<Application>()
        .map(|a| a.policy_engine_mode)
        .or_else(|| object.typed::<Flow>().map(|f| f.policy_engine_mode))
        .or_else(|| object.typed::<FlowStageBinding>().map(|b| b.policy_engine_mode))
        .or_else(|| object.typed::<ApplicationEntitlement>().map(|e| e.policy_engine_mode))
        .or_else(|| object.typed::<NotificationRule>().map(|r| r.policy_engine_mode))?;
    Some(match mode {
        PolicyEngineMode::Any => EngineMode::Any,
        PolicyEngineMode::All => EngineMode::All,
    })
}

fn target(objects: &ObjectSet, id: Uuid) -> Option<Target> {
    let object = objects.get(id)?;
    object
        .typed::<Application>()
        .map(|a| Target::App(a.slug.clone()))
        .or_else(|| object.typed::<Flow>().map(|f| Target::Flow(f.slug.clone())))
        .or_else(|| object.typed::<FlowStageBinding>().map(|_| Target::Stage(id)))
        .or_else(|| {
            let entitlement = object.typed::<ApplicationEntitlement>()?;
            let app = objects.typed::<Application>(entitlement.app.0)?;
            Some(Target::Entitlement(app.slug.clone(), entitlement.name.clone()))
        })
        .or_else(|| object.typed::<NotificationRule>().map(|_| Target::Rule(id)))
}

/// A binding whose group or user is gone stays, and nobody passes it: an access list that loses its
/// last group must not open the door, nor one that keeps out a group that is gone.
fn binding(
    objects: &ObjectSet,
    object: &Object,
    binding: &PolicyBinding,
    around: &Surroundings<'_>,
) -> Option<BindingInput> {
    let subject = match (&binding.policy, &binding.group, &binding.user) {
        (Some(policy), _, _) => Subject::Policy(policy.0, objects.get(policy.0)?.document.name.clone()),
        (_, Some(group), _) => {
            let name = around.groups.get(&group.0).cloned().unwrap_or_else(|| format!("deleted group {}", group.0));
            Subject::Group(group.0, name)
        }
        (_, _, Some(user)) => {
            let name = around.users.get(&user.0).cloned().unwrap_or_else(|| format!("user {}", user.0));
            Subject::User(user.0, name)
        }
        _ => return None,
    };
    Some(BindingInput {
        id: object.document.id,
        target: target(objects, binding.target.0)?,
        order: binding.order,
        enabled: binding.enabled,
        period: binding.period(),
        negate: binding.negate && binding.group.is_none_or(|group| around.groups.contains_key(&group.0)),
        failure_result: binding.failure_result,
        timeout: u32::try_from(binding.timeout).unwrap_or_default(),
        subject,
        origin: object.document.source.as_ref().map(|s| TextOrigin { file: s.file.clone(), line: s.line, column: 1 }),
    })
}

type PromptExpressions = HashMap<(Uuid, &'static str), Expression>;

fn prompt_expressions(
    objects: &ObjectSet,
    around: &Surroundings<'_>,
    problems: &mut Vec<PolicyProblem>,
) -> PromptExpressions {
    let mut compiled = HashMap::new();
    for (object, prompt) in objects.all::<Prompt>() {
        let fields = [
            ("initial_value", "/initial_value", prompt.initial_value_expression, &prompt.initial_value),
            ("placeholder", "/placeholder", prompt.placeholder_expression, &prompt.placeholder),
        ];
        for (field, pointer, is_expression, text) in fields {
            if !is_expression {
                continue;
            }
            match expression(&prompt.name, text, object, pointer, around) {
                Ok(done) => _ = compiled.insert((object.document.id, field), done),
                Err(problem) => problems.push(problem),
            }
        }
    }
    compiled
}

fn mappings(
    objects: &ObjectSet,
    around: &Surroundings<'_>,
    problems: &mut Vec<PolicyProblem>,
) -> HashMap<Uuid, ClaimMapping> {
    let mut compiled = HashMap::new();
    for (object, mapping) in objects.all::<ScopeMapping>() {
        let origin = origin(object, "/expression", around);
        match ClaimMapping::compile(&mapping.name, &mapping.scope_name, &mapping.expression, &origin) {
            Ok(done) => _ = compiled.insert(object.document.id, done),
            Err(problem) => problems.push(problem),
        }
    }
    compiled
}

fn webhook_mappings(
    objects: &ObjectSet,
    around: &Surroundings<'_>,
    problems: &mut Vec<PolicyProblem>,
) -> HashMap<Uuid, Expression> {
    let mut compiled = HashMap::new();
    for (object, mapping) in objects.all::<NotificationWebhookMapping>() {
        match expression(&mapping.name, &mapping.expression, object, "/expression", around) {
            Ok(done) => _ = compiled.insert(object.document.id, done),
            Err(problem) => problems.push(problem),
        }
    }
    compiled
}

/// The rules by which somebody can be told of something.
fn rules(objects: &ObjectSet, policies: &PolicySet) -> Vec<(Uuid, NotificationRule)> {
    let all = objects.all::<NotificationRule>().into_iter();
    let tells = all.filter(|(object, rule)| {
        let somebody = rule.destination_group.is_some() || rule.destination_event_user;
        somebody && !rule.transports.is_empty() && policies.reads(Resource::Rule(object.document.id)).is_some()
    });
    tells.map(|(object, rule)| (object.document.id, rule.clone())).collect()
}

fn providers(objects: &ObjectSet) -> Result<HashMap<Uuid, Arc<ProxyApp>>, CompileError> {
    let mut ready = HashMap::new();
    for (app_object, app) in objects.all::<Application>() {
        let Some(id) = app.provider.map(|p| p.0) else { continue };
        let Some(provider) = objects.typed::<ProxyProvider>(id) else { continue };
        let external = Url::parse(&provider.external_host)
            .map_err(|e| CompileError::Other(format!("proxy provider \"{}\": external_host: {e}", provider.name)))?;
        // As in the reference, a line that is no regular expression is as if absent; the check of a
        // folder and the API refuse it before it comes here.
        let lines = provider.skip_path_regex.lines().map(str::trim).filter(|l| !l.is_empty());
        let skip = lines.filter_map(|line| Regex::new(line).ok()).collect();
        let mappings = mappings_of(objects, provider);
        let scopes = mappings.iter().filter_map(|m| objects.typed::<ScopeMapping>(*m));
        let scopes: Vec<String> = scopes.map(|m| m.scope_name.clone()).collect();
        let hash = hex::encode(Sha256::digest(provider.client_id.as_bytes()));
        let made = ProxyApp {
            id,
            provider: provider.clone(),
            skip,
            cookie_name: format!("authentik_proxy_{}", &hash[..8]),
            app_id: app_object.document.id,
            app_slug: app.slug.clone(),
            app_name: app.name.clone(),
            authorize_query: authorize_query(provider, &external, &scopes),
            state_key: (!provider.cookie_secret.is_empty()).then(|| SigningKey::of_secret(&provider.cookie_secret)),
            external,
            scopes,
            mappings,
            validity: provider.access_token_validity.delta(),
        };
        if ready.insert(id, Arc::new(made)).is_some() {
            let text = format!("application \"{}\": its provider serves another application already", app.slug);
            return Err(CompileError::Other(text));
        }
    }
    Ok(ready)
}

/// What every authorize request of a provider says (RFC 6749, section 4.1.1); the state's value follows.
fn authorize_query(provider: &ProxyProvider, external: &Url, scopes: &[String]) -> String {
    let [redirect_uri, _] = redirect_uris(external);
    Serializer::new(String::new())
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("scope", &scopes.join(" "))
        .append_pair("state", "")
        .finish()
}

/// The mappings that a proxy provider has when none are named.
const DEFAULT_MAPPINGS: [&str; 4] = [
    "goauthentik.io/providers/oauth2/scope-openid",
    "goauthentik.io/providers/oauth2/scope-email",
    "goauthentik.io/providers/oauth2/scope-profile",
    "goauthentik.io/providers/proxy/scope-proxy",
];

pub(super) fn mappings_of(objects: &ObjectSet, provider: &ProxyProvider) -> Vec<Uuid> {
    if !provider.property_mappings.is_empty() {
        return provider.property_mappings.iter().map(|m| m.0).collect();
    }
    let all = objects.all::<ScopeMapping>();
    let named = |managed: &&str| all.iter().find(|(o, _)| o.document.managed.as_deref() == Some(*managed));
    DEFAULT_MAPPINGS.iter().filter_map(named).map(|(o, _)| o.document.id).collect()
}

type Apps = HashMap<String, Arc<App>>;

fn apps(
    objects: &ObjectSet,
    providers: &HashMap<Uuid, Arc<ProxyApp>>,
    internal: &Arc<SigningKey>,
) -> Result<Apps, CompileError> {
    let mut clients = Clients { objects, keys: HashMap::new(), internal };
    let mut apps = HashMap::new();
    for (object, application) in objects.all::<Application>() {
        let id = object.document.id;
        let proxy = application.provider.and_then(|p| providers.get(&p.0).cloned());
        let client = clients.of(id, application)?.map(Arc::new);
        let app = App { id, application: application.clone(), proxy, client };
        apps.insert(application.slug.clone(), Arc::new(app));
    }
    Ok(apps)
}

/// By `client_id`, which must tell them apart.
fn clients(apps: &Apps) -> Result<HashMap<String, Arc<Client>>, CompileError> {
    let mut found: HashMap<String, Arc<Client>> = HashMap::new();
    for client in apps.values().filter_map(|app| app.client.as_ref()) {
        if let Some(other) = found.insert(client.client_id.clone(), Arc::clone(client)) {
            let text = if other.id == client.id {
                format!("applications \"{}\" and \"{}\" have the same provider", other.app_slug, client.app_slug)
            } else {
                let (one, two) = (&other.name, &client.name);
                format!("providers \"{one}\" and \"{two}\" have the same client_id \"{}\"", client.client_id)
            };
            return Err(CompileError::Other(text));
        }
    }
    Ok(found)
}

fn host_index(objects: &ObjectSet, providers: &HashMap<Uuid, Arc<ProxyApp>>) -> HostIndex {
    // In the order of names, so that of two with the same host the same one counts everywhere.
    let named = objects.all::<ProxyProvider>();
    let hosts = named.iter().filter_map(|(o, _)| providers.get(&o.document.id)).map(|p| ProxyHost {
        provider: p.id,
        external: &p.external,
        mode: p.provider.mode,
        cookie_domain: &p.provider.cookie_domain,
    });
    let apps = objects.all::<Application>();
    let launch = apps.iter().map(|(o, a)| (o.document.id, a.meta_launch_url.as_str()));
    HostIndex::build(hosts, launch.filter(|(_, url)| !url.is_empty()))
}

fn outpost(objects: &ObjectSet) -> (String, Option<String>) {
    let all = objects.all::<Outpost>();
    let embedded = all.iter().find(|(o, _)| o.document.managed.as_deref() == Some(EMBEDDED_OUTPOST));
    let Some((_, outpost)) = embedded else { return ("authentik Embedded Outpost".to_owned(), None) };
    let host = |key: &str| {
        let text = outpost.config.get(key)?.as_str()?.trim_end_matches('/');
        (!text.is_empty()).then(|| text.to_owned())
    };
    (outpost.name.clone(), host("authentik_host_browser").or_else(|| host("authentik_host")))
}

fn signing_key(objects: &ObjectSet) -> Result<Arc<SigningKey>, CompileError> {
    let all = objects.all::<CertificateKeyPair>();
    let internal = all.iter().find(|(o, _)| o.document.managed.as_deref() == Some(INTERNAL_JWT_KEY));
    let Some((_, pair)) = internal else {
        return Err(CompileError::Other("the key pair that signs tokens is missing".to_owned()));
    };
    Ok(Arc::new(SigningKey::of(pair).map_err(|e| CompileError::Other(e.to_string()))?))
}
