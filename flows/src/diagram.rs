//! A flow as a picture: what guards it, its stages in order, and what may skip each.

use crate::export::{PeopleNames, bound};
use lockgate_model::{
    Object, ObjectSet,
    kinds::{FlowStageBinding, PolicyBinding},
};
use std::fmt::Write as _;
use uuid::Uuid;

/// A flow, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagram {
    name: String,
    /// Who does not pass these is denied.
    guards: Vec<String>,
    stages: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    kind: &'static str,
    name: String,
    /// Whether the stage runs at all.
    when: Vec<String>,
}

/// The diagram of a flow; `None` when there is no such flow. Groups and users without a name in `people`
/// stand as such.
#[must_use]
pub fn diagram(objects: &ObjectSet, people: &PeopleNames, flow: Uuid) -> Option<Diagram> {
    let flow = objects.get(flow).filter(|o| o.kind.meta.kind == "flow")?;
    let places = bound(objects, flow.document.id, "flow_stage_binding");
    let stages = places.into_iter().filter_map(|place| {
        let stage = objects.get(place.typed::<FlowStageBinding>()?.stage.0)?;
        let when = conditions(objects, people, place);
        Some(Step { kind: stage.kind.meta.verbose_name, name: stage.document.name.clone(), when })
    });
    let guards = conditions(objects, people, flow);
    Some(Diagram { name: flow.document.name.clone(), guards, stages: stages.collect() })
}

fn conditions(objects: &ObjectSet, people: &PeopleNames, of: &Object) -> Vec<String> {
    let bindings = bound(objects, of.document.id, "policy_binding");
    let enabled = bindings.into_iter().filter_map(|b| b.typed::<PolicyBinding>()).filter(|b| b.enabled);
    let told = enabled.map(|binding| {
        let what = if let Some(group) = binding.group {
            people.groups.get(&group.0).map_or_else(|| "group".to_owned(), |name| format!("group {name}"))
        } else if let Some(user) = binding.user {
            let name = people.users.get(&user.0).cloned();
            format!("user {}", name.unwrap_or_else(|| user.0.to_string()))
        } else {
            let policy = binding.policy.and_then(|policy| objects.get(policy.0));
            policy.map_or_else(|| "policy".to_owned(), |policy| policy.document.name.clone())
        };
        if binding.negate { format!("not {what}") } else { what }
    });
    told.collect()
}

impl Diagram {
    /// As a Mermaid flowchart.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart TD\n");
        let mut line = |parts: std::fmt::Arguments<'_>| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    {parts}");
        };
        line(format_args!("start([\"{}\"])", label(&self.name)));
        let mut before = "start".to_owned();
        if !self.guards.is_empty() {
            line(format_args!("{before} --> guard{{{{\"{}\"}}}}", labels(&self.guards)));
            line(format_args!("guard -- no --> denied([\"Denied\"])"));
            before = "guard".to_owned();
        }
        for (i, step) in self.stages.iter().enumerate() {
            let node = format!("stage{i}");
            let name = format!("{}<br>{}", label(step.kind), label(&step.name));
            if step.when.is_empty() {
                line(format_args!("{before} --> {node}[\"{name}\"]"));
                before = node;
                continue;
            }
            line(format_args!("{before} --> when{i}{{{{\"{}\"}}}}", labels(&step.when)));
            line(format_args!("when{i} -- yes --> {node}[\"{name}\"]"));
            line(format_args!("when{i} -- no --> after{i}(( ))"));
            line(format_args!("{node} --> after{i}"));
            before = format!("after{i}");
        }
        line(format_args!("{before} --> done([\"Done\"])"));
        text
    }

    /// As a picture of its own (SVG 1.1): one column, with what may skip a stage beside it.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut picture = Picture::default();
        picture.node("end", &self.name, "");
        if !self.guards.is_empty() {
            picture.node("guard", &self.guards.join(", "), "who does not pass is denied");
        }
        for step in &self.stages {
            let when = if step.when.is_empty() { String::new() } else { format!("if {}", step.when.join(", ")) };
            picture.stage(step.kind, &step.name, &when);
        }
        picture.node("end", "Done", "");
        picture.finish(&self.name)
    }
}

