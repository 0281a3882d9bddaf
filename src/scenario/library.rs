use super::spec::Spec;
use std::sync::Arc;
pub struct Library;
pub struct Listing {
    pub name: String,
}
impl Library {
    pub fn get(&self, _: &str) -> Option<Arc<Spec>> {
        None
    }
    pub fn list(&self) -> Vec<Listing> {
        Vec::new()
    }
}
