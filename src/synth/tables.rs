//! The big tables: settlements, fee lines and diagnoses of one part of the people.

use super::columns::{
    DIAGNOSIS, FEE_ITEM, GROUP_RESULT, Layout, OF_STAYS, PROCEDURE, Rows, SETTLEMENT,
};
use super::defect::Shape;
use super::error::Error;
use super::inpatient::Inpatient;
use super::output::{Folder, Format, TableFile};
use super::row::{Circumstances, Line, Row};

/// Rows and money written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) settlements: u64,
    pub(super) fee_lines: u64,
    pub(super) diagnoses: u64,
    pub(super) operations: u64,
    pub(super) results: u64,
    /// Σ `medfee_sumamt` of all rows, in fen.
    pub(super) fee: i128,
}

/// One table with the rows on their way to its file.
struct Table {
    rows: Rows,
    file: TableFile,
}

impl Table {
    fn create(
        (layout, more): (Layout, &[&'static str]),
        part: &str,
        folder: &Folder,
        format: Format,
    ) -> Result<Self, Error> {
        let ending = if format.is_csv() { "csv" } else { "parquet" };
        let rows = Rows::new(layout, more);
        let path = folder.file(&format!("{}{part}.{ending}", layout.table));
        let file = TableFile::create(path, &rows, format)?;
        Ok(Self { rows, file })
    }

    fn drain_if_full(&mut self) -> Result<(), Error> {
        if self.rows.is_full() { self.file.drain(&mut self.rows) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<(), Error> {
        self.file.drain(&mut self.rows)?;
        self.file.finish()
    }
}

/// The files of one part.
pub(super) struct Tables {
    settlement: Table,
    fee_item: Table,
    diagnosis: Table,
    /// Of cities with inpatients.
    procedure: Option<Table>,
    /// Of cities with an external grouper: results, scheme and version.
    group_result: Option<(Table, String, String)>,
    id: String,
    other: String,
    pub(super) written: Written,
}

impl Tables {
    /// New files; `part` stands between the table's name and its ending.
    pub(super) fn create(
        folder: &Folder,
        part: &str,
        format: Format,
        inpatient: Option<&Inpatient>,
    ) -> Result<Self, Error> {
        let table = |layout: Layout| Table::create((layout, &[]), part, folder, format);
        let more = if inpatient.is_some() { &OF_STAYS[..] } else { &[] };
        let results = inpatient.and_then(|inpatient| inpatient.results.as_ref());
        Ok(Self {
            settlement: Table::create((SETTLEMENT, more), part, folder, format)?,
            fee_item: table(FEE_ITEM)?,
            diagnosis: table(DIAGNOSIS)?,
            procedure: inpatient.map(|_| table(PROCEDURE)).transpose()?,
            group_result: results
                .map(|rule| {
                    Ok::<_, Error>((
                        table(GROUP_RESULT)?,
                        rule.scheme.clone(),
                        rule.version.clone(),
                    ))
                })
                .transpose()?,
            id: String::new(),
            other: String::new(),
            written: Written::default(),
        })
    }

    /// A settlement, or what its shape leaves of it.
    pub(super) fn write(
        &mut self,
        row: &Row<'_>,
        shape: Shape<'_>,
        psn_no: &str,
    ) -> Result<(), Error> {
        row.id.write(&mut self.id);
        if shape != Shape::Lines {
            self.settlement(row, psn_no);
            if let Shape::Unreadable { column, text } = shape {
                self.settlement.rows.replace_last(column, text);
            }
            self.settlement.drain_if_full()?;
        }
        if matches!(shape, Shape::Whole | Shape::Lines) {
            for line in &row.lines {
                self.fee_line(line, psn_no);
            }
            self.fee_item.drain_if_full()?;
        }
        if shape == Shape::Whole {
            self.diagnoses(row, psn_no);
            self.diagnosis.drain_if_full()?;
            self.operations(row, psn_no)?;
            self.results(row, psn_no)?;
        }
        Ok(())
    }

    /// Values in the order of [`SETTLEMENT`].
    fn settlement(&mut self, row: &Row<'_>, psn_no: &str) {
        self.written.settlements += 1;
        self.written.fee += i128::from(row.money.fee);
        let rows = &mut self.settlement.rows;
        rows.text(&self.id);
        row.visit.write_visit(&mut self.other);
        rows.text(&self.other);
        let disease = row.disease;
        for text in [
            psn_no,
            row.fixmedins_code,
            row.insutype,
            row.med_type,
            row.psn_type,
            disease.code,
            disease.name,
            row.gend,
        ] {
            rows.text(text);
        }
        rows.decimal(Some(i64::from(row.age) * 1_000_000));
        for time in [row.begin, row.end, row.settled] {
            rows.time(Some(time));
        }
        let money = &row.money;
        for amount in [
            money.fee,
            money.own_pay,
            money.self_pay,
            money.in_scope,
            money.hifp,
            money.cvlserv,
            money.hifes,
            money.hifmi,
            money.hifob,
            money.maf,
            money.hifdm,
            money.oth,
            money.fund,
            money.patient,
            money.account,
            money.cash,
            money.hospital,
        ] {
            rows.decimal(Some(amount));
        }
        rows.text(flag(row.refunded));
        self.other.clear();
        if let Some(init) = row.init {
            init.write(&mut self.other);
        }
        rows.text(&self.other);
        for text in [
            flag(row.valid),
            row.pay_loc,
            row.hosp_lv,
            row.insu_admdvs,
            row.clct_grde,
            row.hi_paymtd,
        ] {
            rows.text(text);
        }
        rows.time(row.upload);
        if self.procedure.is_some() {
            self.of_stay(&row.circumstances);
        }
    }

    /// Values in the order of [`OF_STAYS`].
    fn of_stay(&mut self, of: &Circumstances<'_>) {
        let rows = &mut self.settlement.rows;
        for text in [of.dscg_caty, of.dscg_way, of.day_surgery] {
            rows.text(text);
        }
        rows.whole(i64::from(of.icu_days));
    }

    /// Values in the order of [`FEE_ITEM`].
    fn fee_line(&mut self, line: &Line<'_>, psn_no: &str) {
        use std::fmt::Write as _;
        self.written.fee_lines += 1;
        let rows = &mut self.fee_item.rows;
        rows.text(&self.id);
        self.other.clear();
        // Writing to a String cannot fail.
        let _ = write!(self.other, "{:02}", line.number);
        rows.text(&self.other);
        rows.text(psn_no);
        rows.time(Some(line.time));
        rows.text(&line.item.med_list_codg);
        rows.text(line.list_type);
        rows.text(line.charge_type);
        rows.decimal(Some(line.amount));
        rows.decimal(Some(line.count * 1_000_000));
        rows.decimal((line.days > 0).then_some(line.days * 1_000_000));
        rows.text(match (line.item.drug, line.item.negotiated) {
            (true, true) => "1",
            (true, false) => "2",
            (false, _) => "",
        });
    }

    /// Values in the order of [`DIAGNOSIS`]: the main one first.
    fn diagnoses(&mut self, row: &Row<'_>, psn_no: &str) {
        let rows = &mut self.diagnosis.rows;
        for (at, diagnosis) in (1..).zip(&row.diagnoses) {
            self.written.diagnoses += 1;
            for text in [&self.id, psn_no, diagnosis.code, diagnosis.name, WESTERN] {
                rows.text(text);
            }
            rows.whole(at);
            rows.text(flag(at == 1));
        }
    }

    /// Values in the order of [`PROCEDURE`]: the main one first, of type 1.
    fn operations(&mut self, row: &Row<'_>, psn_no: &str) -> Result<(), Error> {
        let Some(table) = &mut self.procedure else { return Ok(()) };
        for (at, operation) in (1..).zip(&row.operations) {
            self.written.operations += 1;
            let kind = if at == 1 { "1" } else { "2" };
            for text in [&self.id, psn_no, operation.code, operation.name, kind] {
                table.rows.text(text);
            }
            table.rows.whole(at);
        }
        table.drain_if_full()
    }

    /// Values in the order of [`GROUP_RESULT`].
    fn results(&mut self, row: &Row<'_>, psn_no: &str) -> Result<(), Error> {
        let Some((table, scheme, version)) = &mut self.group_result else { return Ok(()) };
        for code in &row.results {
            self.written.results += 1;
            for text in [&self.id, psn_no, scheme.as_str(), code, version.as_str()] {
                table.rows.text(text);
            }
        }
        table.drain_if_full()
    }

    /// Everything is on disk.
    pub(super) fn finish(self) -> Result<Written, Error> {
        self.settlement.finish()?;
        self.fee_item.finish()?;
        self.diagnosis.finish()?;
        for table in self.procedure.into_iter().chain(self.group_result.map(|(table, ..)| table)) {
            table.finish()?;
        }
        Ok(self.written)
    }
}

/// 西医诊断 (diag_type, domain.md 8.3).
const WESTERN: &str = "1";

/// 0 否, 1 是 (domain.md 8.3).
fn flag(yes: bool) -> &'static str {
    if yes { "1" } else { "0" }
}
