//! The grouper on the shipped tables: statuses, boundaries, the trail, and a second way of deciding.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::{Decision, Grouper, TableName};
use crate::grouper::record::Record;
use crate::grouper::{Reason, Status};
use crate::policy::model::Method;
use crate::policy::model::drg::{AdrgKind, Drg, Level, Stage, When};
use crate::policy::{self, drg::DrgTables};

fn tables() -> Drg {
    let policy = policy::load("panzhihua-drg").unwrap();
    let scenario = policy::load_scenarios("own-grouper", &policy).unwrap();
    match policy::compose(&policy, &scenario).unwrap().policy.grouping.method {
        Method::Drg(tables) => *tables,
        other => panic!("{other:?}"),
    }
}

/// A record from `main dx | other dx … | main op other ops …`.
fn record(text: &str) -> Record {
    let mut parts = text.split('|').map(|part| part.split_whitespace().map(str::to_owned));
    let mut next = || parts.next().into_iter().flatten().collect::<Vec<String>>();
    let (main, others, mut operations) = (next(), next(), next());
    let related = if operations.is_empty() { Vec::new() } else { operations.split_off(1) };
    Record {
        main_diagnosis: main.concat(),
        other_diagnoses: others,
        main_operation: operations.concat(),
        other_operations: related,
        gend: "1".to_owned(),
        age_days: Some(20_000),
        stay_days: 5,
        ..Record::default()
    }
}

fn decide(tables: &Drg, record: &Record) -> (Reason, Option<String>) {
    let grouper = Grouper::new(tables);
    let decision = grouper.decide(record);
    (decision.reason, grouper.code(&decision).map(str::to_owned))
}

#[track_caller]
fn grouped(tables: &Drg, text: &str, drg: &str) {
    assert_eq!(decide(tables, &record(text)), (Reason::Grouped, Some(drg.to_owned())), "{text}");
}

#[track_caller]
fn not_grouped(tables: &Drg, text: &str, reason: Reason) {
    assert_eq!(decide(tables, &record(text)), (reason, None), "{text}");
}

// shows: P02
#[test]
fn diagnosis_operation_and_level_decide_in_declared_order() {
    let t = tables();
    grouped(&t, "I21.001", "FM15");
    grouped(&t, "I21.001 | E11.201", "FM13");
    grouped(&t, "I21.001 | E11.201 J96.900", "FM11");
    // The stent is the same, the main diagnosis is not.
    grouped(&t, "I21.001 | | 36.0700x004", "FP15");
    grouped(&t, "I25.103 | | 36.0700x004", "FP25");
    grouped(&t, "I25.103 | | 00.6600x008", "FP39");
    grouped(&t, "I25.103 | | 88.5500", "FP55");
    // An operation that is not the main one counts where the rule says `operation`.
    grouped(&t, "I25.103 | | 99.2900 36.0601", "FP25");
    // … but not where it says `main_operation`; then the valve is foreign to no rule and the
    // bypass, as the main operation, decides.
    grouped(&t, "I35.001 | | 36.1200", "FS35");
    grouped(&t, "I35.001 | | 35.2200", "FS25");
    // Two lists at once stand before one of them.
    grouped(&t, "I35.001 | | 35.2200 36.1200", "FS19");
    // Appendix: complicated by the main diagnosis, then any, then without operation.
    grouped(&t, "K35.201 | | 47.0100", "GS35");
    grouped(&t, "K35.900 | | 47.0100", "GS45");
    grouped(&t, "K35.900", "GM29");
    // Codes by beginning and whole: I11.000 is heart failure, I11.900 hypertension.
    grouped(&t, "I11.000", "FM25");
    grouped(&t, "I11.900", "FM35");
}

