//! Positions and profit that were computed by hand.

use crate::domain::accounts::PositionMode::{Hedging, Netting};
use crate::domain::ids::ExecutionSerial;
use crate::domain::trading::sample::{
    BTC, EUR, JPY, TWO, USD, buy, deal, decimals, eurusd, minor, number, only, quote, run, scope, sell, share, shown,
};
use crate::domain::trading::{
    Closing, Exact, ExecutionEntry, Fill, FillRates, Instrument, MissingRate, RateTable, Scope, Side, Split, State,
    Step, Trade, VolumeUnit, derive,
};

fn steps(fills: &[Fill]) -> Vec<Step> {
    fills.iter().cloned().map(|fill| Step::Fill(Box::new(fill))).collect()
}

#[test]
fn a_netting_position_flips_at_the_price_of_the_fill() {
    let symbol = eurusd();
    let scope = scope(&symbol, Netting);
    let fills = [buy(1, "1.00", "1.08000"), buy(2, "0.50", "1.08600"), sell(3, "2.00", "1.08500")];
    assert_eq!(shown(only(&run(&scope, &fills[..2]).0)), (Side::Buy, "1.5".into(), "1.082".into()));
    let (state, outcome) = run(&scope, &fills);
    // (1.085 - 1.082) x 1.5 x 100,000
    assert_eq!((outcome.profit, outcome.closed.to_string().as_str()), (minor(45_000), "1.5"));
    assert_eq!(outcome.open_price.as_ref().map(|price| price.text(0, 12)).as_deref(), Some("1.082"));
    assert_eq!(shown(only(&state)), (Side::Sell, "0.5".into(), "1.085".into()));
    assert_eq!((outcome.reduced, outcome.increased), (Some(ExecutionSerial(1)), Some(ExecutionSerial(3))));
    assert_eq!((outcome.position(), outcome.is_flat), (Some(ExecutionSerial(1)), false));
    let closed = &outcome.history[0].position;
    assert_eq!(outcome.history[0].open_price, number("1.082"));
    assert_eq!(closed.closing, Some(Closing { by: ExecutionSerial(3), at: fills[2].place.at }));
    assert_eq!((closed.profit, closed.opened_quantity.to_string().as_str()), (minor(45_000), "1.5"));
    assert_eq!(closed.close_price().unwrap(), number("1.085"));
}

#[test]
fn an_average_without_an_end_stays_exact() {
    let symbol = eurusd();
    let scope = scope(&symbol, Netting);
    let opened = [buy(1, "1", "1.1"), buy(2, "1", "1.1"), buy(3, "1", "1.2")];
    let fills = [&opened[..], &[sell(4, "1", "1.15"), sell(5, "2", "1.15")]].concat();
    let (state, outcome) = run(&scope, &fills[..4]);
    // (1.15 - 3.4 / 3) x 100,000 = 1,666.66…
    assert_eq!(outcome.profit, minor(166_667));
    assert_eq!(shown(only(&state)), (Side::Buy, "2".into(), "1.133333333333".into()));
    assert_eq!(only(&state).cost.to_string(), "6.8/3");
    let (state, outcome) = run(&scope, &fills);
    assert_eq!((outcome.profit, outcome.is_flat, state), (minor(333_333), true, State::default()));
    assert_eq!(outcome.history[0].position.profit, minor(500_000));
}

#[test]
fn a_partial_close_is_converted_at_the_given_rate_and_rounded_once() {
    let symbol = eurusd();
    let scope = scope(&symbol, Hedging);
    let opens = buy(1, "0.50", "1.08370").of("77").entry(ExecutionEntry::In).at_rates("0.9228", "1");
    let closes = sell(2, "0.20", "1.08990").of("77").entry(ExecutionEntry::Out).at_rates("0.9228", "1");
    let (state, outcome) = run(&scope, &[opens, closes]);
    // 0.0062 x 0.2 x 100,000 = 124 dollars; x 0.9228 = 114.4272 euros
    assert_eq!((outcome.profit, outcome.exact_profit), (minor(11_443), number("114.4272")));
    assert_eq!(shown(only(&state)), (Side::Buy, "0.3".into(), "1.0837".into()));
}

