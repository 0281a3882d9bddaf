//! What every page has around its own matter, menus included.

use crate::{
    kernel::money::Currency,
    shop::storefront::{
        assets,
        session::{Visitor, query_pairs},
    },
};

/// What every page has around its own matter.
#[derive(Debug)]
pub struct Shell {
    pub title: String,
    /// Pieces in the cart; 0 also when nobody knows.
    pub pieces: i64,
    pub search: String,
    pub currencies: Vec<Choice>,
    /// Where the currency menu leads: here again, with everything that was asked for but the currency.
    pub here: String,
    pub keep: Vec<(String, String)>,
    pub stylesheet: &'static str,
}

/// An entry of a menu.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: &'static str,
    pub label: String,
    pub chosen: bool,
}

impl Shell {
    pub fn new(title: impl Into<String>, visitor: &Visitor, pieces: i64) -> Self {
        let mut keep = query_pairs(&visitor.uri);
        keep.retain(|(name, _)| name != "currency" && name != "for_currency");
        let search = keep.iter().find(|(name, _)| name == "search").map(|(_, value)| value.clone());
        Shell {
            title: title.into(),
            pieces,
            search: search.unwrap_or_default(),
            currencies: currencies(visitor.currency),
            here: visitor.uri.path().to_owned(),
            keep,
            stylesheet: assets::STYLESHEET.as_str(),
        }
    }

    /// Around a page that cannot be asked for again by its address, such as the answer to a form.
    pub fn nowhere(title: impl Into<String>, visitor: &Visitor) -> Self {
        let here = "/".to_owned();
        Shell { here, keep: Vec::new(), search: String::new(), ..Shell::new(title, visitor, 0) }
    }
}

pub fn currencies(chosen: Currency) -> Vec<Choice> {
    let choice = |currency: Currency| Choice {
        value: currency.code(),
        label: format!("{} {}", currency.code(), currency.symbol()),
        chosen: currency == chosen,
    };
    Currency::ALL.map(choice).into()
}
