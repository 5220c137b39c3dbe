//! Maps the fields of the core to their names in the B2Core API.

use crate::domain::refusal::Field;

/// The name of a field; none if no request has it.
pub(super) fn spell(field: &Field) -> Option<&'static str> {
    Some(match field {
        Field::Profile => "clientId",
        Field::Email => "email",
        Field::FirstName => "firstName",
        Field::LastName => "lastName",
        Field::Language => "language",
        Field::Address => "address",
        Field::ZipCode => "zipCode",
        Field::City => "city",
        Field::Country => "countryCode",
        Field::Phone => "phone",
        Field::Company => "companyShortName",
        Field::CompanyFullName => "companyFullName",
        Field::Nickname => "nickname",
        Field::ProfileKind => "typeId",
        Field::Blocked => "statusId",
        Field::BirthDate => "birthDate",
        Field::Password => "password",
        Field::Tags => "tags",
        Field::Name => "caption",
        Field::Account => "accountId",
        Field::Group | Field::Currency => "productCurrencyId",
        Field::MaxLeverage => "leverage",
        Field::Number => "accountNumber",
        Field::Permissions => "permissions",
        Field::Amount => "amount",
        Field::ProviderCommission => "providerCommission",
        Field::VendorCommission => "vendorCommission",
        Field::Id
        | Field::Version
        | Field::IpAddress
        | Field::State
        | Field::FreeText
        | Field::Timezone
        | Field::NewPassword
        | Field::CurrentPassword
        | Field::DiedOn
        | Field::TaxId
        | Field::Salutation
        | Field::Title
        | Field::MiddleName
        | Field::Suffix
        | Field::Gender
        | Field::Culture
        | Field::BirthName
        | Field::BirthCity
        | Field::BirthCountry
        | Field::Nationalities
        | Field::Phones
        | Field::Addresses
        | Field::Consents
        | Field::LegalName1
        | Field::LegalName2
        | Field::SubCategory
        | Field::TargetAmount
        | Field::TargetDate
        | Field::Reference
        | Field::Category
        | Field::CustomFields
        | Field::CustomField(_)
        | Field::Metadata
        | Field::MetadataValue(_)
        | Field::Alias
        | Field::FromAccount
        | Field::ToAccount
        | Field::SweepTo
        | Field::IsDemo
        | Field::IsSpreadBetting
        | Field::PositionMode
        | Field::MarginCalculation
        | Field::NetOpenPositionLimit
        | Field::MinimumBalance
        | Field::Platform
        | Field::Access
        | Field::Priority
        | Field::ToAmount
        | Field::Rate
        | Field::Comment
        | Field::Reason
        | Field::EffectiveAt
        | Field::ExpiresAt
        | Field::Deposit
        | Field::Withdrawal
        | Field::Transfer
        | Field::Hold
        | Field::ExternalAccount
        | Field::RoutingNumber
        | Field::StartDay
        | Field::EndDay
        | Field::Entry
        | Field::Approval
        | Field::Operations
        | Field::After
        | Field::Before
        | Field::From
        | Field::To
        | Field::At
        | Field::ClockTime
        | Field::Operator
        | Field::Token
        | Field::TokenLabel
        | Field::Grant
        | Field::Scope
        | Field::Network
        | Field::Groups
        | Field::Currencies
        | Field::Rates
        | Field::Symbols
        | Field::Decimals
        | Field::Receiver
        | Field::EventTypes
        | Field::Purpose
        | Field::Status
        | Field::StatusDescription
        | Field::LegalDocument
        | Field::TradingName
        | Field::AddressLine1
        | Field::AddressLine2
        | Field::Neighborhood
        | Field::ParentOrganization
        | Field::ParentAccount
        | Field::Portfolio
        | Field::Kind
        | Field::Code => return None,
    })
}
