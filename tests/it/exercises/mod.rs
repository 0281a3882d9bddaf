//! Exercises: what nobody is told while somebody looks, and how an answer is judged.

pub mod concealed;
mod judged;
mod leaks;
mod look;
