//! What the storefront asks of the services behind it: one function per question.

use axum::http::{Method, StatusCode};
use serde::Serialize;

use crate::{
    kernel::{
        client::{Ask, Client},
        country::Country,
        error::Result,
        id::{CustomerId, OrderId, ProductId},
        money::{Currency, Money},
        origin::Origin,
    },
    shop::{
        ads::model::Ad,
        cart::model::{Cart, CartLine},
        catalog::model::{NewProduct, Product},
        checkout::model::{CheckoutRequest, Order},
        currency::model::{AMOUNTS_MAX, Conversion, ConvertRequest, Converted},
        promotions::model::Campaign,
        shipping::model::{Quote, QuoteRequest},
    },
};

#[derive(Clone)]
pub struct Peers {
    pub catalog: Client,
    pub cart: Client,
    pub checkout: Client,
    pub recommendation: Client,
    pub ads: Client,
    pub currency: Client,
    pub shipping: Client,
    pub promotions: Client,
}

/// Which products are wanted; everything is checked by the catalogue.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Listing {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

impl Peers {
    pub async fn products(&self, listing: &Listing, origin: &Origin) -> Result<Vec<Product>> {
        Ok(self.catalog.call(Ask::get("/products", origin).query(listing)).await?)
    }

    pub async fn product(&self, id: ProductId, origin: &Origin) -> Result<Product> {
        Ok(self.catalog.call(Ask::get("/products/{id}", origin).part(id)).await?)
    }

    pub async fn popular(&self, limit: usize, origin: &Origin) -> Result<Vec<Product>> {
        let ask = Ask::get("/products/popular", origin).query(&[("limit", limit)]);
        Ok(self.catalog.call(ask).await?)
    }

    pub async fn categories(&self, origin: &Origin) -> Result<Vec<String>> {
        Ok(self.catalog.call(Ask::get("/categories", origin)).await?)
    }

    pub async fn create_product(&self, new: &NewProduct, origin: &Origin) -> Result<Product> {
        Ok(self.catalog.call(Ask::post("/products", origin).json(new)).await?)
    }

    pub async fn change_product(&self, id: ProductId, new: &NewProduct, origin: &Origin) -> Result<Product> {
        let ask = Ask::new(Method::PUT, "/products/{id}", origin).part(id).json(new);
        Ok(self.catalog.call(ask).await?)
    }

    pub async fn delete_product(&self, id: ProductId, origin: &Origin) -> Result<Product> {
        Ok(self.catalog.call(Ask::delete("/products/{id}", origin).part(id)).await?)
    }

    pub async fn cart(&self, customer: &CustomerId, origin: &Origin) -> Result<Cart> {
        Ok(self.cart.call(Ask::get("/carts/{customer}", origin).part(customer)).await?)
    }

    pub async fn add_line(&self, customer: &CustomerId, line: CartLine, origin: &Origin) -> Result<Cart> {
        let ask = Ask::post("/carts/{customer}/lines", origin).part(customer).json(&line);
        Ok(self.cart.call(ask).await?)
    }

    pub async fn remove_line(&self, customer: &CustomerId, id: ProductId, origin: &Origin) -> Result<Cart> {
        let ask = Ask::delete("/carts/{customer}/lines/{product_id}", origin).part(customer).part(id);
        Ok(self.cart.call(ask).await?)
    }

    /// The order, and whether it was placed just now (201) or had been before (200).
    pub async fn checkout(&self, request: &CheckoutRequest, origin: &Origin) -> Result<(StatusCode, Order)> {
        let ask = Ask::post("/checkouts", origin).json(request);
        Ok(self.checkout.call_for_status(ask).await?)
    }

    pub async fn orders(
        &self,
        customer: &CustomerId,
        limit: Option<i64>,
        origin: &Origin,
    ) -> Result<Vec<Order>> {
        #[derive(Serialize)]
        struct Whose<'a> {
            customer: &'a CustomerId,
            #[serde(skip_serializing_if = "Option::is_none")]
            limit: Option<i64>,
        }
        Ok(self.checkout.call(Ask::get("/orders", origin).query(&Whose { customer, limit })).await?)
    }

    pub async fn order(&self, customer: &CustomerId, id: &OrderId, origin: &Origin) -> Result<Order> {
        let ask = Ask::get("/orders/{order_id}", origin).part(id).query(&[("customer", customer)]);
        Ok(self.checkout.call(ask).await?)
    }

    pub async fn recommendations(
        &self,
        id: Option<ProductId>,
        limit: Option<i64>,
        origin: &Origin,
    ) -> Result<Vec<Product>> {
        let query = [("product_id", id), ("limit", limit)];
        let query: Vec<_> = query.into_iter().filter(|(_, value)| value.is_some()).collect();
        Ok(self.recommendation.call(Ask::get("/recommendations", origin).query(&query)).await?)
    }

    pub async fn ads(&self, category: Option<&str>, origin: &Origin) -> Result<Vec<Ad>> {
        let query: Vec<_> = category.map(|category| ("category", category)).into_iter().collect();
        Ok(self.ads.call(Ask::get("/ads", origin).query(&query)).await?)
    }

    pub async fn click(&self, ad: u32, origin: &Origin) -> Result<Ad> {
        Ok(self.ads.call(Ask::post("/ads/{id}/click", origin).part(ad)).await?)
    }

    pub async fn convert(&self, amount: Money, to: Currency, origin: &Origin) -> Result<Conversion> {
        #[derive(Serialize)]
        struct One {
            from: Currency,
            to: Currency,
            minor: i64,
        }
        let query = One { from: amount.currency, to, minor: amount.minor };
        Ok(self.currency.call(Ask::get("/convert", origin).query(&query)).await?)
    }

    /// All in one question, or several when there are more amounts than one may hold.
    pub async fn convert_all(&self, amounts: &[Money], to: Currency, origin: &Origin) -> Result<Vec<Money>> {
        let mut all = Vec::with_capacity(amounts.len());
        for some in amounts.chunks(AMOUNTS_MAX) {
            let request = ConvertRequest { amounts: some.to_vec(), to };
            let converted: Converted =
                self.currency.call(Ask::post("/convert", origin).json(&request)).await?;
            all.extend(converted.amounts);
        }
        Ok(all)
    }

    pub async fn quote(&self, request: QuoteRequest, origin: &Origin) -> Result<Quote> {
        Ok(self.shipping.call(Ask::post("/quotes", origin).json(&request)).await?)
    }

    pub async fn shipping_methods(
        &self,
        country: Country,
        items: i64,
        origin: &Origin,
    ) -> Result<Vec<Quote>> {
        #[derive(Serialize)]
        struct Parcel {
            country: Country,
            items: i64,
        }
        Ok(self.shipping.call(Ask::get("/methods", origin).query(&Parcel { country, items })).await?)
    }

    pub async fn campaigns(&self, origin: &Origin) -> Result<Vec<Campaign>> {
        Ok(self.promotions.call(Ask::get("/campaigns", origin)).await?)
    }
}
