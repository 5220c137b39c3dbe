//! Plans of recurring contributions: at most one for each account.

use crate::domain::bank::{ContributionPlan, PlanTerms};
use crate::domain::clock::Moment;
use crate::domain::day::Day;
use crate::domain::ids::{AccountId, BookId, ExternalAccountId};
use crate::domain::money::Amount;
use crate::domain::reference::CurrencyCode;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named_if_any, sql, unreadable};
use crate::store::reference::decimals;
use rusqlite::{Row, params};
use uuid::Uuid;

fn plan(row: &Row<'_>) -> rusqlite::Result<ContributionPlan> {
    let day = |column: &str| {
        let text: Option<String> = row.get(column)?;
        text.map(|text| Day::parse(&text).ok_or_else(|| unreadable(column, &text))).transpose()
    };
    Ok(ContributionPlan {
        account: AccountId::from(row.get::<_, Uuid>("account_uuid")?),
        currency: CurrencyCode::from_stored(row.get("currency")?),
        decimals: decimals(row.get("decimals")?)?,
        terms: PlanTerms {
            kind: named_if_any(row, "kind")?,
            amount: row.get::<_, Option<i64>>("amount_minor")?.map(Amount::from_minor),
            external: row.get::<_, Option<Uuid>>("external_uuid")?.map(ExternalAccountId::from),
            start: day("start_on")?,
            end: day("end_on")?,
        },
        next: day("next_on")?,
        runs: row.get("runs")?,
        failures: row.get("failures")?,
        last_failure: row.get("last_failure")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        updated_at: Moment::from_unix_ms(row.get("updated_at")?),
    })
}

impl ReadTx<'_> {
    /// The plan of an account; None if it never had one.
    pub fn contribution_plan(&self, account: BookId) -> Result<Option<ContributionPlan>, StoreError> {
        self.find(sql!("contributions/columns"), [account.0], plan)
    }
}

impl WriteTx<'_> {
    /// Stores the plan of an account.
    pub fn put_contribution_plan(&self, account: BookId, plan: &ContributionPlan) -> Result<(), StoreError> {
        let terms = &plan.terms;
        let text = |day: Option<Day>| day.map(|day| day.to_string());
        let values = params![
            account.0,
            terms.kind.map(|kind| kind.name()),
            terms.amount.map(Amount::minor),
            terms.external.map(ExternalAccountId::uuid),
            text(terms.start),
            text(terms.end),
            text(plan.next),
            plan.runs,
            plan.failures,
            plan.last_failure,
            plan.created_at.unix_ms(),
            plan.updated_at.unix_ms(),
        ];
        self.run(sql!("contributions/put"), values).map(|_| ())
    }
}
