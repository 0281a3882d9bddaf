//! The files that pages bring along, kept in the binary: the style sheet and the pictures.

use std::{
    hash::{DefaultHasher, Hasher},
    sync::LazyLock,
};

use axum::{
    Router,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::kernel::{
    error::{Error, Result},
    extract::Path,
};

const CSS: &str = include_str!("templates/shop.css");

/// The address of the style sheet. It changes with the content, so that a browser may keep it for ever.
pub static STYLESHEET: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    hasher.write(CSS.as_bytes());
    format!("/static/shop.css?v={:016x}", hasher.finish())
});

/// The files. They are the same for everybody: no session, no cookie.
pub fn router() -> Router {
    Router::new().route("/static/shop.css", get(stylesheet)).route("/static/art/{file}", get(picture))
}

/// The address of the picture for a product: by a word of its name, else by its category.
pub fn art(name: &str, category: &str) -> String {
    let name = name.to_lowercase();
    let words = || name.split(|char: char| !char.is_alphanumeric());
    let by_name = ART.iter().find(|(word, _)| words().any(|one| one == *word));
    let picture = by_name.or_else(|| ART.iter().find(|(word, _)| *word == category));
    format!("/static/art/{}.svg", picture.map_or("parcel", |(word, _)| word))
}

macro_rules! art {
    ($($word:literal)*) => {
        [$(($word, include_str!(concat!("templates/art/", $word, ".svg")))),*]
    };
}

/// Pictures by the word that a product's name or category contains. White lines: the page puts the colours behind.
const ART: [(&str, &str); 26] = art![
    "headphones" "keyboard" "watch" "charger" "monitor" "atlas" "books" "grinder" "pan" "bed" "lamp" "sweater"
    "jacket" "socks" "mat" "belt" "dumbbell" "marble" "octopus" "electronics" "home" "clothing" "sports" "toys"
    "parcel" "mark"
];

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_DAY: &str = "public, max-age=86400";

async fn stylesheet() -> Response {
    file("text/css; charset=utf-8", FOR_EVER, CSS)
}

async fn picture(Path(file_name): Path<String>) -> Result<Response> {
    let word = file_name.strip_suffix(".svg").unwrap_or_default();
    let (_, text) =
        ART.iter().find(|(known, _)| *known == word).ok_or_else(|| Error::not_found("no such picture"))?;
    Ok(file("image/svg+xml", FOR_A_DAY, text))
}

fn file(media_type: &'static str, keep: &'static str, text: &'static str) -> Response {
    const SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, keep), (SNIFFING, "nosniff")];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_found_by_name_then_by_category() {
        for (name, category, picture) in [
            ("Wireless Headphones", "electronics", "headphones"),
            ("27-inch Monitor", "electronics", "monitor"),
            ("Baking Bread", "books", "books"),
            ("Mathematics", "toys", "toys"),
            ("<script>", "../etc/passwd", "parcel"),
        ] {
            assert_eq!(art(name, category), format!("/static/art/{picture}.svg"), "{name}");
        }
    }

    #[test]
    fn nothing_in_the_files_needs_another_origin() {
        for (name, text) in ART.iter().chain(&[("shop.css", CSS)]) {
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http:") && !text.contains("https:") && !text.contains("<script"),
                "{name}"
            );
        }
    }
}
