//! What a rule compares with what: the first comparison with a number on its way to firing.

use promql_parser::parser::Expr;

use super::promql;

/// `subject sign limit`, such as `sum(rate(x[5m])) > 0.05`.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    pub subject: String,
    pub sign: String,
    pub limit: f64,
}

const SIGNS: [&str; 6] = [">", "<", ">=", "<=", "==", "!="];

/// The threshold of an expression, if it has one.
pub fn of(text: &str) -> Option<Threshold> {
    find(&promql::read(text).ok()?)
}

fn find(expr: &Expr) -> Option<Threshold> {
    match expr {
        Expr::Paren(paren) => find(&paren.expr),
        Expr::Binary(binary) => {
            let sign = binary.op.to_string();
            match (&*binary.rhs, SIGNS.contains(&sign.as_str())) {
                (Expr::NumberLiteral(limit), true) => {
                    Some(Threshold { subject: binary.lhs.to_string(), sign, limit: limit.val })
                }
                // What is compared stands on the left; what only narrows it, on the right.
                _ => find(&binary.lhs).or_else(|| find(&binary.rhs)),
            }
        }
        Expr::Aggregate(_)
        | Expr::Unary(_)
        | Expr::Subquery(_)
        | Expr::Call(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::Extension(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comparison_with_a_number_is_found() {
        for (text, subject, sign, limit) in [
            ("a / b > 0.05", "a / b", ">", 0.05),
            (
                "(sum(x) or vector(0)) / sum(y) < 0.10 and on () sum(y) >= 300",
                "(sum(x) or vector(0)) / sum(y)",
                "<",
                0.1,
            ),
            ("(x > 14) and (y > 3)", "x", ">", 14.0),
            ("a - 0.05 * b > 5", "a - 0.05 * b", ">", 5.0),
        ] {
            let found = of(text).expect(text);
            assert_eq!((found.subject.as_str(), found.sign.as_str(), found.limit), (subject, sign, limit));
        }
        assert_eq!((of("vector(1)"), of("a > b"), of("a >")), (None, None, None));
    }
}
