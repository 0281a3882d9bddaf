//! Comparisons that never hold: a ratio of a part to its whole is never above one. Only what is sure is said.

#![expect(clippy::wildcard_enum_match_arm, reason = "promql-parser's: what is not named takes no part")]

use promql_parser::parser::{BinaryExpr, Expr, MatrixSelector};

use super::labels::Horizon;
use crate::rules::{
    file::{Kind, RuleFile},
    flaw::{Flaw, Severity, Source},
    parts,
};

/// What Sloth records is a ratio of errors, whatever it is made of.
const ERROR_RATIO: &str = "slo:sli_error:ratio_rate";
/// Records that are made of records, no deeper than this.
const MOST_LEVELS: usize = 12;

pub fn check(source: Source<'_>, file: &RuleFile, horizon: &Horizon<'_>) -> Vec<Flaw> {
    let mut found = Vec::new();
    for rule in file.rules().filter(|rule| matches!(rule.kind, Kind::Alert(_))) {
        let is_dead = never(&rule.expr, horizon);
        parts::walk(&rule.expr, &mut |part| {
            if let Expr::Binary(binary) = part
                && let Some((op, bound)) = impossible(binary, horizon)
            {
                // A product such as 14.4 * 0.1 is a hair off what a person would write.
                let bound = (bound * 1e6).round() / 1e6;
                let rest = if is_dead { "the alert can never fire" } else { "other parts of the alert can" };
                let why = format!("this ratio is never above 1, so `{op} {bound}` never holds ({rest})");
                let severity = if is_dead { Severity::Error } else { Severity::Warning };
                found.push(source.flaw(rule.expr_place, severity, "never-fires", why));
            }
        });
    }
    found
}

/// Whether `expr` never has a result.
fn never(expr: &Expr, horizon: &Horizon<'_>) -> bool {
    match expr {
        Expr::Paren(paren) => never(&paren.expr, horizon),
        Expr::Binary(binary) => match binary.op.to_string().as_str() {
            "and" => never(&binary.lhs, horizon) || never(&binary.rhs, horizon),
            "or" => never(&binary.lhs, horizon) && never(&binary.rhs, horizon),
            "unless" => never(&binary.lhs, horizon),
            _ => impossible(binary, horizon).is_some(),
        },
        _ => false,
    }
}

/// The sign and the number, when `binary` holds a ratio against a number that it never gets to.
fn impossible(binary: &BinaryExpr, horizon: &Horizon<'_>) -> Option<(&'static str, f64)> {
    if binary.return_bool() {
        return None;
    }
    let (ratio, op, bound) = match (number(&binary.lhs), number(&binary.rhs)) {
        (None, Some(bound)) => (&binary.lhs, binary.op.to_string(), bound),
        (Some(bound), None) => {
            let turned = match binary.op.to_string().as_str() {
                "<" => ">",
                "<=" => ">=",
                _ => return None,
            };
            (&binary.rhs, turned.to_owned(), bound)
        }
        _ => return None,
    };
    let op = match op.as_str() {
        ">" if bound >= 1.0 => ">",
        ">=" if bound > 1.0 => ">=",
        _ => return None,
    };
    is_ratio(ratio, horizon, 0).then_some((op, bound))
}

