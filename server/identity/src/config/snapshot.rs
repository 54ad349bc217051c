//! The compiled configuration: immutable, read by every request from start to end, replaced as a whole.

use super::{
    client::{Client, ClientMapping},
    hosts::HostIndex,
};
use crate::keys::SigningKey;
use chrono::{DateTime, TimeDelta, Utc};
use lockgate_engine::{CompiledFlow, ports::BrandFacts};
use lockgate_model::{
    ObjectSet, Origin, Principal, Ref, User,
    kinds::{
        Application, Brand, Flow, FlowDesignation, FolderSettings, IdentificationStage, NotificationRule, ProxyMode,
        ProxyProvider, UniquePasswordPolicy,
    },
};
use lockgate_policies::{
    Action, AppFact, Check, ClaimMapping, Env, Expression, Fact, Facts, MappingError, PolicySet, PreparedPrincipal,
    Question, Resource, Stopwatch, World,
};
use lockgate_texts::Language;
use regex::Regex;
use serde_json::{Map, Value};
use std::{collections::HashMap, fmt, sync::Arc};
use url::Url;
use uuid::Uuid;

/// An application with its proxy provider, if it has one.
#[derive(Debug)]
pub struct App {
    /// Primary key.
    pub id: Uuid,
    /// Its declaration.
    pub application: Application,
    /// Its proxy provider.
    pub proxy: Option<Arc<ProxyApp>>,
    /// Its provider as OAuth2 sees it.
    pub client: Option<Arc<Client>>,
}

/// An entitlement of an application.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitlement {
    /// Its name.
    pub name: String,
    /// Free-form data.
    pub attributes: Map<String, Value>,
}

/// What one mapping makes.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeClaims<'c> {
    /// The mapping.
    pub mapping: &'c ClientMapping,
    /// The claims.
    pub claims: Map<String, Value>,
}

/// A proxy provider, ready for the hot path.
#[derive(Debug)]
pub struct ProxyApp {
    /// Primary key of the provider.
    pub id: Uuid,
    /// Its declaration.
    pub provider: ProxyProvider,
    /// Its public address.
    pub external: Url,
    /// What needs no sign-in.
    pub skip: Vec<Regex>,
    /// Name of the cookie.
    pub cookie_name: String,
    /// Primary key of the application.
    pub app_id: Uuid,
    /// Slug of the application.
    pub app_slug: String,
    /// Name of the application.
    pub app_name: String,
    /// Scopes of its mappings, in order.
    pub scopes: Vec<String>,
    /// Its mappings, in order; the default ones where none are named.
    pub mappings: Vec<Uuid>,
    /// How long a sign-in lasts.
    pub validity: TimeDelta,
    /// The query of its authorize requests up to the value of `state`.
    pub authorize_query: String,
    /// Signs the states of its logins; `None` when the provider has no secret.
    pub state_key: Option<SigningKey>,
}

impl ProxyApp {
    /// Whether it speaks for a whole domain.
    #[must_use]
    pub fn is_domain(&self) -> bool {
        self.provider.mode == ProxyMode::ForwardDomain
    }
}

/// The compiled configuration.
pub struct Snapshot {
    /// Number of the revision.
    pub revision: i64,
    /// When it came into force here.
    pub loaded: DateTime<Utc>,
    /// Every object.
    pub objects: ObjectSet,
    /// Settings of the installation.
    pub settings: Arc<FolderSettings>,
    /// Every policy.
    pub policies: PolicySet,
    /// Which provider answers for a host.
    pub hosts: HostIndex,
    pub(super) flows: HashMap<String, Arc<CompiledFlow>>,
    pub(super) apps: HashMap<String, Arc<App>>,
    pub(super) providers: HashMap<Uuid, Arc<ProxyApp>>,
    pub(super) clients: HashMap<String, Arc<Client>>,
    pub(super) clients_by_provider: HashMap<Uuid, Arc<Client>>,
    pub(super) checks: HashMap<Uuid, Check>,
    pub(super) prompts: HashMap<(Uuid, &'static str), Expression>,
    pub(super) mappings: HashMap<Uuid, ClaimMapping>,
    /// By slug of the application, in the order of their names.
    pub(super) entitlements: HashMap<String, Vec<Entitlement>>,
    pub(super) webhooks: HashMap<Uuid, Expression>,
    pub(super) rules: Vec<(Uuid, NotificationRule)>,
    pub(super) key: Arc<SigningKey>,
    pub(super) stopwatch: Stopwatch,
    pub(super) world: World,
    /// Name of the embedded outpost.
    pub outpost: String,
    /// Public address of the sign-in host as the embedded outpost's settings say.
    pub authentik_host: Option<String>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot(revision {}, {} objects)", self.revision, self.objects.len())
    }
}

