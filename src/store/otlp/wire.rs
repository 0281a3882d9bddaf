//! Protobuf's wire format, read in place: a message is a row of fields, and who wants three of them need not unpack the
//! others (protobuf.dev/programming-guides/encoding).

/// The bytes are no protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    Number(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// A string, bytes, or a message inside this one.
    Bytes(&'a [u8]),
}

/// The fields of a message, with their numbers, in the order they stand.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Fields(message)
    }

    fn next_field(&mut self) -> Result<(u32, Field<'a>), Broken> {
        let key = u32::try_from(self.varint()?).map_err(|_| Broken)?;
        let number = key >> 3;
        if number == 0 {
            return Err(Broken);
        }
        let field = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups went out of use before OTLP was thought of.
            _ => return Err(Broken),
        };
        Ok((number, field))
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(Broken)?;
            self.0 = rest;
            if shift == 63 && byte > 1 {
                return Err(Broken);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            // What comes after a broken field cannot be told.
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Field<'a> {
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Field::Bytes(bytes) => Some(bytes),
            Field::Number(_) | Field::Fixed64(_) | Field::Fixed32(_) => None,
        }
    }

    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// The numbers of a packed list.
pub fn varints(packed: &[u8]) -> impl Iterator<Item = Result<u64, Broken>> {
    let mut rest = Fields(packed);
    std::iter::from_fn(move || {
        if rest.0.is_empty() {
            return None;
        }
        let number = rest.varint();
        if number.is_err() {
            rest.0 = &[];
        }
        Some(number)
    })
}

/// The messages and texts that stand in `message` under `number`. What is broken behind them is left out: whoever
/// needs to know has looked before.
pub fn each(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let of_number = move |field: Result<(u32, _), Broken>| match field {
        Ok((found, Field::Bytes(bytes))) if found == number => Some(bytes),
        _ => None,
    };
    Fields::of(message).filter_map(of_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Vec<Result<(u32, Field<'_>), Broken>> {
        Fields::of(message).collect()
    }

    #[test]
    fn every_kind_of_field_is_read() {
        let message = [
            &[0x08, 0x96, 0x01][..],
            &[0x12, 2, b'h', b'i'],
            &[0x19, 1, 0, 0, 0, 0, 0, 0, 0],
            &[0x25, 2, 0, 0, 0],
        ];
        let expected = [
            Ok((1, Field::Number(150))),
            Ok((2, Field::Bytes(b"hi"))),
            Ok((3, Field::Fixed64(1))),
            Ok((4, Field::Fixed32(2))),
        ];
        assert_eq!(read(&message.concat()), expected);
    }

    #[test]
    fn what_breaks_off_or_makes_no_sense_ends_the_message() {
        for broken in
            [&[0x08][..], &[0x12, 5, 1], &[0x19, 1], &[0x0b], &[0xff; 11], &[0x08, 0xff], &[0x00, 0]]
        {
            assert_eq!(read(broken), [Err(Broken)], "{broken:?}");
        }
    }
}
