//! Organizations: legal entities that keep ledgers.

use crate::domain::ids::OrganizationId;
use crate::domain::organizations::{NAME_MAX, Record};
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Organization {
    pub row: i64,
    pub id: OrganizationId,
    /// The legal name.
    pub name: String,
    /// The number under which it is registered; empty if unknown.
    pub legal_document: String,
    /// The name under which it does business.
    pub trading_name: Option<String>,
    pub address: PostalAddress,
    pub parent: Option<OrganizationId>,
    pub record: Record,
}

/// A postal address; unset texts are empty or None.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PostalAddress {
    pub line1: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighborhood: Option<String>,
    pub zip_code: String,
    pub city: String,
    pub state: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl PostalAddress {
    /// Checks and normalises the texts, but not that there is such a country.
    pub fn checked(self) -> Result<PostalAddress, Refusal> {
        let line = |field, line| text::name(field, line, NAME_MAX);
        let given = |field: Field, text: String| match text.trim().is_empty() {
            true => Err(Refusal::Required { field }),
            false => line(field, text),
        };
        Ok(PostalAddress {
            line1: given(Field::AddressLine1, self.line1)?,
            line2: self.line2.map(|text| line(Field::AddressLine2, text)).transpose()?,
            neighborhood: self.neighborhood.map(|text| line(Field::Neighborhood, text)).transpose()?,
            zip_code: given(Field::ZipCode, self.zip_code)?,
            city: given(Field::City, self.city)?,
            state: given(Field::State, self.state)?,
            country: given(Field::Country, self.country)?,
        })
    }
}

/// The codes of ISO 3166-1 alpha-2, two letters each.
const COUNTRIES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCL\
                         CMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGU\
                         GWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMC\
                         MDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPT\
                         PWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUA\
                         UGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

/// Whether a text is a country code of ISO 3166-1 alpha-2, in capitals.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.as_bytes().chunks(2).any(|country| country == code.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_iso_3166() {
        assert_eq!(COUNTRIES.len(), 249 * 2);
        assert!(["BR", "CH", "US", "ZW", "AD", "XK"].map(is_country) == [true, true, true, true, true, false]);
        assert!(!["br", "BRA", "", "DA", "B"].iter().any(|code| is_country(code)));
    }
}
