//! What a debrief says to have looked at.

use std::path::Path;

use axum::{extract::Query, http::Uri};
use doorbuster::{
    console::exercises::{catalogue::ALL, vocabulary},
    telemetry::names::help,
};

#[test]
fn what_to_look_at_leads_to_a_part_of_the_page_and_to_what_there_is() {
    for (_, address) in ALL.iter().flat_map(|one| one.look) {
        let uri: Uri = address.trim_start_matches('#').parse().expect(address);
        let view = Path::new("src/console/page/views").join(format!("{}.js", &uri.path()[1..]));
        assert!(view.is_file(), "{address}");
        for (name, value) in Query::<Vec<(String, String)>>::try_from_uri(&uri).expect(address).0 {
            let is_known = match &*name {
                "metric" => !help(&value).is_empty(),
                "service" => vocabulary::service(&value).is_ok(),
                "route" => vocabulary::place(&value).is_ok(),
                "min_duration_ms" => value.parse::<u32>().is_ok(),
                "status" => value == "error",
                "by" | "text" => !value.is_empty(),
                _ => false,
            };
            assert!(is_known, "{name}={value} of {address}");
        }
    }
}
