//! One way for every question: run the expressions, ask Cedar, explain the answer.

use crate::{
    PolicySet, PreparedPrincipal,
    action::Action,
    cedar::{
        condition::{Condition, Sort},
        extent::Extent,
        partition::{Partition, Planned, Use, action_uid, grouped_action, loose_entity},
        principal::{ANONYMOUS, uid},
        resource::Administered,
    },
    decision::{Cacheability, Decision, Need, PolicyRef, Question, Resource},
    evidence::Wants,
    expression::Env,
    fact::{Fact, Facts, Reads},
    need,
    world::{Device, World},
};
use cedar_policy::{
    Context, Decision as Verdict, Effect, Entities, Entity, PolicyId, Request, Response, RestrictedExpression,
};
use chrono::{Datelike, SecondsFormat, Timelike};
use lockgate_model::people::Principal;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// What the expressions of a decision came to.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// By binding, after negation and replacement of failures.
    pub(crate) bindings: BTreeMap<Uuid, bool>,
    /// By name; those that failed are missing.
    pub(crate) named: BTreeMap<String, bool>,
    messages: Vec<String>,
    errors: Vec<String>,
    retires_password: bool,
}

/// A question in Cedar's terms.
pub(crate) struct Asked<'a> {
    pub(crate) set: &'a PolicySet,
    pub(crate) partition: &'a Partition,
    pub(crate) question: &'a Question<'a>,
    pub(crate) results: &'a Results,
    entities: Arc<Entities>,
}

impl PolicySet {
    /// Answers a question. Never fails: what goes wrong denies, and the decision says what it was.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        let decision = self.answer(question);
        for error in &decision.errors {
            tracing::warn!(decision = %decision.id, resource = %decision.resource, %error, "a policy failed");
        }
        decision
    }

    /// The answer alone, for who asks about many things and explains none of them.
    #[must_use]
    pub fn allows(&self, question: &Question<'_>) -> bool {
        self.verdict(question).0
    }

    /// As [`Self::allows`], with what failed, which is not logged.
    #[must_use]
    pub fn verdict(&self, question: &Question<'_>) -> (bool, Vec<String>) {
        let (Some(partition), Some(_)) = (self.partition(question.resource), question.principal) else {
            return (false, Vec::new());
        };
        let results = run_checks(self, partition, question);
        let asked = Asked::new(self, partition, question, &results);
        match asked.and_then(|asked| asked.ask_all(question.facts.mfa)) {
            Ok(response) => {
                let errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
                let allows = fits(question.action, question.resource) && is_yes(&response);
                (allows, errors.into_iter().chain(results.errors).collect())
            }
            Err(error) => (false, vec![error]),
        }
    }

    /// How far somebody may do an administrative act on what is of a kind, as far as can be told without
    /// looking at any of it.
    #[must_use]
    pub fn extent(&self, principal: Option<&PreparedPrincipal>, verb: Action, kind: &str, facts: &Facts<'_>) -> Extent {
        let Some(partition) = self.partition_of_kind(kind).filter(|_| principal.is_some()) else { return Extent::None };
        let Some(outlines) = &partition.outlines else { return Extent::None };
        let any = Administered::any_of(kind);
        let resource = Resource::Administered(&any);
        let question = Question { id: Uuid::nil(), principal, action: verb, resource, facts };
        let results = run_checks(self, partition, &question);
        let Ok(entities) = entities(partition, &question) else { return Extent::None };
        let asked = Asked { set: self, partition, question: &question, results: &results, entities };
        let yes = |policies| asked.ask(policies, facts.mfa).is_ok_and(|response| is_yes(&response));
        match () {
            () if yes(&outlines.sure) => Extent::All,
            () if yes(&outlines.possible) => Extent::Some,
            () => Extent::None,
        }
    }

    /// What has to be fetched before this can be decided.
    #[must_use]
    pub fn wants(&self, resource: Resource<'_>, facts: &Facts<'_>) -> Wants {
        let mut wants = Wants::default();
        let partition = self.partition(resource).into_iter();
        let checks = partition.flat_map(|p| p.checks_at(facts.now));
        checks.for_each(|planned| planned.check.want(facts, &mut wants));
        wants
    }

    /// Whether the condition in Cedar with this id holds for a question; `None` when there is none.
    ///
    /// # Errors
    /// Why it cannot be told, for the log.
    pub fn condition(&self, id: Uuid, question: &Question<'_>) -> Option<Result<bool, String>> {
        Some(self.conditions.get(&id)?.holds(self, question))
    }

    fn answer(&self, question: &Question<'_>) -> Decision {
        if !fits(question.action, question.resource) {
            return denied(
                question,
                Need::Permission,
                vec![format!("{} is not an action on {}", question.action.as_str(), question.resource)],
            );
        }
        let Some(partition) = self.partition(question.resource) else {
            return denied(question, Need::Permission, vec![format!("there is no {}", question.resource)]);
        };
        // The schema gives only flows and rules to visitors; elsewhere a policy must not even be asked.
        if question.principal.is_none() && !matches!(question.action, Action::Run | Action::Notify) {
            return Decision { cacheable: Cacheability::Unbounded, ..denied(question, Need::Login, Vec::new()) };
        }
        let results = run_checks(self, partition, question);
        let asked = match Asked::new(self, partition, question, &results) {
            Ok(asked) => asked,
            Err(error) => return denied(question, Need::Permission, vec![error]),
        };
        match asked.ask_all(question.facts.mfa) {
            Ok(response) => conclude(&asked, &response),
            Err(error) => denied(question, Need::Permission, vec![error]),
        }
    }
}

