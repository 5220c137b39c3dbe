//! Fields that a refusal can name: those of commands and queries, independent of how a dialect spells them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes the enum and the plain words for each value. The names are stored in snake case with the outcomes of batches.
macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $words:literal;)+) => {
        /// A field of a command or a query. Each dialect has its own spelling for it.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field {
            $(#[doc = concat!("The ", $words, ".")] $(#[$doc])* $field,)+
            /// By the field's name.
            CustomField(String),
            /// By the value's key.
            MetadataValue(String),
        }

        impl fmt::Display for Field {
            /// Plain words, for the command line and the log.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Field::$field => f.write_str($words),)+
                    Field::CustomField(name) => write!(f, "custom field {name}"),
                    Field::MetadataValue(key) => write!(f, "metadata {key}"),
                }
            }
        }
    };
}

fields! {
    Id = "id";
    Version = "version";

    Profile = "client";
    Email = "e-mail address";
    FirstName = "first name";
    LastName = "last name";
    IpAddress = "network address";
    Language = "language";
    Address = "address";
    ZipCode = "postal code";
    City = "city";
    State = "state";
    Country = "country";
    Phone = "phone number";
    Company = "company";
    CompanyFullName = "registered name of the company";
    Nickname = "nickname";
    ProfileKind = "kind of client";
    Blocked = "block";
    FreeText = "free text";
    BirthDate = "date of birth";
    Timezone = "time zone";
    Password = "password";
    NewPassword = "new password";
    CurrentPassword = "current password";
    DiedOn = "day of death";
    TaxId = "tax number";
    Salutation = "salutation";
    Title = "title";
    MiddleName = "middle name";
    Suffix = "suffix of the name";
    Gender = "gender";
    Culture = "culture";
    BirthName = "name at birth";
    BirthCity = "city of birth";
    BirthCountry = "country of birth";
    Nationalities = "nationalities";
    Phones = "phone numbers";
    Addresses = "addresses";
    Consents = "consents";

    Tags = "tags";
    Reference = "reference";
    Category = "category";
    CustomFields = "custom fields";
    Metadata = "metadata";
    Name = "name";
    Alias = "alias";
    Status = "status";
    StatusDescription = "status description";

    LegalDocument = "legal document";
    TradingName = "trading name";
    AddressLine1 = "first line of the address";
    AddressLine2 = "second line of the address";
    Neighborhood = "neighborhood";
    ParentOrganization = "parent organization";
    ParentAccount = "parent account";
    Portfolio = "portfolio";
    Kind = "type";
    Code = "code";

    Account = "account";
    FromAccount = "account that pays";
    ToAccount = "account that receives";
    SweepTo = "account that gets the balance";
    Group = "account group";
    Currency = "currency";
    IsDemo = "demo flag";
    IsSpreadBetting = "spread-betting flag";
    PositionMode = "position mode";
    MarginCalculation = "margin calculation";
    MaxLeverage = "leverage";
    NetOpenPositionLimit = "net open position limit";
    MinimumBalance = "minimum balance";
    Platform = "platform";
    Number = "number";
    Permissions = "permissions";
    Access = "access";
    Priority = "priority";
    LegalName1 = "legal name";
    LegalName2 = "second legal name";
    SubCategory = "category within the category";
    TargetAmount = "target amount";
    TargetDate = "target date";

    Amount = "amount";
    ProviderCommission = "commission of the provider";
    VendorCommission = "commission of the vendor";
    /// Of a transfer between two currencies.
    ToAmount = "amount that arrives";
    Rate = "rate";
    Comment = "comment";
    Reason = "reason";
    EffectiveAt = "effective time";
    ExpiresAt = "end";
    Deposit = "deposit";
    Withdrawal = "withdrawal";
    Transfer = "transfer";
    Hold = "hold";
    ExternalAccount = "external account";
    RoutingNumber = "routing number";
    StartDay = "first day";
    EndDay = "last day";
    Entry = "entry";
    Approval = "approval";
    Operations = "operations";

    /// Where a list goes on towards newer things.
    After = "beginning";
    /// Where a list goes on towards older things.
    Before = "end of the list";
    From = "start of the period";
    To = "end of the period";
    At = "moment";
    ClockTime = "time of the clock";

    Operator = "operator";
    Token = "token";
    TokenLabel = "label";
    Grant = "right to grant";
    Scope = "scope";
    Network = "network";
    Groups = "account groups";
    Currencies = "currencies";
    Rates = "reference rates";
    Symbols = "symbols";
    Decimals = "decimals";

    Receiver = "address of the receiver";
    EventTypes = "types of events";
    Purpose = "purpose";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_stored_by_its_name() {
        let stored = |field: &Field| serde_json::to_string(field).unwrap();
        assert_eq!(stored(&Field::ToAccount), r#""to_account""#);
        assert_eq!(stored(&Field::MetadataValue("vip".into())), r#"{"metadata_value":"vip"}"#);
        assert_eq!(serde_json::from_str::<Field>(r#""expires_at""#).unwrap(), Field::ExpiresAt);
    }
}
