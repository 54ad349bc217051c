//! Makes a method of every text that the program says itself, `en/said.ftl`: who names one that is not there, or
//! forgets what it needs, does not compile.

use fluent_syntax::{
    ast::{Entry, Message},
    parser,
    serializer::serialize,
};
use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

#[path = "src/variables.rs"]
mod variables;

const SAID: &str = "en/said.ftl";

fn main() {
    println!("cargo::rerun-if-changed=en");
    println!("cargo::rerun-if-changed=src/variables.rs");
    let text = fs::read_to_string(SAID).unwrap_or_else(|error| panic!("{SAID}: {error}"));
    let resource = parser::parse(text.as_str()).unwrap_or_else(|(_, errors)| panic!("{SAID}: {errors:?}"));
    let mut code = String::from("impl Language {\n");
    for entry in &resource.body {
        if let Entry::Message(message) = entry {
            method(&mut code, message);
        }
    }
    code.push_str("}\n");
    let out = env::var_os("OUT_DIR").unwrap_or_else(|| panic!("cargo says where to write"));
    fs::write(Path::new(&out).join("said.rs"), code).unwrap_or_else(|error| panic!("said.rs: {error}"));
}

fn method(code: &mut String, message: &Message<&str>) {
    let id = message.id.name;
    let name = id.replace('-', "_");
    let used: BTreeSet<&str> = message.value.as_ref().map(variables::of).unwrap_or_default();
    // Writing to a String cannot fail.
    for line in documented(message).lines() {
        let _ = writeln!(code, "    /// {line}");
    }
    let takes: String = used.iter().map(|one| format!(", {}: impl Argument", one.replace('-', "_"))).collect();
    let list = |of: &dyn Fn(&str) -> String| used.iter().map(|one| of(one)).collect::<Vec<_>>().join(", ");
    let pairs = list(&|one| format!("({one:?}, {}.value())", one.replace('-', "_")));
    let escaped = list(&|one| format!("({one:?}, escaped({}.value()))", one.replace('-', "_")));
    let _ = match (id.ends_with("-html"), used.is_empty()) {
        (true, _) => writeln!(
            code,
            "    #[must_use]\n    pub fn {name}(self{takes}) -> String {{\n        self.filled({id:?}, [{escaped}])\n    }}"
        ),
        (false, true) => writeln!(
            code,
            "    #[must_use]\n    pub fn {name}(self) -> Cow<'static, str> {{\n        self.fixed({id:?})\n    }}"
        ),
        (false, false) => writeln!(
            code,
            "    #[must_use]\n    pub fn {name}(self{takes}) -> String {{\n        self.filled({id:?}, [{pairs}])\n    }}"
        ),
    };
}

/// The English text as documentation.
fn documented(message: &Message<&str>) -> String {
    let one = fluent_syntax::ast::Resource { body: vec![Entry::Message(Message { comment: None, ..message.clone() })] };
    format!("```text\n{}```", serialize(&one))
}
