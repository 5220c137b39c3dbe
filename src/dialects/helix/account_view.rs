//! The object of an account, as one of its customers sees it (Q2 Helix, "Account object").

use super::customer_view::CustomFields;
use super::fields::{Program, name_of, shown, shown_day};
use crate::app::ExactNumber;
use crate::app::accounts::DetailedAccount;
use crate::domain::accounts::{Lifecycle, LockHolder, LockReason, OwnerAccess};
use crate::domain::bank::ContributionKind;
use crate::domain::day::Day;
use crate::domain::ids::ProfileSerial;
use crate::domain::money::Amount;
use crate::domain::reference::BankKind;
use crate::domain::text::masked;
use serde::Serialize;
use utoipa::ToSchema;

/// The types of products.
pub(super) const TYPES: [(&str, BankKind); 4] = [
    ("Checking", BankKind::Checking),
    ("Savings", BankKind::Savings),
    ("Prepaid", BankKind::Prepaid),
    ("ForBenefitOf", BankKind::ForBenefitOf),
];

pub(super) const ACCESS: [(&str, OwnerAccess); 3] =
    [("FULL", OwnerAccess::Full), ("RDONLY", OwnerAccess::Read), ("NONE", OwnerAccess::None)];

pub(super) const LOCKS: [(&str, LockHolder); 2] = [("CST", LockHolder::Customer), ("SYS", LockHolder::System)];

pub(super) const CONTRIBUTIONS: [(&str, Option<ContributionKind>); 3] =
    [("Monthly", Some(ContributionKind::Monthly)), ("BiWeekly", Some(ContributionKind::BiWeekly)), ("None", None)];

/// An account. Texts that are not set are empty, dates are left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountView {
    /// What the customer may do: FULL, RDONLY or NONE.
    #[schema(example = "FULL")]
    access_type_code: &'static str,
    /// Of all settled transactions, held money included.
    #[schema(value_type = f64, example = 75.50)]
    account_balance: ExactNumber,
    #[schema(example = 4711)]
    account_id: i64,
    /// The lowest that the account can be overdrawn to.
    #[schema(value_type = f64, example = 0.00)]
    account_minimum_balance: ExactNumber,
    /// Null unless the product shows numbers in full.
    account_number: Option<String>,
    #[schema(example = "******4711")]
    account_number_masked: String,
    /// What can be withdrawn at once.
    #[schema(value_type = f64, example = 75.50)]
    available_balance: ExactNumber,
    /// When one of the three balances last changed.
    #[schema(format = DateTime)]
    balance_last_modified_date: String,
    category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    closed_date: Option<String>,
    #[schema(format = DateTime)]
    created_date: String,
    #[serde(flatten)]
    custom: CustomFields,
    customer_id: i64,
    /// From 1, the primary customer, among those with some access.
    customer_priority: usize,
    /// When the first credit was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    first_deposit_date: Option<String>,
    /// Whether it can use external accounts of all customers.
    global_account_access_enabled: bool,
    is_closeable: bool,
    is_joint_account: bool,
    is_locked: bool,
    /// Whether it is the first account of its primary customer.
    is_primary: bool,
    is_primary_customer: bool,
    /// When anything but a balance last changed.
    #[schema(format = DateTime)]
    last_modified_date: String,
    legal_name1: String,
    legal_name2: String,
    /// UNK if it is not locked.
    #[schema(example = "UNK")]
    lock_reason_type_code: &'static str,
    /// UNL, CST or SYS.
    #[schema(example = "UNL")]
    lock_type_code: &'static str,
    name: String,
    /// Of deposits that have not settled.
    #[schema(value_type = f64, example = 0.00)]
    pending_balance: ExactNumber,
    primary_customer_id: i64,
    product_id: i64,
    #[schema(value_type = f64, example = 0.00)]
    recurring_contribution_amount: ExactNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    recurring_contribution_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recurring_contribution_from_external_account_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    recurring_contribution_next_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    recurring_contribution_start_date: Option<String>,
    /// Monthly, BiWeekly or None.
    #[schema(example = "None")]
    recurring_contribution_type: &'static str,
    /// How often money has left the account this month, where its product takes a fee for that.
    #[serde(rename = "regDWithdrawalCount")]
    reg_d_withdrawal_count: u32,
    /// Null unless the product shows numbers in full.
    routing_number: Option<String>,
    routing_number_masked: String,
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    source_links: [(); 0],
    /// Inactive, Dormant, PendingOpen, Open, PendingClosed or Closed.
    #[schema(example = "Open")]
    status: &'static str,
    sub_category: String,
    tag: String,
    #[schema(value_type = f64, example = 500.00)]
    target_amount: ExactNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    target_date: Option<String>,
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    target_links: [(); 0],
    /// When the target was first met.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    target_met_date: Option<String>,
    /// The available balance divided by the target.
    #[schema(value_type = f64, example = 0.15)]
    target_met_percent: ExactNumber,
    /// With some access.
    total_customers: usize,
    /// Checking, Savings, Prepaid or ForBenefitOf.
    #[serde(rename = "type")]
    #[schema(example = "Savings")]
    kind: &'static str,
}

