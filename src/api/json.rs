//! A tree of JSON that borrows its texts from the answer.
//!
//! Not `serde_json::Value`, because that copies every text and key, loses which of two equal keys came last and
//! rewrites numbers. Knows nothing of what the JSON means.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The fewest bytes of text for each value, on average; the documented answer has 30, hostile ones 2.
const BYTES_PER_VALUE: usize = 16;
/// So many values may come in any text, however short.
const FREE_VALUES: usize = 1 << 16;

/// Pairs in most objects of an answer.
const ORDINARY_OBJECT: usize = 4;

/// Any JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written, so that no digit of an ID or code is lost; only an exponent becomes `e+5`.
    Number(Cow<'a, str>),
    /// A string without its escapes.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object; the pairs as they came, equal keys included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    ///
    /// Nesting deeper than 128 is an error, so that nothing that walks the tree can overflow the stack; so are millions
    /// of tiny values, since `[[],[],...]` would need thirty times its own size.
    ///
    /// # Errors
    /// Not JSON, more than JSON, or no answer that anyone would send.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        let values_left = Cell::new(FREE_VALUES.max(text.len() / BYTES_PER_VALUE));
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let json = Value { values_left: &values_left }.deserialize(&mut deserializer)?;
        deserializer.end().map(|()| json)
    }

    /// The value of a field, where this is an object that has it; of equal keys the last, as PHP and browsers do.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Json::Object(pairs) => pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The names of its fields, where this is an object.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let pairs: &[_] = if let Json::Object(pairs) = self { pairs } else { &[] };
        pairs.iter().map(|(name, _)| name.as_ref())
    }

    /// Nothing, in one of the ways PHP says so: `null` or `false`.
    pub fn is_absent(&self) -> bool {
        matches!(self, Json::Null | Json::Bool(false))
    }

    /// Nothing, or empty things around nothing.
    pub fn is_hollow(&self) -> bool {
        match self {
            Json::Text(text) => text.trim().is_empty(),
            Json::List(items) => items.iter().all(Self::is_hollow),
            Json::Object(pairs) => pairs.iter().all(|(_, value)| value.is_hollow()),
            scalar => scalar.is_absent(),
        }
    }

    /// The value as text: a string without its quotes, anything else as JSON; `None` where it is absent.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Json::Null | Json::Bool(false) => None,
            Json::Number(text) | Json::Text(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(text) => f.write_str(text),
            Json::Text(text) => write_quoted(f, text),
            Json::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Json::Object(pairs) => {
                f.write_str("{")?;
                for (i, (key, value)) in pairs.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    write_quoted(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// The one key of the object by which `serde_json`'s feature `arbitrary_precision` hands over a number.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// Reads one value and all within it.
#[derive(Clone, Copy)]
struct Value<'c> {
    values_left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let left = self.values_left.get().checked_sub(1);
        self.values_left.set(left.ok_or_else(|| D::Error::custom("far more values than an answer has"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    // Numbers come this way only where the feature `arbitrary_precision` is off.
    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string().into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.to_string().into()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        // Not sized ahead: a body of millions of `[]` must not become memory for lists that hold nothing.
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let Some(Key(key)) = map.next_key()? else { return Ok(Json::Object(Vec::new())) };
        let value = map.next_value_seed(self)?;
        let mut next = map.next_key()?;
        let value = match value {
            Json::Text(number) if key == NUMBER_KEY && next.is_none() => return Ok(Json::Number(number)),
            other => other,
        };
        // An ordinary object grows no further; a tiny one gives back what it does not use, as hostile bodies have many.
        let mut pairs = Vec::with_capacity(ORDINARY_OBJECT);
        pairs.push((key, value));
        while let Some(Key(key)) = next {
            pairs.push((key, map.next_value_seed(self)?));
            next = map.next_key()?;
        }
        if pairs.len() < ORDINARY_OBJECT - 1 {
            pairs.shrink_to_fit();
        }
        Ok(Json::Object(pairs))
    }
}

/// The key of a pair; serde's own `Cow` never borrows.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor).map(Key)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit_as_written() {
        for number in ["0", "-0", "12", "1.50", "1e+400", "123456789012345678901234567890", "0.1e-7"] {
            assert_eq!(Json::parse(number).unwrap(), Json::Number(number.into()), "{number}");
        }
    }

    #[test]
    fn an_object_that_looks_like_the_number_form_is_no_error() {
        let lone = format!("{{\"{NUMBER_KEY}\":\"x\"}}");
        assert_eq!(Json::parse(&lone).unwrap(), Json::Number("x".into()));
        let more = format!("{{\"{NUMBER_KEY}\":\"x\",\"a\":1}}");
        assert_eq!(Json::parse(&more).unwrap().get("a"), Some(&Json::Number("1".into())));
    }

    #[test]
    fn texts_are_borrowed_unless_they_have_escapes() {
        let Json::Object(pairs) = Json::parse(r#"{"a":"b","c\u0041":"http:\/\/x"}"#).unwrap() else { panic!() };
        assert!(matches!(&pairs[0], (Cow::Borrowed("a"), Json::Text(Cow::Borrowed("b")))));
        assert_eq!(pairs[1], ("cA".into(), Json::Text("http://x".into())));
    }

    #[test]
    fn of_equal_keys_the_last_wins() {
        assert_eq!(Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap().get("a"), Some(&Json::Number("3".into())));
    }

    #[test]
    fn nesting_is_limited() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
        assert!(Json::parse(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_ok());
    }

    #[test]
    fn a_text_of_nothing_but_tiny_values_is_refused() {
        let many = |values: usize| format!("[{}0]", "[],".repeat(values));
        assert!(Json::parse(&many(FREE_VALUES - 10)).is_ok());
        let error = Json::parse(&many(FREE_VALUES)).unwrap_err();
        assert!(error.to_string().starts_with("far more values"), "{error}");
    }

    #[test]
    fn printed_json_is_what_was_read() {
        let text = r#"{"a":[1.50,null,true,"x\"\n€"],"b":{},"c":[]}"#;
        assert_eq!(Json::parse(text).unwrap().to_string(), text);
    }
}
