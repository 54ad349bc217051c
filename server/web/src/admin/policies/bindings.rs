//! What decides about an application, a flow or a stage of a flow: the groups, users and policies that are bound to it.

use super::super::{
    ROOT,
    desk::{Desk, Paged, Trouble, done},
    form, object,
    replaced::named,
    resource::{self, key_text, part, text},
    spec::{Holds, Spec},
};
use crate::{
    Web,
    pages::admin::{
        Action, Badge, Cell, Column, Crumb, Empty, FieldSet, Form, Heading, Note, Pager, Panel, Row, Search, Table,
        Tone,
    },
};
use axum::{
    Router,
    extract::{Path, Request},
    http::{Method, StatusCode},
    routing::get,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Name of the kind in policies.
const KIND: &str = "policy_binding";

/// Bindings on a page.
const PAGE: usize = 25;

/// What something can be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Application,
    Flow,
    /// A stage in a flow.
    Step,
    /// A notification rule.
    Rule,
}

/// Parameters of an address.
type Params = HashMap<String, String>;

/// The routes of every kind of owner.
pub(super) fn routes() -> Router<Web> {
    let places = [
        (Owner::Application, "applications/{key}/"),
        (Owner::Flow, "flows/{key}/"),
        (Owner::Step, "flows/{key}/stages/{step}/"),
        (Owner::Rule, "notification-rules/{key}/"),
    ];
    places.into_iter().fold(Router::new(), |router, (owner, place)| {
        let home = format!("{ROOT}{place}bindings/");
        let list = move |desk: Desk, Path(path): Path<Params>| async move {
            let paged = listed(&desk, owner, &path).await;
            desk.answer(paged)
        };
        let add = move |desk: Desk, Path(path): Path<Params>, request: Request| async move {
            let paged = added(&desk, owner, &path, request).await;
            desk.answer(paged)
        };
        let edit = move |desk: Desk, Path(path): Path<Params>| async move {
            let paged = edited(&desk, owner, &path).await;
            desk.answer(paged)
        };
        let save = move |desk: Desk, Path(path): Path<Params>, request: Request| async move {
            let paged = saved(&desk, owner, &path, request).await;
            desk.answer(paged)
        };
        let ask = move |desk: Desk, Path(path): Path<Params>| async move {
            let paged = asked(&desk, owner, &path).await;
            desk.answer(paged)
        };
        let remove = move |desk: Desk, Path(path): Path<Params>, request: Request| async move {
            let paged = removed(&desk, owner, &path, request).await;
            desk.answer(paged)
        };
        router
            .route(&home, get(list).post(add))
            .route(&format!("{home}{{binding}}/"), get(edit).post(save))
            .route(&format!("{home}{{binding}}/remove/"), get(ask).post(remove))
    })
}

/// What is bound to, and its page.
struct Place {
    owner: Owner,
    home: String,
    /// Key of what the bindings decide about.
    target: String,
    head: Heading,
    /// `any` or `all`.
    mode: String,
    /// Where the mode is set.
    edit: String,
}

fn param<'p>(path: &'p Params, name: &str) -> &'p str {
    path.get(name).map(String::as_str).unwrap_or_default()
}

async fn place(desk: &Desk, owner: Owner, path: &Params) -> Result<Place, Trouble> {
    let resource = named(if owner == Owner::Step { "flow" } else { head_kind(owner) });
    let value = desk.rest.get(&resource.shown(param(path, "key"))).await?;
    let home = resource.href(&value);
    let mut head = object::head(desk, resource, &value, "bindings/");
    if owner != Owner::Step {
        let (target, mode) = (key_text(&value["pk"]), text(&value, "policy_engine_mode").to_owned());
        let edit = format!("{home}edit/");
        return Ok(Place { owner, home: format!("{home}bindings/"), target, head, mode, edit });
    }
    let step = desk.rest.get(&format!("/flows/bindings/{}/", part(param(path, "step")))).await?;
    if step["target"] != value["pk"] {
        return Err(Trouble::Refused(StatusCode::NOT_FOUND, "There is no such stage in this flow.".into()));
    }
    let stage = text(&step["stage_obj"], "name");
    head.crumbs.push(Crumb { label: std::mem::take(&mut head.title), href: format!("{home}stages/") });
    head.title = format!("When {stage} runs");
    (head.actions, head.tabs) = (Vec::new(), Vec::new());
    let key = key_text(&step["pk"]);
    let own = format!("{home}stages/{key}/");
    let mode = text(&step, "policy_engine_mode").to_owned();
    Ok(Place { owner, home: format!("{own}bindings/"), target: key, head, mode, edit: format!("{own}edit/") })
}

