//! Shipped changes after a power cut lead to exactly what was recorded, whatever the cut did to the spool in the data
//! directory.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::books::Books;
use crate::faults::{Fault, Faults, Kind};
use crate::restore::{PATIENCE, Place, copy_dir, entries, rounds, stream};
use crate::run::{self, Choices};

/// About as many file changes as a few rounds of shipping make.
const CHANGES: u64 = 10_000;

#[test]
fn a_power_cut_takes_nothing_from_what_was_shipped_and_adds_nothing() {
    let _turn = run::turn();
    let mut choices = Choices::new("power cuts of shipping");
    let place = Place::new("");
    let Some(faults) = Faults::build(place.home.path()) else { return };
    let server = place.start.start();
    place.wait_until_shipped();
    let mut books = Books::open(&server.client());
    server.signal_end();
    server.ended();
    let (mut continued, mut began_anew, mut lost) = (0, 0, 0);
    let count = rounds(4, 15);
    for round in 0..count {
        let (before, verifier) = (stream(&place.data()), place.verifier());
        let (sign, gone) = (place.home.path().join("sign"), place.home.path().join("data.lost"));
        let _ = fs::remove_dir_all(&gone);
        let fault = Fault { at: choices.from(1, CHANGES), kind: Kind::Plug, times: 1 };
        let mut server = faults.plan_if(&place.start, &[fault], choices.from(0, 1 << 40), &sign).start();
        books.storm(&server.client(), 4, |storm| {
            storm.wait_for(1);
            fs::write(&sign, "").unwrap();
            let since = Instant::now();
            while !server.has_ended() {
                assert!(since.elapsed() < PATIENCE, "the power cut never came");
                run::let_pass(Duration::from_millis(20));
            }
        });
        fs::remove_file(&sign).unwrap();

        // On a machine that has only the target, and in the original directory with its spool and write-ahead log.
        let (elsewhere, cut) = (place.home.path().join("elsewhere"), place.home.path().join("cut"));
        for old in [&elsewhere, &cut] {
            let _ = fs::remove_dir_all(old);
        }
        copy_dir(&place.data(), &cut);
        let report = place.run_in(&elsewhere, &["restore", "apply", "--trust", &verifier]).json();
        place.run_in(&cut, &["restore", "apply"]).json();

        let server = place.start.start();
        books.check(&server.client());
        let recovered = entries(&place.data(), i64::MAX);
        let shipped = entries(&elsewhere, i64::MAX);
        let word = format!("round {round}, power cut at change {}", fault.at);
        assert_eq!(shipped, recovered[..shipped.len()], "{word}: shipped entries differ from those recorded: {report}");
        let reached = bursar::domain::clock::Moment::parse(report["reached"].as_str().unwrap()).unwrap();
        assert_eq!(shipped, entries(&place.data(), reached.unix_ms()), "{word}: entries up to that moment are missing");
        let settled = entries(&cut, i64::MAX);
        assert_eq!(settled, recovered[..settled.len()], "{word}");
        match stream(&place.data()) == before {
            true => {
                assert_eq!(settled.len(), recovered.len(), "{word}: entries were lost although spool and log survived");
                continued += 1;
            }
            false => began_anew += 1,
        }
        lost += recovered.len() - shipped.len();

        // It continues by itself, and later shipments continue from there.
        if round % 4 == 3 || round + 1 == count {
            assert_eq!(books.deposit(&server.client()).unwrap().status, 200, "{word}");
            place.wait_until_shipped();
            let into = place.home.path().join(format!("into-{round}"));
            place.run(&["restore", "apply", "--into", into.to_str().unwrap()]).json();
            assert_eq!(entries(&into, i64::MAX), entries(&place.data(), i64::MAX), "{word}");
            place.run_in(Path::new(&into), &["audit"]).json();
        }
        server.kill();
    }
    println!(
        "{count} power cuts: the stream continued {continued} times and began anew {began_anew} times; the target \
         alone lacked {lost} entries in all"
    );
}
