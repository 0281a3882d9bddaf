//! Expressions: read, written, and made to fit a pace. What the metrics in them are is not known here.

use promql_parser::parser::{self, Expr, Offset};

use super::{
    breaking::{self, Trouble},
    layout,
    pace::Pace,
    parts,
};

/// The longest expression that is read, in names, numbers and signs.
const MOST_WORDS: usize = 4_000;
/// How deep one part may stand in another; each operator of a chain is one level. The parser and what writes its tree take
/// the cube of it.
const MOST_LEVELS: usize = 500;

/// Reads `text`.
pub fn read(text: &str) -> Result<Expr, Trouble> {
    let count = breaking::words(text).len();
    if count > MOST_WORDS {
        let why = format!("the expression has {count} words and signs; at most {MOST_WORDS} are read");
        return Err(Trouble { at: 0, why });
    }
    let expr = parser::parse(text).map_err(|why| breaking::trouble(text, &why))?;
    let levels = parts::levels(&expr);
    if levels > MOST_LEVELS {
        let why = format!("the expression is nested {levels} levels deep; at most {MOST_LEVELS} are read");
        return Err(Trouble { at: 0, why });
    }
    Ok(expr)
}

/// Writes `expr`, over several lines when it is long. What is written is read again and must be the same, for it is what
/// pages people.
pub fn write(expr: &Expr) -> Result<String, String> {
    let flat = expr.to_string();
    let is_same = |text: &str| parser::parse(text).is_ok_and(|again| again.to_string() == flat);
    let broken = layout::broken(expr);
    [broken.as_str(), &flat]
        .into_iter()
        .find(|text| is_same(text))
        .map(str::to_owned)
        .ok_or_else(|| format!("`{flat}` cannot be written so that it means the same"))
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
            (
                "sum by (a) (increase(x{p=\"[5m]\"}[1h] offset 10m))",
                "sum by (a) (increase(x{p=\"[5m]\"}[3m] offset 1m))",
            ),
            ("max_over_time(rate(x[5m])[1h:1m])", "max_over_time(rate(x[30s])[3m:4s])"),
            ("topk(scalar(rate(k[10m])), x offset -5m)", "topk(scalar(rate(k[1m])), x offset -30s)"),
            (
                "-rate(x[15m]) ^ 2 or (a + b) unless on (c) d",
                "-rate(x[1m30s]) ^ 2 or (a + b) unless on (c) d",
            ),
            ("x[30m] @ end()", "x[2m] @ end()"),
            ("time() - y > 300", "time() - y > 300"),
        ] {
            assert_eq!(at_talk(production), talk);
        }
    }

    #[test]
    fn what_would_take_the_parser_minutes_is_refused_by_name() {
        let chain = |operators: usize| format!("{}x", "x + ".repeat(operators));
        assert!(read(&chain(MOST_LEVELS - 1)).is_ok());
        let why = |text: &str| read(text).expect_err("too much").why;
        assert_eq!(
            why(&chain(MOST_LEVELS)),
            "the expression is nested 501 levels deep; at most 500 are read"
        );
        let words = "the expression has 600001 words and signs; at most 4000 are read";
        assert_eq!(why(&chain(300_000)), words);
    }

    #[test]
    fn long_expressions_are_broken_and_stay_the_same() {
        let long = "sum by (service_name) (rate(http_server_request_duration_seconds_count{a=~\"5..\"}[5m])) / \
                    sum by (service_name) (rate(http_server_request_duration_seconds_count[5m])) > 0.05";
        let written = write(&read(long).expect("read")).expect("written");
        assert!(
            written.lines().count() > 1 && written.lines().all(|line| line.len() <= layout::WIDTH),
            "{written}"
        );
        assert_eq!(read(&written).expect("read").to_string(), read(long).expect("read").to_string());
    }
}
