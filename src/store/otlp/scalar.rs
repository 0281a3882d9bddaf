//! Values without messages inside: from JSON, by the rules of protobuf's JSON mapping, to protobuf.

use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::de::{Error, Unexpected, Visitor};

use super::{
    output::{FIXED32, FIXED64, Output, VARINT},
    schema::{Field, Form},
};

/// Base64 as protobuf's JSON mapping writes it; padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One value of a field; says whether it was one, or `null`.
pub struct Scalar<'o> {
    pub field: &'static Field,
    /// Whether the field's key stands before it, or it is part of a packed list.
    pub is_keyed: bool,
    pub output: &'o mut Output,
}

impl Scalar<'_> {
    fn key(&mut self, wire_type: u32) {
        if self.is_keyed {
            self.output.key(self.field.number, wire_type);
        }
    }

    fn wrong<E: Error>(&self, unexpected: Unexpected<'_>) -> E {
        E::invalid_type(unexpected, self)
    }

    /// Writes a whole number; `unexpected` is how it stands in the text.
    fn whole<E: Error>(mut self, number: i128, unexpected: Unexpected<'_>) -> Result<bool, E> {
        let out_of_range = || E::invalid_value(unexpected, &"a number within the range of its type");
        match self.field.form {
            Form::Integer => {
                let number = match i64::try_from(number) {
                    Ok(number) => number as u64,
                    Err(_) => u64::try_from(number).map_err(|_| out_of_range())?,
                };
                self.key(VARINT);
                self.output.varint(number);
            }
            Form::Zigzag => {
                let number = i32::try_from(number).map_err(|_| out_of_range())?;
                self.key(VARINT);
                self.output.varint(u64::from(((number << 1) ^ (number >> 31)) as u32));
            }
            Form::Fixed32 => {
                let number = u32::try_from(number).map_err(|_| out_of_range())?;
                self.key(FIXED32);
                self.output.bytes.extend(number.to_le_bytes());
            }
            Form::Fixed64 => {
                let number = u64::try_from(number).map_err(|_| out_of_range())?;
                self.key(FIXED64);
                self.output.bytes.extend(number.to_le_bytes());
            }
            Form::Signed64 => {
                let number = i64::try_from(number).map_err(|_| out_of_range())?;
                self.key(FIXED64);
                self.output.bytes.extend(number.to_le_bytes());
            }
            Form::Double => return self.double(number as f64),
            Form::Message(_) | Form::Text | Form::Hex | Form::Base64 | Form::Bool => {
                return Err(self.wrong(unexpected));
            }
        }
        self.output.check_bound()?;
        Ok(true)
    }

    fn double<E: Error>(mut self, number: f64) -> Result<bool, E> {
        self.key(FIXED64);
        self.output.bytes.extend(number.to_le_bytes());
        self.output.check_bound()?;
        Ok(true)
    }
}

impl Visitor<'_> for Scalar<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.field.form {
            Form::Message(message) => return write!(f, "an object ({} of OTLP)", message.name),
            Form::Text => "a string",
            Form::Hex => "a string of hexadecimal digits",
            Form::Base64 => "a string in base64",
            Form::Bool => "true or false",
            Form::Integer | Form::Zigzag | Form::Fixed32 | Form::Fixed64 | Form::Signed64 => {
                "a whole number, or one as a string"
            }
            Form::Double => "a number",
        };
        write!(f, "{what} as `{}`", self.field.name)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(mut self, truth: bool) -> Result<bool, E> {
        let Form::Bool = self.field.form else { return Err(self.wrong(Unexpected::Bool(truth))) };
        self.key(VARINT);
        self.output.varint(truth.into());
        Ok(true)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<bool, E> {
        self.whole(number.into(), Unexpected::Unsigned(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<bool, E> {
        self.whole(number.into(), Unexpected::Signed(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<bool, E> {
        if let Form::Double = self.field.form {
            self.double(number)
        } else if number.fract() == 0.0 && number.abs() < 1e30 {
            // Protobuf's JSON mapping takes 1.0 and 1e3 as whole numbers.
            self.whole(number as i128, Unexpected::Float(number))
        } else {
            Err(self.wrong(Unexpected::Float(number)))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        let number = self.field.number;
        match self.field.form {
            Form::Text => self.output.text(number, text.as_bytes()),
            Form::Hex => {
                let id = hex(text).ok_or_else(|| self.wrong(Unexpected::Str(text)))?;
                self.output.text(number, &id);
            }
            Form::Base64 => {
                let bytes = BASE64.decode(text).map_err(|_| self.wrong(Unexpected::Other("no base64")))?;
                self.output.text(number, &bytes);
            }
            Form::Double => {
                let number = match text {
                    "NaN" => f64::NAN,
                    "Infinity" => f64::INFINITY,
                    "-Infinity" => f64::NEG_INFINITY,
                    text => text.parse().map_err(|_| self.wrong(Unexpected::Str(text)))?,
                };
                return self.double(number);
            }
            Form::Integer | Form::Zigzag | Form::Fixed32 | Form::Fixed64 | Form::Signed64 => {
                let number = text.parse().map_err(|_| self.wrong(Unexpected::Str(text)))?;
                return self.whole(number, Unexpected::Str(text));
            }
            Form::Bool | Form::Message(_) => return Err(self.wrong(Unexpected::Str(text))),
        }
        self.output.check_bound()?;
        Ok(true)
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(((digit(*pair.first()?)? << 4) | digit(*pair.get(1)?)?) as u8)).collect()
}