fn fits(action: Action, resource: Resource<'_>) -> bool {
    match action {
        Action::Access => matches!(resource, Resource::App(_)),
        Action::Hold => matches!(resource, Resource::Entitlement(..)),
        Action::Run => matches!(resource, Resource::Flow(_) | Resource::Stage(_)),
        Action::Notify => matches!(resource, Resource::Rule(_)),
        _ => matches!(resource, Resource::Administered(_)),
    }
}

/// Cedar leaves out a policy that fails, which would let a broken forbid pass.
fn is_yes(response: &Response) -> bool {
    response.decision() == Verdict::Allow && response.diagnostics().errors().next().is_none()
}

impl<'a> Asked<'a> {
    /// Puts a question in Cedar's terms.
    pub(crate) fn new(
        set: &'a PolicySet,
        partition: &'a Partition,
        question: &'a Question<'a>,
        results: &'a Results,
    ) -> Result<Self, String> {
        Ok(Self { set, partition, question, results, entities: entities(partition, question)? })
    }

    /// Asks all policies of the target, pretending a second factor or its absence.
    pub(crate) fn ask_all(&self, mfa: bool) -> Result<Response, String> {
        let principal = self.question.principal.map(|prepared| prepared.principal().as_ref());
        self.ask(&self.partition.policies_for(principal), mfa)
    }

    /// Asks some policies, pretending a second factor or its absence.
    pub(crate) fn ask(&self, policies: &cedar_policy::PolicySet, mfa: bool) -> Result<Response, String> {
        let question = self.question;
        let principal = question.principal.map_or_else(|| uid(&ANONYMOUS, "visitor"), |p| p.uid.clone());
        let action = action_uid(question.action);
        let resource =
            self.partition.resource.as_ref().map_or_else(|| loose_entity(question.resource).uid(), Entity::uid);
        let context = context(&self.set.world, self.partition, question.facts, self.results, mfa)?;
        let request = Request::new(principal, action, resource, context, None).map_err(|e| e.to_string())?;
        Ok(self.set.authorizer.is_authorized(&request, policies, &self.entities))
    }
}

/// The entities of a question: the principal, and whatever else its policies look into. Most look
/// into nothing else, and then the principal's own are used as they are.
fn entities(partition: &Partition, question: &Question<'_>) -> Result<Arc<Entities>, String> {
    entities_with(partition, question, partition.resource.as_ref())
}

fn entities_with(
    partition: &Partition,
    question: &Question<'_>,
    resource: Option<&Entity>,
) -> Result<Arc<Entities>, String> {
    let mut more: Vec<Entity> = grouped_action(question.action).into_iter().collect();
    if partition.looks_at_resource {
        more.push(resource.cloned().unwrap_or_else(|| loose_entity(question.resource)));
        if let Resource::Administered(what) = question.resource {
            more.extend(what.owner.clone());
        }
    }
    let known = question.principal.map(PreparedPrincipal::entities).transpose()?;
    // Who acts on oneself is who one is, not who one would like to be.
    more.retain(|entity| known.as_ref().is_none_or(|known| known.get(&entity.uid()).is_none()));
    match known {
        Some(known) if more.is_empty() => Ok(known),
        known => known
            .map_or_else(Entities::empty, Arc::unwrap_or_clone)
            .add_entities(more, None)
            .map(Arc::new)
            .map_err(|e| e.to_string()),
    }
}