#[test]
fn a_cancelled_or_replaced_fill_changes_what_follows_it() {
    let symbol = eurusd();
    let scope = scope(&symbol, Netting);
    let day = [buy(1, "1", "1.08"), buy(2, "1", "1.10"), sell(3, "1", "1.12"), sell(4, "1", "1.12")];
    let profits = |fills: &[Fill]| {
        let derivation = derive(&scope, State::default(), steps(fills)).unwrap();
        let profits: Vec<_> = derivation.outcomes.iter().map(|(_, outcome)| outcome.profit.minor() / 100).collect();
        (profits, derivation.state.open().map(shown).collect::<Vec<_>>())
    };
    assert_eq!(profits(&day), (vec![0, 0, 3_000, 3_000], vec![]));
    let cancelled = [day[0].clone(), day[2].clone(), day[3].clone()];
    assert_eq!(profits(&cancelled), (vec![0, 4_000, 0], vec![(Side::Sell, "1".into(), "1.12".into())]));
    let replaced = [day[0].clone(), buy(2, "1", "1.14"), day[2].clone(), day[3].clone()];
    assert_eq!(profits(&replaced), (vec![0, 0, 1_000, 1_000], vec![]));
}

#[test]
fn a_close_by_closes_two_positions_against_each_other() {
    let symbol = eurusd();
    let scope = scope(&symbol, Hedging);
    let opened = [buy(1, "0.50", "1.08").of("77"), sell(2, "0.30", "1.09").of("78")];
    let close_by = |serial, of: &str, opposite: &str, quantity: Option<&str>| Fill {
        trade: Trade::CloseBy { opposite: opposite.to_owned(), quantity: quantity.map(number) },
        ..buy(serial, "0", "0").of(of).entry(ExecutionEntry::OutBy)
    };
    let part = close_by(3, "77", "78", Some("0.20"));
    let (state, outcome) = run(&scope, &[opened.to_vec(), vec![part.clone()]].concat());
    // (1.09 - 1.08) x 0.2 x 100,000, once for both
    assert_eq!((outcome.profit, outcome.side, &outcome.closed), (minor(20_000), Some(Side::Sell), &number("0.2")));
    assert_eq!((outcome.reduced, outcome.opposite), (Some(ExecutionSerial(1)), Some(ExecutionSerial(2))));
    let open: Vec<_> = state.open().map(|it| (it.profit, it.close_price().unwrap().to_string(), shown(it))).collect();
    assert_eq!(open[0], (minor(20_000), "1.09".into(), (Side::Buy, "0.3".into(), "1.08".into())));
    assert_eq!(open[1], (minor(0), "1.09".into(), (Side::Sell, "0.1".into(), "1.09".into())));
    let (state, outcome) = run(&scope, &[opened.to_vec(), vec![part, close_by(4, "78", "77", None)]].concat());
    assert_eq!((outcome.profit, outcome.side), (minor(10_000), Some(Side::Buy)));
    assert_eq!(outcome.history.iter().map(|it| it.position.position_ref.as_deref()).collect::<Vec<_>>(), [Some("78")]);
    assert_eq!(shown(only(&state)), (Side::Buy, "0.2".into(), "1.08".into()));
    let too_much = close_by(3, "78", "77", Some("0.40"));
    let (_, outcome) = run(&scope, &[opened.to_vec(), vec![too_much]].concat());
    assert_eq!((outcome.closed, outcome.unmatched), (number("0.3"), Some(number("0.1"))));
    let (state, outcome) = run(&scope, &[opened[0].clone(), close_by(2, "77", "78", None)]);
    assert_eq!((outcome.closed, outcome.unmatched), (Exact::ZERO, Some(Exact::ZERO)));
    assert_eq!(shown(only(&state)), (Side::Buy, "0.5".into(), "1.08".into()));
}

