//! Which labels the result of an expression has, as far as it can be told from the expression and from known series.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{Expr, LabelModifier, VectorMatchCardinality};

use super::known::Known;
use crate::rules::{
    file::{Kind, Rule, RuleFile},
    parts,
};

/// Records that are made of records, no deeper than this.
const MOST_LEVELS: usize = 12;

/// Labels of a result; nothing is known when it is not known which there are.
pub type Labels = Option<BTreeSet<String>>;

/// What is known of series: from outside, and made by the rules themselves.
pub struct Horizon<'a> {
    pub known: &'a Known,
    records: BTreeMap<&'a str, Vec<&'a Rule>>,
}

impl<'a> Horizon<'a> {
    pub fn new(known: &'a Known, files: &'a [RuleFile]) -> Self {
        let mut records: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
        for rule in files.iter().flat_map(RuleFile::rules) {
            if let Kind::Record(name) = &rule.kind {
                records.entry(name).or_default().push(rule);
            }
        }
        Horizon { known, records }
    }

    /// Whether somebody may have a series of this name.
    pub fn has(&self, name: &str) -> bool {
        self.records.contains_key(name) || self.known.has(name)
    }

    pub fn records(&self) -> impl Iterator<Item = &str> {
        self.records.keys().copied()
    }

    /// The rules that record a series of this name.
    pub fn rules(&self, name: &str) -> &[&'a Rule] {
        self.records.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The labels that what `rule` makes can have: those of its expression, and its own.
    pub fn of_rule(&self, rule: &Rule) -> Labels {
        self.with_own(rule, 0)
    }

    /// The labels of the series called `name`.
    pub fn of_series(&self, name: &str) -> Labels {
        self.series(name, 0)
    }

    /// The labels of `expr`'s result.
    pub fn of(&self, expr: &Expr) -> Labels {
        self.infer(expr, 0)
    }

    fn with_own(&self, rule: &Rule, level: usize) -> Labels {
        let mut labels = self.infer(&rule.expr, level)?;
        labels.extend(rule.labels.iter().map(|(label, _)| label.clone()));
        Some(labels)
    }

    fn series(&self, name: &str, level: usize) -> Labels {
        if level > MOST_LEVELS {
            return None;
        }
        match self.records.get(name) {
            Some(rules) => {
                let mut all = BTreeSet::new();
                for rule in rules {
                    all.extend(self.with_own(rule, level + 1)?);
                }
                Some(all)
            }
            None => self.known.labels(name),
        }
    }

    fn infer(&self, expr: &Expr, level: usize) -> Labels {
        match expr {
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Some(BTreeSet::new()),
            Expr::Paren(paren) => self.infer(&paren.expr, level),
            Expr::Unary(unary) => self.infer(&unary.expr, level),
            Expr::Subquery(subquery) => self.infer(&subquery.expr, level),
            Expr::VectorSelector(selector) => self.selected(selector, level),
            Expr::MatrixSelector(matrix) => self.selected(&matrix.vs, level),
            Expr::Aggregate(aggregate) => match &aggregate.modifier {
                // `topk` and its like pick series, and those stay what they are.
                _ if is_pick(&aggregate.op.to_string()) => self.infer(&aggregate.expr, level),
                _ if aggregate.op.to_string() == "count_values" => None,
                None => Some(BTreeSet::new()),
                Some(LabelModifier::Include(by)) => Some(by.labels.iter().cloned().collect()),
                Some(LabelModifier::Exclude(without)) => {
                    let mut labels = self.infer(&aggregate.expr, level)?;
                    labels.retain(|label| !without.labels.contains(label));
                    Some(labels)
                }
            },
            Expr::Binary(binary) => self.joined(binary, level),
            Expr::Call(call) => self.called(call, level),
            Expr::Extension(_) => None,
        }
    }

    fn selected(&self, selector: &promql_parser::parser::VectorSelector, level: usize) -> Labels {
        let names = parts::names(selector);
        if names.is_empty() {
            return None;
        }
        let mut all = BTreeSet::new();
        for name in names {
            all.extend(self.series(&name, level)?);
        }
        Some(all)
    }

    fn joined(&self, binary: &promql_parser::parser::BinaryExpr, level: usize) -> Labels {
        let (left, right) = (self.infer(&binary.lhs, level), self.infer(&binary.rhs, level));
        let op = binary.op.to_string();
        match op.as_str() {
            "and" | "unless" => return left,
            "or" => return left.zip(right).map(|(left, right)| left.union(&right).cloned().collect()),
            _ => {}
        }
        if is_scalar(&binary.lhs) {
            return right;
        }
        if is_scalar(&binary.rhs) || is_comparison(&op) && !binary.return_bool() {
            return left;
        }
        let Some(modifier) = &binary.modifier else { return left };
        match &modifier.card {
            VectorMatchCardinality::ManyToOne(more) => left.map(|mut labels| {
                labels.extend(more.labels.iter().cloned());
                labels
            }),
            VectorMatchCardinality::OneToMany(more) => right.map(|mut labels| {
                labels.extend(more.labels.iter().cloned());
                labels
            }),
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => match &modifier.matching
            {
                Some(LabelModifier::Include(on)) => Some(on.labels.iter().cloned().collect()),
                Some(LabelModifier::Exclude(ignoring)) => left.map(|mut labels| {
                    labels.retain(|label| !ignoring.labels.contains(label));
                    labels
                }),
                None => left,
            },
        }
    }

    fn called(&self, call: &promql_parser::parser::Call, level: usize) -> Labels {
        let arguments = &call.args.args;
        let word = |at: usize| match arguments.get(at).map(|argument| &**argument) {
            Some(Expr::StringLiteral(literal)) => Some(literal.val.clone()),
            _ => None,
        };
        match call.func.name {
            "label_replace" | "label_join" => {
                let mut labels = self.infer(arguments.first()?, level)?;
                labels.extend(word(1));
                Some(labels)
            }
            "histogram_quantile" => {
                let mut labels = self.infer(arguments.get(1)?, level)?;
                labels.remove("le");
                Some(labels)
            }
            "vector" | "scalar" | "time" | "pi" => Some(BTreeSet::new()),
            // They have the labels that the selector asks for, whatever there is.
            "absent" | "absent_over_time" | "info" => None,
            _ => {
                let vector = arguments.iter().find(|argument| !is_scalar(argument));
                vector.map_or_else(|| Some(BTreeSet::new()), |argument| self.infer(argument, level))
            }
        }
    }
}

fn is_pick(op: &str) -> bool {
    matches!(op, "topk" | "bottomk" | "limitk" | "limit_ratio")
}

fn is_comparison(op: &str) -> bool {
    matches!(op, "==" | "!=" | ">" | "<" | ">=" | "<=")
}

fn is_scalar(expr: &Expr) -> bool {
    use promql_parser::parser::value::ValueType;
    matches!(expr.value_type(), ValueType::Scalar | ValueType::String)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::promql;

    #[test]
    fn labels_follow_from_the_expression() {
        let known = Known::of_exposition("x{a=\"\",b=\"\",le=\"\"} 1\ny{a=\"\",c=\"\"} 1\n");
        let text = "groups: [{name: g, rules: [{record: 'r:x', expr: sum by (a) (x), labels: {own: '1'}}]}]";
        let files = [RuleFile::parse("a.yml", text).expect("rules")];
        let horizon = Horizon::new(&known, &files);
        for (text, expected) in [
            ("x", Some("a b instance job le")),
            ("sum(x)", Some("")),
            ("sum by (b) (rate(x[5m]))", Some("b")),
            ("sum without (le, b) (x)", Some("a instance job")),
            ("r:x / 2 > 1", Some("a own")),
            ("histogram_quantile(0.9, sum by (a, le) (x)) > 1 and on (a) y", Some("a")),
            ("x / on (a) group_left (c) y", Some("a b c instance job le")),
            ("x / on (a) y", Some("a")),
            ("label_replace(sum(x), \"z\", \"$1\", \"a\", \"(.*)\")", Some("z")),
            ("sum by (a) (x) or sum by (c) (y)", Some("a c")),
            ("nobody", None),
            ("vector(1)", Some("")),
        ] {
            let expr = promql::read(text).expect(text);
            let labels = horizon.of(&expr).map(|labels| labels.into_iter().collect::<Vec<_>>().join(" "));
            assert_eq!(labels.as_deref(), expected, "{text}");
        }
    }
}
