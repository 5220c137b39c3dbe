//! Sends events to webhooks, on a thread of its own so that a slow receiver delays no caller. Each receiver has a task,
//! so that it delays no other either, and gets every event at least once and in order.

mod addresses;
mod client;
mod courier;
mod recorder;

use crate::app::App;
use crate::app::events::{Messenger, Receiver, Work};
use crate::domain::ids::{WebhookId, WebhookSerial};
use client::Client;
use courier::{Courier, Office};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle as Task;
use tokio::time::{Instant, sleep};

/// Threads for reads and for look-ups of names.
const THREADS_MAX: usize = 64;
/// Couriers that read events at the same time: readers have others to serve.
const READS_MAX: usize = 2;
/// The interval of looks at all webhooks; changes are noticed earlier.
const LOOK: Duration = Duration::from_secs(1);
/// The shortest interval between two looks for changes.
const REST: Duration = Duration::from_millis(20);

/// The thread. Dropping it ends all deliveries, and waits until what was sent is stored.
pub struct WebhookThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread. Webhooks of an API without a messenger get nothing.
pub fn webhooks(app: Arc<App>, messengers: Vec<Arc<dyn Messenger>>) -> io::Result<WebhookThread> {
    let rules = app.settings().deliveries;
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(THREADS_MAX).build()?;
    let (stop, stopped) = oneshot::channel();
    let work = move || {
        // Reads the certificates of this machine, which the start need not wait for.
        let client = match Client::new(rules.reach, rules.timeout) {
            Ok(client) => client,
            Err(error) => return tracing::error!(%error, "no events are sent to webhooks"),
        };
        runtime.block_on(async {
            let (sender, notes) = mpsc::channel(recorder::WAITING_MAX);
            let recorder = tokio::spawn(recorder::run(Arc::clone(&app), notes));
            let news = app.webhook_news();
            let reads = Arc::new(Semaphore::new(READS_MAX));
            let office = Office { app, client, notes: sender, reads, news };
            let messengers = messengers.into_iter().map(|messenger| (messenger.api(), messenger)).collect();
            let mut desk =
                Desk { office, messengers, couriers: HashMap::new(), orders: HashMap::new(), taken: HashSet::new() };
            tokio::select! {
                _ = stopped => {}
                () = desk.look_after() => {}
            }
            desk.dismiss().await;
            drop(desk);
            let _ = recorder.await;
        });
        // A look-up that hangs is not waited for.
        runtime.shutdown_background();
    };
    let thread = thread::Builder::new().name("webhooks".into()).spawn(work)?;
    Ok(WebhookThread { stop: Some(stop), thread: Some(thread) })
}

impl Drop for WebhookThread {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(thread = "webhooks", "a background thread panicked");
        }
    }
}

/// A courier at work.
struct OnTheWay {
    receiver: Receiver,
    /// The last event that is done with.
    delivered: Arc<AtomicI64>,
    task: Task<()>,
}

/// Has a courier for each enabled webhook, and replaces it when the webhook changes.
struct Desk {
    office: Office,
    messengers: BTreeMap<&'static str, Arc<dyn Messenger>>,
    couriers: HashMap<WebhookSerial, OnTheWay>,
    /// Those who carry out orders; one for each webhook at a time.
    orders: HashMap<WebhookSerial, Task<()>>,
    /// Rows of orders that are taken, but may be stored still.
    taken: HashSet<i64>,
}

impl Desk {
    /// Runs until the database closes.
    async fn look_after(&mut self) {
        let mut news = self.office.news.clone();
        let (mut seen, mut looked) = (None, Instant::now());
        loop {
            news.mark_unchanged();
            let app = Arc::clone(&self.office.app);
            let changes = tokio::task::spawn_blocking(move || app.webhook_changes()).await;
            let changes = changes.ok().and_then(Result::ok);
            // A maker who is disabled is no change of a webhook.
            if changes.is_none() || changes != seen || looked.elapsed() >= LOOK {
                (seen, looked) = (changes, Instant::now());
                self.look().await;
            }
            tokio::select! {
                changed = news.changed() => match changed {
                    Ok(()) => sleep(REST).await,
                    Err(_) => return,
                },
                () = sleep(LOOK) => {}
            }
        }
    }