/// The subject of a binding as a fact.
pub(in super::super) fn subject(binding: &Value) -> Cell {
    let told = |name: &str| binding.get(name).filter(|value| value.is_object());
    if let Some(group) = told("group_obj") {
        let href = format!("{ROOT}groups/{}/", part(text(group, "pk")));
        return Cell::Link { text: text(group, "name").to_owned(), href, below: "Group".into() };
    }
    if let Some(user) = told("user_obj") {
        let href = format!("{ROOT}users/{}/", user["pk"]);
        return Cell::Link { text: text(user, "username").to_owned(), href, below: "User".into() };
    }
    if let Some(policy) = told("policy_obj") {
        let kind = text(policy, "verbose_name").to_owned();
        let of = resource::of_model(text(policy, "meta_model_name"));
        let href = of.map(|of| of.href(policy)).unwrap_or_default();
        return Cell::Link { text: text(policy, "name").to_owned(), href, below: kind };
    }
    Cell::Nothing
}

/// The subject in a sentence.
pub(in super::super) fn subject_words(binding: &Value) -> String {
    let not = if binding["negate"] == true { "not " } else { "" };
    let what = match subject(binding) {
        Cell::Link { text, below, .. } if below == "Group" => format!("the group {text}"),
        Cell::Link { text, below, .. } if below == "User" => format!("the user {text}"),
        Cell::Link { text, .. } => format!("the policy {text}"),
        _ => "nothing".to_owned(),
    };
    format!("{not}{what}")
}

/// Whom a binding lets through, in words.
pub(super) fn wants(binding: &Value) -> Cell {
    let words = match (subject(binding), binding["negate"] == true) {
        (Cell::Link { below, .. }, false) if below == "Group" => "Members",
        (Cell::Link { below, .. }, true) if below == "Group" => "Everybody but members",
        (Cell::Link { below, .. }, false) if below == "User" => "This user",
        (Cell::Link { below, .. }, true) if below == "User" => "Everybody but this user",
        (_, false) => "Whoever passes it",
        (_, true) => "Whoever does not pass it",
    };
    Cell::from(words)
}

/// Whether a binding counts.
pub(super) fn state(binding: &Value) -> Cell {
    let mut badges = vec![match binding["enabled"] == false {
        true => Badge::new("Disabled", Tone::Warn),
        false => Badge::new("Enabled", Tone::Good),
    }];
    for (member, word) in [("from", "From"), ("until", "Until")] {
        if let Some(day) = binding[member].as_str().and_then(|time| time.get(..16)) {
            badges.push(Badge::new(format!("{word} {} UTC", day.replace('T', " ")), Tone::Info));
        }
    }
    Cell::Badges(badges)
}

/// What is bound to a target, in order.
pub(in super::super) async fn of_target(desk: &Desk, target: &str) -> Result<Vec<Value>, Trouble> {
    desk.all(&format!("/policies/bindings/?ordering=order&target={}", part(target))).await
}

/// What somebody looks for in a list of bindings, and which part of it they see.
struct Asked {
    search: String,
    page: usize,
}

