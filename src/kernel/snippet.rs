//! The line of a file in which something is wrong, as compilers show it.

/// The longest part of a line that is shown, in characters.
const WIDTH: usize = 100;

/// The line of `text` that stands at `line`, counted from 1, with `width` characters from `column` on marked. Nothing
/// where there is no such line.
pub fn snippet(text: &str, line: usize, column: usize, width: usize) -> String {
    let Some(shown) = text.lines().nth(line.saturating_sub(1)) else { return String::new() };
    let column = column.saturating_sub(1);
    // Of a long line, the part around the place.
    let skipped = if column > WIDTH / 2 && shown.chars().count() > WIDTH { column - WIDTH / 2 } else { 0 };
    let shown: String = harmless(shown).chars().skip(skipped).take(WIDTH).collect();
    let before = column - skipped;
    let width = width.min(shown.chars().count().saturating_sub(before)).max(1);
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let marker = format!("{}{}", " ".repeat(before), "^".repeat(width));
    format!("{margin} |\n{number} | {}\n{margin} | {marker}\n", shown.trim_end())
}

/// The same without control characters: they could make a terminal do anything.
pub fn harmless(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_hostile_line_is_shown_in_part_and_without_control() {
        let text = format!("{}\u{1b}[2Jbad{}", "x".repeat(300), "y".repeat(300));
        let shown = snippet(&text, 1, 305, 3);
        assert!(!shown.contains('\u{1b}') && shown.lines().all(|line| line.chars().count() < WIDTH + 8));
        let (line, marker) = (shown.lines().nth(1).expect("line"), shown.lines().nth(2).expect("marker"));
        let at = marker.find('^').expect("marked");
        assert_eq!(&line[at..at + 3], "bad", "{shown}");
    }

    #[test]
    fn a_place_that_is_not_there_has_no_snippet() {
        assert_eq!(snippet("a", 7, 1, 1), "");
        assert!(snippet("a", 1, 9, 9).ends_with("        ^\n"));
    }
}
