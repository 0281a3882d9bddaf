//! What a careful colleague would say of rules, objectives and routes (`survey`): times that are too short (`times`),
//! series and labels that nobody has (`series`, `known`, `labels`), pages that are missing (`pages`), routes that lead
//! nowhere (`routes`, `reach`), names and words that the servers refuse (`names`, `keys`),
//! comparisons that never hold (`ratios`).

mod keys;
pub mod known;
mod labels;
mod names;
mod pages;
mod ratios;
mod reach;
mod routes;
mod series;
pub mod survey;
pub mod times;