impl Asked {
    fn of(desk: &Desk) -> Self {
        let page = desk.asked("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        Self { search: desk.asked("search").unwrap_or_default(), page }
    }

    /// The bindings of what is called so.
    fn found(&self, list: &[Value]) -> Vec<Value> {
        let wanted = self.search.trim().to_lowercase();
        let fits = |binding: &&Value| subject_words(binding).to_lowercase().contains(&wanted);
        list.iter().filter(fits).cloned().collect()
    }

    fn here(&self, home: &str, page: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.search.is_empty() {
            query.append_pair("search", &self.search);
        }
        query.append_pair("page", &page.to_string());
        format!("{home}?{}", query.finish())
    }

    fn pager(&self, home: &str, count: usize) -> Option<Pager> {
        let before = (self.page - 1) * PAGE;
        let whole = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        (count > PAGE).then(|| Pager {
            from: whole((before + 1).min(count)),
            to: whole((before + PAGE).min(count)),
            count: whole(count),
            previous: (self.page > 1).then(|| self.here(home, self.page - 1)),
            next: (before + PAGE < count).then(|| self.here(home, self.page + 1)),
        })
    }
}

/// The part of the bindings that is asked for; a short list needs no search.
fn part_of(desk: &Desk, place: &Place, list: &[Value]) -> Table {
    let asked = Asked::of(desk);
    let searched = !asked.search.is_empty();
    let found = asked.found(list);
    let shown: Vec<Value> = found.iter().skip((asked.page - 1).saturating_mul(PAGE)).take(PAGE).cloned().collect();
    let empty = match searched || asked.page > 1 {
        true => Empty { title: "Nothing matches".into(), hint: "Try fewer words.".into(), action: None },
        false => nothing(place.owner),
    };
    let mut table = table(desk, &place.home, &shown, empty);
    if list.len() > PAGE || searched {
        table.action.clone_from(&place.home);
        let (name, value, label) = ("search".to_owned(), asked.search.clone(), "Search bindings".to_owned());
        table.search = Some(Search { name, value, label });
        table.reset = searched.then(|| place.home.clone());
    }
    table.pager = asked.pager(&place.home, found.len());
    table
}

/// The bindings as a table; what can be done with each only for who may.
pub(in super::super) fn table(desk: &Desk, home: &str, list: &[Value], empty: Empty) -> Table {
    let row = |binding: &Value| {
        let key = key_text(&binding["pk"]);
        let order = Cell::Number(binding["order"].as_i64().unwrap_or_default());
        let mut actions = Vec::new();
        if desk.may(Act::Update, KIND) {
            actions.push(Action::link("Edit", format!("{home}{key}/")));
        }
        if desk.may(Act::Delete, KIND) {
            actions.push(Action::link("Remove", format!("{home}{key}/remove/")).toned(Tone::Bad));
        }
        let actions = if actions.is_empty() { Cell::Nothing } else { Cell::Actions(actions) };
        Row { key: None, cells: vec![order, subject(binding), wants(binding), state(binding), actions] }
    };
    let mut columns: Vec<Column> = ["Order", "Bound", "Lets through", "State", "Change"].map(Column::new).into();
    columns[0].numeric = true;
    Table { caption: "Bindings".into(), columns, rows: list.iter().map(row).collect(), empty, ..Table::default() }
}

/// That nothing is bound, and what that means.
fn nothing(owner: Owner) -> Empty {
    let (title, hint) = match owner {
        Owner::Application => (
            "Everybody may open it",
            "Nothing is bound: whoever has an account may open it. Bind a group to let in its members alone.",
        ),
        Owner::Flow => ("Nothing is bound to it", "Everybody whom it is for may go through it."),
        Owner::Step => ("It always runs", "Bind a group, a user or a policy to run it for some people alone."),
        Owner::Rule => ("Nobody is told", "Bind a policy, such as an event matcher, that lets the events through."),
    };
    Empty { title: title.into(), hint: hint.into(), action: None }
}

async fn listed(desk: &Desk, owner: Owner, path: &Params) -> Paged {
    let place = place(desk, owner, path).await?;
    page(desk, place, &Value::Null, Vec::new()).await
}

async fn page(desk: &Desk, place: Place, values: &Value, wrong: Vec<(String, String)>) -> Paged {
    let list = of_target(desk, &place.target).await?;
    let shown = part_of(desk, &place, &list);
    let mut head = place.head;
    head.api = Some(format!("GET /api/v3/policies/bindings/?target={}", place.target));
    let mode = match place.mode.as_str() {
        "all" => "All of them have to let somebody through.",
        _ => "One of them suffices to let somebody through.",
    };
    let mut bound = Panel::new("Bindings", vec![shown.into()]).lead(mode);
    if place.owner != Owner::Step && list.len() > 1 && desk.may(Act::Update, head_kind(place.owner)) {
        bound = bound.action(Action::link("Change", place.edit));
    }
    let mut panels = vec![bound];
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    if desk.may(Act::Create, KIND) {
        let last = list.iter().filter_map(|binding| binding["order"].as_i64()).max();
        let mut given = values.clone();
        if given["order"].is_null() {
            given = json!({ "order": last.map_or(0, |order| order + 10), "enabled": true });
        }
        let mut form = Form::new(&place.home, &desk.csrf, "Bind");
        form.sets = vec![
            set(desk, &subjects(), &given, "", false).await?,
            set(desk, &settings(), &given, "Order, time and reversal", true).await?,
        ];
        let lead = "Choose one: a group, a user or a policy.";
        panels.push(Panel::new("Add a binding", vec![form.wrong(wrong).into()]).lead(lead));
    }
    Ok(desk.page_with(status, head, panels))
}

fn head_kind(owner: Owner) -> &'static str {
    match owner {
        Owner::Application => "application",
        Owner::Flow => "flow",
        Owner::Step => "flow_stage_binding",
        Owner::Rule => "notification_rule",
    }
}

