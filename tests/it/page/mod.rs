//! The presenter's page, as a person uses it: in a real browser, by its buttons and keys.

mod files;