// shows: P02
#[test]
fn a_main_diagnosis_takes_the_effect_of_a_complication_away() {
    let t = tables();
    // Heart failure beside pneumonia counts; beside a heart disease it does not.
    grouped(&t, "K29.500 | I50.900", "GM31");
    grouped(&t, "I25.103 | I50.900", "FM55");
    grouped(&t, "I25.103 | I50.900 J18.900", "FM53");
    // The whole code R57.000 is excluded by infarction, R57.100 is not: the longest entry decides.
    grouped(&t, "I21.001 | R57.000", "FM15");
    grouped(&t, "I21.001 | R57.100", "FM11");
    grouped(&t, "I48.000 | R57.000", "FM41");
}

// shows: P02
#[test]
fn each_status_has_its_reasons() {
    let t = tables();
    not_grouped(&t, "", Reason::NoMainDiagnosis);
    not_grouped(&t, "4101", Reason::NoDiagnosisCode);
    not_grouped(&t, "I63.900", Reason::NoMdc);
    // A hip replacement beside a gastritis: the surgery belongs to another MDC.
    not_grouped(&t, "K29.500 | | 81.5100", Reason::UnrelatedOperation);
    // A small operation that is not significant leaves the case medical.
    grouped(&t, "K29.500 | | 86.2200", "GM35");
    // An appendectomy makes a surgical case of any digestive disease, so the hip is beside it.
    grouped(&t, "K35.900 | | 47.0100 81.5100", "GS45");
    let statuses: Vec<&str> = [
        Reason::NoMainDiagnosis,
        Reason::NoMdc,
        Reason::UnrelatedOperation,
        Reason::Grouped,
        Reason::NotAGroup,
        Reason::DifferingResults,
        Reason::NoResult,
    ]
    .map(|reason| reason.status().as_str())
    .to_vec();
    let wanted =
        ["invalid", "ungrouped", "ambiguous", "grouped", "invalid", "ambiguous", "ungrouped"];
    assert_eq!(statuses, wanted);
}

// shows: P02
#[test]
fn age_decides_before_the_main_diagnosis_and_must_be_known_where_it_does() {
    let t = tables();
    let aged = |age_days, text: &str| Record { age_days, ..record(text) };
    assert_eq!(decide(&t, &aged(Some(28), "K29.500")).1.as_deref(), Some("PM19"));
    assert_eq!(decide(&t, &aged(Some(29), "K29.500")).1.as_deref(), Some("GM35"));
    assert_eq!(decide(&t, &aged(Some(6209), "K40.900 | | 53.0000")).1.as_deref(), Some("GS59"));
    assert_eq!(decide(&t, &aged(Some(6210), "K40.900 | | 53.0000")).1.as_deref(), Some("GS65"));
    assert_eq!(decide(&t, &aged(None, "K29.500")), (Reason::NoAgeOrGender, None));
    // A transplant stands before the age: no age is asked for.
    assert_eq!(decide(&t, &aged(None, "I42.000 | | 37.5100")).1.as_deref(), Some("AS19"));
}

// shows: P02
#[test]
fn the_trail_names_the_row_that_decided_each_step() {
    let t = tables();
    let grouper = Grouper::new(&t);
    let record = record("I21.001 | E11.201 I50.900 | 99.2900 36.0700");
    let decision = grouper.decide(&record);
    let trail = grouper.trail(&record, &decision);
    let told: Vec<(TableName, &str, &str, bool)> = trail
        .iter()
        .map(|step| (step.table, step.gives.as_str(), step.because.as_str(), step.excluded))
        .collect();
    let wanted = [
        (TableName::Mdc, "MDCF", "I21.001", false),
        (TableName::Adrg, "FP1", "I21.001 + 36.0700", false),
        (TableName::Cc, "cc", "E11.201", false),
        (TableName::Cc, "cc", "I50.900", true),
        (TableName::Groups, "FP13", "cc", false),
    ];
    assert_eq!(told, wanted);
    // The lines are those of the files: the header is line 1.
    let line_of = |file: &str, begins: &str| {
        let text = std::fs::read_to_string(format!("catalogs/panzhihua-drg/{file}")).unwrap();
        text.lines().position(|line| line.starts_with(begins)).unwrap() as u64 + 1
    };
    let lines: Vec<u64> = trail.iter().map(|step| step.line).collect();
    let wanted = [
        line_of("drg-mdc.csv", "main,MDCF,"),
        line_of("drg-adrg.csv", "MDCF,FP1,"),
        line_of("drg-cc.csv", "prefix,E11.2,"),
        line_of("drg-cc.csv", "prefix,I50,"),
        line_of("drg-groups.csv", "FP13,"),
    ];
    assert_eq!(lines, wanted);
}

