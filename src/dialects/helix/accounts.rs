//! Accounts: opened, changed, read, locked and closed on behalf of one of their customers.

use super::account_view::{AccountView, CONTRIBUTIONS, LOCKS, TYPES};
use super::customers::custom_fields;
use super::envelope::{answer, ok};
use super::fields::{
    DESCRIPTION_MAX, Sent, date, decimal, flag, integer, one_of, part_of, path_client, path_number, path_or_query,
    program, required_integer, text, text_of, window, zone,
};
use super::requests::{AccountBody, AccountKeyBody, CloseBody, LockBody};
use crate::app::ExactNumber;
use crate::app::accounts::{
    ChangeHeldAccount, DetailedAccount, GetHeldAccount, GetReferencedAccount, HeldKey, HeldLabels, ListHeldAccounts,
    LockHeldAccount, OpenHeldAccount, UnlockHeldAccount, WantedProduct,
};
use crate::app::bank::{ChangeForClient, CloseHeldAccount, HeldClosing, OpenForClient, PlanChange};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::accounts::{AccountDetailsChange, CloseReason, LEGAL_NAME_MAX, LockReason};
use crate::domain::day::Day;
use crate::domain::ids::{AccountSerial, ExternalSerial, GroupSerial, ProfileSerial};
use crate::domain::money::Amount;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

/// The id of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountId {
    #[schema(example = 4711)]
    account_id: i64,
}

impl AccountId {
    pub(super) fn of(key: HeldKey) -> AccountId {
        AccountId { account_id: key.account.0 }
    }
}

/// The account that a body names, and the customer on whose behalf.
pub(super) fn key(customer: &Sent, account: &Sent) -> Result<HeldKey, Rejection> {
    Ok(HeldKey {
        client: ProfileSerial(required_integer("customerId", customer)?),
        account: AccountSerial(required_integer("accountId", account)?),
    })
}

pub(super) fn path_key(call: &Call) -> HeldKey {
    HeldKey { client: path_client(call), account: AccountSerial(path_number(call, "accountId")) }
}

fn labels(body: &AccountBody) -> Result<HeldLabels, Rejection> {
    Ok(HeldLabels {
        name: text("name", &body.name)?,
        reference: text("tag", &body.tag)?,
        category: text("category", &body.category)?,
        custom_fields: custom_fields([
            &body.custom_field1,
            &body.custom_field2,
            &body.custom_field3,
            &body.custom_field4,
            &body.custom_field5,
        ])?,
    })
}

fn details(body: &AccountBody, zone: &TimeZone) -> Result<AccountDetailsChange, Rejection> {
    Ok(AccountDetailsChange {
        legal_name_1: text_of("legalName1", &body.legal_name1, LEGAL_NAME_MAX)?,
        legal_name_2: text_of("legalName2", &body.legal_name2, LEGAL_NAME_MAX)?,
        sub_category: text("subCategory", &body.sub_category)?,
        target: decimal("targetAmount", &body.target_amount)?,
        target_at: date("targetDate", &body.target_date, zone)?.map(Some),
        uses_all_external: None,
    })
}

/// Zero, which an account without a contribution shows, says nothing.
fn plan(body: &AccountBody, zone: &TimeZone) -> Result<PlanChange, Rejection> {
    let day = |name: &str, sent: &Sent| Ok::<_, Rejection>(date(name, sent, zone)?.map(|at| Day::of(at, zone)));
    let external = "recurringContributionFromExternalAccountId";
    let external = integer(external, &body.recurring_contribution_from_external_account_id)?;
    let amount = decimal("recurringContributionAmount", &body.recurring_contribution_amount)?;
    Ok(PlanChange {
        kind: one_of("recurringContributionType", &body.recurring_contribution_type, &CONTRIBUTIONS)?,
        amount: amount.filter(|amount| !amount.is_zero()),
        external: external.filter(|serial| *serial != 0).map(ExternalSerial),
        start: day("recurringContributionStartDate", &body.recurring_contribution_start_date)?,
        end: day("recurringContributionEndDate", &body.recurring_contribution_end_date)?,
    })
}

