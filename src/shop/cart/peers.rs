//! What cart asks of others.

use crate::{
    kernel::{
        client::{Ask, Client, Refusal},
        id::ProductId,
        origin::Origin,
    },
    shop::catalog::model::Product,
};

#[derive(Clone)]
pub struct Peers {
    pub catalog: Client,
}

impl Peers {
    /// The product, when there is one of that number.
    pub async fn product(&self, origin: &Origin, id: ProductId) -> Result<Product, Refusal> {
        self.catalog.call(Ask::get("/products/{id}", origin).part(id)).await
    }
}
