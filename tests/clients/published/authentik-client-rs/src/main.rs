//! Walks the table of kinds with `authentik-client` of crates.io.
//!
//! Usage: `walk TABLE ADDRESS [STEM…]` (the API token is in `LOCKGATE_TOKEN`)
//!
//! What is wrong is printed, one line each; the exit code is 1 then.

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use authentik_client::apis::configuration::Configuration;
use calls::{Arguments, Failure};
use serde_json::{Map, Value, json};

/// What was made under a name: the value that it stands for, the kind, the answer.
struct Named {
    value: Value,
    stem: String,
    found: Value,
}

struct Walk {
    table: Value,
    configuration: Configuration,
    names: BTreeMap<String, Named>,
    calls: usize,
    wrong: usize,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("usage: walk TABLE ADDRESS");
    let address = arguments.next().expect("usage: walk TABLE ADDRESS");
    let wanted: Vec<String> = arguments.collect();
    let table = std::fs::read_to_string(path).expect("the table can be read");
    let mut walk = Walk {
        table: serde_json::from_str(&table).expect("the table is JSON"),
        configuration: Configuration {
            base_path: format!("{}/api/v3", address.trim_end_matches('/')),
            bearer_access_token: std::env::var("LOCKGATE_TOKEN").ok(),
            ..Configuration::default()
        },
        names: BTreeMap::new(),
        calls: 0,
        wrong: 0,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(walk.run(&wanted));
    let kinds = list(&walk.table["kinds"]).len() + list(&walk.table["found"]).len();
    println!("{kinds} kinds, {} calls, {} wrong", walk.calls, walk.wrong);
    ExitCode::from(u8::from(walk.wrong > 0))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn has(value: &Value, name: &str) -> bool {
    list(value).iter().any(|one| one == name)
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// One object with the members of all.
fn merged(parts: &[&Value]) -> Value {
    Value::Object(parts.iter().flat_map(|part| object(part)).collect())
}

fn identity(answer: &Value) -> String {
    let names = ["pk", "uuid", "pbm_uuid", "brand_uuid", "id", "message_id", "aaguid"];
    let value = names.iter().map(|name| &answer[name]).find(|value| !value.is_null()).unwrap_or(&Value::Null);
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value that was written is the one that is read. The order of a
/// list is that of the server, and the client leaves out what is `null`.
fn same(written: &Value, read: &Value) -> bool {
    match (written, read) {
        (Value::Array(written), Value::Array(read)) => {
            written.len() == read.len() && read.iter().all(|one| written.iter().any(|other| same(other, one)))
        }
        (Value::Object(written), Value::Object(_)) => written.iter().all(|(name, value)| same(value, &read[name])),
        (Value::Number(written), Value::Number(read)) => written.as_f64() == read.as_f64(),
        (Value::String(written), Value::String(read)) => written == read || *written == read.replace("+00:00", "Z"),
        _ => written == read,
    }
}

impl Walk {
    fn fails(&mut self, place: &str, what: &str) {
        self.wrong += 1;
        let words: Vec<_> = what.split_whitespace().collect();
        println!("{place}: {}", words.join(" ").chars().take(1000).collect::<String>());
    }

    async fn call(&mut self, operation: &str, values: Value, body: Value) -> Result<Value, Failure> {
        self.calls += 1;
        let arguments = Arguments { values: object(&values), body };
        let unknown = arguments.values.keys().find(|name| !calls::parameters(operation).contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(Failure::Client(format!("{operation} takes no {name}")));
        }
        match calls::call(&self.configuration, operation, &arguments) {
            Some(call) => call.await,
            None => Err(Failure::Client(format!("the client has no {operation}"))),
        }
    }

    async fn attempt(&mut self, place: &str, operation: &str, values: Value, body: Value) -> Option<Value> {
        match self.call(operation, values, body).await {
            Ok(answer) => return Some(answer),
            Err(Failure::Server(status, said)) => self.fails(place, &format!("{operation} answers {status}: {said}")),
            Err(Failure::Client(error)) => {
                self.fails(place, &format!("{operation} is rejected by the client: {error}"))
            }
        }
        None
    }

    async fn refused(
        &mut self,
        place: &str,
        status: u16,
        operation: &str,
        values: Value,
        body: Value,
    ) -> Option<Value> {
        match self.call(operation, values, body).await {
            Err(Failure::Server(code, said)) if code == status => return serde_json::from_str(&said).ok(),
            Err(Failure::Server(code, said)) => {
                self.fails(place, &format!("{operation} answers {code} instead of {status}: {said}"));
            }
            Err(Failure::Client(error)) => {
                self.fails(place, &format!("{operation} is rejected by the client: {error}"))
            }
            Ok(_) => self.fails(place, &format!("{operation} is not refused with {status}")),
        }
        None
    }

    /// A value of the table with what its names stand for.
    fn fill(&self, value: &Value, answer: &Value) -> Value {
        match value {
            Value::Array(inner) => inner.iter().map(|one| self.fill(one, answer)).collect(),
            Value::Object(inner) => {
                Value::Object(inner.iter().map(|(name, one)| (name.clone(), self.fill(one, answer))).collect())
            }
            Value::String(name) => match (name.strip_prefix('$'), name.strip_prefix('@')) {
                (Some(name), _) => self.names.get(name).map(|named| named.value.clone()).unwrap_or_default(),
                (_, Some(name)) => answer[name].clone(),
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }

    /// The kind that a stem belongs to.
    fn kind_of(&self, stem: &str) -> Option<Value> {
        let own = |kind: &&Value| stem == kind["stem"] || stem.starts_with(&format!("{}_", text(&kind["stem"])));
        list(&self.table["kinds"]).iter().find(own).cloned()
    }

    /// Makes something that others need, and gives it a name.
    async fn make(&mut self, fixture: &Value, name: &str, answer: &Value) -> Value {
        let stem = text(&fixture["stem"]);
        let place = format!("fixture {name}{stem}");
        let found = if let Some(first) = fixture["first"].as_str() {
            let page = self.attempt(&place, &format!("{first}_list"), fixture["where"].clone(), Value::Null).await;
            page.map(|page| page["results"][0].clone())
        } else if let Some(read) = fixture["read"].as_str() {
            let key = self.kind_of(read).map(|kind| text(&kind["key"]).to_owned()).unwrap_or_default();
            let id = self.fill(&fixture["id"], &Value::Null);
            self.attempt(&place, &format!("{read}_retrieve"), json!({ key: id }), Value::Null).await
        } else {
            let body = self.fill(&fixture["body"], answer);
            self.attempt(&place, &format!("{stem}_create"), Value::Null, body).await
        };
        let found = found.unwrap_or_default();
        let value = found[fixture["member"].as_str().unwrap_or("pk")].clone();
        self.names.insert(name.to_owned(), Named { value, stem: stem.to_owned(), found: found.clone() });
        found
    }

    async fn make_all(&mut self, fixtures: &Value, answer: &Value) -> Vec<(Value, Value)> {
        let mut made = Vec::new();
        for fixture in list(fixtures) {
            let found = self.make(fixture, fixture["name"].as_str().unwrap_or("around"), answer).await;
            made.push((fixture.clone(), found));
        }
        made
    }

    async fn unmake(&mut self, made: Vec<(Value, Value)>) {
        for (fixture, found) in made.into_iter().rev() {
            if let Some(kind) = self.kind_of(text(&fixture["stem"])) {
                let operation = format!("{}_destroy", text(&kind["stem"]));
                self.attempt("fixture", &operation, key(&kind, &found), Value::Null).await;
            }
        }
    }

    /// The identities of all that a list holds; `None` when it fails.
    async fn listed(&mut self, place: &str, stem: &str, filter: Value) -> Option<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut page = 1;
        while page != 0 {
            let values = merged(&[&filter, &json!({ "page": page, "page_size": 100 })]);
            let answer = self.attempt(place, &format!("{stem}_list"), values, Value::Null).await?;
            found.extend(list(&answer["results"]).iter().map(identity));
            page = answer["pagination"]["next"].as_f64().unwrap_or_default() as i64;
        }
        Some(found)
    }

    fn agrees(&mut self, place: &str, kind: &Value, written: &Value, answer: &Value) {
        for (name, value) in object(written) {
            let shown = !has(&kind["secrets"], &name) && !has(&kind["unread"], &name);
            if shown && !same(&value, &answer[&name]) {
                self.fails(place, &format!("{name} was written as {value} and is read as {}", answer[&name]));
            }
        }
    }

    async fn walk(&mut self, kind: &Value) {
        let stem = text(&kind["stem"]);
        let made = self.make_all(&kind["fixtures"], &Value::Null).await;
        let required = self.fill(&kind["required"], &Value::Null);
        let full = self.fill(&kind["full"], &Value::Null);
        let mut answers = Vec::new();
        for (name, body) in [("required", &required), ("full", &full)] {
            let place = format!("{stem} {name}");
            let created = self.attempt(&place, &format!("{stem}_create"), Value::Null, body.clone()).await;
            let Some(answer) = created else { continue };
            self.agrees(&place, kind, body, &answer);
            let again = self.attempt(&place, &format!("{stem}_retrieve"), key(kind, &answer), Value::Null).await;
            if again.is_some_and(|again| !same(&answer, &again)) {
                self.fails(&place, "is created and read differently");
            }
            answers.push(answer);
        }
        if let [one, other] = answers.as_slice() {
            let around = self.make_all(&kind["around"], other).await;
            self.lists(kind, &full, one, other).await;
            self.uses(kind, other).await;
            self.unmake(around).await;
            self.changes(kind, &required, &full, one).await;
        }
        for answer in &answers {
            self.deleted(kind, answer).await;
        }
        let left = self.listed(stem, stem, Value::Null).await.unwrap_or_default();
        if answers.iter().any(|answer| left.contains(&identity(answer))) {
            self.fails(stem, "is listed after it was deleted");
        }
        self.unmake(made).await;
    }

    async fn deleted(&mut self, kind: &Value, answer: &Value) {
        let stem = text(&kind["stem"]);
        let place = format!("{stem} delete");
        self.attempt(&place, &format!("{stem}_destroy"), key(kind, answer), Value::Null).await;
        self.refused(&place, 404, &format!("{stem}_retrieve"), key(kind, answer), Value::Null).await;
    }

    async fn lists(&mut self, kind: &Value, full: &Value, one: &Value, other: &Value) {
        let stem = text(&kind["stem"]);
        let everything = self.listed(stem, stem, Value::Null).await;
        if everything.is_some_and(|all| !all.contains(&identity(one)) || !all.contains(&identity(other))) {
            self.fails(stem, "is not listed after it was created");
        }
        let values = json!({ "page": 1, "page_size": 1 });
        if let Some(page) = self.attempt(stem, &format!("{stem}_list"), values, Value::Null).await {
            let next = page["pagination"]["next"].as_f64();
            if list(&page["results"]).len() != 1 || next != Some(2.0) {
                self.fails(stem, &format!("a page of one is wrong: {}", page["pagination"]));
            }
        }
        let mut filters = Map::new();
        for name in list(&kind["same"]).iter().map(text) {
            filters.insert(name.to_owned(), json!({ "in": full[name], "out": null }));
        }
        for (name, value) in object(&kind["filters"]) {
            filters.insert(name, if value.is_object() { value } else { json!({ "in": value, "out": null }) });
        }
        if let Some(search) = kind["search"].as_str() {
            filters.insert("search".to_owned(), json!({ "in": search, "out": null }));
        }
        self.filters(stem, &filters, other, Some(one)).await;
    }

    /// `in` lists the other one, `out` does not; `null` stands for what was
    /// created with the required fields alone, which `in` does not list.
    async fn filters(&mut self, stem: &str, filters: &Map<String, Value>, other: &Value, one: Option<&Value>) {
        for (name, value) in filters {
            // One of ours alone.
            if !calls::parameters(&format!("{stem}_list")).contains(&name.as_str()) {
                continue;
            }
            let place = format!("{stem} filter {name}");
            if let Some(wanted) = value.get("in") {
                let filter = self.fill(wanted, other);
                if let Some(found) = self.listed(&place, stem, json!({ name: filter })).await {
                    if !found.contains(&identity(other)) {
                        self.fails(&place, &format!("{filter} leaves out what has it"));
                    }
                    let without = one.filter(|_| value.get("out") == Some(&Value::Null));
                    if without.is_some_and(|one| found.contains(&identity(one))) {
                        self.fails(&place, &format!("{filter} lists what does not have it"));
                    }
                }
            }
            if let Some(unwanted) = value.get("out").filter(|out| !out.is_null()) {
                let filter = self.fill(unwanted, other);
                let found = self.listed(&place, stem, json!({ name: filter })).await;
                if found.is_some_and(|found| found.contains(&identity(other))) {
                    self.fails(&place, &format!("{filter} lists what does not have it"));
                }
            }
        }
    }

    /// `used_by` of the object, and of what it refers to.
    async fn uses(&mut self, kind: &Value, other: &Value) {
        let stem = text(&kind["stem"]);
        if !has(&kind["without"], "used_by") {
            self.attempt(stem, &format!("{stem}_used_by_list"), key(kind, other), Value::Null).await;
        }
        for (field, value) in object(&kind["full"]) {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for name in values.iter().filter_map(|one| text(one).strip_prefix('$')) {
                let Some(Named { stem: from, found, .. }) = self.names.get(name) else { continue };
                let (from, found) = (from.clone(), found.clone());
                let used = if from.is_empty() { None } else { self.kind_of(&from) };
                let Some(used) = used.filter(|_| !has(&kind["unused"], &field)) else { continue };
                let place = format!("{} used_by", text(&used["stem"]));
                let operation = format!("{}_used_by_list", text(&used["stem"]));
                let users = self.attempt(&place, &operation, key(&used, &found), Value::Null).await;
                if users.is_some_and(|users| !list(&users).iter().any(|user| user["pk"] == identity(other))) {
                    self.fails(&place, &format!("does not tell that {stem} uses it as {field}"));
                }
            }
        }
    }

    async fn changes(&mut self, kind: &Value, required: &Value, full: &Value, one: &Value) {
        let stem = text(&kind["stem"]);
        let mut own = Map::new();
        for name in list(&kind["unique"]).iter().map(text) {
            let place = format!("{stem} twice");
            let create = format!("{stem}_create");
            let error = self.refused(&place, 400, &create, Value::Null, required.clone()).await;
            if error.is_some_and(|error| error.get(name).or(error.get("non_field_errors")).is_none()) {
                self.fails(&place, &format!("the answer does not tell {name}"));
            }
            own.insert(name.to_owned(), required[name].clone());
        }
        let put = self.fill(&kind["put"], &Value::Null);
        let body = merged(&[full, &Value::Object(own), &put]);
        self.changed(kind, one, "update", &body, &body).await;
        let patch = self.fill(&kind["patch"], &Value::Null);
        let told = merged(&[&body, &patch]);
        self.changed(kind, one, "partial_update", &patch, &told).await;
        let again = self.attempt(stem, &format!("{stem}_retrieve"), key(kind, one), Value::Null).await;
        if let Some(again) = again {
            self.agrees(&format!("{stem} after a patch"), kind, &told, &again);
        }
    }

    async fn changed(&mut self, kind: &Value, one: &Value, deed: &str, sent: &Value, told: &Value) {
        let operation = format!("{}_{deed}", text(&kind["stem"]));
        let answer = self.attempt(&operation, &operation, key(kind, one), sent.clone()).await;
        if let Some(answer) = answer {
            self.agrees(&operation, kind, told, &answer);
        }
    }

    /// A kind that is not created through the API.
    async fn find(&mut self, kind: &Value) {
        let stem = text(&kind["stem"]);
        self.make_all(&kind["fixtures"], &Value::Null).await;
        let filter = self.fill(&kind["where"], &Value::Null);
        let Some(page) = self.attempt(stem, &format!("{stem}_list"), filter, Value::Null).await else { return };
        let one = page["results"][0].clone();
        if one.is_null() {
            self.fails(stem, "there is none");
            return;
        }
        let everything = self.listed(stem, stem, Value::Null).await;
        if everything.is_some_and(|all| !all.contains(&identity(&one))) {
            self.fails(stem, "is not listed without a filter");
        }
        self.filters(stem, &object(&kind["filters"]), &one, None).await;
        let answer = self.attempt(stem, &format!("{stem}_retrieve"), key(kind, &one), Value::Null).await;
        if answer.is_some_and(|answer| !same(&one, &answer)) {
            self.fails(stem, "is listed and read differently");
        }
        if !has(&kind["without"], "used_by") {
            self.attempt(stem, &format!("{stem}_used_by_list"), key(kind, &one), Value::Null).await;
        }
        if !has(&kind["without"], "update") {
            let patch = self.fill(&kind["patch"], &Value::Null);
            let body = kind.get("put").map_or_else(|| patch.clone(), |put| self.fill(put, &Value::Null));
            self.changed(kind, &one, "update", &body, &body).await;
            self.changed(kind, &one, "partial_update", &patch, &merged(&[&body, &patch])).await;
        }
        if !has(&kind["without"], "delete") {
            self.deleted(kind, &one).await;
        }
    }

    async fn run(&mut self, wanted: &[String]) {
        let is_wanted = |name: &Value| wanted.is_empty() || wanted.iter().any(|one| name == one);
        let table = self.table.clone();
        self.make_all(&table["fixtures"], &Value::Null).await;
        for kind in list(&table["kinds"]).iter().filter(|kind| is_wanted(&kind["stem"])) {
            self.walk(kind).await;
        }
        for kind in list(&table["found"]).iter().filter(|kind| is_wanted(&kind["stem"])) {
            self.find(kind).await;
        }
        for call in list(&table["calls"]).iter().filter(|call| is_wanted(&call["operation"])) {
            if call["not_by"].get("rust").is_none() {
                let values = self.fill(&call["arguments"], &Value::Null);
                let body = self.fill(&call["body"], &Value::Null);
                self.attempt("call", text(&call["operation"]), values, body).await;
            }
        }
    }
}

/// The parameter that names an object.
fn key(kind: &Value, answer: &Value) -> Value {
    json!({ text(&kind["key"]): answer[text(&kind["id"])] })
}
