//! Headings with their placeholders filled in.

/// Fills `{{ brand }}`, `{{ app }}`, `{{ user }}`, `%(app)s` and `%(user)s` in one pass, so that a
/// name that looks like a placeholder stays a name. Unknown placeholders stay as they are.
#[must_use]
pub fn fill(template: &str, brand: &str, app: &str, user: &str) -> String {
    let value = |word: &str| match word.trim() {
        "brand" => Some(brand),
        "app" => Some(app),
        "user" => Some(user),
        _ => None,
    };
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(at) = rest.find(['{', '%']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let found = placeholder(from, "{{", "}}")
            .or_else(|| placeholder(from, "%(", ")s"))
            .and_then(|(word, tail)| Some((value(word)?, tail)));
        match found {
            Some((text, tail)) => {
                out.push_str(text);
                rest = tail;
            }
            None => {
                out.push_str(&from[..1]);
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn placeholder<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(open)?.split_once(close)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn placeholders_are_filled_once() {
        assert_eq!(fill("Welcome to {{ brand }}!", "Acme", "", ""), "Welcome to Acme!");
        assert_eq!(fill("%(user)s: to %(app)s, {{app}}", "", "{{ user }}", "ada"), "ada: to {{ user }}, {{ user }}");
        assert_eq!(fill("100% {x} {{ other }} {{ %(", "b", "a", "u"), "100% {x} {{ other }} {{ %(");
    }
}
