//! The operator against a plain oracle, and its plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert_eq, proptest};

use crate::table::{Column, Table};
use crate::warehouse::engine::{Engine, Limits, Session};
use crate::warehouse::{parquet, relation};

/// Person, institution, group, year, time in minutes, id.
type Visit = (u8, u8, u8, u8, i64, usize);

fn table(visits: &[Visit]) -> Table {
    let text = |of: &dyn Fn(&Visit) -> String| Column::text(visits.iter().map(of));
    Table::new("visit")
        .with("psn_no", text(&|row| format!("P{}", row.0)))
        .with("fixmedins_code", text(&|row| format!("H{}", row.1)))
        .with("group_code", text(&|row| format!("G{}", row.2)))
        .with("year", Column::whole(visits.iter().map(|row| i64::from(row.3))))
        .with("minute", Column::whole(visits.iter().map(|row| row.4)))
        .with("setl_id", text(&|row| format!("S{:04}", row.5)))
}

fn query(window: i64, anchor: &str, exempt: &str) -> String {
    format!(
        "select psn_no, fixmedins_code, setl_id, cycle_number(
            arrow_cast(minute * 60000000, 'Timestamp(Microsecond, None)'), setl_id, {window},
            '{anchor}', group_code = '{exempt}', group_code, year
        ) over (partition by psn_no, fixmedins_code) as cycle
        from visit"
    )
}

fn session(engine: &Engine, visits: &[Visit], rows_a_batch: usize) -> Session {
    let session = engine.session();
    let batch = relation::to_batch(&table(visits)).unwrap();
    let batches: Vec<RecordBatch> = (0..batch.num_rows())
        .step_by(rows_a_batch)
        .map(|at| batch.slice(at, rows_a_batch.min(batch.num_rows() - at)))
        .collect();
    session.register_batches("visit", batch.schema(), batches).unwrap();
    session
}

/// Person, institution and number of the cycle → ids of its settlements.
fn cycles(engine: &Engine, session: &Session, text: &str) -> BTreeMap<String, Vec<String>> {
    let (schema, batches) = engine.wait(session.query(text)).unwrap();
    let rows = relation::from_batches("cycle", &schema, &batches).unwrap();
    let mut cycles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in 0..rows.rows() {
        let cell = |name: &str| rows.cell(name, row).unwrap();
        let key = format!("{} {} {}", cell("psn_no"), cell("fixmedins_code"), cell("cycle"));
        cycles.entry(key).or_default().push(cell("setl_id"));
    }
    cycles.values_mut().for_each(|ids| ids.sort());
    cycles
}

