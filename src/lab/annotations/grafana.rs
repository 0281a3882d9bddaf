//! Grafana's annotations API, as its documentation has it since version 8: `POST /api/annotations` gives a number,
//! `PATCH /api/annotations/{number}` ends what has it, `GET /api/annotations?tags=` finds what was left open.

use http::HeaderValue;
use serde_json::{Value, json};

use super::{book::Errand, mark::OURS};
use crate::{
    kernel::outside::{Place, Silence},
    telemetry::guest,
};

/// The variable that holds the address.
pub const VARIABLE: &str = "GRAFANA_URL";
/// The variable that holds a service account's token.
pub const TOKEN: &str = "GRAFANA_TOKEN";
/// As many marks as a lab may have left open.
const MOST_LEFT: &str = "100";

pub struct Grafana(Place);

impl Grafana {
    /// `url` may hold a user and a password before its host; a token goes before them.
    pub fn new(url: &str, token: Option<&str>) -> Result<Grafana, String> {
        let (uri, guest) = guest::address(VARIABLE, url.trim())?;
        let bearer = token.map(|token| {
            let value = HeaderValue::try_from(format!("Bearer {}", token.trim()));
            value.map_err(|_| format!("{TOKEN} cannot stand in a header"))
        });
        let word = match bearer.transpose()? {
            Some(mut bearer) => {
                bearer.set_sensitive(true);
                Some(bearer)
            }
            None => guest.and_then(|guest| guest.basic()),
        };
        Ok(Grafana(Place::new(VARIABLE, &uri.to_string())?.with_token(word)))
    }

    /// Without who asks.
    pub fn address(&self) -> &str {
        self.0.base()
    }

    /// Tells it. Of what is new, the number it has from now on.
    pub async fn tell(&self, errand: &Errand) -> Result<Option<i64>, Silence> {
        match errand {
            Errand::Open { body } => {
                self.0.post("/api/annotations", body).await.map(|answer| answer["id"].as_i64())
            }
            Errand::Close { number, body } => {
                self.0.patch(&format!("/api/annotations/{number}"), body).await.map(|_| None)
            }
        }
    }

    /// Ends at `now_ms` what a lab that was killed left open.
    pub async fn close_left(&self, open_tag: &str, now_ms: i64) -> Result<(), Silence> {
        let wanted = [("tags", OURS), ("tags", open_tag), ("type", "annotation"), ("limit", MOST_LEFT)];
        let left = self.0.get("/api/annotations", &wanted).await?;
        for one in left.as_array().into_iter().flatten() {
            let Some(number) = one["id"].as_i64() else { continue };
            let tags: Vec<&Value> =
                one["tags"].as_array().into_iter().flatten().filter(|tag| *tag != open_tag).collect();
            let body = json!({ "timeEnd": now_ms, "tags": tags });
            self.0.patch(&format!("/api/annotations/{number}"), &body).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_who_asks() {
        let grafana = Grafana::new("http://me:secret@grafana:3000/", None).expect("an address");
        assert_eq!(grafana.address(), "http://grafana:3000");
        let why = Grafana::new("grafana:3000", None).err().expect("no scheme");
        assert!(why.starts_with("GRAFANA_URL"), "{why}");
        let why = Grafana::new("http://g", Some("a\nb")).err().expect("two lines");
        assert!(why.starts_with("GRAFANA_TOKEN") && !why.contains("a\n"), "{why}");
    }
}