/// The same question answered by walking the tables, without indexes and without stopping early.
fn by_walking(tables: &Drg, record: &Record) -> (Reason, Option<String>) {
    let on = |list: usize, code: &String| {
        let list = &tables.lists[list];
        list.exact.contains(code) || list.prefixes.iter().any(|prefix| code.starts_with(prefix))
    };
    let mut operations = record.other_operations.clone();
    operations.push(record.main_operation.clone());
    let holds = |when: &When| {
        let some = |list: Option<usize>, codes: &[String]| {
            list.is_none_or(|list| codes.iter().any(|code| on(list, code)))
        };
        some(when.main_diagnosis, std::slice::from_ref(&record.main_diagnosis))
            && some(when.other_diagnosis, &record.other_diagnoses)
            && some(when.main_operation, std::slice::from_ref(&record.main_operation))
            && some(when.operation, &operations)
            && some(when.second_operation, &operations)
            && when.age_from_days.is_none_or(|from| record.age_days.unwrap() >= from)
            && when.age_below_days.is_none_or(|end| record.age_days.unwrap() < end)
    };
    let Some(mdc) = tables.mdcs.iter().find(|rule| holds(&rule.when)) else {
        return (Reason::NoMdc, None);
    };
    let fits: Vec<_> =
        tables.adrgs.iter().filter(|rule| rule.mdc == mdc.mdc && holds(&rule.when)).collect();
    let significant = tables
        .significant_operations
        .is_some_and(|list| operations.iter().any(|code| on(list, code)));
    let all_medical = fits.iter().all(|rule| rule.kind == AdrgKind::Medical);
    if significant && all_medical && mdc.stage == Stage::Main {
        return (Reason::UnrelatedOperation, None);
    }
    let Some(adrg) = fits.first() else { return (Reason::NoAdrg, None) };
    let level = |code: &String| {
        let rows = tables
            .complications
            .iter()
            .filter(|row| if row.prefix { code.starts_with(&row.code) } else { *code == row.code });
        let row = rows.max_by_key(|row| (!row.prefix, row.code.len()))?;
        let counts = row.excluded_by.is_none_or(|list| !on(list, &record.main_diagnosis));
        counts.then_some(row.level)
    };
    let level = record.other_diagnoses.iter().filter_map(level).max().unwrap_or(Level::None);
    let group = tables
        .groups
        .iter()
        .find(|row| row.adrg == adrg.adrg && row.levels.contains(&level))
        .map(|row| row.drg.clone());
    (Reason::Grouped, group)
}

const DIAGNOSES: [&str; 24] = [
    "I10.x00", "I11.000", "I11.900", "I21.001", "I25.103", "I48.000", "I50.900", "I63.900",
    "I85.001", "J18.900", "J96.900", "K25.000", "K29.500", "K35.201", "K35.900", "K40.900",
    "K56.700", "K65.000", "K92.208", "E11.201", "R57.000", "R57.100", "N17.900", "Z51.103",
];
const OPERATIONS: [&str; 14] = [
    "00.6600x008",
    "35.2200",
    "36.0601",
    "36.0700",
    "36.1200",
    "37.5100",
    "37.8000",
    "43.6x00",
    "45.2302",
    "45.4300",
    "47.0100",
    "53.0000",
    "81.5100",
    "88.5500",
];