/// Y08, A09, A12 word for word: for every settlement, walk from the first of its person, institution,
/// group and year; then number the cycles of a person and institution by time and id of the first.
fn oracle(
    visits: &[Visit],
    (window, anchor, exempt): (i64, &str, u8),
) -> BTreeMap<String, Vec<String>> {
    /// Person, institution, group and year.
    type Key = (u8, u8, u8, u8);
    /// Time and id of the first, and all ids.
    type Found = (i64, usize, Vec<usize>);
    let mut found: BTreeMap<(u8, u8), Vec<Found>> = BTreeMap::new();
    let mut groups: BTreeMap<Key, Vec<(i64, usize)>> = BTreeMap::new();
    for (person, house, group, year, minute, id) in visits {
        groups.entry((*person, *house, *group, *year)).or_default().push((*minute, *id));
    }
    for ((person, house, group, _), mut rows) in groups {
        rows.sort_unstable();
        let mut cycles: Vec<Vec<(i64, usize)>> = Vec::new();
        for row in rows {
            let belongs = cycles.last().is_some_and(|cycle| match anchor {
                "first" => row.0 - cycle[0].0 < window,
                "rolling" => row.0 - cycle[cycle.len() - 1].0 < window,
                _ => row.0 / 1440 == cycle[0].0 / 1440,
            });
            if belongs && group != exempt {
                cycles.last_mut().unwrap().push(row);
            } else {
                cycles.push(vec![row]);
            }
        }
        let of = found.entry((person, house)).or_default();
        of.extend(
            cycles
                .iter()
                .map(|cycle| (cycle[0].0, cycle[0].1, cycle.iter().map(|row| row.1).collect())),
        );
    }
    let mut numbered = BTreeMap::new();
    for ((person, house), mut cycles) in found {
        cycles.sort();
        for (at, (_, _, ids)) in cycles.iter().enumerate() {
            let mut ids: Vec<String> = ids.iter().map(|id| format!("S{id:04}")).collect();
            ids.sort();
            numbered.insert(format!("P{person} H{house} {}", at + 1), ids);
        }
    }
    numbered
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let visit = (0..4_u8, 0..2_u8, 0..3_u8, 0..2_u8, 0..40_i64);
    prop::collection::vec(visit, 1..120).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        // Hours in steps of four: many exactly 24 hours apart.
        rows.map(|(id, (p, h, g, y, hour))| (p, h, g, y, hour * 240, id)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // shows: Y08, A09, A12
    #[test]
    fn the_operator_agrees_with_the_words_of_the_clause(
        visits in visits(),
        rows_a_batch in 1..40_usize,
        window in prop::sample::select(vec![240_i64, 1440, 2880]),
        anchor in prop::sample::select(vec!["first", "rolling", "calendar_day"]),
        exempt in 0..4_u8,
    ) {
        let engine = Engine::start(Limits { threads: 1, memory_bytes: 64 << 20 }).unwrap();
        let session = session(&engine, &visits, rows_a_batch);
        let text = query(window, anchor, &format!("G{exempt}"));
        prop_assert_eq!(cycles(&engine, &session, &text), oracle(&visits, (window, anchor, exempt)));
    }
}

// shows: Y08, A09
#[test]
fn exactly_24_hours_open_the_next_cycle_whatever_the_batches() {
    // 0 h, 23 h 59 min, 24 h, 48 h of one person; the clause: {0, 23:59}, {24}, {48}.
    let visits: Vec<Visit> =
        [0, 1439, 1440, 2880].iter().enumerate().map(|(id, at)| (0, 0, 0, 0, *at, id)).collect();
    let engine = Engine::start(Limits { threads: 1, memory_bytes: 64 << 20 }).unwrap();
    for rows_a_batch in 1..=4 {
        let session = session(&engine, &visits, rows_a_batch);
        let (_, batches) = engine.wait(session.query(&query(1440, "first", ""))).unwrap();
        let numbers: Vec<i64> = batches
            .iter()
            .flat_map(|batch| batch.column(3).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        assert_eq!(numbers, [1, 1, 2, 3], "{rows_a_batch} rows a batch");
    }
}

fn plan(engine: &Engine, session: &Session) -> String {
    let text = format!("explain {}", query(1440, "first", "G9"));
    let (_, batches) = engine.wait(session.statement(&text)).unwrap();
    datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string()
}

#[test]
fn sorted_files_are_not_sorted_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut visits: Vec<Visit> =
        (0..50).map(|id: u8| (id % 7, id % 3, 0, 0, i64::from(id), id.into())).collect();
    visits.sort_unstable();
    let table = table(&visits);
    let one = folder.path().join("visit.parquet");
    parquet::write_table(&table, &one).unwrap();
    // The same visits over two files, each sorted, which overlap.
    let two: Vec<_> = [0, 1]
        .into_iter()
        .map(|half| {
            let (path, rest) = (folder.path().join(format!("visit-{half}.parquet")), half);
            let of_half = (0..).zip(&visits).filter(|(at, _)| at % 2 == rest);
            let visits: Vec<Visit> = of_half.map(|(_, visit)| *visit).collect();
            parquet::write_table(&self::table(&visits), &path).unwrap();
            path
        })
        .collect();
    let schema = relation::to_batch(&table).unwrap().schema();
    let engine = Engine::start(Limits { threads: 1, memory_bytes: 64 << 20 }).unwrap();
    let sorted = ["psn_no", "fixmedins_code"];
    let one = std::slice::from_ref(&one);
    for (files, order, sorts) in
        [(one, &sorted[..], false), (&two[..], &sorted[..], false), (one, &[], true)]
    {
        let session = engine.session();
        session.register_sorted_files("visit", Arc::clone(&schema), files, order).unwrap();
        let plan = plan(&engine, &session);
        assert!(plan.contains("CycleExec") && !plan.contains("WindowAggExec"), "{plan}");
        assert_eq!(plan.contains("SortExec"), sorts, "{plan}");
        assert_eq!(
            cycles(&engine, &session, &query(1440, "first", "G9")),
            oracle(&visits, (1440, "first", 9))
        );
    }
}

#[test]
fn a_call_that_says_too_little_is_refused() {
    let engine = Engine::start(Limits { threads: 1, memory_bytes: 64 << 20 }).unwrap();
    let session = session(&engine, &[(0, 0, 0, 0, 0, 0)], 1);
    let refused = |text: &str| engine.wait(session.query(text)).unwrap_err().to_string();
    let good = query(1440, "first", "");
    assert!(refused(&good.replace("'first'", "'last'")).contains("'first', 'rolling'"));
    assert!(
        refused(&good.replace("partition by psn_no, fixmedins_code", "")).contains("partition by")
    );
    assert!(refused(&good.replace("1440", "'a day'")).contains("whole number"));
    let two = good.replace(
        " as cycle",
        " as cycle, row_number() over (partition by psn_no, fixmedins_code) as n",
    );
    assert!(refused(&two).contains("queries of their own"));
}
