//! A flow as a picture: boxes from top to bottom, with arrows between them, and a way around what runs for some alone.
//!
//! Made here as SVG without styles of its own, so that it is read in the dark as well; every text is escaped.

use std::fmt::{Display, Write as _};

/// What is drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Drawing {
    /// Where it begins.
    pub(super) title: String,
    /// Who does not pass these does not get in.
    pub(super) guards: Vec<String>,
    /// Its stages in order.
    pub(super) boxes: Vec<Stage>,
    /// Where it ends.
    pub(super) end: String,
}

/// A stage in the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) kind: String,
    /// For whom it runs; empty: for everybody.
    pub(super) when: Vec<String>,
}

/// Width of the picture.
const WIDTH: i32 = 390;
/// Where boxes begin and how wide they are.
const LEFT: i32 = 30;
const BOX: i32 = 270;
/// Height of a box, and of the space between two.
const HIGH: i32 = 48;
const GAP: i32 = 30;
/// Small letters that fit into a box.
const LETTERS: usize = 38;

/// The middle of the boxes.
const MIDDLE: i32 = LEFT + BOX / 2;

impl Drawing {
    /// As SVG.
    pub(super) fn svg(&self) -> String {
        let mut paper = Paper::default();
        paper.end(&self.title);
        if !self.guards.is_empty() {
            paper.guard(&self.guards);
        }
        for stage in &self.boxes {
            paper.stage(stage);
        }
        paper.end(&self.end);
        paper.finish(&self.told())
    }

    /// The same in words, for who does not see it.
    fn told(&self) -> String {
        let stages = self.boxes.iter().map(|stage| match stage.when.as_slice() {
            [] => stage.name.clone(),
            when => format!("{} (only for {})", stage.name, when.join(" or ")),
        });
        let guards = (!self.guards.is_empty()).then(|| format!("only for {}", self.guards.join(" or ")));
        let words: Vec<String> = std::iter::once(self.title.clone()).chain(guards).chain(stages).collect();
        format!("{}, {}", words.join(", "), self.end)
    }
}

/// What is drawn so far.
#[derive(Default)]
struct Paper {
    marks: String,
    /// Where the next box begins.
    y: i32,
    begun: bool,
}

impl Paper {
    fn put(&mut self, mark: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.marks.write_fmt(mark);
    }

