//! Log lines to Loki, by `tracing-loki` and past its limits: it has 512 places and loses what finds none without saying
//! so, waits for ever on a server that hangs, and knows no structured metadata. So it is never shown more than it has
//! places for, and speaks to a relay in this very process, which answers at once; what comes out there goes on as it does
//! for every other signal, through an outbox.

pub mod convoy;
pub mod feeder;
pub mod pack;
pub mod wire;