/// A text inside a Mermaid label, where quotes and markup would end or change it.
fn label(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '#' => safe.push_str("#35;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

fn labels(texts: &[String]) -> String {
    texts.iter().map(|text| label(text)).collect::<Vec<_>>().join("<br>")
}

/// Width of a node, and of the picture, in pixels.
const NODE: usize = 340;
const WIDTH: usize = 700;
/// Height of a node, and of the arrow behind it.
const HEIGHT: usize = 52;
const GAP: usize = 28;
/// Letters of a line; what is longer is cut.
const LETTERS: usize = 44;

const STYLE: &str = "text{font:14px system-ui,sans-serif;fill:#12211f}.s{font-size:12px;fill:#55625f}\
                     rect{fill:#fff;stroke:#0b5a52}.end{fill:#0b5a52}.end+text{fill:#fff}.guard{fill:#f7ead0;stroke:#b87a1d}\
                     path{stroke:#55625f;fill:none}";

#[derive(Default)]
struct Picture {
    body: String,
    nodes: usize,
}

impl Picture {
    fn node(&mut self, class: &str, text: &str, beside: &str) {
        let (y, round) = (self.place(), if class == "end" { HEIGHT / 2 } else { 8 });
        let middle = y + HEIGHT / 2 + 5;
        self.write(format_args!(
            "<rect class=\"{class}\" x=\"10\" y=\"{y}\" width=\"{NODE}\" height=\"{HEIGHT}\" rx=\"{round}\"/>\
             <text x=\"{}\" y=\"{middle}\" text-anchor=\"middle\">{}</text>",
            10 + NODE / 2,
            cut(text)
        ));
        self.beside(y, beside);
    }

    fn stage(&mut self, kind: &str, name: &str, beside: &str) {
        let y = self.place();
        self.write(format_args!(
            "<rect x=\"10\" y=\"{y}\" width=\"{NODE}\" height=\"{HEIGHT}\" rx=\"8\"/>\
             <text x=\"26\" y=\"{}\">{}</text><text class=\"s\" x=\"26\" y=\"{}\">{}</text>",
            y + 22,
            cut(kind),
            y + 41,
            cut(name)
        ));
        self.beside(y, beside);
    }

    /// The top of the next node, to which an arrow leads.
    fn place(&mut self) -> usize {
        let y = 10 + self.nodes * (HEIGHT + GAP);
        if self.nodes > 0 {
            let x = 10 + NODE / 2;
            let tip = y - 1;
            self.write(format_args!(
                "<path d=\"M{x} {} V{tip} M{} {} L{x} {tip} L{} {}\"/>",
                y - GAP,
                x - 5,
                y - 8,
                x + 5,
                y - 8
            ));
        }
        self.nodes += 1;
        y
    }

    fn beside(&mut self, y: usize, text: &str) {
        if !text.is_empty() {
            let (x, y) = (10 + NODE + 16, y + HEIGHT / 2 + 4);
            self.write(format_args!("<text class=\"s\" x=\"{x}\" y=\"{y}\">{}</text>", cut(text)));
        }
    }

    fn write(&mut self, parts: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{parts}");
    }

    fn finish(self, title: &str) -> String {
        let height = 20 + self.nodes * (HEIGHT + GAP) - GAP;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n<rect style=\"fill:#f8f6f1;stroke:none\" \
             width=\"{WIDTH}\" height=\"{height}\"/>\n{}</svg>\n",
            cut(title),
            self.body
        )
    }
}

/// A text as XML holds it, no longer than a line.
fn cut(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars().take(LETTERS) {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    if text.chars().count() > LETTERS {
        safe.push('…');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Diagram {
        let step = |name: &str, when: &[&str]| Step {
            kind: "Password Stage",
            name: name.to_owned(),
            when: when.iter().map(|text| (*text).to_owned()).collect(),
        };
        Diagram {
            name: "a \"<b>\" & c#".to_owned(),
            guards: vec!["office".to_owned()],
            stages: vec![step("one", &["not group Banned"]), step("two", &[])],
        }
    }

    #[test]
    fn mermaid_leads_from_stage_to_stage() {
        let expected = r#"flowchart TD
    start(["a #quot;#lt;b#gt;#quot; & c#35;"])
    start --> guard{{"office"}}
    guard -- no --> denied(["Denied"])
    guard --> when0{{"not group Banned"}}
    when0 -- yes --> stage0["Password Stage<br>one"]
    when0 -- no --> after0(( ))
    stage0 --> after0
    after0 --> stage1["Password Stage<br>two"]
    stage1 --> done(["Done"])
"#;
        assert_eq!(sample().mermaid(), expected);
    }

    #[test]
    fn a_picture_says_the_same_and_holds_no_markup_of_others() {
        let svg = sample().svg();
        for text in ["a \"&lt;b&gt;\" &amp; c#", "office", "if not group Banned", ">one<", ">two<", ">Done<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert_eq!(svg.matches("<path").count(), 4, "one arrow between two nodes");
        assert!(!svg.contains("<b>"));
    }
}
