//! What holds for any fills.

use crate::domain::accounts::PositionMode;
use crate::domain::trading::sample::{deal, decimals, number, scope, share};
use crate::domain::trading::{
    Exact, ExecutionEntry, Fill, Instrument, Place, Scope, Side, Split, State, Step, Trade, derive,
};
use proptest::prelude::*;

/// Lots and price of a fill, as the account's cash sees it.
fn cash(symbol: &Instrument, fill: &Fill) -> (Exact, Exact) {
    match &fill.trade {
        Trade::Deal { side, quantity, price } => {
            let lots = side.signed(quantity.clone());
            let paid = &(&lots * price) * &symbol.contract_size;
            (lots, -&paid)
        }
        Trade::CloseBy { .. } => (Exact::ZERO, Exact::ZERO),
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

/// A fill with awkward figures, at one of few moments so that the order depends on sequence and id too.
fn any_fill() -> impl Strategy<Value = Fill> {
    let entries = prop_oneof![
        Just(None),
        Just(Some(ExecutionEntry::In)),
        Just(Some(ExecutionEntry::Out)),
        Just(Some(ExecutionEntry::InOut)),
    ];
    let place = (0i64..4, proptest::option::of(0i64..3));
    let trade = (side(), 0u32..2000, -500_000i64..2_000_000, entries);
    let refs = (0u8..3, proptest::option::weighted(0.2, 0u8..3), any::<bool>());
    (place, trade, refs).prop_map(|((at, sequence), (side, lots, price, entry), (of, opposite, is_named))| {
        let mut fill = deal(at, side, "0", "0");
        let lots = Exact::whole(lots.into()).over(&Exact::whole(100)).unwrap();
        let price = Exact::whole(price).over(&Exact::whole(100_000)).unwrap();
        fill.place.sequence = sequence;
        fill.position_ref = (is_named || opposite.is_some()).then(|| of.to_string());
        fill.entry = entry;
        fill.trade = match opposite {
            Some(opposite) => Trade::CloseBy { opposite: opposite.to_string(), quantity: Some(lots) },
            None => Trade::Deal { side, quantity: lots, price },
        };
        fill
    })
}

/// Fills with ids of their own.
fn fills() -> impl Strategy<Value = Vec<Fill>> {
    proptest::collection::vec(any_fill(), 1..40).prop_map(|fills| {
        let named = fills.into_iter().enumerate().map(|(n, fill)| Fill {
            serial: crate::domain::ids::ExecutionSerial(n as i64 + 1),
            place: Place { execution_id: n.to_string(), ..fill.place.clone() },
            ..fill
        });
        named.collect()
    })
}

fn steps(fills: &[Fill]) -> Vec<Step> {
    fills.iter().cloned().map(|fill| Step::Fill(Box::new(fill))).collect()
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter(
        fills in fills(),
        shuffled in any::<u64>(),
        ratio in 1i64..5,
        mode in prop_oneof![Just(None), Just(Some(PositionMode::Netting)), Just(Some(PositionMode::Hedging))],
    ) {
        let symbol = share("3");
        let scope = Scope { mode, ..scope(&symbol, PositionMode::Netting) };
        let mut steps = steps(&fills);
        steps.push(Step::Split(Split { at: fills[0].place.at, nanos: 0, ratio: Exact::whole(ratio) }));
        let in_order = derive(&scope, State::default(), steps.clone()).unwrap();
        fastrand::Rng::with_seed(shuffled).shuffle(&mut steps);
        prop_assert_eq!(derive(&scope, State::default(), steps.clone()).unwrap(), in_order.clone());
        // The same in two parts, the first one stored and read back.
        steps.sort_by(Step::compare);
        let rest = steps.split_off(steps.len() / 2);
        let before = derive(&scope, State::default(), steps).unwrap();
        let stored = State::of(mode, before.state.open().cloned());
        prop_assert_eq!(derive(&scope, stored, rest).unwrap().state, in_order.state);
    }

    #[test]
    fn netting_conserves_lots_and_cash(fills in fills()) {
        let symbol = share("3");
        let scope = scope(&symbol, PositionMode::Netting);
        let derivation = derive(&scope, State::default(), steps(&fills)).unwrap();
        let (mut lots, mut flow) = (Exact::ZERO, Exact::ZERO);
        for (of, paid) in fills.iter().map(|fill| cash(&symbol, fill)) {
            lots = &lots + &of;
            flow = &flow + &paid;
        }
        let open = derivation.state.open().next();
        prop_assert_eq!(open.map_or(Exact::ZERO, |it| it.side.signed(it.quantity.clone())), lots);
        let value = open.map_or(Exact::ZERO, |it| &it.side.signed(it.cost.clone()) * &symbol.contract_size);
        let profit = derivation.outcomes.iter().fold(Exact::ZERO, |sum, (_, it)| &sum + &it.exact_profit);
        let difference = (&(&profit - &value) - &flow).magnitude();
        prop_assert!(difference < number("0.000000000001"), "{difference}");
    }

    #[test]
    fn a_position_that_is_closed_had_its_lots_closed(fills in fills()) {
        let symbol = share("3");
        let scope = scope(&symbol, PositionMode::Hedging);
        let fills: Vec<_> = fills.into_iter().filter(|fill| fill.position_ref.is_some()).collect();
        let derivation = derive(&scope, State::default(), steps(&fills)).unwrap();
        let all = derivation.outcomes.iter().flat_map(|(_, outcome)| &outcome.history);
        let all = all.map(|closed| &closed.position);
        for position in all.chain(derivation.state.open()) {
            prop_assert_eq!(position.quantity.is_zero(), position.closing.is_some());
            prop_assert!(!position.quantity.is_negative() && position.opened_quantity.is_positive());
            prop_assert!(!position.margin_cost.is_negative());
        }
        // Each fill opens one position at most, which it names.
        let mut opened: Vec<_> = all_positions(&derivation).collect();
        opened.sort_unstable();
        let count = opened.len();
        opened.dedup();
        prop_assert_eq!(opened.len(), count);
    }
}

fn all_positions(derivation: &crate::domain::trading::Derivation) -> impl Iterator<Item = i64> + '_ {
    let closed = derivation.outcomes.iter().flat_map(|(_, outcome)| &outcome.history);
    closed.map(|closed| &closed.position).chain(derivation.state.open()).map(|position| position.opened_by.0)
}

/// Closes and opens odd parts again and again. Each reduction errs by half of 10^-24 at most, and later ones only scale
/// the error down; so a million fills of a lot of 100,000 err by less than 10^-12, and these by a hundredth of that.
#[test]
fn partial_fills_do_not_drift() {
    let symbol = share("100000");
    let scope = Scope { decimals: decimals(8), ..scope(&symbol, PositionMode::Netting) };
    let mut random = fastrand::Rng::with_seed(7);
    let mut state = State::default();
    let (mut flow, mut profit) = (Exact::ZERO, Exact::ZERO);
    let mut lots = 0i64;
    for serial in 0..20_000 {
        let (side, hundredths) = if lots > 1_000 && random.bool() {
            (Side::Sell, random.i64(1..lots / 3))
        } else {
            (Side::Buy, random.i64(1..1_000))
        };
        lots += if side == Side::Buy { hundredths } else { -hundredths };
        let mut fill = deal(serial, side, "0", "0");
        let quantity = Exact::whole(hundredths).over(&Exact::whole(100)).unwrap();
        let price = Exact::whole(random.i64(90_000..110_000)).over(&Exact::whole(100_000)).unwrap();
        fill.trade = Trade::Deal { side, quantity, price };
        flow = &flow + &cash(&symbol, &fill).1;
        profit = &profit + &state.apply(&scope, &fill).unwrap().exact_profit;
        // Sums of fractions would grow with every fill; these err by 10^-24 each.
        profit = profit.settled();
    }
    let close = deal(20_000, Side::Sell, &Exact::whole(lots).over(&Exact::whole(100)).unwrap().to_string(), "1");
    flow = &flow + &cash(&symbol, &close).1;
    let outcome = state.apply(&scope, &close).unwrap();
    assert!(outcome.is_flat);
    let drift = (&(&profit + &outcome.exact_profit) - &flow).magnitude();
    assert!(drift < number("0.000000000001"), "{drift}");
}
