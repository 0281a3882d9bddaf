//! A tree as serde's input, so that plain data can be read out of it. The first thing that does not fit is told by the
//! way to it, in words for whoever wrote the file.

use serde::{
    Deserializer,
    de::{DeserializeSeed, EnumAccess, Expected, MapAccess, SeqAccess, VariantAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    mismatch::{Mismatch, described, in_words, listed},
    tree::{Entry, Node, Place, Value},
};
use crate::kernel::nearest::short;

/// What takes the place of what was taken out: one of these fits nearly everywhere.
fn stand_in(number: usize) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    match number {
        0 => text("stand-in"),
        1 => text("1s"),
        2 => text("1KiB"),
        3 => text("100%"),
        4 => text("hang"),
        5 => Some(Value::Whole(1)),
        6 => Some(Value::List(Vec::new())),
        7 => Some(Value::Map(Vec::new())),
        _ => None,
    }
}

/// How many candidates there are.
pub const STAND_INS: usize = 8;

fn resolved<R>(node: &Node, then: impl FnOnce(&Node) -> R) -> R {
    if let Value::StandIn(number) = &node.value {
        then(&Node::new(node.place, stand_in(*number).unwrap_or(Value::Nothing)))
    } else {
        then(node)
    }
}

fn refused<T>(node: &Node, expected: &dyn Expected) -> Result<T, Mismatch> {
    Err(Mismatch::other(format!("expected {}, not {}", in_words(expected), described(&node.value))))
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        resolved(self, |node| match &node.value {
            Value::Nothing | Value::StandIn(_) => visitor.visit_unit(),
            Value::Bool(word) => visitor.visit_bool(*word),
            Value::Whole(number) => match (u64::try_from(*number), i64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(*number as f64),
            },
            Value::Number(number) => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(nodes) => visitor.visit_seq(Elements { nodes, next: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
        })
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        resolved(self, |node| {
            if let Value::Text(text) = &node.value {
                visitor.visit_str(text)
            } else {
                refused(node, &visitor)
            }
        })
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.value == Value::Nothing { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        resolved(self, |node| {
            if let Value::List(nodes) = &node.value {
                visitor.visit_seq(Elements { nodes, next: 0 })
            } else {
                refused(node, &visitor)
            }
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        resolved(self, |node| {
            if let Value::Map(entries) = &node.value {
                visitor.visit_map(Entries { entries, next: 0 })
            } else {
                refused(node, &visitor)
            }
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let read = resolved(self, |node| match &node.value {
            Value::Text(text) => visitor.visit_enum(Word { text, content: None }),
            Value::Map(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Word { text: &entry.key, content: Some(&entry.node) }),
                _ => {
                    let many = entries.len();
                    Err(Mismatch::other(format!("expected one of {}, not {many} at once", listed(words))))
                }
            },
            value @ (Value::Nothing
            | Value::Bool(_)
            | Value::Whole(_)
            | Value::Number(_)
            | Value::List(_)
            | Value::StandIn(_)) => {
                let why = format!("expected one of {}, not {}", listed(words), described(value));
                Err(Mismatch::other(why).but_fits(words.first().copied()))
            }
        });
        read.map_err(|mismatch| mismatch.among(name))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier ignored_any
    }
}

struct Elements<'a> {
    nodes: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some(node) = self.nodes.get(self.next) else { return Ok(None) };
        let at = self.next;
        self.next += 1;
        seed.deserialize(node).map(Some).map_err(|mismatch| mismatch.below(at))
    }
}

struct Entries<'a> {
    entries: &'a [Entry],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some(entry) = self.entries.get(self.next) else { return Ok(None) };
        let as_key = |mismatch: Mismatch| mismatch.below(self.next).of_key();
        seed.deserialize(Key(&entry.key)).map(Some).map_err(as_key)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        let at = self.next;
        self.next += 1;
        let nothing = Node::new(Place::START, Value::Nothing);
        let node = self.entries.get(at).map_or(&nothing, |entry| &entry.node);
        seed.deserialize(node).map_err(|mismatch| mismatch.below(at))
    }
}

/// A key: always text, but a number may be read out of it.
struct Key<'a>(&'a str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_str(self.0)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0.parse() {
            Ok(number) => visitor.visit_u16(number),
            Err(_) => Err(Mismatch::other(format!("expected a number such as 503, not `{}`", short(self.0)))),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let word = Word { text: self.0, content: None };
        visitor.visit_enum(word).map_err(|mismatch| mismatch.among(name))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A word of an enum, with what stands behind it.
struct Word<'a> {
    text: &'a str,
    content: Option<&'a Node>,
}

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        match seed.deserialize(Key(self.text)) {
            Ok(variant) => Ok((variant, self)),
            // In a map, the word is a key.
            Err(mismatch) if self.content.is_some() => Err(mismatch.below(0).of_key()),
            Err(mismatch) => Err(mismatch),
        }
    }
}

impl Word<'_> {
    fn content(&self) -> Result<&Node, Mismatch> {
        let bare = || Mismatch::other(format!("`{}` needs to be told more: write `{0}: …`", self.text));
        self.content.ok_or_else(bare)
    }
}

impl<'de> VariantAccess<'de> for Word<'_> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        match self.content.map(|node| &node.value) {
            None | Some(Value::Nothing) => Ok(()),
            Some(_) => {
                Err(Mismatch::other(format!("`{}` takes nothing more: write it alone", self.text)).below(0))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.content()?).map_err(|mismatch| mismatch.below(0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.content()?.deserialize_seq(visitor).map_err(|mismatch| mismatch.below(0))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.content()?.deserialize_map(visitor).map_err(|mismatch| mismatch.below(0))
    }
}