fn context(
    world: &World,
    partition: &Partition,
    facts: &Facts<'_>,
    results: &Results,
    mfa: bool,
) -> Result<Context, String> {
    let local = facts.now.with_timezone(&world.zone);
    let mut pairs: Vec<(String, RestrictedExpression)> = Vec::new();
    let mut put = |name: &str, value: RestrictedExpression| pairs.push((name.to_owned(), value));
    let text = |s: &str| RestrictedExpression::new_string(s.to_owned());
    for fact in partition.context.iter() {
        match fact {
            Fact::Mfa => put("mfa", RestrictedExpression::new_bool(mfa)),
            Fact::Ip => {
                facts.ip.iter().for_each(|ip| put("ip", RestrictedExpression::new_ip(ip.to_canonical().to_string())))
            }
            Fact::Second => {
                put("now", RestrictedExpression::new_datetime(facts.now.to_rfc3339_opts(SecondsFormat::Millis, true)))
            }
            Fact::Hour => put("hour", RestrictedExpression::new_long(local.hour().into())),
            Fact::Day => put("weekday", RestrictedExpression::new_long(local.weekday().number_from_monday().into())),
            Fact::Methods => {
                let methods = facts.login.iter().flat_map(|login| &login.methods).map(|method| text(method));
                put("authentication_methods", RestrictedExpression::new_set(methods));
            }
            Fact::AuthenticationAge => {
                let age = facts.authentication_age().map(RestrictedExpression::new_long);
                age.into_iter().for_each(|age| put("authentication_age", age));
            }
            Fact::Place => {
                let country = world.place(facts.ip).map(|place| place.country).filter(|country| !country.is_empty());
                country.into_iter().for_each(|country| put("country", text(&country)));
            }
            Fact::Network => {
                world.network(facts.ip).iter().for_each(|net| put("asn", RestrictedExpression::new_long(net.asn)));
            }
            Fact::Device => put("device", device(facts.user_agent)?),
            Fact::Path => put("path", text(facts.path)),
            Fact::Host => put("host", text(facts.host)),
            Fact::Method => put("method", text(facts.method)),
            Fact::UserAgent => put("user_agent", text(facts.user_agent)),
            Fact::User | Fact::App | Fact::Minute | Fact::Context | Fact::Pending | Fact::PromptData | Fact::Flow => {}
            Fact::Logins | Fact::Reputation | Fact::Passwords => {}
        }
    }
    if !partition.checks.is_empty() {
        put("checks", record(results.named.iter().map(|(name, result)| (name.clone(), *result)))?);
        put("bindings", record(results.bindings.iter().map(|(id, result)| (id.to_string(), *result)))?);
    }
    if partition.timed {
        let in_time = partition.bindings.iter().map(|b| (b.id.to_string(), b.period.contains(facts.now)));
        put("in_time", record(in_time)?);
    }
    Context::from_pairs(pairs).map_err(|e| e.to_string())
}

fn device(user_agent: &str) -> Result<RestrictedExpression, String> {
    let Device { os, browser, kind } = Device::of(user_agent);
    let parts = [("os", os), ("browser", browser), ("kind", kind)];
    let parts = parts.map(|(name, value)| (name.to_owned(), RestrictedExpression::new_string(value.to_owned())));
    RestrictedExpression::new_record(parts).map_err(|e| e.to_string())
}

fn record(results: impl Iterator<Item = (String, bool)>) -> Result<RestrictedExpression, String> {
    RestrictedExpression::new_record(results.map(|(name, result)| (name, RestrictedExpression::new_bool(result))))
        .map_err(|e| e.to_string())
}

impl Condition {
    /// Asks the condition alone, about the resource of a question.
    fn holds(&self, set: &PolicySet, question: &Question<'_>) -> Result<bool, String> {
        let sort = Sort::of(question.resource).ok_or("a condition is about applications, flows, stages and rules")?;
        let partition = self.alone.get(&sort).ok_or_else(|| format!("it cannot be asked of a {sort}"))?;
        let results = run_checks(set, partition, question);
        if let Some(error) = results.errors.first() {
            return Err(error.clone());
        }
        let known = set.partition(question.resource).and_then(|p| p.resource.as_ref());
        let entities = entities_with(partition, question, known)?;
        let asked = Asked { set, partition, question, results: &results, entities };
        let response = asked.ask(&partition.policies, question.facts.mfa)?;
        match response.diagnostics().errors().next() {
            Some(error) => Err(error.to_string()),
            None => Ok(response.decision() == Verdict::Allow),
        }
    }
}

pub(crate) fn run_checks(set: &PolicySet, partition: &Partition, question: &Question<'_>) -> Results {
    let mut results = Results::default();
    for check in partition.checks_at(question.facts.now) {
        run_check(set, partition, question, check, &mut results);
    }
    results
}

