//! Why there is no stack.

/// Why nothing was started; a fragment for one line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotStarted {
    /// A program is not on this machine.
    #[error("{0}")]
    Missing(String),
    /// It is there, and it does not work.
    #[error("{0}")]
    Failed(String),
}