#[test]
fn only_a_close_beyond_what_is_open_is_unmatched() {
    let symbol = eurusd();
    let hedging = scope(&symbol, Hedging);
    let out = |serial, side, quantity| deal(serial, side, quantity, "1.09").of("77").entry(ExecutionEntry::Out);
    let opened = buy(1, "0.50", "1.08").of("77").entry(ExecutionEntry::In);
    let (state, outcome) = run(&hedging, &[opened.clone(), out(2, Side::Sell, "0.70")]);
    assert_eq!((outcome.profit, outcome.unmatched, state.is_flat()), (minor(50_000), Some(number("0.2")), true));
    let (state, outcome) = run(&hedging, &[out(1, Side::Sell, "0.70")]);
    assert_eq!((outcome.position(), outcome.unmatched, state.is_flat()), (None, Some(number("0.7")), true));
    let (state, outcome) = run(&hedging, &[opened.clone(), out(2, Side::Buy, "0.10")]);
    assert_eq!((outcome.unmatched, shown(only(&state)).1), (Some(number("0.1")), "0.5".into()));
    let turn = out(2, Side::Sell, "0.70").entry(ExecutionEntry::InOut);
    let (state, outcome) = run(&hedging, &[opened.clone(), turn]);
    assert_eq!((outcome.unmatched, shown(only(&state))), (None, (Side::Sell, "0.2".into(), "1.09".into())));
    // A netting account follows the signs, whatever the fill is called.
    let (state, outcome) = run(&scope(&symbol, Netting), &[opened, out(2, Side::Sell, "0.70").of("other")]);
    assert_eq!((outcome.unmatched, shown(only(&state)).1), (Some(number("0.2")), "0.2".into()));
}

#[test]
fn an_account_of_neither_mode_goes_by_the_reference_if_there_is_one() {
    let symbol = eurusd();
    let scope = Scope { mode: None, ..scope(&symbol, Netting) };
    let fills = [buy(1, "1", "1.08").of("77"), sell(2, "1", "1.09"), sell(3, "0.4", "1.09").of("77")];
    let (state, outcome) = run(&scope, &fills);
    let open: Vec<_> = state.open().map(shown).collect();
    assert_eq!(open, [(Side::Sell, "1".into(), "1.09".into()), (Side::Buy, "0.6".into(), "1.08".into())]);
    assert_eq!(State::of(None, state.open().cloned()), state);
    assert_eq!(outcome.profit, minor(40_000));
}

#[test]
fn a_quantity_of_zero_moves_nothing() {
    let symbol = eurusd();
    let scope = scope(&symbol, Netting);
    let (state, outcome) = run(&scope, &[sell(1, "0", "1.09")]);
    assert_eq!((state.is_flat(), outcome.is_flat, outcome.position()), (true, true, None));
}

#[test]
fn a_split_multiplies_lots_and_comes_before_fills_of_its_time() {
    let symbol = share("1");
    let scope = scope(&symbol, Netting);
    let fills = [buy(1, "10", "100"), sell(2, "15", "30")];
    let split = Step::Split(Split { at: fills[1].place.at, nanos: 0, ratio: number("4") });
    let steps = [vec![split.clone()], steps(&fills)].concat();
    let derivation = derive(&scope, State::default(), steps).unwrap();
    let position = only(&derivation.state);
    assert_eq!(shown(position), (Side::Buy, "25".into(), "25".into()));
    assert_eq!((position.opened_quantity.to_string().as_str(), position.margin_cost.clone()), ("40", number("625")));
    assert_eq!(derivation.outcomes[1].1.profit, minor(7_500));
}

#[test]
fn prices_can_be_negative() {
    let symbol = share("1000");
    let scope = scope(&symbol, Netting);
    let (_, outcome) = run(&scope, &[buy(1, "1", "5.00"), sell(2, "1", "-37.63")]);
    assert_eq!(outcome.profit, minor(-4_263_000));
    let (state, outcome) = run(&scope, &[sell(1, "2", "-10"), buy(2, "1", "-20")]);
    assert_eq!((outcome.profit, only(&state).margin_cost.clone()), (minor(1_000_000), number("10")));
}

