//! Stores what has been sent, many attempts in one step: a commit for each would cost more than sending.

use crate::app::App;
use crate::app::events::{Report, Tried};
use crate::domain::events::{Progress, Webhook};
use crate::domain::ids::{WebhookId, WebhookSerial};
use crate::domain::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

/// Notes that may wait; then those who send wait, too.
pub(super) const WAITING_MAX: usize = 1024;
/// The most notes that are stored in one step.
const AT_ONCE: usize = 256;
/// For how long notes are collected: what was sent in this time is sent again after a crash.
const COLLECT: Duration = Duration::from_millis(100);
/// The pause after a failure to store.
const REST: Duration = Duration::from_secs(1);

/// Something to store.
#[derive(Default)]
pub(super) struct Note {
    pub(super) tried: Vec<Tried>,
    /// What a webhook is done with.
    pub(super) advanced: Option<(WebhookSerial, Progress)>,
    /// The order that is carried out.
    pub(super) order: Option<i64>,
    pub(super) alarm: Option<(Webhook, &'static str)>,
    pub(super) settled: Option<WebhookId>,
}

fn advance(report: &mut Report, webhook: WebhookSerial, to: Progress) {
    match report.advanced.iter_mut().find(|(known, at)| *known == webhook && at.run == to.run) {
        Some((_, at)) => at.delivered = at.delivered.max(to.delivered),
        None => report.advanced.push((webhook, to)),
    }
}

fn add(report: &mut Report, Note { tried, advanced, order, alarm, settled }: Note) {
    if let Some((webhook, progress)) = advanced {
        advance(report, webhook, progress);
    }
    report.tried.extend(tried);
    report.orders.extend(order);
    report.alarms.extend(alarm);
    report.settled.extend(settled);
}

/// Runs until all senders of notes are gone and their notes are stored.
pub(super) async fn run(app: Arc<App>, mut notes: mpsc::Receiver<Note>) {
    while let Some(first) = notes.recv().await {
        let mut report = Report::default();
        add(&mut report, first);
        let end = Instant::now() + COLLECT;
        let mut count = 1;
        while count < AT_ONCE
            && let Ok(Some(note)) = timeout_at(end, notes.recv()).await
        {
            add(&mut report, note);
            count += 1;
        }
        let report = Arc::new(report);
        loop {
            let (app, report) = (Arc::clone(&app), Arc::clone(&report));
            match tokio::task::spawn_blocking(move || app.record_deliveries(report)).await {
                Ok(Ok(())) => break,
                Ok(Err(Refusal::ShuttingDown)) => return,
                Ok(Err(refusal)) => tracing::warn!(%refusal, "deliveries to webhooks were not stored; trying again"),
                Err(error) => tracing::error!(%error, "storing deliveries to webhooks failed"),
            }
            sleep(REST).await;
        }
    }
}