impl Snapshot {
    /// Public address of the sign-in host, without a slash at the end: the server's setting, else the
    /// installation's, else what the embedded outpost says.
    pub(crate) fn public_base(&self, setting: Option<&str>) -> Option<String> {
        let own =
            || Some(self.settings.base_url.trim_end_matches('/')).filter(|url| !url.is_empty()).map(str::to_owned);
        setting.map(str::to_owned).or_else(own).or_else(|| self.authentik_host.clone())
    }

    /// The flow with this slug.
    #[must_use]
    pub fn flow(&self, slug: &str) -> Option<Arc<CompiledFlow>> {
        self.flows.get(slug).cloned()
    }

    /// The flow with this primary key.
    #[must_use]
    pub fn flow_by_id(&self, id: Uuid) -> Option<Arc<CompiledFlow>> {
        self.flow(&self.objects.typed::<Flow>(id)?.slug)
    }

    /// Whether the brand of a host, or a stage that asks for the name, leads to a flow.
    #[must_use]
    pub fn is_offered(&self, host: &str, flow: Uuid) -> bool {
        let is_this = |named: Option<Ref<Flow>>| named.is_some_and(|named| named.0 == flow);
        let by_brand = self.brand(host).is_some_and(|(_, brand)| {
            [brand.flow_authentication, brand.flow_recovery, brand.flow_unenrollment].into_iter().any(is_this)
        });
        let by_stage = |stage: &IdentificationStage| {
            [stage.enrollment_flow, stage.recovery_flow, stage.passwordless_flow].into_iter().any(is_this)
        };
        by_brand || self.objects.all::<IdentificationStage>().iter().any(|(_, stage)| by_stage(stage))
    }

    /// The flows for a purpose that are found without being named, ordered by slug. A way back in that only ships with
    /// the server is not one of them: a brand names it, or nobody comes there.
    #[must_use]
    pub fn flows_for(&self, designation: FlowDesignation) -> Vec<Arc<CompiledFlow>> {
        let shipped = |id: Uuid| self.objects.get(id).is_some_and(|object| object.document.origin == Origin::Builtin);
        let is_off = |flow: &CompiledFlow| designation == FlowDesignation::Recovery && shipped(flow.id);
        let of_purpose = self.flows.values().filter(|flow| flow.flow.designation == designation);
        let mut found: Vec<_> = of_purpose.filter(|flow| !is_off(flow)).cloned().collect();
        found.sort_by(|a, b| a.flow.slug.cmp(&b.flow.slug));
        found
    }

    /// The brand of a host: the longest domain that the host is or lies below, else the default one.
    #[must_use]
    pub fn brand(&self, host: &str) -> Option<(Uuid, &Brand)> {
        let brands = self.objects.all::<Brand>();
        let named = brands.iter().filter(|(_, b)| super::hosts::in_domain(host, &b.domain));
        let best = named.max_by_key(|(_, b)| b.domain.len()).or_else(|| brands.iter().find(|(_, b)| b.default));
        best.map(|(object, brand)| (object.document.id, *brand))
    }

    /// The language of somebody at a host: what they have chosen, what the brand says, what their browser asks for.
    #[must_use]
    pub fn language(&self, host: &str, user: Option<&User>, accepted: &str) -> Language {
        let own = user.and_then(|user| locale(&user.attributes));
        let usual = self.brand(host).and_then(|(_, brand)| locale(&brand.attributes));
        Language::choose(own, usual, accepted)
    }

    /// How the brand of a host shows itself.
    #[must_use]
    pub fn brand_facts(&self, host: &str) -> BrandFacts {
        let Some((_, brand)) = self.brand(host) else { return BrandFacts::default() };
        let recovery = brand.flow_recovery.and_then(|flow| self.flow_by_id(flow.0));
        BrandFacts {
            title: brand.branding_title.clone(),
            background: brand.branding_default_flow_background.clone(),
            recovery_flow: recovery.map(|flow| flow.flow.slug.clone()),
        }
    }

    /// Slug of the brand's flow for a purpose, else of the first flow for it.
    #[must_use]
    pub fn default_flow(&self, host: &str, designation: FlowDesignation) -> Option<String> {
        let brand = self.brand(host).map(|(_, brand)| brand);
        let named = brand.and_then(|brand| match designation {
            FlowDesignation::Authentication => brand.flow_authentication,
            FlowDesignation::Invalidation => brand.flow_invalidation,
            FlowDesignation::Recovery => brand.flow_recovery,
            FlowDesignation::Unenrollment => brand.flow_unenrollment,
            _ => None,
        });
        let named = named.and_then(|flow| self.flow_by_id(flow.0));
        named.or_else(|| self.flows_for(designation).into_iter().next()).map(|flow| flow.flow.slug.clone())
    }

