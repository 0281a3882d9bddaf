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

/// "unknown WHAT `word`", with the nearest known one or with all of them.
pub fn unknown<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
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
