//! Exercises: what nobody is told while somebody looks, and how an answer is judged.

mod concealed;
mod judged;
