//! Cells of a table that people open in a spreadsheet, which takes some beginnings for a formula and runs it.

use std::borrow::Cow;

/// Beginnings of formulas and commands, also as East Asian input writes them
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// What spreadsheets take for the mark of a text, and do not show.
const MARK: char = '\'';

/// A cell as it is written: a text is marked as one if it would be taken for a formula, or has such marks already.
#[must_use]
pub fn written(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { Cow::Owned(format!("{MARK}{cell}")) } else { Cow::Borrowed(cell) }
}

/// The text of a cell that was [`written`], or typed by somebody who marked it so.
pub(super) fn read(cell: &str) -> &str {
    cell.strip_prefix(MARK).filter(|rest| is_formula(rest)).unwrap_or(cell)
}

fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches(MARK).starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_formula_is_marked_as_text_and_comes_back() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''-1", "＝1"] {
            let cell = written(formula);
            assert_eq!(cell, format!("'{formula}"));
            assert_eq!(read(&cell), formula);
        }
        for text in ["", "ada", "a=b", "'", "'quoted'", "O'Neil", "1", "{\"a\": \"=1\"}"] {
            assert_eq!((written(text).as_ref(), read(text)), (text, text));
        }
    }
}
