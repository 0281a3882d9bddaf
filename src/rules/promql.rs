//! Expressions: read, written, walked, and made to fit a pace. What the metrics in them are is not known here.

use std::time::Duration;

use promql_parser::{
    label::MatchOp,
    parser::{self, Expr, Offset, VectorSelector},
};

use super::{breaking, pace::Pace};

/// Lines longer than this are broken.
const WIDTH: usize = 110;

/// Why an expression cannot be read, and how many of its characters could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub at: usize,
    pub why: String,
}

/// Reads `text`.
pub fn read(text: &str) -> Result<Expr, Trouble> {
    parser::parse(text).map_err(|why| breaking::trouble(text, &why))
}

/// Writes `expr`, over several lines when it is long. What is written is read again and must be the same, for it is what
/// pages people.
pub fn write(expr: &Expr) -> Result<String, String> {
    let flat = expr.to_string();
    let is_same = |text: &str| parser::parse(text).is_ok_and(|again| again.to_string() == flat);
    let broken: String =
        expr.prettify().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    [broken.trim_end(), &flat]
        .into_iter()
        .find(|text| (flat.len() > WIDTH || !text.contains('\n')) && is_same(text))
        .map(str::to_owned)
        .ok_or_else(|| format!("`{flat}` cannot be written so that it means the same"))
}

/// Calls `see` with every part of `expr`, the whole first.
pub fn walk<'e>(expr: &'e Expr, see: &mut impl FnMut(&'e Expr)) {
    see(expr);
    match expr {
        Expr::Aggregate(aggregate) => {
            aggregate.param.iter().for_each(|param| walk(param, see));
            walk(&aggregate.expr, see);
        }
        Expr::Unary(unary) => walk(&unary.expr, see),
        Expr::Binary(binary) => {
            walk(&binary.lhs, see);
            walk(&binary.rhs, see);
        }
        Expr::Paren(paren) => walk(&paren.expr, see),
        Expr::Subquery(subquery) => walk(&subquery.expr, see),
        Expr::Call(call) => call.args.args.iter().for_each(|argument| walk(argument, see)),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => {}
    }
}

/// The selectors of `expr`, those of ranges too.
pub fn selectors(expr: &Expr) -> Vec<&VectorSelector> {
    let mut found = Vec::new();
    walk(expr, &mut |part| match part {
        Expr::VectorSelector(selector) => found.push(selector),
        Expr::MatrixSelector(matrix) => found.push(&matrix.vs),
        _ => {}
    });
    found
}

/// What of the past an expression looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    pub range: Duration,
    /// Of a subquery: how far apart its points are, when it says so.
    pub step: Option<Option<Duration>>,
    pub text: String,
}

/// The ranges of `expr`.
pub fn ranges(expr: &Expr) -> Vec<Range> {
    let mut found = Vec::new();
    walk(expr, &mut |part| match part {
        Expr::MatrixSelector(matrix) => {
            found.push(Range { range: matrix.range, step: None, text: part.to_string() });
        }
        Expr::Subquery(subquery) => {
            found.push(Range { range: subquery.range, step: Some(subquery.step), text: part.to_string() });
        }
        _ => {}
    });
    found
}

/// The names of series a selector can mean: its name, or each word of its pattern for `__name__`. Empty when it does not
/// say.
pub fn names(selector: &VectorSelector) -> Vec<String> {
    if let Some(name) = &selector.name {
        return vec![name.clone()];
    }
    let of_name = selector.matchers.find_matchers("__name__");
    of_name
        .iter()
        .flat_map(|matcher| match &matcher.op {
            MatchOp::Equal => vec![matcher.value.clone()],
            MatchOp::Re(_) => alternatives(&matcher.value),
            MatchOp::NotEqual | MatchOp::NotRe(_) => Vec::new(),
        })
        .collect()
}

/// `a(_total)?` is `a` and `a_total`; of `a|b` each; a pattern that says more than that is kept as it is.
fn alternatives(pattern: &str) -> Vec<String> {
    let optional = |word: &str| match word.strip_suffix(")?").and_then(|word| word.rsplit_once('(')) {
        Some((stem, end)) => vec![stem.to_owned(), format!("{stem}{end}")],
        None => vec![word.to_owned()],
    };
    pattern.split('|').flat_map(optional).collect()
}

