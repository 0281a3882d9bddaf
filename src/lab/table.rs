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

/// Rows of equal length under a head, each column as wide as its widest cell.
pub fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|word| (*word).to_owned()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let widest = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(widest).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
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

    #[test]
    fn columns_are_as_wide_as_they_need_to_be() {
        let rows = [vec!["br-cards".to_owned(), "35%".to_owned()], vec!["a".to_owned(), String::new()]];
        assert_eq!(columns(&["id", "share"], &rows), "id        share\nbr-cards  35%\na\n");
    }
}
