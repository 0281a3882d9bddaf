//! A word that nobody knows, and the one that was probably meant.

/// The known word nearest to `word`, if one is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let score = |one: &str| match word.chars().next() {
        // Of a word as short as a country's, one wrong letter is half of it.
        Some(first) if one.starts_with(first) && strsim::osa_distance(word, one) == 1 => 0.71,
        _ => 0.0,
    };
    let scored = known.into_iter().map(|one| (strsim::jaro_winkler(word, one).max(score(one)), one));
    scored
        .filter(|(score, _)| *score > 0.7)
        // Of two that are as near, the one that was listed first.
        .reduce(|best, one| if one.0 > best.0 { one } else { best })
        .map(|(_, one)| one)
}

/// As much of a text as a message has room for.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// "unknown WHAT `word`", with the nearest known one or with all of them.
pub fn unknown<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(word, known.clone());
    // What a message repeats may come from outside, and is as long as its sender likes.
    let word = short(word);
    match near {
        Some(near) => format!("unknown {what} `{word}`; did you mean `{near}`?"),
        None => {
            let all: Vec<_> = known.into_iter().collect();
            match all.is_empty() {
                true => format!("unknown {what} `{word}`: there is none here"),
                false => format!("unknown {what} `{word}`; there is {}", all.join(", ")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_repeats_no_more_of_a_word_than_it_has_room_for() {
        let said = unknown("service", &"é".repeat(20_000), ["ads", "cart"]);
        assert_eq!(said, format!("unknown service `{}…`; there is ads, cart", "é".repeat(60)));
        assert_eq!(unknown("service", "adz", ["ads", "cart"]), "unknown service `adz`; did you mean `ads`?");
    }
}
