//! How a lab opens, keeps a way in for the presenter, and ends: the binary itself, under what is worst for it.

mod bound;
mod crowd;
mod descriptors;
mod ends;
