//! What promotions are asked, what they answer, and the rules. All amounts of one application are in one currency, the
//! one the customer reads: a share of converted prices and a converted share differ by a cent now and then, and the
//! customer can only check the first.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::kernel::{
    error::{Error, Result},
    id::{CustomerId, OrderId, ProductId},
    money::{Currency, Money},
    origin::Tier,
};

/// A checkout that wants its discounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApplicationRequest {
    pub order_id: OrderId,
    pub customer: CustomerId,
    pub tier: Tier,
    #[serde(default)]
    pub code: Option<String>,
    /// In how many orders this customer has used the code before.
    pub times_used: i64,
    /// All in one currency.
    pub lines: Vec<PricedLine>,
}

/// Some of one product at the price of one piece.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PricedLine {
    pub product_id: ProductId,
    pub quantity: i64,
    pub unit: Money,
}

/// What is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub code: Option<String>,
    pub discounts: Vec<Discount>,
    /// The sum of the discounts.
    pub total: Money,
}

/// One discount, and what a customer reads beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    pub what: String,
    pub amount: Money,
}

/// The currency of the catalogue: what campaigns are told in, and what no lines at all are worth nothing in.
const CURRENCY: Currency = Currency::Usd;

/// A code that takes something off, as the shop's pages speak of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    pub code: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub what: Cow<'static, str>,
    /// Whether each customer may use it in one order only.
    pub once_per_customer: bool,
    /// The least worth of goods it is for, in the catalogue's currency; others have a price point of their own.
    pub minimum: Money,
}

/// A campaign and the rule behind it.
#[derive(Debug)]
pub struct Offer {
    pub code: &'static str,
    title: &'static str,
    what: &'static str,
    pub once_per_customer: bool,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// A share of the goods, in basis points.
    Share(i64),
    /// A fixed amount, its price point in each currency; for orders of [`FIXED_LEAST`] times that.
    Fixed(fn(Currency) -> Money),
    /// Of each three of the same product, one is free.
    ThirdFree,
}

/// An order must be worth this many times the fixed amount that is taken off it.
const FIXED_LEAST: i64 = 4;

/// What a welcome takes off: a round figure in every currency, as shops have them, and not five dollars at some rate.
fn welcome(currency: Currency) -> Money {
    let minor = match currency {
        Currency::Usd | Currency::Eur => 500,
        Currency::Gbp => 400,
        Currency::Jpy => 750,
        Currency::Brl => 2_500,
        Currency::Inr => 40_000,
        Currency::Cad => 700,
        Currency::Aud => 800,
    };
    Money::new(minor, currency)
}

/// Every code there is.
pub const OFFERS: [Offer; 4] = [
    Offer {
        code: "BLACKFRIDAY",
        title: "Black Friday",
        what: "25 % off everything",
        once_per_customer: false,
        rule: Rule::Share(2_500),
    },
    Offer {
        code: "SAVE10",
        title: "Save ten",
        what: "10 % off everything",
        once_per_customer: false,
        rule: Rule::Share(1_000),
    },
    Offer {
        code: "WELCOME5",
        title: "Welcome",
        what: "5 dollars off one order of 20 dollars or more (or its price point in your currency)",
        once_per_customer: true,
        rule: Rule::Fixed(welcome),
    },
    Offer {
        code: "B2G1",
        title: "Buy two, get one",
        what: "Of each three of the same product, one is free",
        once_per_customer: false,
        rule: Rule::ThirdFree,
    },
];

/// The offer behind a code as a customer typed it: case and spaces around it do not matter.
pub fn offer(code: &str) -> Option<&'static Offer> {
    OFFERS.iter().find(|offer| offer.code.eq_ignore_ascii_case(code.trim()))
}

/// What the shop tells everybody.
pub fn campaigns() -> Vec<Campaign> {
    OFFERS
        .iter()
        .map(|offer| Campaign {
            code: offer.code.into(),
            title: offer.title.into(),
            what: offer.what.into(),
            once_per_customer: offer.once_per_customer,
            minimum: offer.rule.minimum(CURRENCY),
        })
        .collect()
}

