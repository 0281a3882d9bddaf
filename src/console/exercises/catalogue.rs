//! The exercises: which bundled scenario each of them is, what a right answer to it says, what helps, and what to have
//! looked at. Data alone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How hard it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// One look at the right signal shows it.
    Easy,
    /// It takes two signals that agree.
    Medium,
    /// What is seen first is not the cause.
    Hard,
}

impl Difficulty {
    pub const ALL: [Difficulty; 3] = [Difficulty::Easy, Difficulty::Medium, Difficulty::Hard];
}

/// Words that are right, and words that are half right.
#[derive(Clone, Copy, Debug)]
pub struct Right {
    pub right: &'static [&'static str],
    pub near: &'static [&'static str],
}

const fn is(right: &'static [&'static str]) -> Right {
    Right { right, near: &[] }
}

const fn nearly(right: &'static [&'static str], near: &'static [&'static str]) -> Right {
    Right { right, near }
}

/// One exercise.
#[derive(Debug)]
pub struct Exercise {
    /// Its bundled scenario.
    pub scenario: &'static str,
    pub difficulty: Difficulty,
    /// The service that is at fault.
    pub service: Right,
    /// Where in it; the first word is the one that a debrief says.
    pub places: Right,
    pub kinds: Right,
    /// From a nudge to nearly the answer.
    pub hints: [&'static str; 3],
    /// What to have looked at, each with a place of the page.
    pub look: &'static [(&'static str, &'static str)],
    pub lesson: &'static str,
}

/// All of them.
pub const ALL: [Exercise; 14] = [
    Exercise {
        scenario: "payment-outage-brazil",
        difficulty: Difficulty::Easy,
        service: nearly(&["payment-provider"], &["payments"]),
        places: nearly(&["BR"], &["POST /charge"]),
        kinds: is(&["fail"]),
        hints: [
            "The total looks almost well. Split it.",
            "Compare how many payments succeed in each country.",
            "Open a failed checkout from Brazil, and see which span is the first to fail.",
        ],
        look: &[
            ("Payment success by country", "#/stage"),
            ("Failed checkouts, the first span that failed", "#/investigate/traces?status=error"),
        ],
        lesson: "A total hides a country: a twelfth of the shoppers can be in trouble while every average is fine.",
    },
    Exercise {
        scenario: "payment-collapse",
        difficulty: Difficulty::Easy,
        service: nearly(&["payment-provider"], &["payments"]),
        places: nearly(&["POST /charge"], &["everywhere"]),
        kinds: is(&["fail", "delay"]),
        hints: [
            "Many alerts fire. Ask which of them could be the cause of the others.",
            "Follow a slow checkout down to the span that has no child.",
            "The wait and the errors both come from outside the house.",
        ],
        look: &[
            ("The deepest span of a slow checkout", "#/investigate/traces?status=error"),
            ("Which alerts came first, and what was held back", "#/alerts"),
        ],
        lesson: "One cause can raise a dozen alerts. The trace says which of them are only symptoms.",
    },
    Exercise {
        scenario: "slow-pages",
        difficulty: Difficulty::Easy,
        service: is(&["storefront"]),
        places: nearly(
            &["everywhere"],
            &["GET /", "GET /products", "GET /products/{id}", "GET /cart", "POST /checkout"],
        ),
        kinds: is(&["delay"]),
        hints: [
            "Nothing fails. Look at how long things take.",
            "Compare a page's whole time with the time of the calls it makes.",
            "The time is in the outermost span itself, on every route.",
        ],
        look: &[(
            "Time in the storefront's own span, with its calls left out",
            "#/investigate/traces?service=storefront",
        )],
        lesson: "Without a single error people leave all the same: latency has a budget of its own.",
    },
    Exercise {
        scenario: "slow-query",
        difficulty: Difficulty::Easy,
        service: is(&["catalog"]),
        places: nearly(&["products.list"], &["GET /products"]),
        kinds: nearly(&["slow_query"], &["delay"]),
        hints: [
            "Only some pages are slow. Which route do they share?",
            "Open a slow one: network, code, or database?",
            "One statement of the catalogue takes most of the time.",
        ],
        look: &[
            (
                "Queries apart, by how long they take",
                "#/investigate/metrics?metric=db.client.operation.duration&by=db.query.summary",
            ),
            (
                "Spans of the database in a slow product list",
                "#/investigate/traces?service=catalog&min_duration_ms=500",
            ),
        ],
        lesson: "A span per query names the one statement out of a dozen.",
    },
    Exercise {
        scenario: "bad-release",
        difficulty: Difficulty::Medium,
        service: is(&["payments"]),
        places: nearly(&["POST /payments"], &["everywhere"]),
        kinds: is(&["fail", "delay"]),
        hints: [
            "Since when? Something else changed at that moment.",
            "Look at the resource of the failing spans, not only at their attributes.",
            "Compare the versions of payments in good and in bad traces.",
        ],
        look: &[("service.version of failing spans", "#/investigate/traces?service=payments&status=error")],
        lesson: "Ask since when, and since which version: a release is the first suspect.",
    },
    Exercise {
        scenario: "pool-exhaustion",
        difficulty: Difficulty::Medium,
        service: is(&["checkout"]),
        places: nearly(
            &["everywhere"],
            &["POST /checkouts", "GET /orders", "GET /orders/{order_id}", "orders.insert"],
        ),
        kinds: is(&["hold_connections"]),
        hints: [
            "The queries are as fast as ever. What happens before them?",
            "Look for time in which a span waits and nothing below it runs.",
            "Count the connections of checkout's pool, and those who wait for one.",
        ],
        look: &[
            (
                "Connections of checkout's pool, idle and used",
                "#/investigate/metrics?metric=db.client.connection.count&service=checkout&by=db.client.connection.state",
            ),
            (
                "Who waits for a connection",
                "#/investigate/metrics?metric=db.client.connection.pending_requests&by=service",
            ),
            ("Log lines that say pool_exhausted", "#/investigate/logs?text=pool"),
        ],
        lesson: "The time lies before the query, not in it.",
    },
    Exercise {
        scenario: "cpu-hotspot",
        difficulty: Difficulty::Medium,
        service: is(&["recommendation"]),
        places: is(&["GET /recommendations", "everywhere"]),
        kinds: nearly(&["burn_cpu"], &["delay"]),
        hints: [
            "No query, no call, no error: where can the time be?",
            "Look at the processor time of the services.",
            "Recommendation's spans are long, and nothing is below them.",
        ],
        look: &[
            (
                "Processor time of recommendation and its flame graph (with --profile)",
                "#/investigate/profiles?service=recommendation&route=GET+%2Frecommendations",
            ),
            (
                "Its long spans with nothing below them",
                "#/investigate/traces?service=recommendation&min_duration_ms=80",
            ),
        ],
        lesson: "A trace says where it waits, a profile where it works.",
    },
    Exercise {
        scenario: "memory-leak",
        difficulty: Difficulty::Medium,
        service: is(&["ads"]),
        places: is(&["everywhere", "GET /ads", "POST /ads/{id}/click"]),
        kinds: is(&["leak_memory"]),
        hints: [
            "No request is slow, none fails. Look at what only grows.",
            "Plot the memory of the process, and ask which traffic it follows.",
            "The service that shows advertisements keeps half a mebibyte a request.",
        ],
        look: &[
            (
                "Memory of the process over the last minutes",
                "#/investigate/metrics?metric=process.memory.usage",
            ),
            (
                "Which route takes the processor to fill it (with --profile)",
                "#/investigate/profiles?service=ads&route=GET+%2Fads",
            ),
        ],
        lesson: "The alert to have is the one before the kernel decides.",
    },
    Exercise {
        scenario: "inventory-brownout",
        difficulty: Difficulty::Medium,
        service: is(&["inventory"]),
        places: nearly(&["everywhere"], &["POST /reservations", "GET /stock/{product_id}"]),
        kinds: is(&["delay", "fail"]),
        hints: [
            "Checkouts succeed, but some take just as long as each other.",
            "A very straight line in a latency chart is a time-out.",
            "Whom does checkout stop waiting for?",
        ],
        look: &[(
            "Client spans of checkout that end at the same time",
            "#/investigate/traces?service=checkout",
        )],
        lesson: "A very straight line is a time-out, and a fallback hides who caused it.",
    },
    Exercise {
        scenario: "checkout-lock",
        difficulty: Difficulty::Hard,
        service: is(&["checkout"]),
        places: nearly(&["orders.insert"], &["POST /checkouts"]),
        kinds: nearly(&["hold_lock"], &["slow_query", "delay"]),
        hints: [
            "Many orders hang, and most of them are victims.",
            "Whoever waits began after somebody else; look for the first of a row.",
            "One insert keeps its transaction open for seconds.",
        ],
        look: &[("Inserts into orders that overlap in time", "#/investigate/traces?service=checkout")],
        lesson: "Victims look like culprits: the one who holds a lock began before those who wait.",
    },
    Exercise {
        scenario: "retry-storm",
        difficulty: Difficulty::Hard,
        service: nearly(&["payments"], &["payment-provider"]),
        places: nearly(&["everywhere", "POST /payments"], &["POST /charge"]),
        kinds: nearly(&["retry"], &["fail"]),
        hints: [
            "Somebody complains loudly. Ask what it did to deserve it.",
            "Count the calls to the provider for one payment.",
            "The provider's errors are a hiccup. Eight calls a payment are not.",
        ],
        look: &[(
            "How many client spans one payment has",
            "#/investigate/traces?service=payments&status=error",
        )],
        lesson: "Who complains may be who causes.",
    },
    Exercise {
        scenario: "broken-trace",
        difficulty: Difficulty::Hard,
        service: nearly(&["payment-provider"], &["payments", "checkout"]),
        places: nearly(&["credit_card"], &["POST /charge", "POST /payments"]),
        kinds: nearly(&["delay"], &["lose_context"]),
        hints: [
            "The trace of a slow checkout ends too early. Two things are wrong.",
            "Traces that begin in payments have no business to begin there.",
            "Split the slow payments by how they were paid.",
        ],
        look: &[
            ("Traces whose first span is in payments", "#/investigate/traces?service=payments"),
            (
                "Payments by method, by how long they take",
                "#/investigate/metrics?metric=webstore.payment.duration&by=payment_method",
            ),
        ],
        lesson: "A header that is lost takes the story with it; find the other half by its time and its attributes.",
    },
    Exercise {
        scenario: "cache-outage",
        difficulty: Difficulty::Hard,
        service: is(&["cart"]),
        places: is(&["everywhere", "GET /carts/{customer}", "POST /carts/{customer}/lines"]),
        kinds: is(&["cache_outage"]),
        hints: [
            "No customer notices anything. Some span does.",
            "Look for errors below spans that succeed.",
            "Where do carts come from, when their store does not answer?",
        ],
        look: &[("Failed spans below good ones in cart", "#/investigate/traces?service=cart")],
        lesson: "A fallback that nobody notices is a failure that waits for a second one.",
    },
    Exercise {
        scenario: "slow-burn",
        difficulty: Difficulty::Hard,
        service: is(&["storefront"]),
        places: is(&["everywhere"]),
        kinds: is(&["fail"]),
        hints: [
            "It is below every threshold. Look at what is left of the budget.",
            "Two in a hundred fail, on every route and in every country.",
            "The first service that is asked answers without asking anybody else.",
        ],
        look: &[
            ("Failed traces that have a single span", "#/investigate/traces?status=error"),
            ("Burn rate against error rate", "#/alerts"),
        ],
        lesson: "Below every threshold the budget goes all the same: count what is spent, not how fast.",
    },
];

/// The exercise of that scenario.
pub fn of(scenario: &str) -> Option<&'static Exercise> {
    ALL.iter().find(|one| one.scenario == scenario)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::exercises::vocabulary,
        scenario::{incident, library::Library},
    };

    #[test]
    fn every_exercise_is_a_bundled_scenario_that_breaks_something_and_speaks_the_answers_language() {
        let library = Library::new(None);
        for one in &ALL {
            let spec = library.get(one.scenario).expect(one.scenario);
            assert!(
                !incident::faults(&spec).is_empty() && !incident::onsets(&spec).is_empty(),
                "{}",
                spec.name
            );
            let words = |right: &Right| right.right.iter().chain(right.near).copied().collect::<Vec<_>>();
            assert!(words(&one.service).into_iter().all(|word| vocabulary::service(word).is_ok()), "{one:?}");
            assert!(words(&one.places).into_iter().all(|word| vocabulary::place(word).is_ok()), "{one:?}");
            assert!(words(&one.kinds).into_iter().all(|word| vocabulary::kind(word).is_ok()), "{one:?}");
            let effects = spec.phases.iter().flat_map(|phase| &phase.faults).map(|fault| fault.effect.name());
            assert!(
                one.kinds.right.iter().all(|kind| effects.clone().any(|effect| effect == *kind)),
                "{one:?}"
            );
        }
    }

    #[test]
    fn there_are_some_of_each_difficulty() {
        for wanted in Difficulty::ALL {
            assert!(ALL.iter().filter(|one| one.difficulty == wanted).count() >= 3, "{wanted:?}");
        }
    }
}
