//! axe, which looks for what keeps people out of a page.

use super::published;

/// Asks for what is serious or critical: each with its rule and the first places where it is broken.
pub const QUESTION: &str = "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations\
    .filter((one) => ['serious', 'critical'].includes(one.impact))\
    .map((one) => `${one.id}: ${one.nodes.slice(0, 4).map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join(' | ')}`))";

/// The program, to be run in the page.
pub fn source() -> String {
    String::from_utf8(published::file("axe-core/axe.min.js")).expect("text")
}