fn status(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::PendingApproval => "PendingOpen",
        Lifecycle::Active => "Open",
        Lifecycle::Inactive => "Inactive",
        Lifecycle::Dormant => "Dormant",
        Lifecycle::Closing => "PendingClosed",
        Lifecycle::Closed => "Closed",
    }
}

/// Hundredths as a decimal number.
fn hundredths(number: i128) -> ExactNumber {
    let (sign, digits) = (if number < 0 { "-" } else { "" }, format!("{:03}", number.unsigned_abs()));
    let (whole, fraction) = digits.split_at(digits.len() - 2);
    ExactNumber::from_stored(&format!("{sign}{whole}.{fraction}"))
}

impl AccountView {
    /// As this customer sees it.
    pub(super) fn of(found: &DetailedAccount, customer: ProfileSerial, program: &Program) -> AccountView {
        let DetailedAccount { account, details, terms, holders, .. } = found;
        let money = |amount| ExactNumber::of(amount, account.decimals);
        let zone = &program.zone;
        let date = |moment| shown(moment, zone);
        let day = |day: Option<Day>| shown_day(&day?.to_string(), zone);
        let terms_of_plan = found.plan.as_ref().map(|plan| &plan.terms);
        let place = holders.iter().position(|holder| holder.client == customer);
        let access = place.map_or(OwnerAccess::None, |place| holders[place].access);
        let primary = holders.first().map_or(0, |holder| holder.client.0);
        let with_access = holders.iter().filter(|holder| holder.access != OwnerAccess::None).count();
        let shows_numbers = terms.as_ref().is_some_and(|terms| terms.shows_numbers);
        let routing = terms.as_ref().map(|terms| terms.routing_number.clone()).unwrap_or_default();
        let available = account.balances.available();
        AccountView {
            access_type_code: name_of(access, &ACCESS),
            account_balance: money(account.balances.balance),
            account_id: account.serial.0,
            account_minimum_balance: money(account.balances.minimum),
            account_number: shows_numbers.then(|| account.number.clone()),
            account_number_masked: masked(&account.number),
            available_balance: money(available),
            balance_last_modified_date: date(found.balances_changed_at),
            category: account.labels.common.category.clone(),
            closed_date: account.closed_at.map(date),
            created_date: date(account.created_at),
            custom: CustomFields::of(&account.labels.common.custom_fields),
            customer_id: customer.0,
            customer_priority: found.active_priority(customer),
            first_deposit_date: found.first_credit_at.map(date),
            global_account_access_enabled: details.uses_all_external,
            is_closeable: !details.is_kept,
            is_joint_account: with_access > 1,
            is_locked: account.lock.holder().is_some(),
            is_primary: found.is_first,
            is_primary_customer: primary == customer.0,
            last_modified_date: date(account.updated_at),
            legal_name1: details.legal_name_1.clone(),
            legal_name2: details.legal_name_2.clone(),
            lock_reason_type_code: account.lock.reason().unwrap_or(LockReason::Unk).name(),
            lock_type_code: account.lock.holder().map_or("UNL", |holder| name_of(holder, &LOCKS)),
            name: account.labels.name.clone(),
            pending_balance: money(account.balances.pending),
            primary_customer_id: primary,
            product_id: found.group.0,
            recurring_contribution_amount: money(terms_of_plan.and_then(|terms| terms.amount).unwrap_or(Amount::ZERO)),
            recurring_contribution_end_date: terms_of_plan.and_then(|terms| day(terms.end)),
            recurring_contribution_from_external_account_id: found.plan_external.map(|external| external.0),
            recurring_contribution_next_date: day(found.plan.as_ref().and_then(|plan| plan.next)),
            recurring_contribution_start_date: terms_of_plan.and_then(|terms| day(terms.start)),
            recurring_contribution_type: name_of(terms_of_plan.and_then(|terms| terms.kind), &CONTRIBUTIONS),
            reg_d_withdrawal_count: found
                .withdrawals
                .filter(|(month, _)| *month == program.month)
                .map_or(0, |(_, times)| times),
            routing_number: (shows_numbers && !routing.is_empty()).then(|| routing.clone()),
            routing_number_masked: masked(&routing),
            source_links: [],
            status: status(account.lifecycle),
            sub_category: details.sub_category.clone(),
            tag: account.labels.common.reference.clone(),
            target_amount: money(details.target.unwrap_or(Amount::ZERO)),
            target_date: details.target_at.map(date),
            target_links: [],
            target_met_date: details.target_met_at.map(date),
            target_met_percent: hundredths(details.target_hundredths(available).unwrap_or(0)),
            total_customers: with_access,
            kind: name_of(found.bank_kind(), &TYPES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_become_a_decimal_number() {
        let text = |number| serde_json::to_string(&hundredths(number)).unwrap();
        assert_eq!([0, 5, 50, 100, 1234, -7].map(text), ["0.00", "0.05", "0.50", "1.00", "12.34", "-0.07"]);
    }
}
