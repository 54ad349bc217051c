//! The reference page of expressions, made from what the engine is built from; `docs/rhai.md` holds it, and a
//! test compares. Every example is run by a test.

use super::{functions, sandbox};
use std::fmt::Write;

/// A property of a variable, or the variable itself where the name is empty.
struct Described {
    path: &'static str,
    holds: &'static str,
    about: &'static str,
}

const fn is(path: &'static str, holds: &'static str, about: &'static str) -> Described {
    Described { path, holds, about }
}

const VARIABLES: &[Described] = &[
    is(
        "user",
        "map",
        "The account that is decided about. Nobody signed in: `is_authenticated` is false, texts are empty.",
    ),
    is("user.username", "text", "Name to sign in with."),
    is("user.name", "text", "Name to show."),
    is("user.email", "text", "E-mail address; may be empty."),
    is("user.pk", "number", "Primary key; `()` for nobody."),
    is("user.uid", "text", "Stable identifier, the default `sub` of tokens."),
    is("user.uuid", "text", "Stable identifier across installations."),
    is("user.is_active", "boolean", "Whether the account may do anything."),
    is("user.is_superuser", "boolean", "Whether it is in a group of administrators."),
    is("user.is_authenticated", "boolean", "Whether there is an account at all."),
    is("user.is_anonymous", "boolean", "The opposite."),
    is("user.attributes", "map", "The account's own attributes over those of its groups."),
    is("user.groups", "list of texts", "Names of all groups, inherited ones too."),
    is(
        "user.type",
        "text",
        "`internal`, `external`, `service_account` or `internal_service_account`; `type` is a word of Rhai, so write `user[\"type\"]`.",
    ),
    is("user.path", "text", "Place in the directory, such as `users`."),
    is("request", "map", "The request that is decided about."),
    is("request.ip", "text", "Address of the client; `()` where unknown."),
    is("request.path", "text", "Path without the query."),
    is("request.host", "text", "Host."),
    is("request.method", "text", "Method."),
    is("request.user_agent", "text", "`User-Agent`."),
    is("request.context", "map", "As `context`."),
    is("request.user", "map", "As `user`."),
    is("now", "map", "The moment of the decision. What reads it is decided again when it changes."),
    is("now.year", "number", "Year."),
    is("now.month", "number", "Month, from 1."),
    is("now.day", "number", "Day of the month, from 1."),
    is("now.weekday", "number", "Monday is 1, Sunday 7."),
    is("now.hour", "number", "Hour, from 0 to 23."),
    is("now.minute", "number", "Minute."),
    is("now.second", "number", "Second."),
    is("now.unix", "number", "Seconds since 1970."),
    is("app", "map", "The application that is asked for; `()` where there is none."),
    is("app.slug", "text", "Its slug."),
    is("app.name", "text", "Its name."),
    is("app.group", "text", "Its heading in the portal."),
    is(
        "app.entitlements",
        "list of texts",
        "In mappings: names of the entitlements that the account holds in it. Empty where access is decided.",
    ),
    is("app.entitlement_attributes", "map", "In mappings: the attributes of those entitlements, in one map."),
    is("mfa", "boolean", "Whether the session was opened with a second factor."),
    is(
        "authentication_methods",
        "list of texts",
        "How the session was opened (RFC 8176): `pwd`, `mfa` and others; empty where that is not known.",
    ),
    is("authentication_age", "number", "Seconds since then, to the minute; `()` where that is not known."),
    is(
        "geoip",
        "map",
        "Where the address is, with a database of places: `country`, `continent`, `city`, `lat`, `long`; `()` where that is not known.",
    ),
    is("asn", "map", "Whose network the address is in, with a database of networks; `()` where that is not known."),
    is("device", "map", "What the `User-Agent` says; a claim, not a proof."),
    is("device.os", "text", "Such as `Linux`, `Android` or `Windows 10`; empty where unknown."),
    is("device.browser", "text", "Such as `Firefox`; empty where unknown."),
    is("device.kind", "text", "`pc`, `smartphone`, `crawler` and others; empty where unknown."),
    is("ak_client_ip", "address", "Address of the client; `()` where unknown."),
    is("context", "map", "What else is known: `oauth_scopes` at applications, in flows what stages have left."),
    is(
        "pending",
        "map",
        "In a flow: the account that is about to sign in, `username` and `authenticated` among others.",
    ),
    is("prompt_data", "map", "In a flow: what was typed into its prompts."),
    is("flow", "map", "The running flow: `slug`, `designation` and others."),
    is(
        "notification",
        "map",
        "In a webhook mapping: `body`, `severity`, `event` and `user` of what is told; `()` elsewhere.",
    ),
    is("sms", "map", "In the mapping of a stage `enroll_sms`: `to`, `from`, `code` and `text`; `()` elsewhere."),
];

