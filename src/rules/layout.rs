//! Long expressions over several lines: broken at operators first, in brackets only where there is an operator inside.

use promql_parser::parser::{BinaryExpr, Expr};

use super::parts;

/// Lines longer than this are broken where they can be.
pub const WIDTH: usize = 110;
/// What is no longer than this needs no line of its own.
const SHORT: usize = 8;

/// `expr` in lines; the first one is not indented.
pub fn broken(expr: &Expr) -> String {
    lines(expr, 0).trim_start().to_owned()
}

fn lines(expr: &Expr, depth: usize) -> String {
    let (margin, flat) = ("  ".repeat(depth), expr.to_string());
    if margin.len() + flat.len() <= WIDTH || !has_operator(expr) {
        return margin + &flat;
    }
    match expr {
        Expr::Binary(binary) => {
            let (left, right) = (lines(&binary.lhs, depth), lines(&binary.rhs, depth));
            // A number stays beside what it is held against.
            let is_short = [&left, &right].iter().any(|side| side.trim_start().len() <= SHORT);
            let gap = if is_short { " ".to_owned() } else { format!("\n{margin}") };
            format!("{left}{gap}{} {}", operator(binary), right.trim_start())
        }
        Expr::Paren(paren) => format!("{margin}(\n{}\n{margin})", lines(&paren.expr, depth + 1)),
        Expr::Aggregate(aggregate) => {
            let inner = aggregate.expr.to_string();
            let head = flat.strip_suffix(&format!("{inner})")).unwrap_or_default();
            format!("{margin}{}\n{}\n{margin})", head.trim_end(), lines(&aggregate.expr, depth + 1))
        }
        Expr::Call(call) => {
            let arguments = call.args.args.iter().map(|argument| lines(argument, depth + 1));
            format!("{margin}{}(\n{}\n{margin})", call.func.name, arguments.collect::<Vec<_>>().join(",\n"))
        }
        Expr::Unary(_)
        | Expr::Subquery(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => margin + &flat,
    }
}

fn operator(binary: &BinaryExpr) -> String {
    let modifier = binary.modifier.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{}{modifier}", binary.op)
}

fn has_operator(expr: &Expr) -> bool {
    let mut found = false;
    parts::walk(expr, &mut |part| found |= matches!(part, Expr::Binary(_)));
    found
}

#[cfg(test)]
mod tests {
    use super::{super::promql, *};

    #[test]
    fn a_long_expression_is_broken_at_its_operators() {
        let long = "histogram_quantile(0.99, service_name_le:http_server_request_duration_seconds_bucket:rate10m) > 5 and \
                    on (service_name) sum by (service_name) (increase(http_server_request_duration_seconds_bucket[1m]) - \
                    another_rather_long_name_of_a_metric) >= 5";
        let expected = "histogram_quantile(0.99, service_name_le:http_server_request_duration_seconds_bucket:rate10m) > 5
and on (service_name) sum by (service_name) (
  increase(http_server_request_duration_seconds_bucket[1m]) - another_rather_long_name_of_a_metric
) >= 5";
        let expr = promql::read(long).expect("read");
        assert_eq!(broken(&expr), expected);
        assert_eq!(promql::read(&broken(&expr)).expect("read").to_string(), expr.to_string());
    }
}
