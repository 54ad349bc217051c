//! Every page renders, and keeps the house rules.

use super::{samples, *};
use crate::assets;
use axum::http::header;
use lockgate_texts::Language;
use std::path::Path;

/// Values of the attribute `name` in `html`.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!(" {name}=\"");
    html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_keeps_the_house_rules() {
    for page in Language::ALL.into_iter().flat_map(samples::all_in) {
        let (name, html) = (&page.name, &page.html);
        assert_eq!(html.matches("<h1").count(), 1, "{name}: exactly one main heading");
        assert_eq!(html.matches("<main").count(), 1, "{name}: exactly one main landmark");
        assert_eq!(html.matches("<title>").count(), 1, "{name}: a title");
        for inline in [" style=", "<style", "<script>", " onclick=", " onload=", " onsubmit=", "javascript:"] {
            assert!(!html.contains(inline), "{name}: {inline} is not permitted by our own policy");
        }
        let ids = attributes(html, "id");
        for wanted in
            attributes(html, "for").iter().chain(&attributes(html, "aria-describedby")).flat_map(|list| list.split(' '))
        {
            assert_eq!(ids.iter().filter(|id| **id == wanted).count(), 1, "{name}: the id {wanted} exists once");
        }
        // Frames are for applications that have to learn of a sign-out, and for nothing else.
        let frames = html.matches("<iframe").count();
        assert_eq!(frames, usize::from(name == "signed-out-frames"), "{name}: frames");
        for loaded in attributes(html, "src").into_iter().filter(|src| !src.starts_with("https://wiki.example.com/")) {
            assert!(loaded.starts_with("/static/dist/"), "{name}: loads {loaded}");
        }
    }
}

#[test]
fn forms_carry_their_component_and_token_and_go_back_where_they_came_from() {
    for page in samples::all().iter().filter(|page| page.html.contains("name=\"component\"")) {
        assert!(page.html.contains("name=\"csrf_token\" value=\"wK0cM1pE3nq\""), "{}", page.name);
        assert!(
            page.html.contains(
                "action=\"/if/flow/default-authentication-flow/?next=%2Fif%2Fuser%2F&#38;x=&#34;&#60;&#62;\""
            ),
            "{}",
            page.name
        );
    }
}

#[test]
fn login_page_with_all_that_it_loads_is_below_20_kib() {
    let page = samples::all().into_iter().find(|page| page.name == "login-full").expect("sample");
    let loaded = assets::all().iter().filter(|asset| page.html.contains(asset.url()));
    let total = page.html.len() + loaded.map(assets::Asset::transferred).sum::<usize>();
    println!("login page: {} bytes of HTML, {total} in all", page.html.len());
    assert!(total < 14 * 1024, "{total} bytes");
}

#[test]
fn pictures_and_form_targets_of_a_page_are_the_only_origins_it_permits() {
    for page in samples::all() {
        let policy = page.response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("ASCII").to_owned();
        // Its only form is for somebody else.
        assert_eq!(policy.contains("form-action"), page.name != "autosubmit", "{}: {policy}", page.name);
        let checked = policy.contains("script-src 'self' https://challenges.cloudflare.com;");
        assert_eq!(checked, page.name.ends_with("captcha"), "{}: {policy}", page.name);
        let framed = policy.contains("; frame-src https://wiki.example.com");
        assert_eq!(framed, page.name == "signed-out-frames", "{}: {policy}", page.name);
        assert_eq!(page.response.headers()[header::CACHE_CONTROL], "no-store");
    }
}

#[test]
fn links_that_would_run_as_us_lead_nowhere() {
    for bad in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil.example",
        "java\nscript:alert(1)",
        "vbscript:x",
        "",
    ] {
        assert_eq!(href(bad), "#", "{bad:?}");
        assert_eq!(redirect_target(bad), "#", "{bad:?}");
    }
    assert_eq!(href("https://app.example.com/é"), "https://app.example.com/é");
    assert_eq!(redirect_target("com.example.app:/callback"), "com.example.app:/callback");
}

#[test]
fn initials_are_letters_of_the_first_and_the_last_word() {
    let of = ["ada", "Ada King Lovelace", "ada.king@example.com", "ß", "", "💧"].map(initials);
    assert_eq!(of, ["A", "AL", "AK", "SS", "?", "?"]);
}

/// What is left of a template without its tags and what is filled in.
fn words_of(template: &str) -> String {
    let mut words = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['<', '{']) {
        words.push_str(&rest[..at]);
        let ends = [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<", ">")];
        let (start, end) =
            ends.into_iter().find(|(start, _)| rest[at..].starts_with(start)).expect("a tag or an expression");
        rest = rest[at + start.len()..].split_once(end).map(|(_, rest)| rest).unwrap_or_default();
    }
    words + rest
}

#[test]
fn no_template_has_words_of_its_own() {
    fn check(folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("templates") {
            let path = entry.expect("a template").path();
            // The admin interface speaks English.
            if path.ends_with("admin") {
                continue;
            }
            if path.is_dir() {
                check(&path);
            } else if !path.ends_with("api_docs.html") {
                // An expression in a tag may hold a ">", and macros make attributes.
                let mut template = std::fs::read_to_string(&path).expect("text");
                for attribute in ["() > ", "aria-invalid=\"true\"", "aria-describedby=\"", "%}h-{", "%}e-{"] {
                    template = template.replace(attribute, if attribute.starts_with('%') { "%}{" } else { "" });
                }
                let words = words_of(&template);
                assert!(!words.contains(char::is_alphabetic), "{}: {}", path.display(), words.trim());
            }
        }
    }
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"));
}

/// `LOCKGATE_PREVIEW=dir cargo test -p lockgate-web preview` writes every page there, a folder a language, to look at.
#[test]
fn preview() {
    let Some(folder) = option_env!("LOCKGATE_PREVIEW") else { return };
    for language in Language::ALL {
        write_all(&Path::new(&folder).join(language.tag()), language);
    }
}

fn write_all(folder: &Path, language: Language) {
    std::fs::create_dir_all(folder).expect("folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for file in ["lockgate.css", "lockgate.js", "logo.svg", "favicon.svg"] {
        std::fs::copy(source.join(file), folder.join(file)).expect("copy");
    }
    for page in samples::all_in(language) {
        let mut html = page.html;
        for (url, file) in
            [(assets::css(), "lockgate.css"), (assets::script(), "lockgate.js"), (assets::favicon(), "favicon.svg")]
        {
            html = html.replace(url, file);
        }
        std::fs::write(folder.join(format!("{}.html", page.name)), html).expect("write");
    }
}
