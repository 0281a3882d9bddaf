//! What promotions are asked, what they answer, and the rules. All amounts are in one currency, the catalogue's.

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

/// The currency of the catalogue, and so of every rule.
const CURRENCY: Currency = Currency::Usd;

/// A code that takes something off, as the shop's pages speak of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    pub code: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub what: Cow<'static, str>,
    /// Whether each customer may use it in one order only.
    pub once_per_customer: bool,
    /// The least worth of goods it is for.
    pub minimum: Money,
}

/// A campaign and the rule behind it.
#[derive(Debug)]
pub struct Offer {
    pub code: &'static str,
    title: &'static str,
    what: &'static str,
    pub once_per_customer: bool,
    minimum: Money,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    /// A share of the goods, in basis points.
    Share(i64),
    /// A fixed amount.
    Fixed(Money),
    /// Of each three of the same product, one is free.
    ThirdFree,
}

const NOTHING: Money = Money::zero(CURRENCY);

/// Every code there is.
pub const OFFERS: [Offer; 4] = [
    Offer {
        code: "BLACKFRIDAY",
        title: "Black Friday",
        what: "25 % off everything",
        once_per_customer: false,
        minimum: NOTHING,
        rule: Rule::Share(2_500),
    },
    Offer {
        code: "SAVE10",
        title: "Save ten",
        what: "10 % off everything",
        once_per_customer: false,
        minimum: NOTHING,
        rule: Rule::Share(1_000),
    },
    Offer {
        code: "WELCOME5",
        title: "Welcome",
        what: "5 dollars off one order of 20 dollars or more",
        once_per_customer: true,
        minimum: Money::new(2_000, CURRENCY),
        rule: Rule::Fixed(Money::new(500, CURRENCY)),
    },
    Offer {
        code: "B2G1",
        title: "Buy two, get one",
        what: "Of each three of the same product, one is free",
        once_per_customer: false,
        minimum: NOTHING,
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
            minimum: offer.minimum,
        })
        .collect()
}

/// What the code and the tier take off, the tier from what the code has left. Whether a once-code was spent before is
/// not looked at here.
pub fn apply(offer: Option<&'static Offer>, tier: Tier, lines: &[PricedLine]) -> Result<Application> {
    let goods = worth(lines)?;
    let mut left = goods;
    let mut discounts = Vec::new();
    if let Some(offer) = offer {
        if goods.minor < offer.minimum.minor {
            let detail = format!("{} is for orders of {} USD or more", offer.code, offer.minimum);
            return Err(Error::invalid("promo_code", detail));
        }
        let amount = offer.rule.off(goods, lines);
        left = take(&mut discounts, left, format!("{} ({})", offer.title, offer.code), amount);
    }
    let share = loyalty_basis_points(tier);
    take(&mut discounts, left, format!("Loyalty discount ({tier})"), left.basis_points(share));
    let total = discounts.iter().map(|discount| discount.amount.minor).sum();
    let code = offer.map(|offer| offer.code.to_owned());
    Ok(Application { code, discounts, total: Money::new(total, CURRENCY) })
}

/// Notes `amount` as a discount, but never more than is `left`; answers what is left then. A discount of nothing is
/// not one.
fn take(discounts: &mut Vec<Discount>, left: Money, what: String, amount: Money) -> Money {
    let minor = amount.minor.clamp(0, left.minor);
    if minor > 0 {
        discounts.push(Discount { what, amount: Money::new(minor, CURRENCY) });
    }
    Money::new(left.minor - minor, CURRENCY)
}

fn worth(lines: &[PricedLine]) -> Result<Money> {
    let wrong = |detail: &'static str| Error::invalid("lines", detail);
    lines.iter().try_fold(NOTHING, |sum, line| {
        if line.quantity < 1 || line.unit.minor < 0 {
            return Err(wrong("quantities and prices must be positive"));
        }
        sum.plus(line.unit.times(line.quantity)).ok_or_else(|| wrong("all prices must be in USD"))
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
    fn off(self, goods: Money, lines: &[PricedLine]) -> Money {
        match self {
            Rule::Share(points) => goods.basis_points(points),
            Rule::Fixed(amount) => amount,
            Rule::ThirdFree => {
                let free = lines.iter().map(|line| line.unit.times(line.quantity / 3).minor);
                Money::new(free.fold(0, i64::saturating_add), CURRENCY)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(product_id: ProductId, quantity: i64, cents: i64) -> PricedLine {
        PricedLine { product_id, quantity, unit: Money::new(cents, CURRENCY) }
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
            vec![PricedLine { product_id: 1, quantity: 1, unit: Money::new(1, Currency::Eur) }],
            vec![line(1, 99, i64::MAX), line(2, 1, 1)],
        ] {
            let error = apply(None, Tier::Standard, &lines).expect_err("nonsense");
            assert_eq!(error.field(), Some("lines"), "{lines:?}");
        }
    }
}
