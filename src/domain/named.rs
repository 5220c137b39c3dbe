//! Enums whose values have names: one list makes the type, its names and the list of all values, so that none is forgotten.

/// What a stored name is read into.
pub trait Named: Sized {
    /// The value of that name, exactly as [`named_enum!`] spells it.
    fn from_name(name: &str) -> Option<Self>;
}

/// Makes an enum of named values: `ALL` in the order of the list, `name`, and `parse` as its reverse. The names are also those in
/// which serde writes the values. They are stored, and some are hashed, so a name never changes.
macro_rules! named_enum {
    (
        $(#[$about:meta])*
        $seen:vis enum $type:ident {
            $($(#[$doc:meta])* $value:ident = $name:literal),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
        $seen enum $type {
            $($(#[$doc])* #[serde(rename = $name)] $value),+
        }

        impl $type {
            /// Every value, in the order of declaration.
            $seen const ALL: [$type; [$($name),+].len()] = [$($type::$value),+];

            /// The name under which it is stored.
            $seen fn name(self) -> &'static str {
                match self {
                    $($type::$value => $name),+
                }
            }

            /// The value of that name.
            $seen fn parse(name: &str) -> Option<$type> {
                match name {
                    $($name => Some($type::$value),)+
                    _ => None,
                }
            }
        }

        impl $crate::domain::named::Named for $type {
            fn from_name(name: &str) -> Option<$type> {
                $type::parse(name)
            }
        }
    };
}
pub(crate) use named_enum;

#[cfg(test)]
mod tests {
    use super::Named;

    named_enum! {
        /// A value with a name of its own and one that its variant would not give.
        enum Light {
            /// Go.
            Green = "green",
            /// Stop.
            Red = "light:red",
        }
    }

    #[test]
    fn every_value_is_listed_and_found_by_the_name_that_serde_writes() {
        assert_eq!(Light::ALL, [Light::Green, Light::Red]);
        for light in Light::ALL {
            assert_eq!((Light::parse(light.name()), Light::from_name(light.name())), (Some(light), Some(light)));
            assert_eq!(serde_json::to_value(light).unwrap(), light.name());
            assert_eq!(serde_json::from_value::<Light>(light.name().into()).unwrap(), light);
        }
        assert_eq!(Light::parse("Green"), None);
    }
}
