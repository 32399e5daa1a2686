//! The big tables: settlements, fee lines and diagnoses of one part of the people.

use super::columns::{DIAGNOSIS, FEE_ITEM, Layout, Rows, SETTLEMENT};
use super::defect::Shape;
use super::error::Error;
use super::output::{Folder, Format, TableFile};
use super::row::{Line, Row};

/// Rows and money written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) settlements: u64,
    pub(super) fee_lines: u64,
    pub(super) diagnoses: u64,
    /// Σ `medfee_sumamt` of all rows, in fen.
    pub(super) fee: i128,
}

/// One table with the rows on their way to its file.
struct Table {
    rows: Rows,
    file: TableFile,
}

impl Table {
    fn create(layout: Layout, part: &str, folder: &Folder, format: Format) -> Result<Self, Error> {
        let ending = if format.is_csv() { "csv" } else { "parquet" };
        let rows = Rows::new(layout);
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
    id: String,
    other: String,
    pub(super) written: Written,
}

impl Tables {
    /// New files; `part` stands between the table's name and its ending.
    pub(super) fn create(folder: &Folder, part: &str, format: Format) -> Result<Self, Error> {
        Ok(Self {
            settlement: Table::create(SETTLEMENT, part, folder, format)?,
            fee_item: Table::create(FEE_ITEM, part, folder, format)?,
            diagnosis: Table::create(DIAGNOSIS, part, folder, format)?,
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
            self.diagnosis(row, psn_no);
            self.diagnosis.drain_if_full()?;
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
        let disease = row.care.disease;
        for text in [
            psn_no,
            row.fixmedins_code,
            row.insutype,
            row.med_type,
            row.psn_type,
            &disease.code,
            &disease.name,
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

    /// Values in the order of [`DIAGNOSIS`].
    fn diagnosis(&mut self, row: &Row<'_>, psn_no: &str) {
        self.written.diagnoses += 1;
        let [code, name] = &row.care.disease.diagnosis;
        let rows = &mut self.diagnosis.rows;
        for text in [&self.id, psn_no, code, name, WESTERN] {
            rows.text(text);
        }
        rows.whole(1);
        rows.text(flag(true));
    }

    /// Everything is on disk.
    pub(super) fn finish(self) -> Result<Written, Error> {
        self.settlement.finish()?;
        self.fee_item.finish()?;
        self.diagnosis.finish()?;
        Ok(self.written)
    }
}

/// 西医诊断 (diag_type, domain.md 8.3).
const WESTERN: &str = "1";

/// 0 否, 1 是 (domain.md 8.3).
fn flag(yes: bool) -> &'static str {
    if yes { "1" } else { "0" }
}
