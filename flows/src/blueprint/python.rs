//! Python, which is not read: kept as a comment beside something that denies.

/// The Rhai of a policy that says the same beyond any doubt.
pub(super) fn policy(python: &str) -> Option<&'static str> {
    match statement(python)? {
        "return True" => Some("true"),
        "return False" => Some("false"),
        _ => None,
    }
}

/// As [`policy`] for a mapping.
pub(super) fn mapping(python: &str) -> Option<&'static str> {
    (statement(python)? == "return {}").then_some("#{}")
}

/// What denies in place of a policy.
pub(super) const DENIES: &str = "false";

/// What stands in place of a mapping: every token is refused, and nothing is sent.
pub(super) const REFUSES: &str = "throw \"this mapping was not carried over from its blueprint\"";

/// The only statement, when there is no other and comments stand on lines of their own.
fn statement(python: &str) -> Option<&str> {
    let mut lines = python.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
    match (lines.next(), lines.next()) {
        (Some(only), None) => Some(only.trim_end()),
        _ => None,
    }
}

/// The comment that keeps a text.
pub(super) fn kept(title: &str, text: &str) -> String {
    let clean = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => ' ',
        c => c,
    };
    let lines = text.lines().map(|line| format!("    {}", line.chars().map(clean).collect::<String>()));
    std::iter::once(title.to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{DENIES, REFUSES, kept, mapping, policy};
    use chrono::DateTime;
    use lockgate_policies::{ClaimMapping, Env, Expression, Facts, TextOrigin};

    #[test]
    fn what_stands_in_denies_and_refuses() {
        let origin = TextOrigin { file: "x".to_owned(), line: 1, column: 1 };
        let facts = Facts::at(DateTime::UNIX_EPOCH);
        let env = Env::new(None, &facts);
        let denies = Expression::compile("x", DENIES, &origin).expect("it compiles");
        assert!(!denies.eval_bool(&env).expect("it runs").passing);
        let refuses = ClaimMapping::compile("x", "y", REFUSES, &origin).expect("it compiles");
        assert!(refuses.claims(&env).is_err());
        for (rhai, passes) in [("true", true), ("false", false)] {
            let known = Expression::compile("x", rhai, &origin).expect("it compiles");
            assert_eq!(known.eval_bool(&env).expect("it runs").passing, passes);
        }
    }

    #[test]
    fn only_what_is_beyond_doubt_is_carried_over() {
        assert_eq!((policy("return True"), policy("# why\n\nreturn False \n")), (Some("true"), Some("false")));
        for python in ["", "return true", "return True or x", " return True", "x = 1\nreturn True", "return True # no"]
        {
            assert_eq!(policy(python), None, "{python:?}");
        }
        assert_eq!((mapping("return {}"), mapping("return {'a': 1}")), (Some("#{}"), None));
    }

    #[test]
    fn nothing_breaks_out_of_a_comment() {
        assert_eq!(kept("Was:", "a\r\nb\u{85}c\rd\u{2028}e"), "Was:\n    a\n    b c d e");
    }
}
