//! What is shown when the lab has opened: where things are, where signals go, what is off. On standard error, because
//! standard output belongs to log lines.

use std::fmt::Write;

/// One line: what it is, where it is, and what else there is to know.
pub struct Row {
    pub what: &'static str,
    pub place: String,
    pub note: String,
}

impl Row {
    pub fn new(what: &'static str, place: impl Into<String>, note: impl Into<String>) -> Self {
        Row { what, place: place.into(), note: note.into() }
    }
}

/// The table as text, with a headline.
pub fn render(headline: &str, rows: &[Row]) -> String {
    let widest = |width: fn(&Row) -> usize| rows.iter().map(width).max().unwrap_or(0);
    let what = widest(|row| row.what.chars().count());
    let place = widest(|row| if row.note.is_empty() { 0 } else { row.place.chars().count() });
    let mut text = format!("\n  {headline}\n\n");
    for row in rows {
        let line = format!("  {:what$}   {:place$}   {}", row.what, row.place, row.note);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [Row::new("shop", "http://x", "open"), Row::new("database", "SQLite", "")];
        let expected = "\n  h\n\n  shop       http://x   open\n  database   SQLite\n\n";
        assert_eq!(render("h", &rows), expected);
    }
}