/// A number that is written there, or a sum of such.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Paren(paren) => number(&paren.expr),
        Expr::Binary(binary) => {
            let (left, right) = (number(&binary.lhs)?, number(&binary.rhs)?);
            match binary.op.to_string().as_str() {
                "+" => Some(left + right),
                "-" => Some(left - right),
                "*" => Some(left * right),
                "/" => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether each value of `expr` is from nought to one, for sure.
fn is_ratio(expr: &Expr, horizon: &Horizon<'_>, level: usize) -> bool {
    if level > MOST_LEVELS {
        return false;
    }
    match expr {
        Expr::Paren(paren) => is_ratio(&paren.expr, horizon, level),
        Expr::Binary(binary) => match binary.op.to_string().as_str() {
            "/" => is_part_of(binary),
            "-" => number(&binary.lhs) == Some(1.0) && is_ratio(&binary.rhs, horizon, level),
            _ => false,
        },
        Expr::Aggregate(aggregate) => {
            matches!(aggregate.op.to_string().as_str(), "avg" | "max" | "min")
                && is_ratio(&aggregate.expr, horizon, level)
        }
        Expr::VectorSelector(selector) => {
            let names = parts::names(selector);
            !names.is_empty()
                && names.iter().all(|name| {
                    let rules = horizon.rules(name);
                    name.starts_with(ERROR_RATIO)
                        || !rules.is_empty()
                            && rules.iter().all(|rule| is_ratio(&rule.expr, horizon, level + 1))
                })
        }
        _ => false,
    }
}

/// `sum by (a) (rate(x{b="c",d="e"}[5m])) / sum by (a) (rate(x{d="e"}[5m]))`: what is above is among what is below, and
/// nothing of it is less than nought, for a rate is not.
fn is_part_of(binary: &BinaryExpr) -> bool {
    if binary.modifier.is_some() {
        return false;
    }
    let (Some(part), Some(whole)) = (summed(&binary.lhs), summed(&binary.rhs)) else { return false };
    let same = part.frame == whole.frame && part.range.range == whole.range.range;
    let (part, whole) = (&part.range.vs, &whole.range.vs);
    let is_plain = part.matchers.or_matchers.is_empty() && whole.matchers.or_matchers.is_empty();
    let asked = |matchers: &promql_parser::label::Matchers| -> Vec<String> {
        matchers.matchers.iter().map(ToString::to_string).collect()
    };
    let asked_of_part = asked(&part.matchers);
    same && is_plain
        && part.name.is_some()
        && part.name == whole.name
        && part.offset == whole.offset
        && part.at == whole.at
        && asked(&whole.matchers).iter().all(|matcher| asked_of_part.contains(matcher))
}

struct Summed<'e> {
    /// How is added up, and with which function.
    frame: String,
    range: &'e MatrixSelector,
}

fn summed(expr: &Expr) -> Option<Summed<'_>> {
    match expr {
        Expr::Paren(paren) => summed(&paren.expr),
        Expr::Aggregate(aggregate) if aggregate.op.to_string() == "sum" => {
            let Expr::Call(call) = &*aggregate.expr else { return None };
            let [argument] = call.args.args.as_slice() else { return None };
            let Expr::MatrixSelector(range) = &**argument else { return None };
            let frame = format!("{} {:?}", call.func.name, aggregate.modifier);
            matches!(call.func.name, "rate" | "increase").then_some(Summed { frame, range })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::known::Known, *};

    #[test]
    fn only_what_is_surely_never_above_one_is_said() {
        let records = "groups:\n- name: r\n  rules:\n  - {record: 'r:ratio', expr: 'sum(rate(x{a=\"1\"}[5m])) / \
                       sum(rate(x[5m]))'}\n  - {record: 'r:other', expr: 'sum(rate(x[5m])) / sum(rate(y[5m]))'}\n";
        let known = Known::default();
        for (expr, expected) in [
            ("sum by (b) (rate(x{a=\"1\"}[5m])) / sum by (b) (rate(x[5m])) > 1", Some(Severity::Error)),
            ("(sum(increase(x{a=~\"5..\"}[1h])) / sum(increase(x[1h]))) >= 5", Some(Severity::Error)),
            ("5 < r:ratio{z=\"1\"}", Some(Severity::Error)),
            ("1 - r:ratio > 2", Some(Severity::Error)),
            ("max(slo:sli_error:ratio_rate5m{a=\"b\"} > (14.4 * 0.1)) without (w)", Some(Severity::Warning)),
            ("slo:sli_error:ratio_rate5m > (14.4 * 0.1) and up == 1", Some(Severity::Error)),
            ("slo:sli_error:ratio_rate5m > (14.4 * 0.1) or up == 0", Some(Severity::Warning)),
            ("slo:sli_error:ratio_rate5m > (14.4 * 0.01)", None),
            ("r:ratio >= 1", None),
            ("r:ratio == 1", None),
            ("r:ratio * 100 > 5", None),
            ("r:ratio > bool 1", None),
            ("r:other > 1", None),
            ("nobody:ratio > 1", None),
            ("sum by (b) (rate(x{a=\"1\"}[5m])) / sum by (c) (rate(x[5m])) > 1", None),
            ("sum(rate(x[5m])) / sum(rate(x{a=\"1\"}[5m])) > 1", None),
            ("sum(rate(x[5m])) / sum(rate(x[1h])) > 1", None),
            ("sum(rate(x[5m])) / sum(rate(x[5m] offset 1d)) > 1", None),
            ("sum(x) / sum(x) > 1", None),
        ] {
            let text = format!("{records}  - alert: A\n    expr: {expr}\n");
            let files = [RuleFile::parse("a.yml", &text).expect(expr)];
            let horizon = Horizon::new(&known, &files);
            let found = check(Source { name: "a.yml", text: &text }, &files[0], &horizon);
            assert_eq!(found.first().map(|flaw| flaw.severity), expected, "{expr}");
        }
    }
}