    /// An arrow from the box above, if there is one.
    fn arrow(&mut self) {
        if self.begun {
            let (from, to) = (self.y, self.y + GAP);
            self.put(format_args!(r#"<path class="arrow" d="M{MIDDLE} {from}V{}"/>"#, to - 6));
            self.head(MIDDLE, to);
            self.y = to;
        }
        self.begun = true;
    }

    /// The head of an arrow that points down.
    fn head(&mut self, x: i32, y: i32) {
        self.put(format_args!(r#"<path class="head" d="M{} {}h10l-5 8z"/>"#, x - 5, y - 8));
    }

    fn text(&mut self, class: &str, x: i32, y: i32, text: &str) {
        let short = shortened(text);
        let short = Escaped(&short);
        self.put(format_args!(r#"<text class="{class}" x="{x}" y="{y}">{short}</text>"#));
    }

    fn end(&mut self, title: &str) {
        self.arrow();
        let (y, high) = (self.y, 36);
        self.put(format_args!(
            r#"<g><title>{}</title><rect class="end" x="{LEFT}" y="{y}" width="{BOX}" height="{high}" rx="18"/>"#,
            Escaped(title)
        ));
        self.text("light", MIDDLE, y + 23, title);
        self.put(format_args!("</g>"));
        self.y += high;
    }

    fn guard(&mut self, guards: &[String]) {
        self.arrow();
        let (y, told) = (self.y, guards.join(" or "));
        let (right, middle) = (LEFT + BOX, y + HIGH / 2);
        self.put(format_args!(r#"<g><title>Only for {}</title>"#, Escaped(&told)));
        self.put(format_args!(
            r#"<path class="guard" d="M{} {y}H{}L{right} {middle}L{} {}H{}L{LEFT} {middle}z"/>"#,
            LEFT + 14,
            right - 14,
            right - 14,
            y + HIGH,
            LEFT + 14
        ));
        self.text("kind", MIDDLE, y + 19, "Only for");
        self.text("", MIDDLE, y + 36, &told);
        self.put(format_args!(r#"</g><path class="arrow" d="M{right} {middle}h12"/>"#));
        let (x, top) = (right + 12, middle - 14);
        self.put(format_args!(r#"<rect class="out" x="{x}" y="{top}" width="70" height="28" rx="14"/>"#));
        self.text("kind", x + 35, middle + 4, "Denied");
        self.y += HIGH;
    }

    fn stage(&mut self, stage: &Stage) {
        let before = self.y;
        self.arrow();
        let y = self.y;
        let when = stage.when.join(" or ");
        self.put(format_args!(r#"<g><title>{}: {}"#, Escaped(&stage.kind), Escaped(&stage.name)));
        if !when.is_empty() {
            self.put(format_args!(", only for {}", Escaped(&when)));
        }
        self.put(format_args!(
            r#"</title><rect class="box" x="{LEFT}" y="{y}" width="{BOX}" height="{HIGH}" rx="6"/>"#
        ));
        self.text("", MIDDLE, y + 20, &stage.name);
        self.text("kind", MIDDLE, y + 37, &stage.kind);
        self.put(format_args!("</g>"));
        self.y += HIGH;
        if !when.is_empty() {
            self.around(before + 8, &when);
        }
    }

    /// A way around the box that was drawn last, from `from` down to below it.
    fn around(&mut self, from: i32, when: &str) {
        let (right, to) = (LEFT + BOX + 26, self.y + 12);
        self.put(format_args!(
            r#"<path class="skip" d="M{MIDDLE} {from}H{}Q{right} {from} {right} {}V{}Q{right} {to} {} {to}H{MIDDLE}"/>"#,
            right - 8,
            from + 8,
            to - 8,
            right - 8
        ));
        self.put(format_args!("<g><title>Only for {}</title>", Escaped(when)));
        self.text("word", right + 6, self.y - HIGH / 2 + 4, "others");
        self.put(format_args!("</g>"));
    }

    fn finish(self, told: &str) -> String {
        let high = self.y + 2;
        format!(
            r#"<div class="drawing"><svg role="img" viewBox="0 -1 {WIDTH} {high}" width="{WIDTH}" height="{high}"><title>{}</title>{}</svg></div>"#,
            Escaped(told),
            self.marks
        )
    }
}

/// As much of a text as fits into a box.
fn shortened(text: &str) -> String {
    let mut taken = 0;
    for (end, letter) in text.char_indices() {
        taken += width(letter);
        if taken > LETTERS * 10 {
            return format!("{}…", text[..end].trim_end());
        }
    }
    text.to_owned()
}

/// How wide a letter is, in tenths of a small one: about, for no two fonts agree.
fn width(letter: char) -> usize {
    match letter {
        // Scripts of East Asia, and what is drawn in their squares.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'.. => 20,
        'm' | 'w' | '@' => 14,
        letter if letter.is_uppercase() => 13,
        _ => 10,
    }
}

/// Text as it may stand in SVG.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other if other.is_control() => f.write_char(' '),
            other => f.write_char(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        let when = vec!["the group <b>\"Staff\" & 'Co'</b>".to_owned()];
        let stage =
            |name: &str, when: &[String]| Stage { name: name.into(), kind: "Stage".into(), when: when.to_vec() };
        Drawing {
            title: "Welcome".into(),
            guards: vec!["the user <script>".into()],
            boxes: vec![stage("first", &[]), stage("<svg onload=x>", &when)],
            end: "Signed in".into(),
        }
    }

    #[test]
    fn text_cannot_become_a_mark() {
        let svg = drawing().svg();
        for bad in ["<b>", "<script", "<svg onload", "style=", "\"Staff\"", "'Co'"] {
            assert!(!svg.contains(bad), "{bad} in {svg}");
        }
        assert!(svg.contains("&lt;svg onload=x&gt;"), "{svg}");
    }

    #[test]
    fn everything_is_drawn_once() {
        let svg = drawing().svg();
        assert_eq!(svg.matches("class=\"box\"").count(), 2);
        assert_eq!(svg.matches("class=\"guard\"").count(), 1);
        assert_eq!(svg.matches("class=\"skip\"").count(), 1, "one of them runs for some alone");
        assert_eq!(svg.matches("class=\"end\"").count(), 2);
    }

    #[test]
    fn long_names_are_cut_between_letters() {
        assert_eq!(shortened("é".repeat(40).as_str()), format!("{}…", "é".repeat(LETTERS)));
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened("default-authentication-identification"), "default-authentication-identification");
        assert_eq!(shortened("登".repeat(20).as_str()), format!("{}…", "登".repeat(19)), "wide letters take more room");
        assert!(shortened("W".repeat(40).as_str()).chars().count() < 32);
    }
}