fn records() -> impl Strategy<Value = Record> {
    let codes = |from: &'static [&'static str], most| {
        prop::collection::btree_set(prop::sample::select(from), 0..most)
            .prop_map(|set| set.into_iter().map(str::to_owned).collect::<Vec<String>>())
    };
    let main = prop::sample::select(&DIAGNOSES[..]);
    (main, codes(&DIAGNOSES, 5), codes(&OPERATIONS, 4), 0_u32..30_000, any::<bool>()).prop_map(
        |(main, others, mut operations, age, newborn)| {
            let main_operation = operations.pop().unwrap_or_default();
            Record {
                main_diagnosis: main.to_owned(),
                other_diagnoses: others,
                main_operation,
                other_operations: operations,
                gend: "2".to_owned(),
                age_days: Some(if newborn { age % 40 } else { age }),
                stay_days: 1,
                ..Record::default()
            }
        },
    )
}

/// A record and the same one with its lists in another order.
fn shuffled() -> impl Strategy<Value = (Record, Record)> {
    records().prop_flat_map(|record| {
        let diagnoses = Just(record.other_diagnoses.clone()).prop_shuffle();
        let operations = Just(record.other_operations.clone()).prop_shuffle();
        (Just(record), diagnoses, operations).prop_map(|(record, diagnoses, operations)| {
            let other = Record {
                other_diagnoses: diagnoses,
                other_operations: operations,
                ..record.clone()
            };
            (record, other)
        })
    })
}

proptest! {
    // shows: P02
    #[test]
    fn order_does_not_matter_and_each_case_has_exactly_one_status((a, b) in shuffled()) {
        let tables = tables();
        let grouper = Grouper::new(&tables);
        let decision: Decision = grouper.decide(&a);
        prop_assert_eq!(&decision, &grouper.decide(&b));
        prop_assert_eq!(decision.status() == Status::Grouped, grouper.code(&decision).is_some());
        prop_assert_eq!(
            (decision.reason, grouper.code(&decision).map(str::to_owned)),
            by_walking(&tables, &a)
        );
    }

    // shows: P02
    #[test]
    fn taking_a_diagnosis_away_never_raises_the_level(record in records(), drop in any::<prop::sample::Index>()) {
        let tables = tables();
        let grouper = Grouper::new(&tables);
        let before = grouper.decide(&record);
        let mut fewer = record.clone();
        if !fewer.other_diagnoses.is_empty() {
            fewer.other_diagnoses.remove(drop.index(record.other_diagnoses.len()));
        }
        let after = grouper.decide(&fewer);
        prop_assert_eq!(before.adrg, after.adrg, "no rule of these tables asks for another diagnosis");
        prop_assert!(after.level <= before.level);
    }
}

/// Bytes of the shipped tables with one text replaced.
fn changed(table: usize, from: &str, to: &str) -> DrgTables {
    let names = ["diagnoses", "operations", "mdc", "adrg", "groups", "cc"];
    let files = names.map(|name| {
        let file = format!("drg-{name}.csv");
        let bytes = std::fs::read(format!("catalogs/panzhihua-drg/{file}")).unwrap();
        (file, bytes)
    });
    let mut tables =
        DrgTables {
            files, version: "t".to_owned(), significant: Some("手术室手术".to_owned())
        };
    let text = String::from_utf8(tables.files[table].1.clone()).unwrap();
    assert!(text.contains(from), "{from}");
    tables.files[table].1 = text.replacen(from, to, 1).into_bytes();
    tables
}

#[track_caller]
fn refused((table, from, to): (usize, &str, &str), message: &str) {
    let wrong = policy::drg::parse(&changed(table, from, to)).expect_err(from);
    assert_eq!(wrong.to_string(), message);
}

