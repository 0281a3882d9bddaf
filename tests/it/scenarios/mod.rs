//! Scenario files: what is bundled, what is refused and in which words, and what holds for any file.

mod broken;
mod bundled;
mod command;
mod library;
mod properties;