/// A function, and an example with its result as JSON.
struct Function {
    signature: &'static str,
    about: &'static str,
    example: &'static str,
    result: &'static str,
}

const fn does(signature: &'static str, about: &'static str, example: &'static str, result: &'static str) -> Function {
    Function { signature, about, example, result }
}

const FUNCTIONS: &[Function] = &[
    does(
        "ak_message(text)",
        "Tells the person something, on the page that denies or beside the field.",
        r#"ak_message("Not today."); false"#,
        "false",
    ),
    does(
        "ak_is_group_member(user, name)",
        "Whether the account is in a group, directly or through another. `#{ name: … }` does too.",
        r#"ak_is_group_member(user, "Editors")"#,
        "true",
    ),
    does(
        "user.group_attributes()",
        "The attributes of groups and account, as `user.attributes`.",
        "user.group_attributes().department",
        r#""lab""#,
    ),
    does(
        "regex_match(value, regex)",
        "Whether a part of the text matches. `()` does not match.",
        r#"regex_match(user.email, `@example\.com$`)"#,
        "true",
    ),
    does(
        "regex_replace(value, regex, replacement)",
        "The text with every match replaced; `$1` names a group.",
        r#"regex_replace("a-b", "-", "+")"#,
        r#""a+b""#,
    ),
    does(
        "list_flatten(list)",
        "The first element of a list, and anything else as it is.",
        r#"list_flatten(["x", "y"])"#,
        r#""x""#,
    ),
    does("slugify(text)", "The text as it may stand in an address.", r#"slugify("Hello World")"#, r#""hello-world""#),
    does("ip_address(text)", "An address. It has `is_private`.", r#"ip_address("10.0.0.7").is_private"#, "true"),
    does(
        "ip_network(text)",
        "A network; `in` asks whether an address is in it.",
        r#"request.ip in ip_network("192.0.2.0/24")"#,
        "true",
    ),
    does("lower(text)", "The text in lower case.", r#"lower("ADA")"#, r#""ada""#),
    does("upper(text)", "The text in upper case.", r#"upper("ada")"#, r#""ADA""#),
];

/// What Rhai itself brings, as far as one asks for it often.
const OFTEN: &[Function] = &[
    does(
        "x in list",
        "Whether it is among them; for texts whether it is a part.",
        r#""Editors" in user.groups"#,
        "true",
    ),
    does(
        "list.filter(|x| …)",
        "Those for which it holds.",
        r#"user.groups.filter(|g| g.starts_with("Ed"))"#,
        r#"["Editors"]"#,
    ),
    does(
        "list.map(|x| …)",
        "Each turned into something else.",
        "user.groups.map(|g| g.to_lower())",
        r#"["editors","staff"]"#,
    ),
    does("list.some(|x| …)", "Whether it holds for one.", r#"user.groups.some(|g| g.ends_with("s"))"#, "true"),
    does("x ?? y", "`y` where `x` is `()`.", r#"user.attributes.nickname ?? user.name"#, r#""Ada Lovelace""#),
    does("`${x}`", "Text with values in it.", "`Hello ${user.username}`", r#""Hello ada""#),
    does(
        "#{ name: value }",
        "A map, such as a mapping returns.",
        "#{ nickname: user.username }",
        r#"{"nickname":"ada"}"#,
    ),
    does("if … { } else { }", "Is a value by itself.", r#"if mfa { "yes" } else { "no" }"#, r#""no""#),
];

/// The reference page, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(BEGINNING);
    page.push_str("\n## Variables\n\n| name | holds | what it is |\n|---|---|---|\n");
    for Described { path, holds, about } in VARIABLES {
        _ = writeln!(page, "| `{path}` | {holds} | {about} |");
    }
    page.push_str("\n`True`, `False` and `None` are `true`, `false` and `()`. A property that a map lacks is `()`; a property that no `user`, `request`, `now` or `app` has is an error when the configuration is checked.\n");
    page.push_str("\n## Functions\n");
    table(&mut page, FUNCTIONS);
    page.push_str("\n## From Rhai itself, the most used\n");
    table(&mut page, OFTEN);
    page.push_str("\n## What there is not\n\n");
    for (name, why) in functions::REFUSED {
        _ = writeln!(page, "- `{name}`: {why}.");
    }
    for word in sandbox::SWITCHED_OFF {
        _ = writeln!(page, "- `{word}`: it leads out of the sandbox.");
    }
    _ = write!(
        page,
        "\n## Limits\n\nA run is ended, and counts as failed, after {} operations or {} second, with a text of more than {} bytes, or a list or map of more than {} elements. An expression has at most {} bytes.\n",
        sandbox::MAX_OPERATIONS,
        sandbox::MAX_TIME.as_secs(),
        sandbox::MAX_STRING,
        sandbox::MAX_ELEMENTS,
        super::MAX_SOURCE,
    );
    page
}

const BEGINNING: &str = "# Expressions\n\nConditions and claims are written in [Rhai](https://rhai.rs/book/). The last value of the text is the result. A condition passes where the result is not `()`, `false`, zero or empty; a mapping returns a map of claims, or `()` for none. What fails denies: a condition counts as its binding's `failure_result`, a mapping keeps the token from being issued.\n\nTry one out on a person of your installation:\n\n```sh\nlockgate rhai --user ada 'user.groups.filter(|g| g.starts_with(\"Grafana\"))'\nlockgate rhai --user ada --app grafana   # asks for one after the other\n```\n\nThis page is made by `lockgate rhai --reference`.\n";

fn table(page: &mut String, functions: &[Function]) {
    page.push_str("\n| call | what it does | example | gives |\n|---|---|---|---|\n");
    for Function { signature, about, example, result } in functions {
        _ = writeln!(page, "| {} | {about} | {} | {} |", code(signature), code(example), code(result));
    }
}

/// Code in a table: a bar would end the cell, a backtick the code.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::{super::syntax, *};
    use crate::{Env, Expression, Facts, TextOrigin, tests::ada};
    use std::collections::BTreeSet;

    fn evaluated(source: &str) -> String {
        let expression = Expression::compile("example", source, &TextOrigin::start("example")).expect(source);
        let person = ada();
        let mut facts = Facts::at(person.user.date_joined);
        facts.ip = "192.0.2.7".parse().ok();
        expression.eval_value(&Env::new(Some(&person), &facts)).expect(source).to_string()
    }

    #[test]
    fn every_example_gives_what_it_says() {
        for function in FUNCTIONS.iter().chain(OFTEN) {
            assert_eq!(evaluated(function.example), function.result, "{}", function.example);
        }
    }

    #[test]
    fn nothing_is_left_out() {
        let described: BTreeSet<&str> = VARIABLES.iter().map(|v| v.path).collect();
        let known: BTreeSet<String> = syntax::known_paths().collect();
        assert_eq!(described.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), known);
        let word =
            |f: &Function| f.signature.trim_start_matches("user.").split('(').next().unwrap_or_default().to_owned();
        let described: BTreeSet<String> = FUNCTIONS.iter().map(word).collect();
        assert_eq!(described, functions::NAMES.iter().map(|n| (*n).to_owned()).collect());
    }

    #[test]
    fn the_page_in_the_docs_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rhai.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(page == reference(), "docs/rhai.md is not what `lockgate rhai --reference` prints");
    }
}
