//! Every effect at every seam where it makes sense, proven by its cause and not by its symptom alone; and that nothing
//! of it is left when it is cleared.

mod cache;
mod database;
mod machine;
mod presence;
mod requests;
mod seams;
mod street;
mod who;