fn subjects() -> Vec<Spec> {
    vec![
        Spec::new("group", Holds::Ref("group".into(), false))
            .hint("Passes for its members, and for members of groups in it."),
        Spec::new("user", Holds::Ref("user".into(), false)),
        Spec::new("policy", Holds::Ref("policy".into(), false)),
    ]
}

fn settings() -> Vec<Spec> {
    vec![
        Spec::new("order", Holds::Number).required().hint("The place in lists and explanations, ascending."),
        Spec::new("enabled", Holds::Bool).by_default(json!(true)).hint("A disabled binding is as if absent."),
        Spec::new("negate", Holds::Bool).label("Reversed").hint("Passes for everybody else."),
        Spec::new("from", Holds::Time).or_null().hint("In UTC. Before, it is as if absent. Empty: from the beginning."),
        Spec::new("until", Holds::Time).or_null().hint("In UTC. From then on it is as if absent. Empty: for ever."),
        Spec::new("failure_result", Holds::Bool)
            .label("Passes when the policy fails")
            .hint("What counts when the policy cannot be evaluated, or takes too long."),
    ]
}

async fn set(desk: &Desk, specs: &[Spec], values: &Value, legend: &str, folded: bool) -> Result<FieldSet, Trouble> {
    let mut fields = Vec::new();
    for spec in specs {
        fields.push(form::field(desk, spec, values).await?);
    }
    Ok(FieldSet { legend: legend.to_owned(), folded, fields })
}

async fn added(desk: &Desk, owner: Owner, path: &Params, request: Request) -> Paged {
    let place = place(desk, owner, path).await?;
    let sent = desk.form(request).await?;
    let specs: Vec<Spec> = subjects().into_iter().chain(settings()).collect();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(mut body) => {
            let named = ["group", "user", "policy"].iter().filter(|name| !body[**name].is_null()).count();
            if named == 1 {
                body["target"] = json!(place.target);
                let reply = desk.send(Method::POST, "/policies/bindings/", &body).await?;
                if reply.status.is_success() {
                    return Ok(done(&place.home, "created"));
                }
                reply.problems()
            } else {
                vec![("group".into(), "Choose a group, a user or a policy: one of them.".into())]
            }
        }
        Err(problems) => problems,
    };
    let values = form::as_values(&specs, &sent, &Value::Null);
    page(desk, place, &values, problems).await
}

/// The binding that is named, when it belongs here.
async fn one(desk: &Desk, place: &Place, path: &Params) -> Result<Value, Trouble> {
    let binding = desk.rest.get(&format!("/policies/bindings/{}/", part(param(path, "binding")))).await?;
    match text(&binding, "target") == place.target {
        true => Ok(binding),
        false => Err(Trouble::Refused(StatusCode::NOT_FOUND, "There is no such binding here.".into())),
    }
}

fn head_of_one(place: &Place, title: String, method: &str, key: &str) -> Heading {
    let mut crumbs = place.head.crumbs.clone();
    crumbs.push(Crumb { label: place.head.title.clone(), href: place.home.clone() });
    let api = Some(format!("{method} /api/v3/policies/bindings/{key}/"));
    Heading { crumbs, title, api, ..Heading::default() }
}

