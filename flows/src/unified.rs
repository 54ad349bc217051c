//! Two texts, compared line by line, as `diff -u` shows it.

use std::fmt::Write as _;

/// Lines that are shown around a change.
const AROUND: usize = 3;

/// Cells of the table that is made at most; beyond it everything between the first and the last change is replaced.
const CELLS: usize = 4_000_000;

/// A line of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// The differences between two texts, with three lines around each; empty where there are none.
#[must_use]
pub fn unified(before: &str, after: &str) -> String {
    let lines = compared(&before.lines().collect::<Vec<_>>(), &after.lines().collect::<Vec<_>>());
    let changed: Vec<usize> = (0..lines.len()).filter(|at| !matches!(lines[*at], Line::Same(_))).collect();
    let mut text = String::new();
    let mut next = 0;
    while let Some(first) = changed.get(next) {
        let start = first.saturating_sub(AROUND);
        let mut last = *first;
        while let Some(at) = changed.get(next).filter(|at| **at <= last + 2 * AROUND + 1) {
            last = *at;
            next += 1;
        }
        hunk(&mut text, &lines, start, (last + AROUND + 1).min(lines.len()));
    }
    text
}

fn hunk(text: &mut String, lines: &[Line<'_>], start: usize, end: usize) {
    let count = |part: &[Line<'_>], old: bool| {
        part.iter().filter(|line| !matches!((line, old), (Line::New(_), true) | (Line::Gone(_), false))).count()
    };
    let (above, part) = (&lines[..start], &lines[start..end]);
    let place = |old: bool| {
        let length = count(part, old);
        // Where nothing stands, the line before it is named.
        (count(above, old) + usize::from(length > 0), length)
    };
    let ((from, gone), (to, new)) = (place(true), place(false));
    let _ = writeln!(text, "@@ -{from},{gone} +{to},{new} @@");
    for line in part {
        let _ = match line {
            Line::Same(line) => writeln!(text, " {line}"),
            Line::Gone(line) => writeln!(text, "-{line}"),
            Line::New(line) => writeln!(text, "+{line}"),
        };
    }
}

/// Every line of both, in order: what is the same at both ends is left out of the comparison.
fn compared<'t>(before: &[&'t str], after: &[&'t str]) -> Vec<Line<'t>> {
    let head = before.iter().zip(after).take_while(|(one, two)| one == two).count();
    let (old, new) = (&before[head..], &after[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, two)| one == two).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let same = |line: &&'t str| Line::Same(line);
    let mut lines: Vec<Line<'t>> = before[..head].iter().map(same).collect();
    lines.extend(between(old, new));
    lines.extend(before[before.len() - tail..].iter().map(same));
    lines
}

/// By the longest common subsequence.
fn between<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > CELLS {
        return old.iter().map(|line| Line::Gone(line)).chain(new.iter().map(|line| Line::New(line))).collect();
    }
    // How long the longest one is from here to the end.
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn texts_are_compared_as_diff_does() {
        assert_eq!(unified("a\nb\n", "a\nb\n"), "");
        assert_eq!(unified("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(unified("a\nb\nc\n", "a\nx\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        let numbers = |with: &str| (1..=20).map(|n| format!("{n}{}\n", if n == 2 || n == 17 { with } else { "" }));
        let (old, new): (String, String) = (numbers("").collect(), numbers("!").collect());
        assert_eq!(
            unified(&old, &new),
            "@@ -1,5 +1,5 @@\n 1\n-2\n+2!\n 3\n 4\n 5\n@@ -14,7 +14,7 @@\n 14\n 15\n 16\n-17\n+17!\n 18\n 19\n 20\n"
        );
        assert_eq!(unified("a\nb\nc\nd\n", "b\nd\ne\n"), "@@ -1,4 +1,3 @@\n-a\n b\n-c\n d\n+e\n");
    }
}
