//! Old against new for every institution and level: what a scenario changes, who wins, who loses (E20).

use std::collections::BTreeMap;

use super::BASELINE;
use crate::table::{Column, Table};
use crate::units::{fraction, to_decimal};

/// Places of a rate.
const PLACES: u32 = 4;

/// Sums of one line, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    institutions: i64,
    winners: i64,
    losers: i64,
    cases: i64,
    cost: i128,
    booked: i128,
    old: i128,
    new: i128,
}

/// Scenario, pool, level, institution; the last two are empty in sums.
type Key = (String, String, String, String);

/// Table `impact` from table `institution`: one row per scenario, pool and institution, before them one per
/// level (no institution) and one over all (no level either). Old is the baseline, actual what was booked; a winner is paid more than old. The
/// settlement rate (结付率) is pay ÷ cost (9.2); rates are missing where there is nothing to divide by
/// (A53).
#[must_use]
pub(super) fn impact_table(institutions: &Table) -> Table {
    let text = |column: &str, row: usize| institutions.cell(column, row).unwrap_or_default();
    let fen = |column: &str, row: usize| institutions.fen(column, row).unwrap_or_default();
    let mut old: BTreeMap<(String, String), i128> = BTreeMap::new();
    for row in (0..institutions.rows()).filter(|row| text("scenario", *row) == BASELINE) {
        old.insert((text("pool", row), text("fixmedins_code", row)), fen("paid_yuan", row));
    }
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    for row in 0..institutions.rows() {
        let (scenario, pool) = (text("scenario", row), text("pool", row));
        let (tier, code) = (text("tier", row), text("fixmedins_code", row));
        let before = old.get(&(pool.clone(), code.clone())).copied().unwrap_or_default();
        let now = fen("paid_yuan", row);
        let own = Sum {
            institutions: 1,
            winners: i64::from(now > before),
            losers: i64::from(now < before),
            cases: text("cases", row).parse().unwrap_or_default(),
            cost: fen("cost_yuan", row),
            booked: fen("fund_booked_yuan", row),
            old: before,
            new: now,
        };
        let none = String::new;
        for key in [
            (scenario.clone(), pool.clone(), tier.clone(), code),
            (scenario.clone(), pool.clone(), tier, none()),
            (scenario, pool, none(), none()),
        ] {
            sums.entry(key).or_default().add(&own);
        }
    }
    table(&sums)
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.institutions += other.institutions;
        self.winners += other.winners;
        self.losers += other.losers;
        self.cases += other.cases;
        self.cost += other.cost;
        self.booked += other.booked;
        self.old += other.old;
        self.new += other.new;
    }
}

fn table(sums: &BTreeMap<Key, Sum>) -> Table {
    let text = |of: fn(&Key) -> &String| Column::text(sums.keys().map(of).cloned());
    let whole = |of: fn(&Sum) -> i64| Column::whole(sums.values().map(of));
    let yuan = |of: fn(&Sum) -> i128| Column::Decimal {
        places: 2,
        values: sums.values().map(|sum| Some(of(sum))).collect(),
    };
    let rate = |part: fn(&Sum) -> i128, whole: fn(&Sum) -> i128| {
        let rates = sums
            .values()
            .map(|sum| fraction(part(sum), whole(sum)).and_then(|rate| to_decimal(&rate, PLACES)));
        Column::decimals(PLACES, rates)
    };
    Table::new("impact")
        .with("scenario", text(|key| &key.0))
        .with("pool", text(|key| &key.1))
        .with("tier", text(|key| &key.2))
        .with("fixmedins_code", text(|key| &key.3))
        .with("institutions", whole(|sum| sum.institutions))
        .with("winners", whole(|sum| sum.winners))
        .with("losers", whole(|sum| sum.losers))
        .with("cases", whole(|sum| sum.cases))
        .with("cost_yuan", yuan(|sum| sum.cost))
        .with("actual_yuan", yuan(|sum| sum.booked))
        .with("old_yuan", yuan(|sum| sum.old))
        .with("new_yuan", yuan(|sum| sum.new))
        .with("change_yuan", yuan(|sum| sum.new - sum.old))
        .with("change_rate", rate(|sum| sum.new - sum.old, |sum| sum.old))
        .with("difference_to_actual_yuan", yuan(|sum| sum.new - sum.booked))
        .with("actual_settlement_rate", rate(|sum| sum.booked, |sum| sum.cost))
        .with("old_settlement_rate", rate(|sum| sum.old, |sum| sum.cost))
        .with("settlement_rate", rate(|sum| sum.new, |sum| sum.cost))
}

#[cfg(test)]
mod tests {
    use super::impact_table;
    use crate::table::{Column, Table};

    // shows: E20, Y01
    #[test]
    fn old_and_new_stand_side_by_side_for_institutions_and_levels() {
        // H1 and H2 are of level 3, H3 of level 1. The scenario moves 10.00 from H1 to H2.
        let rows = [
            ("baseline", "H1", "三级", 10_000, 8_000, 9_000),
            ("baseline", "H2", "三级", 20_000, 15_000, 16_000),
            ("baseline", "H3", "一级", 0, 0, 0),
            ("move", "H1", "三级", 10_000, 8_000, 8_000),
            ("move", "H2", "三级", 20_000, 15_000, 17_000),
            ("move", "H3", "一级", 0, 0, 0),
        ];
        let institutions = Table::new("institution")
            .with("scenario", Column::text(rows.iter().map(|row| row.0)))
            .with("pool", Column::text(rows.iter().map(|_| "all")))
            .with("fixmedins_code", Column::text(rows.iter().map(|row| row.1)))
            .with("tier", Column::text(rows.iter().map(|row| row.2)))
            .with("cases", Column::whole(rows.iter().map(|_| 2)))
            .with("cost_yuan", Column::yuan(rows.iter().map(|row| row.3)))
            .with("fund_booked_yuan", Column::yuan(rows.iter().map(|row| row.4)))
            .with("paid_yuan", Column::yuan(rows.iter().map(|row| row.5)));
        let table = impact_table(&institutions);
        let row = |scenario: &str, tier: &str, code: &str| -> Vec<String> {
            let cell = |name: &str, at| table.cell(name, at).unwrap_or_else(|| "–".to_owned());
            let is = |at: &usize| {
                cell("scenario", *at) == scenario
                    && cell("tier", *at) == tier
                    && cell("fixmedins_code", *at) == code
            };
            let at = (0..table.rows()).find(is).expect("the row");
            let names = [
                "winners",
                "losers",
                "old_yuan",
                "new_yuan",
                "change_yuan",
                "change_rate",
                "difference_to_actual_yuan",
                "settlement_rate",
            ];
            names.map(|name| cell(name, at)).to_vec()
        };
        // H1: −10 ÷ 90 = −0.1111; 80 ÷ 100.
        let expected = ["0", "1", "90.00", "80.00", "-10.00", "-0.1111", "0.00", "0.8000"];
        assert_eq!(row("move", "三级", "H1"), expected);
        // The level: 250 ÷ 300 = 0.8333, 20.00 above what was booked.
        let expected = ["1", "1", "250.00", "250.00", "0.00", "0.0000", "20.00", "0.8333"];
        assert_eq!(row("move", "三级", ""), expected);
        assert_eq!(row("move", "", ""), expected);
        // Nothing to divide by is no rate.
        let expected = ["0", "0", "0.00", "0.00", "0.00", "–", "0.00", "–"];
        assert_eq!(row("move", "一级", "H3"), expected);
        assert_eq!(row("baseline", "三级", "H1")[4], "0.00");
    }
}