/// Makes `expr` fit `pace`: ranges, subqueries, offsets. A pattern, a threshold or a number of seconds in arithmetic stays.
pub fn at(expr: &mut Expr, pace: Pace) {
    match expr {
        Expr::Aggregate(aggregate) => {
            aggregate.param.iter_mut().for_each(|param| at(param, pace));
            at(&mut aggregate.expr, pace);
        }
        Expr::Unary(unary) => at(&mut unary.expr, pace),
        Expr::Binary(binary) => {
            at(&mut binary.lhs, pace);
            at(&mut binary.rhs, pace);
        }
        Expr::Paren(paren) => at(&mut paren.expr, pace),
        Expr::Subquery(subquery) => {
            subquery.range = pace.range(subquery.range);
            subquery.step = subquery.step.map(|step| pace.interval(step));
            offset_at(&mut subquery.offset, pace);
            at(&mut subquery.expr, pace);
        }
        Expr::Call(call) => call.args.args.iter_mut().for_each(|argument| at(argument, pace)),
        Expr::VectorSelector(selector) => offset_at(&mut selector.offset, pace),
        Expr::MatrixSelector(matrix) => {
            matrix.range = pace.range(matrix.range);
            offset_at(&mut matrix.vs.offset, pace);
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn offset_at(offset: &mut Option<Offset>, pace: Pace) {
    if let Some(Offset::Pos(span) | Offset::Neg(span)) = offset {
        *span = pace.offset(*span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_talk(text: &str) -> String {
        let mut expr = read(text).expect(text);
        at(&mut expr, Pace::Talk);
        write(&expr).expect(text)
    }

    #[test]
    fn windows_are_rewritten_wherever_they_stand_and_nothing_else_is() {
        for (production, talk) in [
            ("rate(x[5m])", "rate(x[30s])"),
            ("job:x:rate5m > 0.05", "job:x:rate5m > 0.05"),
            ("sum by (a) (increase(x{p=\"[5m]\"}[1h] offset 10m))", "sum by (a) (increase(x{p=\"[5m]\"}[3m] offset 1m))"),
            ("max_over_time(rate(x[5m])[1h:1m])", "max_over_time(rate(x[30s])[3m:4s])"),
            ("topk(scalar(rate(k[10m])), x offset -5m)", "topk(scalar(rate(k[1m])), x offset -30s)"),
            ("-rate(x[15m]) ^ 2 or (a + b) unless on (c) d", "-rate(x[1m30s]) ^ 2 or (a + b) unless on (c) d"),
            ("x[30m] @ end()", "x[2m] @ end()"),
            ("time() - y > 300", "time() - y > 300"),
        ] {
            assert_eq!(at_talk(production), talk);
        }
    }

    #[test]
    fn long_expressions_are_broken_and_stay_the_same() {
        let long = "sum by (service_name) (rate(http_server_request_duration_seconds_count{a=~\"5..\"}[5m])) / \
                    sum by (service_name) (rate(http_server_request_duration_seconds_count[5m])) > 0.05";
        let written = write(&read(long).expect("read")).expect("written");
        assert!(written.lines().count() > 2 && written.lines().all(|line| line.len() <= WIDTH), "{written}");
        assert_eq!(read(&written).expect("read").to_string(), read(long).expect("read").to_string());
    }

    #[test]
    fn a_pattern_for_names_says_which_names_it_means() {
        for (text, expected) in [
            ("up", vec!["up"]),
            ("{__name__=\"up\"}", vec!["up"]),
            ("{__name__=~\"a_rss(_bytes)?\"}", vec!["a_rss", "a_rss_bytes"]),
            ("{__name__=~\"a|b\"}", vec!["a", "b"]),
            ("{job=\"x\"}", vec![]),
        ] {
            let expr = read(text).expect(text);
            assert_eq!(names(selectors(&expr)[0]), expected, "{text}");
        }
    }
}
