//! Protobuf being written, within a bound on its bytes.

use serde::de::Error;

/// Wire types of protobuf.
pub const VARINT: u32 = 0;
pub const FIXED64: u32 = 1;
pub const BYTES: u32 = 2;
pub const FIXED32: u32 = 5;

/// What is written, and how many bytes it may have.
#[derive(Debug)]
pub struct Output {
    pub bytes: Vec<u8>,
    pub most: usize,
}

impl Output {
    pub fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub fn key(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from((number << 3) | wire_type));
    }

    pub fn text(&mut self, number: u32, bytes: &[u8]) {
        self.key(number, BYTES);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes what was written since `start` one field: its length is known only now.
    pub fn wrap(&mut self, start: usize, number: u32) {
        let length = self.bytes.len() - start;
        let end = self.bytes.len();
        self.key(number, BYTES);
        self.varint(length as u64);
        let header = self.bytes.len() - end;
        self.bytes[start..].rotate_right(header);
    }

    pub fn check_bound<E: Error>(&self) -> Result<(), E> {
        if self.bytes.len() > self.most { Err(E::custom("the request is too large")) } else { Ok(()) }
    }
}
