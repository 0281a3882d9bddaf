//! Every page of `docs/runbooks`, by its name. Generated: `UPDATE=1 make test ARGS=every_runbook` writes it anew.

/// Names, and texts in Markdown.
pub const PAGES: &[(&str, &str)] = &[];
