//! `verify` on this very lab: plays scenarios one after another and judges what they promise. `record` is what is known of
//! it, `play` does it, `api` is asked. One at a time.

pub mod api;
pub mod play;
pub mod record;