/// The product by its id or, if there is none, by its type.
fn product(body: &AccountBody) -> Result<WantedProduct, Rejection> {
    if let Some(serial) = integer("productId", &body.product_id)? {
        return Ok(WantedProduct::Numbered(GroupSerial(serial)));
    }
    let kind = one_of("type", &body.r#type, &TYPES)?.ok_or_else(|| Rejection::missing("productId"))?;
    Ok(WantedProduct::OfKind(kind))
}

/// Open an account. It is pending while its customer is in review.
#[utoipa::path(post, path = "/account/create", tag = "Accounts", request_body = AccountBody,
    responses((status = 200, body = AccountView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let program = program(&call)?;
    let zone = &program.zone;
    let body: AccountBody = call.lenient_body()?;
    let client = ProfileSerial(required_integer("customerId", &body.customer_id)?);
    let labels = labels(&body)?;
    if labels.name.as_ref().is_none_or(String::is_empty) {
        return Err(Rejection::missing("name"));
    }
    let plan = plan(&body, zone)?;
    let open = OpenHeldAccount {
        client,
        product: product(&body)?,
        number: text("accountNumber", &body.account_number)?.filter(|number| !number.is_empty()),
        details: details(&body, zone)?,
        is_kept: flag("isCloseable", &body.is_closeable)? == Some(false),
        labels,
    };
    let request = call.origin().request;
    call.run(OpenForClient { open, plan }, |made| answer(request, &AccountView::of(&made, client, &program))).await
}

/// Change an account. What is omitted stays, and what is fixed is ignored.
#[utoipa::path(post, path = "/account/update", tag = "Accounts", request_body = AccountBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn update(call: Call) -> Result<Reply, Rejection> {
    let zone = zone(&call)?;
    let body: AccountBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let change = ChangeHeldAccount { key, labels: labels(&body)?, details: details(&body, &zone)? };
    let plan = plan(&body, &zone)?;
    let request = call.origin().request;
    call.run(ChangeForClient { change, plan }, |_| answer(request, &AccountId::of(key))).await
}

fn show(call: &Call, found: &DetailedAccount) -> Result<Reply, Rejection> {
    ok(call, &AccountView::of(found, path_client(call), &program(call)?))
}

/// Get an account, closed or not.
#[utoipa::path(get, path = "/account/get/{customerId}/{accountId}", tag = "Accounts",
    params(("customerId" = i64, Path), ("accountId" = i64, Path)), responses((status = 200, body = AccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetHeldAccount { key: path_key(&call) }).await?;
    show(&call, &found)
}

/// Get an account by the caller's own id. The tag may also be in the query.
#[utoipa::path(get, path = "/account/getByTag/{customerId}/{tag}", tag = "Accounts",
    params(("customerId" = i64, Path), ("tag" = String, Path)), responses((status = 200, body = AccountView)))]
pub(super) async fn get_by_tag(call: Call) -> Result<Reply, Rejection> {
    let reference = path_or_query(&call, "tag")?;
    let found = call.ask(GetReferencedAccount { client: path_client(&call), reference }).await?;
    show(&call, &found)
}