// shows: P02
#[test]
fn tables_that_cannot_be_right_are_refused_with_file_and_line() {
    // A circle of lists: 冠心病 includes 急性心肌梗死, which now includes 心脏病, which includes 冠心病.
    refused(
        (0, "急性心肌梗死,prefix,I22", "急性心肌梗死,list,心脏病"),
        "`drg-diagnoses.csv` line 36: list `冠心病` includes itself: 冠心病 → 急性心肌梗死 → 心脏病 → 冠心病",
    );
    refused(
        (0, "冠心病,list,急性心肌梗死", "冠心病,list,急性心梗死"),
        "`drg-diagnoses.csv` line 35: column `code` names list `急性心梗死`, which is not defined",
    );
    refused(
        (0, "腹股沟疝,prefix,K40", "腹股沟疝,prefix,53.0"),
        "`drg-diagnoses.csv` line 52: column `code` is `53.0`; \
         allowed is a diagnosis code, which begins with a letter",
    );
    refused(
        (1, "内镜检查,prefix,45.13", "内镜检查,prefix,K25"),
        "`drg-operations.csv` line 28: column `code` is `K25`; \
         allowed is an operation code, which begins with a digit",
    );
    refused(
        (0, "腹股沟疝,prefix,K40", "腹股沟疝,prefix,K40\n胆,prefix,K80"),
        "`drg-diagnoses.csv` line 53: list `胆` is used by no rule and no other list",
    );
    // I85 in both MDCs.
    refused(
        (0, "循环系统,prefix,I83", "循环系统,prefix,I8"),
        "`drg-mdc.csv` line 5: diagnosis `I85` is in `MDCG` and, by line 4, in `MDCF`",
    );
    refused(
        (3, "MDCF,FM9,其他循环系统疾病", "MDCH,FM9,其他循环系统疾病"),
        "`drg-adrg.csv` line 17: column `mdc` names MDC `MDCH`, which is not defined",
    );
    // All stents are dilatations: with the wider rule first, the narrower is never reached.
    refused(
        (3, "procedure,,,,冠状动脉支架", "procedure,,,,冠状动脉扩张"),
        "`drg-adrg.csv` line 9: rule for `FP3` is never reached: \
         every case it means already falls under line 8 (`FP2`)",
    );
    refused(
        (3, "GM2,阑尾炎（保守治疗）,medical,阑尾炎", "GM2,阑尾炎（保守治疗）,medical,高血压"),
        "`drg-adrg.csv` line 26: rule for `GM2` means no diagnosis of its MDC",
    );
    refused(
        (4, "FM13,急性心肌梗死，伴一般合并症或并发症,FM1,cc\n", ""),
        "`drg-groups.csv`: ADRG `FM1` has no DRG for level `cc`",
    );
    refused(
        (4, "FM1,cc", "FM1,mcc"),
        "`drg-groups.csv` line 21: ADRG `FM1` has a second DRG for level `mcc`, the first at line 20",
    );
    refused(
        (4, "FM1,cc", "FM1,moderate"),
        "`drg-groups.csv` line 21: column `levels` is `moderate`; \
         allowed is `any`, or of `mcc`, `cc`, `none` with `;`",
    );
    refused(
        (5, "prefix,N17,mcc,", "prefix,N17,severe,"),
        "`drg-cc.csv` line 6: column `level` is `severe`; allowed is `cc` or `mcc`",
    );
    refused(
        (5, "prefix,N17,mcc,", "prefix,A41,mcc,"),
        "`drg-cc.csv` line 6: `A41` is there twice, the first at line 2",
    );
}

// shows: P02
#[test]
fn a_code_in_two_mdcs_is_allowed_where_an_order_or_the_gender_tells_them_apart() {
    let two = |row: &str| changed(2, "main,MDCG", &format!("{row}\nmain,MDCG"));
    let shared = "MDCS,与循环系统重叠,循环系统,,,,,,";
    let load = |row: String| {
        let mut tables = two(&row);
        tables.files[3].1.extend_from_slice("MDCS,SM1,重叠,medical,循环系统,,,,,,,\n".as_bytes());
        tables.files[4].1.extend_from_slice("SM19,重叠,SM1,any\n".as_bytes());
        policy::drg::parse(&tables).map_err(|wrong| wrong.to_string())
    };
    let wrong = load(format!("main,{shared},")).unwrap_err();
    assert!(wrong.contains("is in `MDCS` and, by line 4, in `MDCF`"), "{wrong}");
    assert!(load(format!("pre,{shared},2")).is_ok(), "declared order decides");
}