    /// The application with this slug.
    #[must_use]
    pub fn app(&self, slug: &str) -> Option<&Arc<App>> {
        self.apps.get(slug)
    }

    /// The application with this primary key.
    #[must_use]
    pub fn app_by_id(&self, id: Uuid) -> Option<&Arc<App>> {
        self.app(&self.objects.typed::<Application>(id)?.slug)
    }

    /// Every application, ordered by name.
    #[must_use]
    pub fn all_apps(&self) -> Vec<&Arc<App>> {
        let mut apps: Vec<_> = self.apps.values().collect();
        apps.sort_by(|a, b| a.application.name.cmp(&b.application.name));
        apps
    }

    /// The proxy provider with this primary key, if an application has it.
    #[must_use]
    pub fn provider(&self, id: Uuid) -> Option<&Arc<ProxyApp>> {
        self.providers.get(&id)
    }

    /// The OAuth2 client with this `client_id`.
    #[must_use]
    pub fn client(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.clients.get(client_id)
    }

    /// The OAuth2 client of the provider with this primary key.
    #[must_use]
    pub fn client_by_provider(&self, id: Uuid) -> Option<&Arc<Client>> {
        self.clients_by_provider.get(&id)
    }

    /// Every OAuth2 client, in no order.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// The key that signs tokens.
    #[must_use]
    pub fn signing_key(&self) -> &Arc<SigningKey> {
        &self.key
    }

    /// A policy that is asked by itself. Conditions in Cedar are asked of [`Self::policies`].
    #[must_use]
    pub fn check(&self, id: Uuid) -> Option<&Check> {
        self.checks.get(&id)
    }

    /// How many passwords of a person are remembered, since a policy compares new ones with them.
    #[must_use]
    pub fn password_history(&self) -> u32 {
        let counts = self.objects.all::<UniquePasswordPolicy>().into_iter().map(|(_, p)| p.num_historical_passwords);
        counts.max().and_then(|most| u32::try_from(most).ok()).unwrap_or_default()
    }

    pub(crate) fn prompt_expression(&self, prompt: Uuid, field: &'static str) -> Option<&Expression> {
        self.prompts.get(&(prompt, field))
    }

    /// The notification rules by which somebody can be told of something.
    pub(crate) fn notification_rules(&self) -> &[(Uuid, NotificationRule)] {
        &self.rules
    }

    /// The expression of any mapping: of a scope, or of a webhook.
    #[must_use]
    pub fn mapping_expression(&self, id: Uuid) -> Option<&Expression> {
        self.mappings.get(&id).map(|mapping| &mapping.expression).or_else(|| self.webhooks.get(&id))
    }

    /// Stops expressions that take too long.
    #[must_use]
    pub fn stopwatch(&self) -> &Stopwatch {
        &self.stopwatch
    }

