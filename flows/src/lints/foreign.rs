//! Whether a regular expression for redirect URIs matches addresses of other hosts than it seems to: shown by
//! an example, never guessed.

use lockgate_model::kinds::oauth2_provider::{anchored, landing};
use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Whose host the examples are at.
const STRANGER: &str = "attacker.example";
/// What a stranger may write where anything is allowed.
const FILLINGS: [&str; 6] = [
    "attacker.example/",
    "attacker.example?",
    "attacker.example",
    ".attacker.example",
    "@attacker.example",
    "@attacker.example/",
];
/// Places of an expression that are tried.
const MAX_PLACES: usize = 64;
/// Steps after which an example is given up: repetitions of repetitions multiply.
const MAX_STEPS: usize = 10_000;

/// An address of a stranger's that an expression matches, if one is found.
pub(crate) fn matches_elsewhere(expression: &str) -> Option<String> {
    let whole = Regex::new(&anchored(expression)).ok()?;
    let hir = regex_syntax::parse(expression).ok()?;
    let mut places = Places::default();
    places.write(&hir, None);
    let count = places.count.min(MAX_PLACES);
    (0..count).flat_map(|place| FILLINGS.map(|filling| (place, filling))).find_map(|(place, filling)| {
        let mut example = Places::default();
        example.write(&hir, Some((place, filling)));
        let url = landing(&example.text).ok()?;
        let host = url.host_str()?;
        let strange = host == STRANGER || host.ends_with(&format!(".{STRANGER}"));
        (strange && !expression.contains(STRANGER) && whole.is_match(&example.text)).then_some(example.text)
    })
}

/// A text that an expression matches, with one of the places where it allows much filled in.
#[derive(Default)]
struct Places {
    text: String,
    count: usize,
    steps: usize,
}

impl Places {
    fn write(&mut self, hir: &Hir, fill: Option<(usize, &str)>) {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => self.text.extend(one_of(class)),
            HirKind::Repetition(repetition) => {
                let place = self.count;
                if repetition.max.is_none_or(|max| max >= 8) {
                    self.count += 1;
                    if let Some((_, filling)) = fill.filter(|(wanted, _)| *wanted == place) {
                        return self.text.push_str(filling);
                    }
                }
                (0..repetition.min.min(64)).for_each(|_| self.write(&repetition.sub, fill));
            }
            HirKind::Capture(capture) => self.write(&capture.sub, fill),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.write(part, fill)),
            HirKind::Alternation(ways) => {
                if let Some(first) = ways.first() {
                    self.write(first, fill);
                }
            }
        }
    }
}

/// A character of a class, one that hosts may hold where there is one.
fn one_of(class: &Class) -> Option<char> {
    let holds = |c: &char| match class {
        Class::Unicode(class) => class.iter().any(|range| (range.start()..=range.end()).contains(c)),
        Class::Bytes(class) => {
            class.iter().any(|range| (u32::from(range.start())..=u32::from(range.end())).contains(&u32::from(*c)))
        }
    };
    ['a', '1', '-', '.', '/'].into_iter().find(holds)
}

#[cfg(test)]
mod tests {
    use super::matches_elsewhere;

    #[test]
    fn expressions_that_match_at_other_hosts_are_found_out() {
        for expression in [
            "https://.*",
            "https?://.+/callback",
            "https://[^/]+\\.example\\.com/cb",
            "https://.*\\.example\\.com/.*",
            "https://wiki\\.example\\.com.*",
            "https://wiki\\.example\\.com[^/]*/cb",
            "^https://(?:[^/]+)/cb$",
        ] {
            assert!(matches_elsewhere(expression).is_some(), "{expression}");
        }
    }

    #[test]
    fn expressions_that_keep_to_their_hosts_are_left_alone() {
        for expression in [
            "https://[a-z0-9-]+\\.example\\.com/cb",
            "https://wiki\\.example\\.com/.*",
            "https://wiki\\.example\\.com(?::[0-9]+)?/cb",
            "https://(?:a|b)\\.example\\.com/cb\\?x=.*",
            "com\\.example\\.app:/.*",
            "(",
        ] {
            assert_eq!(matches_elsewhere(expression), None, "{expression}");
        }
    }
}
