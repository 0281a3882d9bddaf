//! Percent-encoding, as it stands in addresses and in W3C baggage.

/// Undoes percent-encoding.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_a_byte_and_anything_else_is_a_mistake() {
        assert_eq!(decode("a%40b%2f"), Some(b"a@b/".to_vec()));
        for broken in ["%", "%4", "%zz"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
