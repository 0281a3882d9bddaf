//! What checkout asks of others.

use axum::http::StatusCode;

use crate::{
    kernel::{
        client::{Ask, Client, Refusal},
        id::{CustomerId, OrderId, ProductId},
        origin::Origin,
    },
    shop::{
        cart::model::Cart,
        catalog::model::{Product, Sales},
        currency::model::{ConvertRequest, Converted},
        payments::model::{Payment, PaymentRequest, RefundRequest},
        promotions::model::{Application, ApplicationRequest},
        shipping::model::{Quote, QuoteRequest},
        third_party::{
            crm::OrderNote,
            inventory::{Reservation, Shortage},
            payment_provider::Refund,
        },
    },
};

#[derive(Clone)]
pub struct Peers {
    pub cart: Client,
    pub catalog: Client,
    pub promotions: Client,
    pub currency: Client,
    pub shipping: Client,
    pub inventory: Client,
    pub payments: Client,
    pub crm: Client,
}

/// What inventory made of a reservation.
#[derive(Debug)]
pub enum Stock {
    Reserved,
    /// There is too little of this product, when inventory said of which.
    Short(Option<ProductId>),
    /// It did not do its work; nobody knows.
    Unknown,
}

impl Peers {
    pub async fn cart(&self, origin: &Origin, customer: &CustomerId) -> Result<Cart, Refusal> {
        self.cart.call(Ask::get("/carts/{customer}", origin).part(customer)).await
    }

    /// Closes the cart, unless the customer has a new one by now.
    pub async fn close_cart(
        &self,
        origin: &Origin,
        customer: &CustomerId,
        cart_id: &str,
    ) -> Result<(), Refusal> {
        let ask = Ask::delete("/carts/{customer}", origin).part(customer).query(&[("cart_id", cart_id)]);
        self.cart.tell(ask).await
    }

    pub async fn product(&self, origin: &Origin, id: ProductId) -> Result<Product, Refusal> {
        self.catalog.call(Ask::get("/products/{id}", origin).part(id)).await
    }

    pub async fn count_sales(&self, origin: &Origin, sales: &Sales) -> Result<(), Refusal> {
        self.catalog.tell(Ask::post("/sales", origin).json(sales)).await
    }

    /// The discounts of this order; a code that works once is kept for it.
    pub async fn apply_promotions(
        &self,
        origin: &Origin,
        application: &ApplicationRequest,
    ) -> Result<Application, Refusal> {
        self.promotions.call(Ask::post("/applications", origin).json(application)).await
    }

    pub async fn release_promotions(&self, origin: &Origin, order_id: &OrderId) -> Result<(), Refusal> {
        self.promotions.tell(Ask::delete("/applications/{order_id}", origin).part(order_id)).await
    }

    pub async fn quote(&self, origin: &Origin, parcel: &QuoteRequest) -> Result<Quote, Refusal> {
        self.shipping.call(Ask::post("/quotes", origin).json(parcel)).await
    }

    pub async fn convert(&self, origin: &Origin, amounts: &ConvertRequest) -> Result<Converted, Refusal> {
        self.currency.call(Ask::post("/convert", origin).json(amounts)).await
    }

    pub async fn reserve(&self, origin: &Origin, goods: &Reservation) -> Stock {
        match self.inventory.tell(Ask::post("/reservations", origin).json(goods)).await {
            Ok(()) => Stock::Reserved,
            Err(refusal) if refusal.status() == Some(StatusCode::CONFLICT) => {
                Stock::Short(refusal.said().map(|Shortage { product_id }| product_id))
            }
            Err(_) => Stock::Unknown,
        }
    }

    pub async fn release_stock(&self, origin: &Origin, order_id: &OrderId) -> Result<(), Refusal> {
        self.inventory.tell(Ask::delete("/reservations/{order_id}", origin).part(order_id)).await
    }

    pub async fn pay(&self, origin: &Origin, payment: &PaymentRequest) -> Result<Payment, Refusal> {
        self.payments.call(Ask::post("/payments", origin).json(payment)).await
    }

    pub async fn refund(&self, origin: &Origin, refund: &RefundRequest) -> Result<Refund, Refusal> {
        self.payments.call(Ask::post("/refunds", origin).json(refund)).await
    }

    pub async fn note_in_crm(
        &self,
        origin: &Origin,
        customer: &CustomerId,
        note: &OrderNote,
    ) -> Result<(), Refusal> {
        let ask = Ask::post("/customers/{customer}/orders", origin).part(customer).json(note);
        self.crm.tell(ask).await
    }
}