/// What the code and the tier take off, the tier from what the code has left, in the currency of the lines. Each discount
/// is rounded once, half up, so that it is exactly its share of the lines. Whether a once-code was spent before is
/// not looked at here.
pub fn apply(offer: Option<&'static Offer>, tier: Tier, lines: &[PricedLine]) -> Result<Application> {
    let goods = worth(lines)?;
    let mut left = goods;
    let mut discounts = Vec::new();
    if let Some(offer) = offer {
        let minimum = offer.rule.minimum(goods.currency);
        if goods.minor < minimum.minor {
            let detail = format!("{} is for orders of {minimum} {} or more", offer.code, minimum.currency);
            return Err(Error::invalid("promo_code", detail));
        }
        let amount = offer.rule.off(goods, lines);
        left = take(&mut discounts, left, format!("{} ({})", offer.title, offer.code), amount);
    }
    let share = loyalty_basis_points(tier);
    take(&mut discounts, left, format!("Loyalty discount ({tier})"), left.basis_points(share));
    let total = discounts.iter().map(|discount| discount.amount.minor).sum();
    let code = offer.map(|offer| offer.code.to_owned());
    Ok(Application { code, discounts, total: Money::new(total, goods.currency) })
}

/// Notes `amount` as a discount, but never more than is `left`; answers what is left then. A discount of nothing is
/// not one.
fn take(discounts: &mut Vec<Discount>, left: Money, what: String, amount: Money) -> Money {
    let minor = amount.minor.clamp(0, left.minor);
    if minor > 0 {
        discounts.push(Discount { what, amount: Money::new(minor, left.currency) });
    }
    Money::new(left.minor - minor, left.currency)
}

fn worth(lines: &[PricedLine]) -> Result<Money> {
    let wrong = |detail: &'static str| Error::invalid("lines", detail);
    let currency = lines.first().map_or(CURRENCY, |line| line.unit.currency);
    lines.iter().try_fold(Money::zero(currency), |sum, line| {
        if line.quantity < 1 || line.unit.minor < 0 {
            return Err(wrong("quantities and prices must be positive"));
        }
        if line.unit.currency != currency {
            return Err(wrong("all prices must be in one currency"));
        }
        sum.plus(line.unit.times(line.quantity)).ok_or_else(|| wrong("the goods cost too much"))
    })
}

fn loyalty_basis_points(tier: Tier) -> i64 {
    match tier {
        Tier::Standard => 0,
        Tier::Silver => 300,
        Tier::Gold => 500,
        Tier::Platinum => 800,
    }
}

impl Rule {
    /// The least worth of goods it is for.
    fn minimum(self, currency: Currency) -> Money {
        match self {
            Rule::Fixed(point) => point(currency).times(FIXED_LEAST),
            Rule::Share(_) | Rule::ThirdFree => Money::zero(currency),
        }
    }

