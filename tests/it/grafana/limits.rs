//! Limits, taken from the alerts themselves: a line on a dashboard that says something else than the rule is a lie.

use std::sync::LazyLock;

use doorbuster::rules::{
    bundle,
    file::{Kind, Rule, RuleFile},
    pace::Pace,
};
use promql_parser::parser::{BinaryExpr, Expr};

use super::source::Limit;

/// A number, and on which side of it is bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub value: f64,
    pub bad_above: bool,
}

/// What `limit` means; the same at each pace, or the test that asks fails.
pub fn line(limit: &Limit) -> Line {
    let lines: Vec<Line> = Pace::ALL.into_iter().map(|pace| at(limit, pace)).collect();
    assert!(lines.iter().all(|line| *line == lines[0]), "{limit:?} differs by pace: {lines:?}");
    lines[0]
}

fn at(limit: &Limit, pace: Pace) -> Line {
    let numbers = numbers(&rule(limit, pace).expr);
    let line = numbers.get(limit.at).unwrap_or_else(|| panic!("{limit:?}: there are only {numbers:?}"));
    if limit.complement {
        Line { value: rounded(1.0 - line.value), bad_above: !line.bad_above }
    } else {
        *line
    }
}

/// Without what binary fractions leave: 1 - 0.2 is 0.8.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// The rules of a pace, read once.
fn files(pace: Pace) -> &'static [RuleFile] {
    static ALL: LazyLock<Vec<(Pace, Vec<RuleFile>)>> = LazyLock::new(|| {
        let parse = |file: &bundle::File| RuleFile::parse(file.name, file.text).expect("rules");
        Pace::ALL.map(|pace| (pace, bundle::rule_files(pace).iter().map(parse).collect())).into()
    });
    &ALL.iter().find(|(known, _)| *known == pace).expect("a pace").1
}

fn rule(limit: &Limit, pace: Pace) -> Rule {
    let is_it = |rule: &Rule| {
        rule.kind == Kind::Alert(limit.alert.clone())
            && limit.severity.as_deref().is_none_or(|severity| rule.label("sloth_severity") == Some(severity))
    };
    let found = files(pace).iter().flat_map(RuleFile::rules).find(|rule| is_it(rule));
    found.unwrap_or_else(|| panic!("there is no alert {limit:?}")).clone()
}

/// The numbers that something is compared with, from left to right. Of `14.4 * 0.01` and `0.4 * sum(…)` it is the first:
/// how many times what is allowed, and the share of what is there.
fn numbers(expr: &Expr) -> Vec<Line> {
    let mut found = Vec::new();
    collect(expr, &mut found);
    found
}

fn collect(expr: &Expr, found: &mut Vec<Line>) {
    match expr {
        Expr::Paren(paren) => collect(&paren.expr, found),
        Expr::Aggregate(aggregate) => collect(&aggregate.expr, found),
        Expr::Binary(binary) if is_comparison(binary) => {
            let bad_above = binary.op.to_string().starts_with('>');
            if let Some(value) = constant(&binary.rhs).or_else(|| factor(&binary.rhs)) {
                found.push(Line { value, bad_above });
            }
        }
        Expr::Binary(binary) => {
            collect(&binary.lhs, found);
            collect(&binary.rhs, found);
        }
        _ => {}
    }
}

fn is_comparison(binary: &BinaryExpr) -> bool {
    [">", ">=", "<", "<="].contains(&binary.op.to_string().as_str())
}

/// `500 * 1000 * 1000`; a burn rate's `14.4 * 0.01` is none, but a factor.
fn constant(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Binary(binary) if binary.op.to_string() == "*" => {
            let (left, right) = (constant(&binary.lhs)?, constant(&binary.rhs)?);
            (right >= 1.0).then_some(left * right)
        }
        _ => None,
    }
}

fn factor(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Paren(paren) => factor(&paren.expr),
        Expr::Binary(binary) if binary.op.to_string() == "*" => constant(&binary.lhs),
        _ => None,
    }
}

#[test]
fn numbers_are_found_where_something_is_compared_with_them() {
    let found = |text: &str| {
        let expr = doorbuster::rules::promql::read(text).expect(text);
        numbers(&expr).into_iter().map(|line| (line.value, line.bad_above)).collect::<Vec<_>>()
    };
    assert_eq!(found("a / b > 0.05 and a - 0.05 * b > 5"), [(0.05, true), (5.0, true)]);
    assert_eq!(found("a < 0.10 and on () b >= 300"), [(0.1, false), (300.0, true)]);
    assert_eq!(found("x > 500 * 1000 * 1000"), [(5e8, true)]);
    assert_eq!(found("(a > (14.4 * 0.01)) and b > (6 * 0.01)"), [(14.4, true), (6.0, true)]);
    assert_eq!(found("max without (w) (a > (14.4 * 0.01)) and b > 2"), [(14.4, true), (2.0, true)]);
    assert_eq!(found("sum(a) > 100 and b > 0.4 * sum(c)"), [(100.0, true), (0.4, true)]);
}
