//! How the time of a pass grows with the scenarios. By hand: `cargo test --release … -- --ignored
//! speed`.

use crate::settlement::cases::Cases;
use crate::settlement::{ScenarioInput, settle};

use super::build::{YEAR, catalog, input, points_policy, published_lines, threads};

/// Ten million cases of 200 institutions and 400 groups, spread by a linear congruence.
fn many() -> Cases {
    let rows = 10_000_000u64;
    let code = |prefix: &str, count: u32| (0..count).map(|at| format!("{prefix}{at:05}")).collect();
    let mut cases = Cases {
        institutions: code("H", 200),
        groups: code("G", 400),
        insutypes: vec!["310".to_owned(), "390".to_owned()],
        ..Cases::default()
    };
    let mut state = 1u64;
    let mut next = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..rows {
        cases.institution.push(u32::try_from(next(200)).unwrap());
        cases.group.push(u32::try_from(next(400)).unwrap());
        cases.insutype.push(u8::try_from(next(2)).unwrap());
        cases.year.push(YEAR);
        cases.month.push(u8::try_from(next(12) + 1).unwrap());
        let fee = i64::try_from(next(200_000)).unwrap();
        cases.fee_fen.push(fee);
        cases.inscope_fen.push(fee);
        cases.fund_fen.push(fee * 7 / 10);
        cases.flags.push(0);
    }
    cases
}

/// Processor seconds of this thread so far: other programs on the machine do not count.
fn work_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}

#[test]
#[ignore = "ten million cases; run by hand in release"]
fn fifty_scenarios_take_at_most_twice_the_time_of_one() {
    let cases = many();
    let groups: Vec<(&str, &str, &str)> =
        cases.groups.iter().map(|code| (code.as_str(), "1000", "1000")).collect();
    let catalog = catalog("1000", "1000", &groups);
    let mut policy = points_policy();
    policy.deviation = Some(published_lines());
    policy.deviation.as_mut().unwrap().reference = crate::policy::model::Reference::Mean;
    let policies: Vec<_> = (0..50)
        .map(|number| {
            let mut policy = policy.clone();
            policy.sharing.surplus = rust_decimal::Decimal::new(100 - number, 2);
            policy
        })
        .collect();
    let inputs: Vec<ScenarioInput<'_>> = policies
        .iter()
        .enumerate()
        .map(|(number, policy)| ScenarioInput {
            name: format!("{number}"),
            ..input(policy, Some(&catalog), "8000000000")
        })
        .collect();
    let seconds = |inputs: &[ScenarioInput<'_>], count| {
        let start = work_seconds();
        settle(&cases, inputs, threads(count)).unwrap();
        work_seconds() - start
    };
    seconds(&inputs[..1], 1);
    let (one, fifty) = (seconds(&inputs[..1], 1), seconds(&inputs, 1));
    let mut lines: Vec<_> = policies.clone();
    for (number, policy) in lines.iter_mut().enumerate() {
        let low = rust_decimal::Decimal::new(i64::try_from(number).unwrap() + 10, 2);
        policy.deviation.as_mut().unwrap().bands[0].up_to = Some(low);
    }
    let different: Vec<ScenarioInput<'_>> = lines
        .iter()
        .enumerate()
        .map(|(number, policy)| ScenarioInput {
            name: format!("{number}"),
            ..input(policy, Some(&catalog), "8000000000")
        })
        .collect();
    let fifty_lines = seconds(&different, 1);
    println!("one {one:.3} s, fifty {fifty:.3} s, fifty sets of lines {fifty_lines:.3} s");
    assert!(fifty <= 2.0 * one + 0.1);
}