    fn off(self, goods: Money, lines: &[PricedLine]) -> Money {
        match self {
            Rule::Share(points) => goods.basis_points(points),
            Rule::Fixed(point) => point(goods.currency),
            Rule::ThirdFree => {
                let free = lines.iter().map(|line| line.unit.times(line.quantity / 3).minor);
                Money::new(free.fold(0, i64::saturating_add), goods.currency)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(product_id: ProductId, quantity: i64, cents: i64) -> PricedLine {
        line_in(CURRENCY, product_id, quantity, cents)
    }

    fn line_in(currency: Currency, product_id: ProductId, quantity: i64, minor: i64) -> PricedLine {
        PricedLine { product_id, quantity, unit: Money::new(minor, currency) }
    }

    fn off(code: &str, tier: Tier, lines: &[PricedLine]) -> i64 {
        apply(offer(code), tier, lines).expect(code).total.minor
    }

    #[test]
    fn each_rule_takes_off_what_it_says() {
        let lines = [line(1, 3, 1_000), line(2, 1, 999)];
        for (code, tier, cents) in [
            ("", Tier::Standard, 0),
            ("", Tier::Silver, 120),         // 3 % of 39.99 is 1.1997
            ("", Tier::Gold, 200),           // 5 % is 1.9995
            ("", Tier::Platinum, 320),       // 8 % is 3.1992
            ("SAVE10", Tier::Standard, 400), // 3.999
            ("BLACKFRIDAY", Tier::Standard, 1_000),
            ("WELCOME5", Tier::Standard, 500),
            ("B2G1", Tier::Standard, 1_000),
            ("save10 ", Tier::Gold, 400 + 180), // 5 % of the 35.99 that are left is 1.7995
        ] {
            assert_eq!(off(code, tier, &lines), cents, "{code} {tier}");
        }
    }

    #[test]
    fn one_of_each_three_is_free_and_only_of_the_same_product() {
        for (lines, cents) in [
            (vec![line(1, 2, 500), line(2, 1, 700)], 0),
            (vec![line(1, 3, 500)], 500),
            (vec![line(1, 5, 500)], 500),
            (vec![line(1, 6, 500), line(2, 3, 700)], 1_700),
        ] {
            assert_eq!(off("B2G1", Tier::Standard, &lines), cents, "{lines:?}");
        }
    }

    #[test]
    fn a_welcome_is_for_orders_of_twenty_dollars() {
        assert_eq!(off("WELCOME5", Tier::Standard, &[line(1, 1, 2_000)]), 500);
        let error = apply(offer("WELCOME5"), Tier::Standard, &[line(1, 1, 1_999)]).expect_err("too little");
        assert_eq!(error.field(), Some("promo_code"));
    }

    #[test]
    fn a_welcome_has_its_price_point_in_every_currency() {
        for (currency, off, minimum) in [
            (Currency::Usd, 500, 2_000),
            (Currency::Eur, 500, 2_000),
            (Currency::Gbp, 400, 1_600),
            (Currency::Jpy, 750, 3_000),
            (Currency::Brl, 2_500, 10_000),
            (Currency::Inr, 40_000, 160_000),
            (Currency::Cad, 700, 2_800),
            (Currency::Aud, 800, 3_200),
        ] {
            let apply = |minor| apply(offer("WELCOME5"), Tier::Standard, &[line_in(currency, 1, 1, minor)]);
            assert_eq!(apply(minimum).expect("enough").total, Money::new(off, currency));
            let error = apply(minimum - 1).expect_err("too little");
            let minimum = Money::new(minimum, currency);
            assert_eq!(error.field(), Some("promo_code"));
            assert_eq!(error.detail(), format!("WELCOME5 is for orders of {minimum} {currency} or more"));
        }
    }

    #[test]
    fn a_discount_is_its_share_of_the_lines_in_their_currency() {
        for (currency, goods, code, tier, wanted) in [
            (Currency::Brl, 129_210, "SAVE10", Tier::Standard, vec![12_921]),
            (Currency::Eur, 45_948, "SAVE10", Tier::Standard, vec![4_595]), // 459.48: 45.948
            (Currency::Jpy, 13_380, "", Tier::Gold, vec![669]),
            (Currency::Jpy, 13_375, "BLACKFRIDAY", Tier::Gold, vec![3_344, 502]), // 3343.75; of 10031: 501.55
            (Currency::Jpy, 4_484, "WELCOME5", Tier::Silver, vec![750, 112]),     // of 3734: 112.02
            (Currency::Inr, 249_517, "SAVE10", Tier::Platinum, vec![24_952, 17_965]), // of 2245.65: 179.652
        ] {
            let lines = [line_in(currency, 1, 1, goods)];
            let application = apply(offer(code), tier, &lines).expect(code);
            let amounts: Vec<Money> = application.discounts.iter().map(|one| one.amount).collect();
            let wanted: Vec<Money> = wanted.into_iter().map(|minor| Money::new(minor, currency)).collect();
            assert_eq!(amounts, wanted, "{currency} {code} {tier}");
        }
        let thirds = [line_in(Currency::Jpy, 1, 7, 1_495), line_in(Currency::Jpy, 2, 2, 100)];
        let free = apply(offer("B2G1"), Tier::Standard, &thirds).expect("free");
        assert_eq!(free.total, Money::new(2 * 1_495, Currency::Jpy));
    }

    #[test]
    fn what_is_taken_off_is_the_sum_of_what_is_listed_and_never_more_than_the_goods() {
        for offer in &OFFERS {
            for tier in Tier::ALL {
                let lines = [line(1, 99, 1), line(2, 3, 3_333)];
                let application = apply(Some(offer), tier, &lines).expect(offer.code);
                let sum: i64 = application.discounts.iter().map(|one| one.amount.minor).sum();
                assert_eq!(sum, application.total.minor);
                assert!(sum <= 99 + 3 * 3_333);
            }
        }
    }

    #[test]
    fn lines_that_make_no_sense_are_refused() {
        for lines in [
            vec![line(1, 0, 100)],
            vec![line(1, -1, 100)],
            vec![line(1, 1, -100)],
            vec![line(1, 1, 1), line_in(Currency::Eur, 2, 1, 1)],
            vec![line_in(Currency::Eur, 2, 1, 1), line(1, 1, 1)],
            vec![line(1, 99, i64::MAX), line(2, 1, 1)],
        ] {
            let error = apply(None, Tier::Standard, &lines).expect_err("nonsense");
            assert_eq!(error.field(), Some("lines"), "{lines:?}");
        }
    }
}