fn run_check(
    set: &PolicySet,
    partition: &Partition,
    question: &Question<'_>,
    planned: &Planned,
    results: &mut Results,
) {
    let env = Env {
        user: question.principal.map(|p| p.principal().as_ref() as &Principal),
        facts: question.facts,
        app: partition.app.as_ref(),
        stopwatch: set.stopwatch.as_ref(),
        world: Some(&set.world),
        timeout: planned.timeout,
    };
    let outcome = planned.check.run(&env);
    if planned.logged {
        tracing::info!(policy = planned.check.name(), resource = %question.resource, ?outcome, "a policy was run");
    }
    let outcome = match outcome {
        Ok(outcome) => {
            results.messages.extend(outcome.messages);
            results.retires_password |= outcome.retires_password;
            Some(outcome.passing)
        }
        Err(error) => {
            results.messages.extend(error.told().map(str::to_owned));
            results.errors.push(error.to_string());
            None
        }
    };
    for used in planned.uses.iter().filter(|used| partition.counts(used, question.facts.now)) {
        match used {
            Use::Binding { id, negate, failure } => {
                results.bindings.insert(*id, outcome.map_or(*failure, |passing| passing != *negate));
            }
            Use::Named(name) => results.named.extend(outcome.map(|passing| (name.clone(), passing))),
        }
    }
}

/// An answer given before any policy was asked.
fn denied(question: &Question<'_>, need: Need, errors: Vec<String>) -> Decision {
    Decision {
        id: question.id,
        principal: question.principal.map(|p| p.principal().user.username.clone()),
        action: question.action,
        resource: question.resource.to_string(),
        time: question.facts.now,
        allow: false,
        determining: Vec::new(),
        facts_used: Map::new(),
        needed: vec![need],
        messages: Vec::new(),
        errors,
        retires_password: false,
        severity: None,
        cacheable: Cacheability::Never,
        reads: Reads::default(),
    }
}

fn conclude(asked: &Asked<'_>, response: &Response) -> Decision {
    let Asked { partition, question, results, .. } = asked;
    let mut errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
    let allow = is_yes(response);
    errors.extend(results.errors.iter().cloned());
    let determining = determining(partition, response);
    let mut messages = results.messages.clone();
    if !allow {
        messages.extend(determining.iter().filter_map(|p| p.message.clone()));
    }
    let mut seen = HashSet::new();
    messages.retain(|m| seen.insert(m.clone()));
    let now = question.facts.now;
    let cacheable = match partition.reads.expires(now).into_iter().chain(partition.next_change(now)).min() {
        _ if !errors.is_empty() || !partition.reads.reusable() => Cacheability::Never,
        Some(end) => Cacheability::Until(end),
        None => Cacheability::Unbounded,
    };
    Decision {
        allow,
        needed: if allow { Vec::new() } else { need::of(asked, response) },
        severity: determining.iter().filter_map(|policy| policy.severity).max(),
        determining,
        facts_used: facts_used(&asked.set.world, partition, question.facts, results),
        messages,
        retires_password: results.retires_password,
        cacheable,
        reads: partition.reads.clone(),
        errors,
        ..denied(question, Need::Permission, Vec::new())
    }
}

fn determining(partition: &Partition, response: &Response) -> Vec<PolicyRef> {
    let mut list: Vec<PolicyRef> = response
        .diagnostics()
        .reason()
        .filter_map(|id: &PolicyId| partition.about.get(id))
        .map(|a| a.reference.clone())
        .collect();
    list.sort_by(|a, b| a.id.cmp(&b.id));
    list
}

/// The facts with their values, as they may stand in a log: of what people typed or a flow carries,
/// only the names.
fn facts_used(world: &World, partition: &Partition, facts: &Facts<'_>, results: &Results) -> Map<String, Value> {
    let mut used = Map::new();
    for fact in partition.reads.iter() {
        let Ok(Value::String(name)) = serde_json::to_value(fact) else { continue };
        let value = match fact {
            Fact::AuthenticationAge => Some(facts.authentication_age().into()),
            Fact::Place => Some(serde_json::to_value(world.place(facts.ip)).unwrap_or_default()),
            Fact::Network => Some(serde_json::to_value(world.network(facts.ip)).unwrap_or_default()),
            Fact::Device => Some(serde_json::to_value(Device::of(facts.user_agent)).unwrap_or_default()),
            fact => facts.value(fact),
        };
        let told = matches!(fact, Fact::Place | Fact::Network | Fact::Device);
        used.extend(value.map(|value| match value {
            value if told => (name, value),
            Value::Object(map) => (name, map.keys().cloned().collect()),
            value => (name, value),
        }));
    }
    if !results.named.is_empty() || !results.bindings.is_empty() {
        let named = results.named.iter().map(|(name, result)| (name.clone(), Value::Bool(*result)));
        let bound = results.bindings.iter().map(|(id, result)| (format!("binding:{id}"), Value::Bool(*result)));
        used.insert("checks".to_owned(), Value::Object(named.chain(bound).collect()));
    }
    used
}

/// Whether a forbid had a part in an answer.
pub(crate) fn forbids<'a>(
    partition: &'a Partition,
    response: &'a Response,
) -> impl Iterator<Item = &'a crate::cedar::partition::About> {
    response
        .diagnostics()
        .reason()
        .filter_map(|id| partition.about.get(id))
        .filter(|about| about.effect == Effect::Forbid)
}
