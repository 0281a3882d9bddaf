//! Exercises: an incident that nobody is told of, and whoever finds it. `catalogue` has them, `vocabulary` the words of an
//! answer, `judge` says what is right in one, `incident` is what is broken, `run` one
//! trainee's way to it, `book` keeps all of them, `api` is asked.

pub mod api;
pub mod book;
pub mod catalogue;
pub mod debrief;
pub mod draw;
pub mod incident;
pub mod judge;
pub mod overview;
pub mod run;
pub mod vocabulary;
