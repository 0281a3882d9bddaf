//! Where an expression breaks. The parser says that it does, seldom where; but a beginning that some ending completes is
//! sound, so the first word that no longer has one is what is wrong.

use promql_parser::parser;

use super::flaw::nearest;

/// Endings of which one completes each sound beginning, but for its open brackets.
const ENDINGS: [&str; 21] = [
    "", "x", "(x)", "1", "\"x\"", "=\"x\"", "a=\"x\"", "5m", "[5m]", "[5m])", "x[5m]", ":5m", "\"a\", x",
    "1, x", "(x[5m])", "(x) (x)", "x) (x)", "(x) x", "x) x", ") (x)", ") x",
];

/// A word near to one of these was probably meant to be it. (Not all: those that people write.)
const FUNCTIONS: [&str; 40] = [
    "abs",
    "absent",
    "absent_over_time",
    "avg",
    "avg_over_time",
    "bottomk",
    "ceil",
    "changes",
    "clamp_max",
    "clamp_min",
    "count",
    "count_over_time",
    "count_values",
    "delta",
    "deriv",
    "floor",
    "group",
    "histogram_quantile",
    "idelta",
    "increase",
    "irate",
    "label_join",
    "label_replace",
    "last_over_time",
    "max",
    "max_over_time",
    "min",
    "min_over_time",
    "predict_linear",
    "quantile",
    "quantile_over_time",
    "rate",
    "round",
    "scalar",
    "sort",
    "sum",
    "sum_over_time",
    "time",
    "topk",
    "vector",
];

/// Why an expression cannot be read, and how many of its characters could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub at: usize,
    pub why: String,
}

/// The trouble with `text`, which the parser has refused because of `why`.
pub fn trouble(text: &str, why: &str) -> Trouble {
    if let Some(name) =
        why.strip_prefix("unknown function with name '").and_then(|rest| rest.split('\'').next())
    {
        let at = text.find(name).map_or(0, |byte| text[..byte].chars().count());
        return Trouble { at, why: format!("there is no function `{name}`{}", nearest(name, FUNCTIONS)) };
    }
    let words = words(text);
    // No word makes an unsound beginning sound again, so halving finds the first; to ask each would take minutes in a
    // long expression.
    let first = words.partition_point(|(_, end)| is_sound(&text[..*end]));
    let Some(&(start, end)) = words.get(first) else {
        let ends = text.trim_end();
        let why = if why == "invalid promql query" { "the expression is not complete" } else { why };
        return Trouble { at: ends.chars().count(), why: why.to_owned() };
    };
    let at = text[..start].chars().count();
    let word = &text[start..end];
    let why =
        if why == "invalid promql query" { format!("`{word}` cannot stand here") } else { why.to_owned() };
    Trouble { at, why }
}

fn is_sound(beginning: &str) -> bool {
    let closers: String = open_brackets(beginning).into_iter().rev().collect();
    // Some endings close a bracket themselves.
    ENDINGS.iter().any(|ending| {
        let whole = |closers: &str| parser::parse(&format!("{beginning} {ending}{closers}")).is_ok();
        whole(&closers) || !closers.is_empty() && whole(&closers[1..])
    })
}

fn open_brackets(text: &str) -> Vec<char> {
    let mut open = Vec::new();
    for (start, end) in words(text) {
        match &text[start..end] {
            "(" => open.push(')'),
            "[" => open.push(']'),
            "{" => open.push('}'),
            ")" | "]" | "}" => {
                open.pop();
            }
            _ => {}
        }
    }
    open
}

/// Words of the expression, as where they begin and end in bytes: names and numbers, literals, signs.
pub fn words(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match first {
            one if one.is_whitespace() => {
                at += one.len_utf8();
                continue;
            }
            '#' => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            '"' | '\'' | '`' => literal(rest, first),
            one if is_name(one) => rest.find(|one| !is_name(one)).unwrap_or(rest.len()),
            '=' | '!' | '<' | '>' if rest[1..].starts_with(['=', '~']) => 2,
            other => other.len_utf8(),
        };
        found.push((at, at + length));
        at += length;
    }
    found
}

fn literal(rest: &str, mark: char) -> usize {
    let mut is_escaped = false;
    for (at, one) in rest.char_indices().skip(1) {
        match one {
            _ if is_escaped => is_escaped = false,
            '\\' if mark != '`' => is_escaped = true,
            _ if one == mark => return at + one.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn is_name(one: char) -> bool {
    one.is_alphanumeric() || matches!(one, '_' | ':' | '.')
}

#[cfg(test)]
mod tests {
    use super::super::promql;

    #[test]
    fn what_breaks_an_expression_is_pointed_at() {
        for (text, mark, why) in [
            ("sum(rate(x[5m])", "               ^", "unclosed left parenthesis"),
            ("sum by (a, b) (x) / on (a) (y", "                             ^", "unclosed left parenthesis"),
            ("sum(x) /", "        ^", "the expression is not complete"),
            ("sum(x)) > 1", "      ^", "unexpected right parenthesis ')'"),
            ("rte(x[5m])", "^", "there is no function `rte`, did you mean `rate`?"),
            ("sum by service (x)", "       ^", "`service` cannot stand here"),
            ("a{b=c} > 1", "    ^", ""),
            ("a > > 1", "    ^", "`>` cannot stand here"),
            ("rate(x[5q])", "       ^", ""),
        ] {
            let trouble = promql::read(text).expect_err(text);
            assert_eq!(trouble.at, mark.len() - 1, "{text}: {trouble:?}");
            assert!(why.is_empty() || trouble.why == why, "{text}: {trouble:?}");
        }
    }

    #[test]
    fn a_long_expression_that_breaks_is_answered_soon() {
        let text = format!("{}1 )", "1 + ".repeat(400));
        let start = std::time::Instant::now();
        let trouble = promql::read(&text).expect_err("it breaks");
        assert_eq!((trouble.at, trouble.why.as_str()), (1602, "unexpected right parenthesis ')'"));
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }
}
