//! Random sequences of operations on a running server, compared with a small model after each operation:
//!
//! - the books balance, and each is the sum of its postings;
//! - the model, the file and the API show the same figures;
//! - no operator's debit takes the withdrawable balance below zero, except a forced reversal;
//! - a refused or rehearsed operation changes nothing, except for the rehearsal's row in the audit log;
//! - a retry gets the same answer;
//! - the other dialects, through which steps go at random where they have them, refuse the same and show the same;
//! - a batch does what its operations would do alone, or nothing if it is atomic and one of them is refused;
//! - the events, read from the first, give the same figures;
//! - executions, corrections and charges of a platform, late and repeated ones too, lead to its positions and money;
//! - past balances are those seen at that time, and statements lead from them to the present.
//!
//! `BURSAR_MODEL_STEPS=200000 cargo test --test api model` is the long form, with a new seed each time; the short form
//! always runs the same steps. A failure prints its seed and the shortest failing sequence found.

mod books;
mod clients;
mod dialects;
mod feed;
mod file;
mod past;
mod step;
mod trading;
mod transitions;
mod world;

use crate::common::setting;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use step::{Dice, Step};

/// Steps per database.
const STEPS: u64 = 500;
/// Attempts to shorten a failing sequence.
const ATTEMPTS: usize = 80;

fn steps_of(seed: u64) -> Vec<Step> {
    let mut dice = Dice::of(seed);
    (0..STEPS).map(|_| dice.step()).collect()
}

/// Why a sequence fails, or the tally of one that passes.
fn failure(steps: &[Step]) -> Result<world::Tally, String> {
    catch_unwind(AssertUnwindSafe(|| world::run(steps))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// Removes steps that are not needed for the failure, first in large chunks, then in small ones.
fn shortened(mut steps: Vec<Step>) -> (Vec<Step>, String) {
    let mut reason = String::new();
    let (mut part, mut attempts) = (steps.len() / 2, 0);
    while part > 0 && attempts < ATTEMPTS {
        let mut from = 0;
        while from < steps.len() && attempts < ATTEMPTS {
            attempts += 1;
            let mut fewer = steps.clone();
            fewer.drain(from..(from + part).min(fewer.len()));
            match failure(&fewer) {
                Err(why) => (steps, reason) = (fewer, why),
                Ok(_) => from += part,
            }
        }
        part /= 2;
    }
    (steps, reason)
}

#[test]
fn any_sequence_of_operations_leaves_what_the_model_predicts() {
    let long = setting("BURSAR_MODEL_STEPS");
    let wanted = long.unwrap_or(3_000).div_ceil(STEPS);
    let first =
        setting("BURSAR_MODEL_SEED").unwrap_or_else(|| if long.is_some() { u64::from(fastrand::u32(..)) } else { 1 });
    println!("{wanted} sequences of {STEPS} steps from BURSAR_MODEL_SEED={first}");
    let (next, began) = (AtomicU64::new(0), Instant::now());
    let work = || {
        let mut tally = world::Tally::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= wanted {
                return tally;
            }
            let seed = first + number;
            match failure(&steps_of(seed)) {
                Ok(of) => tally += of,
                Err(reason) => {
                    next.store(wanted, Ordering::Relaxed);
                    let (steps, shorter) = shortened(steps_of(seed));
                    let steps: Vec<_> = steps.iter().map(|step| format!("  {step:?}")).collect();
                    panic!(
                        "BURSAR_MODEL_SEED={seed}: {reason}\n{} steps do it:\n{}\n{shorter}",
                        steps.len(),
                        steps.join("\n")
                    );
                }
            }
        }
    };
    let tallies: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join()).collect::<Vec<_>>()
    });
    let mut sum = world::Tally::default();
    for tally in tallies {
        sum += tally.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
    println!("{sum:?}");
    assert!(sum.by_b2core > 0 && sum.by_midaz > 0 && sum.by_helix > 0, "steps through each dialect");
    println!("{:.1?}", began.elapsed());
}