    async fn look(&mut self) {
        let app = Arc::clone(&self.office.app);
        let work = match tokio::task::spawn_blocking(move || app.webhook_work()).await {
            Ok(Ok(work)) => work,
            Ok(Err(refusal)) => return tracing::warn!(%refusal, "webhooks cannot be read; trying again"),
            Err(error) => return tracing::error!(%error, "reading webhooks failed"),
        };
        let Work { receivers, orders, orphans } = work;
        let enabled: HashMap<_, _> = receivers
            .iter()
            .filter_map(|receiver| Some((receiver.webhook.serial, (receiver, receiver.run?))))
            .collect();
        self.couriers.retain(|serial, courier| {
            let is_same = enabled.get(serial).is_some_and(|(receiver, _)| **receiver == courier.receiver);
            if !is_same {
                courier.task.abort();
            }
            // One that changed is replaced below, by one that goes on where it was.
            enabled.contains_key(serial)
        });
        for (serial, (receiver, run)) in enabled {
            self.send_out(serial, receiver, run);
        }
        self.orders.retain(|_, task| !task.is_finished());
        self.taken.retain(|row| orders.iter().any(|order| order.row == *row));
        for receiver in receivers {
            let serial = receiver.webhook.serial;
            let own: Vec<_> = orders
                .iter()
                .filter(|order| order.webhook == serial && !self.taken.contains(&order.row))
                .copied()
                .collect();
            if own.is_empty() || self.orders.contains_key(&serial) {
                continue;
            }
            if let Some(messenger) = self.messengers.get(receiver.webhook.api.as_str()) {
                self.taken.extend(own.iter().map(|order| order.row));
                let work = courier::carry_out(self.office.clone(), Arc::clone(messenger), receiver.webhook.id, own);
                self.orders.insert(serial, tokio::spawn(work));
            }
        }
        for orphan in orphans {
            self.pause(orphan).await;
        }
    }

    fn send_out(&mut self, serial: WebhookSerial, receiver: &Receiver, run: i64) {
        let before = self.couriers.get(&serial);
        if before.is_some_and(|courier| courier.receiver == *receiver && !courier.task.is_finished()) {
            return;
        }
        let Some(messenger) = self.messengers.get(receiver.webhook.api.as_str()) else { return };
        // What the one before has sent may not be stored yet.
        let of_same_run = before.filter(|courier| courier.receiver.run == Some(run));
        let delivered = of_same_run.map_or_else(Arc::default, |courier| Arc::clone(&courier.delivered));
        let place = (run, Arc::clone(&delivered));
        let courier = Courier::new(self.office.clone(), Arc::clone(messenger), receiver.clone(), place);
        let task = tokio::spawn(courier.work());
        self.couriers.insert(serial, OnTheWay { receiver: receiver.clone(), delivered, task });
    }

    async fn pause(&self, webhook: WebhookId) {
        let app = Arc::clone(&self.office.app);
        let paused = tokio::task::spawn_blocking(move || app.pause_webhook(webhook, "its maker was disabled")).await;
        match paused {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => tracing::warn!(%refusal, "a webhook could not be paused; trying again"),
            Err(error) => tracing::error!(%error, "pausing a webhook failed"),
        }
    }

    async fn dismiss(&mut self) {
        let tasks = self.couriers.drain().map(|(_, courier)| courier.task);
        let tasks: Vec<_> = tasks.chain(self.orders.drain().map(|(_, task)| task)).collect();
        for task in &tasks {
            task.abort();
        }
        for task in tasks {
            // It is gone, and with it its way to send notes.
            let _ = task.await;
        }
    }
}
