//! How the time of a pass grows with the scenarios. By hand: `cargo test --release … -- --ignored
//! speed`.

use std::num::NonZeroUsize;

use rust_decimal::Decimal;

use crate::policy::model::{AbnormalReference, OnOutliers};
use crate::settlement::cases::Cases;
use crate::settlement::coefficient::InstitutionFacts;
use crate::settlement::tables::case_table;
use crate::settlement::{Given, ScenarioInput, decide_all, settle};

use super::build::{YEAR, catalog, input, points_policy, published_lines, threads};
use super::scalar;
use super::scores::scored_policy;

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
            policy.sharing.surplus = Decimal::new(100 - number, 2);
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
        let low = Decimal::new(i64::try_from(number).unwrap() + 10, 2);
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

/// Ten million cases under 200 tariffs with coefficients, auxiliary lines and bands of their own, against
/// one settlement that also decides and writes every case.
#[test]
#[ignore = "ten million cases; run by hand in release"]
fn two_hundred_tariffs_take_at_most_four_times_one_settlement_with_its_cases() {
    let mut cases = many();
    cases.case_id = (0..cases.len()).map(|row| Some(format!("S{row:09}"))).collect();
    let groups: Vec<(&str, &str, &str)> =
        cases.groups.iter().map(|code| (code.as_str(), "1000", "1000")).collect();
    let catalog = catalog("1000", "1000", &groups);
    let institutions: Vec<InstitutionFacts> = cases
        .institutions
        .iter()
        .enumerate()
        .map(|(at, code)| InstitutionFacts {
            code: code.clone(),
            in_force: Some(Decimal::new(i64::try_from(90 + at % 20).unwrap(), 2)),
            ..InstitutionFacts::default()
        })
        .collect();
    let policies: Vec<_> = (0..200)
        .map(|number| {
            let mut score = scalar::rules();
            let abnormal = score.abnormal.as_mut().unwrap();
            abnormal.reference = AbnormalReference::Catalog;
            abnormal.low = Decimal::new(300 + number, 3);
            scored_policy(score, "1", OnOutliers::Inside)
        })
        .collect();
    let inputs: Vec<ScenarioInput<'_>> = policies
        .iter()
        .enumerate()
        .map(|(number, policy)| ScenarioInput {
            name: format!("{number}"),
            given: Given { institutions: institutions.clone(), ..Given::default() },
            ..input(policy, Some(&catalog), "8000000000")
        })
        .collect();
    let start = work_seconds();
    let outcome = settle(&cases, &inputs[..1], threads(1)).unwrap().remove(0);
    let settled = work_seconds() - start;
    let decided = decide_all(&cases, &inputs[0], &outcome, NonZeroUsize::MIN).unwrap();
    let table = case_table(&outcome, &cases, &decided);
    let one = work_seconds() - start;
    assert_eq!(table.rows(), cases.len());
    drop(table);
    let start = work_seconds();
    settle(&cases, &inputs, threads(1)).unwrap();
    let all = work_seconds() - start;
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let memory = memory.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    println!("settled {settled:.2} s, with cases {one:.2} s, 200 tariffs {all:.2} s; {memory}");
    assert!(all <= 4.0 * one);
}
