//! The laws of the house (CONTRIBUTING.md), each with a test of the house and a test of the law itself on a bad example.

mod circles;
mod house;
mod layers;
mod places;
mod shape;
mod source;
