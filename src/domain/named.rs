//! Enums with named values: one list makes the type, its names and the list of all values, so none can be forgotten.

/// A type whose values are stored by name.
pub trait Named: Sized {
    fn from_name(name: &str) -> Option<Self>;
}

/// Makes an enum of named values with `ALL` in declaration order, `name`, and `parse` as its reverse. serde writes the
/// same names. They are stored, and some are hashed, so a name never changes.
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
            /// Every value, in declaration order.
            $seen const ALL: [$type; [$($name),+].len()] = [$($type::$value),+];

            /// The name as the database stores it.
            $seen fn name(self) -> &'static str {
                match self {
                    $($type::$value => $name),+
                }
            }

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
        /// One name that matches its variant and one that does not.
        enum Light {
            Green = "green",
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
