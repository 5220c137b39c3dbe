//! Maps the fields of the core to their names in the native API.

use crate::domain::refusal::Field;

/// The name of a field, and whether the caller sent it. If the field has several names, prefers the one that was sent.
pub(super) fn spell(field: &Field, was_sent: &dyn Fn(&str) -> bool) -> (String, bool) {
    let within = |map: &str, key: &str| (format!("{map}.{key}"), was_sent(map));
    match field {
        Field::CustomField(name) => within("customFields", name),
        Field::MetadataValue(key) => within("metadata", key),
        plain => {
            let names = names(plain);
            let sent = names.iter().find(|name| was_sent(name));
            (sent.or(names.first()).copied().unwrap_or_default().to_owned(), sent.is_some())
        }
    }
}

/// The names of a field, the usual one first.
fn names(field: &Field) -> &'static [&'static str] {
    match field {
        Field::Id => &["id"],
        Field::Version => &["If-Match", "version"],
        Field::Profile => &["profileId", "ownerId", "id"],
        Field::Email => &["email"],
        Field::FirstName => &["firstName"],
        Field::LastName => &["lastName"],
        Field::IpAddress => &["ipAddress"],
        Field::Language => &["language"],
        Field::Address => &["address"],
        Field::ZipCode => &["zipCode"],
        Field::City => &["city"],
        Field::State => &["state"],
        Field::Country => &["country"],
        Field::Phone => &["phone"],
        Field::Company => &["company"],
        Field::FreeText => &["metaData"],
        Field::BirthDate => &["birthDate"],
        Field::Timezone => &["timezone"],
        Field::Password => &["password"],
        Field::NewPassword => &["newPassword"],
        Field::CurrentPassword => &["currentPassword"],
        Field::DiedOn => &["deceasedOn"],
        Field::Tags => &["tags", "tag"],
        Field::Reference => &["reference"],
        Field::Category => &["category"],
        Field::CustomFields | Field::CustomField(_) => &["customFields"],
        Field::Metadata | Field::MetadataValue(_) => &["metadata"],
        Field::Name => &["name"],
        Field::Alias => &["alias"],
        Field::Account => &["accountId"],
        Field::FromAccount => &["fromAccountId"],
        Field::ToAccount => &["toAccountId"],
        Field::SweepTo => &["sweepToAccountId"],
        Field::Group => &["groupId"],
        Field::Currency => &["currency"],
        Field::IsDemo => &["isDemo"],
        Field::IsSpreadBetting => &["isSb", "spreadBetting"],
        Field::PositionMode => &["positionMode"],
        Field::MarginCalculation => &["marginCalcTypeOverride"],
        Field::MaxLeverage => &["maxLeverage"],
        Field::NetOpenPositionLimit => &["nop", "maxNop"],
        Field::MinimumBalance => &["minimumBalance"],
        Field::Platform => &["platform"],
        Field::Number => &["number", "accountNumber"],
        Field::Permissions => &["permissions"],
        Field::Access => &["access"],
        Field::Priority => &["priority"],
        Field::Amount => &["amount"],
        Field::ToAmount => &["toAmount"],
        Field::Rate => &["rate"],
        Field::Comment => &["comment"],
        Field::Reason => &["reason", "comment"],
        Field::EffectiveAt => &["effectiveAt"],
        Field::ExpiresAt => &["expiresAt"],
        Field::Deposit => &["depositId"],
        Field::Withdrawal => &["withdrawalId"],
        Field::Transfer => &["transferId"],
        Field::Hold => &["holdId"],
        Field::Entry => &["entryId"],
        Field::Approval => &["approvalId"],
        Field::Operations => &["operations"],
        Field::After => &["after"],
        Field::Before => &["beforeId"],
        Field::From => &["from"],
        Field::To => &["to"],
        Field::At => &["at"],
        Field::ClockTime => &["set"],
        Field::Operator => &["operator"],
        Field::Token => &["token"],
        Field::TokenLabel => &["label"],
        Field::Scope => &["scope"],
        Field::Grant => &["grant"],
        Field::Network => &["network"],
        Field::Groups => &["groups"],
        Field::Currencies => &["currencies"],
        Field::Rates => &["rates"],
        Field::Symbols => &["symbols"],
        Field::Decimals => &["decimals"],
    }
}
