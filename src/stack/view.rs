//! What whoever shows the stack is given: how it stands, what receivers were told, and a way to ask.

use super::{ask::Asker, inbox::Inbox, standing::Standing};

/// All of it. Clones are of the same stack.
#[derive(Clone)]
pub struct View {
    pub standing: Standing,
    pub inbox: Inbox,
    pub asker: Asker,
}

impl View {
    pub fn of(standing: Standing) -> Self {
        View { standing, inbox: Inbox::new(), asker: Asker::new() }
    }
}
