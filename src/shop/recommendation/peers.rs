//! What recommendation asks of the catalogue.

use crate::{
    kernel::{
        client::{Ask, Client},
        error::Result,
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
    pub async fn product(&self, id: ProductId, origin: &Origin) -> Result<Product> {
        Ok(self.catalog.call(Ask::get("/products/{id}", origin).part(id)).await?)
    }

    pub async fn category(&self, category: &str, origin: &Origin) -> Result<Vec<Product>> {
        let ask = Ask::get("/products", origin).query(&[("category", category)]);
        Ok(self.catalog.call(ask).await?)
    }

    pub async fn popular(&self, limit: usize, origin: &Origin) -> Result<Vec<Product>> {
        let ask = Ask::get("/products/popular", origin).query(&[("limit", limit)]);
        Ok(self.catalog.call(ask).await?)
    }
}