    /// The zone of the installation, and what is known of addresses.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The claims that the mappings of some of a client's scopes make for a person, in order.
    ///
    /// # Errors
    /// The first mapping that fails; no token is made then.
    pub fn claims<'c>(
        &self,
        client: &'c Client,
        scopes: &[String],
        who: &Principal,
        facts: &Facts<'_>,
    ) -> Result<Vec<MadeClaims<'c>>, MappingError> {
        let app_fact = self.app_fact(client, scopes, who, facts);
        let mut env = Env::new(Some(who), facts);
        env.app = Some(&app_fact);
        env.stopwatch = Some(&self.stopwatch);
        env.world = Some(&self.world);
        let made = client.mappings_of(scopes).filter_map(|m| Some((m, self.mappings.get(&m.id)?)));
        made.map(|(mapping, compiled)| Ok(MadeClaims { mapping, claims: compiled.claims(&env)? })).collect()
    }

    /// The application of a client, as mappings see it; what somebody holds in it is only asked where they read it.
    fn app_fact(&self, client: &Client, scopes: &[String], who: &Principal, facts: &Facts<'_>) -> AppFact {
        let mut fact = AppFact { slug: client.app_slug.clone(), name: client.app_name.clone(), ..AppFact::default() };
        if self.scopes_read_app(client, scopes) {
            for held in self.held(&client.app_slug, who, facts) {
                fact.entitlements.push(held.name.clone());
                fact.entitlement_attributes.extend(held.attributes.clone());
            }
        }
        fact
    }

    /// The entitlements that somebody holds in an application. Nothing is fetched for it: a policy that wants that
    /// fails.
    #[must_use]
    pub fn held(&self, app: &str, who: &Principal, facts: &Facts<'_>) -> Vec<&Entitlement> {
        let Some(all) = self.entitlements.get(app) else { return Vec::new() };
        let prepared = match PreparedPrincipal::new(Arc::new(who.clone())) {
            Ok(prepared) => prepared,
            Err(error) => {
                tracing::error!(%error, "a user holds nothing");
                return Vec::new();
            }
        };
        let holds = |entitlement: &&Entitlement| {
            let resource = Resource::Entitlement(app, &entitlement.name);
            let principal = Some(&prepared);
            let question = Question { id: Uuid::nil(), principal, action: Action::Hold, resource, facts };
            self.policies.allows(&question)
        };
        all.iter().filter(holds).collect()
    }

    /// Whether mappings of these scopes look at the application.
    fn scopes_read_app(&self, client: &Client, scopes: &[String]) -> bool {
        let mut mappings = client.mappings_of(scopes).filter_map(|m| self.mappings.get(&m.id));
        mappings.any(|mapping| mapping.expression.reads().contains(Fact::App))
    }

    /// Where the text of a mapping stands: file, or the object that holds it, and line.
    #[must_use]
    pub fn mapping_place(&self, id: Uuid) -> Option<(&str, u32)> {
        let origin = self.mappings.get(&id)?.expression.origin();
        Some((&origin.file, origin.line))
    }

    /// What one mapping makes, for a person if there is one and at an application if one is named: claims of a
    /// mapping of scopes, any value of others.
    ///
    /// # Errors
    /// Why it makes nothing, in words.
    pub fn try_mapping(
        &self,
        mapping: Uuid,
        app: Option<&str>,
        who: Option<&Principal>,
        facts: &Facts<'_>,
    ) -> Result<Value, String> {
        let app = app.and_then(|slug| self.app(slug)).map(|app| &app.application);
        let app_fact = app.map(|app| {
            let held = who.map(|who| self.held(&app.slug, who, facts)).unwrap_or_default();
            AppFact {
                slug: app.slug.clone(),
                name: app.name.clone(),
                group: app.group.clone(),
                entitlements: held.iter().map(|e| e.name.clone()).collect(),
                entitlement_attributes: held.iter().flat_map(|e| e.attributes.clone()).collect(),
            }
        });
        let mut env = Env::new(who, facts);
        env.app = app_fact.as_ref();
        env.stopwatch = Some(&self.stopwatch);
        env.world = Some(&self.world);
        let made = match self.mappings.get(&mapping) {
            Some(mapping) => mapping.claims(&env).map(Value::Object),
            None => {
                let webhook = self.webhooks.get(&mapping).ok_or("there is no such mapping")?;
                webhook.eval_value(&env).map_err(MappingError::from)
            }
        };
        made.map_err(|error| error.to_string())
    }

    /// When the claims of these scopes, made at `now`, may change by the passing of time alone; `None`
    /// when they never do.
    #[must_use]
    pub fn claims_expire(&self, client: &Client, scopes: &[String], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mappings = client.mappings_of(scopes).filter_map(|m| self.mappings.get(&m.id));
        let by_themselves = mappings.filter_map(|mapping| mapping.expression.reads().expires(now)).min();
        let app = &client.app_slug;
        let held = self.entitlements.get(app).filter(|_| self.scopes_read_app(client, scopes)).into_iter().flatten();
        let held = held.filter_map(|e| self.policies.expires(Resource::Entitlement(app, &e.name), now));
        by_themselves.into_iter().chain(held).min()
    }

    /// Whether a client's mappings make other claims for other applications.
    pub(crate) fn claims_read_app(&self, client: &Client) -> bool {
        let mut mappings = client.mappings.iter().filter_map(|m| self.mappings.get(&m.id));
        mappings.any(|mapping| mapping.expression.reads().contains(Fact::App))
    }

    /// Names of the claims that a client's mappings make, as far as their texts tell; in order, each once.
    #[must_use]
    pub fn claim_names(&self, client: &Client) -> Vec<String> {
        let mappings = client.mappings.iter().filter_map(|m| self.mappings.get(&m.id));
        let names: std::collections::BTreeSet<String> = mappings.flat_map(|m| m.expression.map_keys()).collect();
        names.into_iter().collect()
    }
}

/// `settings.locale` of attributes.
fn locale(attributes: &Map<String, Value>) -> Option<&str> {
    attributes.get("settings")?.get("locale")?.as_str()
}
