//! One description per key (type, default, purpose, range) generates the struct, the checks, the example file and the
//! schema, so that they cannot drift apart.

use std::ops::RangeInclusive;

use figment::value::Value;
use serde_json::Value as Json;

use super::setting::{self, Notation, Setting};

/// The description of a key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The dotted path, such as `server.listen`.
    pub path: String,
    /// What the key is for, in one line.
    pub why: &'static str,
    /// The type in words, some with an example after a comma.
    pub expects: &'static str,
    /// The allowed numbers; `None` for other types.
    pub range: Option<RangeInclusive<u64>>,
    pub(super) schema: fn() -> Json,
    pub(super) read: fn(&Value, Notation) -> Result<Value, String>,
}

impl Key {
    pub(super) fn new<T: Setting>(section: &str, name: &str, why: &'static str) -> Self {
        Self {
            path: format!("{section}.{name}"),
            why: why.trim(),
            expects: T::EXPECTS,
            range: None,
            schema: T::schema,
            read: setting::read::<T>,
        }
    }

    pub(super) fn between(mut self, range: RangeInclusive<u64>) -> Self {
        self.range = Some(range);
        self
    }

    /// The environment variable that sets it, such as `BURSAR_SERVER__LISTEN`.
    pub fn environment_name(&self) -> String {
        format!("BURSAR_{}", self.path.replace('.', "__").to_uppercase())
    }

    /// Its table in the file, and its name there.
    pub fn split(&self) -> (&str, &str) {
        self.path.rsplit_once('.').unwrap_or(("", &self.path))
    }

    /// The value of this key in a serialised configuration; null if unset.
    pub(super) fn find<'a>(&self, config: &'a Json) -> &'a Json {
        config.pointer(&format!("/{}", self.path.replace('.', "/"))).unwrap_or(&Json::Null)
    }
}

/// A table of the file.
pub(super) trait Section {
    /// The description, in one line.
    const ABOUT: &'static str;

    /// The keys, in the order of the example.
    fn keys(section: &str) -> Vec<Key>;
}

/// Defines a section: each key with its purpose, type, default and, for numbers, range.
macro_rules! section {
    (
        #[doc = $about:literal]
        pub struct $name:ident {
            $( #[doc = $why:literal] $field:ident: $type:ty = $default:expr $(, in $range:expr)?; )+
        }
    ) => {
        #[doc = $about]
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $( #[doc = $why] pub $field: $type, )+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $crate::config::section::Section for $name {
            const ABOUT: &'static str = $about;

            fn keys(section: &str) -> Vec<$crate::config::section::Key> {
                vec![ $( $crate::config::section::Key::new::<$type>(section, stringify!($field), $why)
                    $( .between($range) )?, )+ ]
            }
        }
    };
}
pub(super) use section;
