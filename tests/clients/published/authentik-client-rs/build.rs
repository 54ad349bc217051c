//! Writes the calls of the walk: one arm for each operation that the table of
//! kinds needs, with the parameters that the client declares for it. The
//! client has a function for each operation and no way to ask for one by name.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

const TABLE: &str = "../kinds.json";
const DEEDS: &[&str] = &["create", "list", "retrieve", "update", "partial_update", "destroy", "used_by_list"];

fn main() {
    println!("cargo::rerun-if-changed={TABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let table: Value =
        serde_json::from_str(&fs::read_to_string(TABLE).expect("the table is there")).expect("the table is JSON");
    let wanted = operations(&table);
    let mut calls = String::new();
    let mut parameters = String::new();
    for file in fs::read_dir(client().join("src/apis")).expect("the client has its source") {
        let path = file.expect("a folder can be read").path();
        let module = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let text = fs::read_to_string(&path).expect("source is text");
        for function in text.split("pub async fn ").skip(1) {
            let (name, rest) = function.split_once('(').expect("a function has parameters");
            if wanted.contains(name) {
                let (list, rest) = rest.split_once(") -> ").expect("a function has a result");
                let list: Vec<_> = list.split(",\n").filter_map(|one| one.trim().split_once(": ")).skip(1).collect();
                write_call(&mut calls, &module, name, &list, rest);
                let names: Vec<_> = list.iter().map(|(name, _)| *name).collect();
                writeln!(parameters, "        {name:?} => &{names:?},").expect("a string takes it");
            }
        }
    }
    let code = format!(
        "pub(crate) fn call<'a>(c: &'a Configuration, operation: &str, a: &'a Arguments) -> Option<Call<'a>> {{
    Some(match operation {{
{calls}        _ => return None,
    }})
}}
pub(crate) fn parameters(operation: &str) -> &'static [&'static str] {{
    match operation {{
{parameters}        _ => &[],
    }}
}}
"
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo tells it"));
    fs::write(out.join("calls.rs"), code).expect("the folder is writable");
}

fn write_call(calls: &mut String, module: &str, name: &str, list: &[(&str, &str)], rest: &str) {
    let mut values = String::new();
    for (parameter, kind) in list {
        let body =
            rest.split("\npub async fn ").next().is_some_and(|own| own.contains(&format!("p_body_{parameter} =")));
        let value = match *kind {
            _ if body => "a.body()?".to_owned(),
            "&str" => format!("&a.text({parameter:?})"),
            "Option<&str>" => format!("a.maybe({parameter:?}).as_deref()"),
            _ => format!("a.take({parameter:?})?"),
        };
        write!(values, ", {value}").expect("a string takes it");
    }
    // A file is answered as it comes.
    let told = if rest.starts_with("Result<reqwest::Response") { ".map(|file| file.status().as_u16())" } else { "" };
    writeln!(calls, "        {name:?} => Box::pin(async move {{ told({module}::{name}(c{values}).await{told}) }}),")
        .expect("a string takes it");
}

/// Operations that the table names, and those of its kinds.
fn operations(table: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(table, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| collect(one, found)),
        Value::Object(object) => {
            for (name, inner) in object {
                match (name.as_str(), inner.as_str()) {
                    ("stem" | "first" | "read", Some(stem)) => {
                        found.extend(DEEDS.iter().map(|deed| format!("{stem}_{deed}")))
                    }
                    ("operation", Some(operation)) => {
                        found.insert(operation.to_owned());
                    }
                    _ => collect(inner, found),
                }
            }
        }
        _ => {}
    }
}

/// Where cargo keeps the source of the client.
fn client() -> PathBuf {
    let cargo = env::var_os("CARGO").expect("cargo tells itself");
    // Of other platforms nothing is downloaded.
    let target = env::var("TARGET").expect("cargo tells the platform");
    let question = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &target];
    let asked = Command::new(cargo).args(question).output();
    let told: Value = serde_json::from_slice(&asked.expect("cargo can be started").stdout).expect("cargo tells JSON");
    let packages = told["packages"].as_array().expect("there are packages");
    let package = packages.iter().find(|one| one["name"] == "authentik-client").expect("the client is one of them");
    let manifest = package["manifest_path"].as_str().expect("a path is text");
    Path::new(manifest).parent().expect("a manifest lies in a folder").to_owned()
}