/// List the accounts of a customer, closed ones included.
#[utoipa::path(get, path = "/account/list/{customerId}", tag = "Accounts",
    params(
        ("customerId" = i64, Path),
        ("pageNumber" = Option<u32>, Query, description = "from 0"),
        ("pageSize" = Option<u32>, Query, description = "1 to 200, default 200"),
    ),
    responses((status = 200, body = [AccountView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let (page, client, program) = (window(&call, false)?, path_client(&call), program(&call)?);
    let found = call.ask(ListHeldAccounts { client }).await?;
    let found = part_of(&found, page);
    ok(&call, &found.iter().map(|account| AccountView::of(account, client, &program)).collect::<Vec<_>>())
}

const CLOSE_REASONS: [(&str, CloseReason); 6] = [
    ("Fraud", CloseReason::Fraud),
    ("Never funded", CloseReason::NeverFunded),
    ("BSA Reasons", CloseReason::Bsa),
    ("Relationship Ended", CloseReason::RelationshipEnded),
    ("Deceased", CloseReason::Deceased),
    ("Other", CloseReason::Other),
];

/// A closed account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Closing)]
pub(super) struct CloseView {
    customer_id: i64,
    account_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    close_to_account_id: Option<i64>,
    /// The transfer of the balance; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transaction_id: Option<i64>,
    transaction_tag: String,
    #[schema(value_type = f64, example = 75.50)]
    closing_balance_amount: ExactNumber,
    /// Accounts bear no interest.
    #[schema(value_type = f64, example = 0.00)]
    interest_paid_amount: ExactNumber,
    #[schema(value_type = f64, example = 0.00)]
    backup_withholding_amount: ExactNumber,
    #[schema(value_type = f64, example = 75.50)]
    total_closing_amount: ExactNumber,
    is_close_to_external_account: bool,
    /// The same; clients read either.
    is_closed_to_external_account: bool,
}

impl CloseView {
    fn of(closing: HeldClosing, key: HeldKey) -> CloseView {
        let money = |amount| ExactNumber::of(amount, closing.decimals);
        CloseView {
            customer_id: key.client.0,
            account_id: key.account.0,
            close_to_account_id: closing.to.map(|to| to.0),
            transaction_id: closing.movement.map(|movement| movement.0),
            transaction_tag: closing.reference.unwrap_or_default(),
            closing_balance_amount: money(closing.balance),
            interest_paid_amount: money(Amount::ZERO),
            backup_withholding_amount: money(Amount::ZERO),
            total_closing_amount: money(closing.balance),
            is_close_to_external_account: closing.is_to_external,
            is_closed_to_external_account: closing.is_to_external,
        }
    }
}

/// Close an account. Its balance goes to another account of the customer, or to an external account; then the account
/// is closed when that is settled.
#[utoipa::path(post, path = "/account/close", tag = "Accounts", request_body = CloseBody,
    responses((status = 200, body = CloseView)))]
pub(super) async fn close(call: Call) -> Result<Reply, Rejection> {
    let body: CloseBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let command = CloseHeldAccount {
        key,
        to: integer("closeToAccountId", &body.close_to_account_id)?.map(AccountSerial),
        reference: text("transactionTag", &body.transaction_tag)?.filter(|tag| !tag.is_empty()),
        reason: one_of("closeReason", &body.close_reason, &CLOSE_REASONS)?,
        notes: text_of("closeReasonNotes", &body.close_reason_notes, DESCRIPTION_MAX)?.unwrap_or_default(),
    };
    let request = call.origin().request;
    call.run(command, |closing| answer(request, &CloseView::of(closing, key))).await
}

/// The reasons that a caller can give; the others are for operators.
const LOCK_REASONS: [(&str, LockReason); 5] = [
    ("UNK", LockReason::Unk),
    ("FRD", LockReason::Frd),
    ("ADM", LockReason::Adm),
    ("TMP", LockReason::Tmp),
    ("FRZ", LockReason::Frz),
];

/// Lock an account, or replace the reason of a lock.
#[utoipa::path(post, path = "/account/lock", tag = "Accounts", request_body = LockBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn lock(call: Call) -> Result<Reply, Rejection> {
    let body: LockBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let command = LockHeldAccount {
        key,
        holder: one_of("lockTypeCode", &body.lock_type_code, &LOCKS)?
            .ok_or_else(|| Rejection::missing("lockTypeCode"))?,
        reason: one_of("lockReasonTypeCode", &body.lock_reason_type_code, &LOCK_REASONS)?
            .ok_or_else(|| Rejection::missing("lockReasonTypeCode"))?,
    };
    let request = call.origin().request;
    call.run(command, |()| answer(request, &AccountId::of(key))).await
}

/// Unlock an account. Locks of the system, and of fraud investigations, stay.
#[utoipa::path(post, path = "/account/unlock", tag = "Accounts", request_body = AccountKeyBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn unlock(call: Call) -> Result<Reply, Rejection> {
    let body: AccountKeyBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let request = call.origin().request;
    call.run(UnlockHeldAccount { key }, |()| answer(request, &AccountId::of(key))).await
}