async fn edited(desk: &Desk, owner: Owner, path: &Params) -> Paged {
    let place = place(desk, owner, path).await?;
    let binding = one(desk, &place, path).await?;
    edit_page(desk, &place, &binding, &binding, Vec::new()).await
}

async fn edit_page(desk: &Desk, place: &Place, binding: &Value, values: &Value, wrong: Vec<(String, String)>) -> Paged {
    let key = key_text(&binding["pk"]);
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut form = Form::new(format!("{}{key}/", place.home), &desk.csrf, "Save").cancel(&place.home);
    form.sets = vec![set(desk, &settings(), values, "", false).await?];
    let head = head_of_one(place, format!("Binding of {}", subject_words(binding)), "PATCH", &key);
    Ok(desk.page_with(status, head, vec![Panel::bare(form.wrong(wrong))]))
}

async fn saved(desk: &Desk, owner: Owner, path: &Params, request: Request) -> Paged {
    let place = place(desk, owner, path).await?;
    let binding = one(desk, &place, path).await?;
    let sent = desk.form(request).await?;
    let specs = settings();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(body) => {
            let to = format!("/policies/bindings/{}/", key_text(&binding["pk"]));
            let reply = desk.send(Method::PATCH, &to, &body).await?;
            if reply.status.is_success() {
                return Ok(done(&place.home, "saved"));
            }
            reply.problems()
        }
        Err(problems) => problems,
    };
    let values = form::as_values(&specs, &sent, &binding);
    edit_page(desk, &place, &binding, &values, problems).await
}

async fn asked(desk: &Desk, owner: Owner, path: &Params) -> Paged {
    let place = place(desk, owner, path).await?;
    let binding = one(desk, &place, path).await?;
    let others = of_target(desk, &place.target).await?.len().saturating_sub(1);
    let key = key_text(&binding["pk"]);
    let mut form = Form::new(format!("{}{key}/remove/", place.home), &desk.csrf, "Remove").cancel(&place.home);
    form.tone = Tone::Bad;
    let line = match (others, owner) {
        (0, Owner::Application) => "Nothing else is bound: then everybody with an account may open the application.",
        (0, Owner::Flow) => "Nothing else is bound: then everybody whom the flow is for may go through it.",
        (0, Owner::Step) => "Nothing else is bound: then the stage runs for everybody.",
        (0, Owner::Rule) => "Nothing else is bound: then nobody is told anything by this rule.",
        _ => "The other bindings stay, and decide without it.",
    };
    form.note = Some(Note::new(if others == 0 { Tone::Bad } else { Tone::Warn }, line));
    let head = head_of_one(&place, format!("Remove the binding of {}?", subject_words(&binding)), "DELETE", &key);
    Ok(desk.page(head, vec![Panel::bare(form)]))
}

async fn removed(desk: &Desk, owner: Owner, path: &Params, request: Request) -> Paged {
    let place = place(desk, owner, path).await?;
    let binding = one(desk, &place, path).await?;
    desk.form(request).await?;
    let to = format!("/policies/bindings/{}/", key_text(&binding["pk"]));
    let reply = desk.send(Method::DELETE, &to, &Value::Null).await?;
    if reply.status.is_success() {
        return Ok(done(&place.home, "deleted"));
    }
    Err(Trouble::from(&reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_are_found_by_what_is_bound_and_shown_in_parts() {
        let group = |name: &str| json!({"group_obj": {"pk": "1", "name": name}, "negate": false});
        let list: Vec<Value> = (0..60).map(|number| group(&format!("Crew {number}"))).collect();
        let asked = |search: &str, page| Asked { search: search.to_owned(), page };
        assert_eq!(asked("", 1).found(&list).len(), 60);
        assert_eq!(asked("crew 7", 1).found(&list).len(), 1);
        assert!(asked("nobody", 1).found(&list).is_empty());
        assert!(asked("", 1).pager("/here/", PAGE).is_none(), "one page");
        let last = asked("crew", 3).pager("/here/", 60).expect("a pager");
        assert_eq!((last.from, last.to, last.count), (51, 60, 60));
        assert_eq!((last.previous.as_deref(), last.next), (Some("/here/?search=crew&page=2"), None));
    }
}