#[test]
fn profit_has_the_decimals_of_the_account() {
    let symbol = eurusd();
    let fills = [buy(1, "0.01", "1.08"), sell(2, "0.01", "1.0812345678")];
    let profit = |count| {
        let scope = Scope { decimals: decimals(count), ..scope(&symbol, Netting) };
        run(&scope, &fills).1.profit.minor()
    };
    // 1.2345678
    assert_eq!([profit(0), profit(TWO), profit(8)], [1, 123, 123_456_780]);
}

#[test]
fn exact_halves_are_rounded_away_from_zero() {
    let symbol = share("1");
    let scope = scope(&symbol, Netting);
    let profit = |price: &str, rate: &str| {
        run(&scope, &[buy(1, "1", "10"), sell(2, "1", price).at_rates(rate, "1")]).1.profit.minor()
    };
    assert_eq!([profit("10.005", "1"), profit("9.995", "1")], [1, -1]);
    assert_eq!([profit("10.004999999999", "1"), profit("9.995000000001", "1")], [0, 0]);
    assert_eq!([profit("10.05", "0.1"), profit("10.049999999999", "0.1")], [1, 0]);
}

#[test]
fn an_inverse_rate_stays_exact() {
    let symbol = share("1");
    let scope = scope(&symbol, Netting);
    let mut table = RateTable::default();
    table.quote(&eurusd(), quote("1.0835", "1.0837"));
    let closing = |price: &str| {
        let mut fill = sell(2, "1", price);
        fill.rates = FillRates::find(&symbol, EUR, (None, None), &table).unwrap();
        run(&scope, &[buy(1, "1", "10"), fill]).1.profit.minor()
    };
    // 0.0054185 / 1.0837 is exactly 0.005; a loss is converted at 1 / 1.0835.
    assert_eq!([closing("10.0054185"), closing("9.9945825")], [1, -1]);
    assert_eq!([closing("10.0054184"), closing("9.9945826")], [0, 0]);
    assert_eq!([closing("110"), closing("-90")], [9_228, -9_229]);
}

#[test]
fn rates_come_from_the_event_then_from_quotes_then_from_the_reference() {
    let symbol = eurusd();
    let given = number("0.9");
    let mut table = RateTable::default();
    let find = |table: &RateTable, currency, given: Option<&Exact>| {
        FillRates::find(&symbol, currency, (given, None), table)
            .map(|rates| (rates.profit.low.text(0, 6), rates.profit.high.text(0, 6), rates.margin.unwrap().text(0, 6)))
    };
    let all = |low: &str, high: &str, margin: &str| Ok((low.to_owned(), high.to_owned(), margin.to_owned()));
    assert_eq!(find(&table, EUR, None), Err(MissingRate { from: USD, to: EUR }));
    assert_eq!(find(&table, JPY, Some(&given)), Err(MissingRate { from: EUR, to: JPY }));
    assert_eq!(find(&table, EUR, Some(&given)), all("0.9", "0.9", "1"));
    table.reference(EUR, USD, number("1.25"));
    assert_eq!(find(&table, EUR, None), all("0.8", "0.8", "1"));
    table.reference(USD, EUR, number("0.81"));
    assert_eq!(find(&table, EUR, None), all("0.81", "0.81", "1"));
    assert_eq!(find(&table, USD, Some(&given)), all("1", "1", "1.25"));
    table.quote(&Instrument { is_enabled: false, ..eurusd() }, quote("1.0", "1.1"));
    assert_eq!(find(&table, USD, None), all("1", "1", "1.25"));
    table.quote(&eurusd(), quote("1.0", "1.1"));
    assert_eq!(find(&table, USD, None), all("1", "1", "1.1"));
    assert_eq!(find(&table, EUR, None), all("0.909091", "1", "1"));
    assert_eq!(table.find(BTC, BTC).unwrap().quoted, None);
}

#[test]
fn quantities_come_in_lots_units_or_hundredths() {
    let symbol = eurusd();
    let lots = |unit| symbol.lots(&number("50"), unit).to_string();
    let all = [VolumeUnit::Lots, VolumeUnit::Units, VolumeUnit::Hundredths].map(lots);
    assert_eq!(all, ["50", "0.0005", "0.5"]);
}
