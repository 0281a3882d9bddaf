//! What an expression is made of: its parts, its selectors and the names they ask for, its ranges.

#![expect(clippy::wildcard_enum_match_arm, reason = "promql-parser's: what is not named takes no part")]

use std::time::Duration;

use promql_parser::{
    label::MatchOp,
    parser::{Expr, VectorSelector},
};

/// How many levels there are, `expr` itself included.
pub fn levels(expr: &Expr) -> usize {
    1 + below(expr).into_iter().map(levels).max().unwrap_or(0)
}

/// Calls `see` with every part of `expr`, the whole first.
pub fn walk<'e>(expr: &'e Expr, see: &mut impl FnMut(&'e Expr)) {
    see(expr);
    for part in below(expr) {
        walk(part, see);
    }
}

/// The parts that `expr` is directly made of, from left to right.
fn below(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Aggregate(aggregate) => {
            let param = aggregate.param.iter().map(|param| &**param);
            param.chain([&*aggregate.expr]).collect()
        }
        Expr::Unary(unary) => vec![&unary.expr],
        Expr::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        Expr::Paren(paren) => vec![&paren.expr],
        Expr::Subquery(subquery) => vec![&subquery.expr],
        Expr::Call(call) => call.args.args.iter().map(|argument| &**argument).collect(),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => Vec::new(),
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

#[cfg(test)]
mod tests {
    use super::{super::promql::read, *};

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
