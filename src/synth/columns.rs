//! The columns of the big tables: rows are filled value by value and leave as Arrow batches.

use std::sync::Arc;

use super::error::Error;
use crate::warehouse::arrow::array::{
    ArrayRef, Decimal128Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use crate::warehouse::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use crate::warehouse::contract::{self, Type};

/// Rows of a batch.
const BATCH: usize = 16_384;

/// A big table: its name, the columns written, and those whose values hardly repeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) table: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) distinct: &'static [&'static str],
}

/// `settlement`.
pub(super) const SETTLEMENT: Layout = Layout {
    table: "settlement",
    columns: &[
        "setl_id",
        "mdtrt_id",
        "psn_no",
        "fixmedins_code",
        "insutype",
        "med_type",
        "psn_type",
        "dise_codg",
        "dise_name",
        "gend",
        "age",
        "begntime",
        "endtime",
        "setl_time",
        "medfee_sumamt",
        "fulamt_ownpay_amt",
        "preselfpay_amt",
        "inscp_scp_amt",
        "hifp_pay",
        "cvlserv_pay",
        "hifes_pay",
        "hifmi_pay",
        "hifob_pay",
        "maf_pay",
        "hifdm_pay",
        "oth_pay",
        "fund_pay_sumamt",
        "psn_part_amt",
        "acct_pay",
        "psn_cash_pay",
        "hosp_part_amt",
        "refd_setl_flag",
        "init_setl_id",
        "vali_flag",
        "pay_loc",
        "hosp_lv",
        "insu_admdvs",
        "clct_grde",
        "hi_paymtd",
        "upload_time",
    ],
    distinct: &["setl_id", "mdtrt_id", "psn_no", "init_setl_id"],
};

/// What `settlement` has of stays, after the columns of every settlement.
pub(super) const OF_STAYS: [&str; 4] = ["dscg_caty", "dscg_way", "day_surgery", "icu_days"];

/// `procedure`.
pub(super) const PROCEDURE: Layout = Layout {
    table: "procedure",
    columns: &[
        "setl_id",
        "psn_no",
        "oprn_oprt_code",
        "oprn_oprt_name",
        "oprn_oprt_type",
        "oprn_srt_no",
    ],
    distinct: &["setl_id", "psn_no"],
};

/// `group_result`.
pub(super) const GROUP_RESULT: Layout = Layout {
    table: "group_result",
    columns: &["setl_id", "psn_no", "scheme", "group_code", "grp_ver"],
    distinct: &["setl_id", "psn_no"],
};

/// `fee_item`.
pub(super) const FEE_ITEM: Layout = Layout {
    table: "fee_item",
    columns: &[
        "setl_id",
        "feedetl_sn",
        "psn_no",
        "fee_ocur_time",
        "med_list_codg",
        "list_type",
        "med_chrgitm_type",
        "det_item_fee_sumamt",
        "cnt",
        "prd_days",
        "hi_nego_drug_flag",
    ],
    distinct: &["setl_id", "psn_no"],
};

/// `diagnosis`.
pub(super) const DIAGNOSIS: Layout = Layout {
    table: "diagnosis",
    columns: &[
        "setl_id",
        "psn_no",
        "diag_code",
        "diag_name",
        "diag_type",
        "diag_srt_no",
        "maindiag_flag",
    ],
    distinct: &["setl_id", "psn_no"],
};

enum Builder {
    Text(StringBuilder),
    Decimal(Decimal128Builder),
    Whole(Int64Builder),
    Time(TimestampMicrosecondBuilder),
}

/// A value of the batch that is printed as another text, in CSV only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Override {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) text: String,
}

/// The rows of one table on their way to a file. Values are given in the order of the columns.
pub(super) struct Rows {
    layout: Layout,
    schema: SchemaRef,
    builders: Vec<Builder>,
    cursor: usize,
    rows: usize,
    overrides: Vec<Override>,
    /// First column that was given a value of another type.
    misplaced: Option<usize>,
}

impl Rows {
    /// No rows yet; `more` columns stand after those of the layout.
    pub(super) fn new(layout: Layout, more: &[&'static str]) -> Self {
        let columns = layout.columns.iter().chain(more);
        let kinds = columns.clone().map(|name| kind(layout.table, name));
        let fields: Vec<Field> = columns
            .clone()
            .map(|name| Field::new(*name, data_type(kind(layout.table, name)), true))
            .collect();
        Self {
            layout,
            schema: Arc::new(Schema::new(fields)),
            builders: kinds.map(builder).collect(),
            cursor: 0,
            rows: 0,
            overrides: Vec::new(),
            misplaced: None,
        }
    }

    /// The schema of every batch.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The table.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether a batch is due.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH
    }

    /// A text; an empty one is missing.
    pub(super) fn text(&mut self, text: &str) {
        match self.builders.get_mut(self.cursor) {
            Some(Builder::Text(builder)) if text.is_empty() => builder.append_null(),
            Some(Builder::Text(builder)) => builder.append_value(text),
            _ => self.misplace(),
        }
        self.step();
    }

    /// A decimal in units of its last place: fen of an amount, millionths of another number.
    pub(super) fn decimal(&mut self, units: Option<i64>) {
        match self.builders.get_mut(self.cursor) {
            Some(Builder::Decimal(builder)) => builder.append_option(units.map(i128::from)),
            _ => self.misplace(),
        }
        self.step();
    }

    /// A whole number.
    pub(super) fn whole(&mut self, value: i64) {
        match self.builders.get_mut(self.cursor) {
            Some(Builder::Whole(builder)) => builder.append_value(value),
            _ => self.misplace(),
        }
        self.step();
    }

    /// A time in seconds since 1970-01-01.
    pub(super) fn time(&mut self, seconds: Option<i64>) {
        match self.builders.get_mut(self.cursor) {
            Some(Builder::Time(builder)) => {
                builder.append_option(seconds.map(|seconds| seconds * 1_000_000));
            }
            _ => self.misplace(),
        }
        self.step();
    }

    /// The row just filled shows `text` in this column where the format can show it.
    pub(super) fn replace_last(&mut self, column: &str, text: &str) {
        if let Some(column) = self.layout.columns.iter().position(|name| *name == column) {
            let row = self.rows.saturating_sub(1);
            self.overrides.push(Override { row, column, text: text.to_owned() });
        }
    }

    fn misplace(&mut self) {
        self.misplaced.get_or_insert(self.cursor);
    }

    fn step(&mut self) {
        self.cursor += 1;
        if self.cursor == self.builders.len() {
            (self.cursor, self.rows) = (0, self.rows + 1);
        }
    }

    /// The rows so far as a batch; none are left.
    pub(super) fn take(&mut self) -> Result<(RecordBatch, Vec<Override>), Error> {
        let table = self.layout.table;
        let unfinished = (self.cursor != 0).then_some(self.cursor);
        if let Some(column) = self.misplaced.or(unfinished) {
            return Err(Error::RowShape { table, column });
        }
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(finish).collect();
        let batch = RecordBatch::try_new(self.schema(), arrays)
            .map_err(|source| Error::Batch { table, source })?;
        Ok((batch, std::mem::take(&mut self.overrides)))
    }
}

/// Type of a column in the data contract; text where the contract does not know it.
fn kind(table: &str, column: &str) -> Type {
    let columns = contract::table(table).map_or(&[][..], |table| table.columns);
    columns.iter().find(|known| known.name == column).map_or(Type::Text, |known| known.kind)
}

fn data_type(kind: Type) -> DataType {
    match kind {
        Type::Text | Type::Person => DataType::Utf8,
        Type::Yuan => DataType::Decimal128(18, 2),
        Type::Number => DataType::Decimal128(18, 6),
        Type::Whole => DataType::Int64,
        Type::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
    }
}

fn builder(kind: Type) -> Builder {
    match kind {
        Type::Text | Type::Person => Builder::Text(StringBuilder::new()),
        Type::Yuan | Type::Number => {
            Builder::Decimal(Decimal128Builder::new().with_data_type(data_type(kind)))
        }
        Type::Whole => Builder::Whole(Int64Builder::new()),
        Type::Time => Builder::Time(TimestampMicrosecondBuilder::new()),
    }
}

fn finish(builder: &mut Builder) -> ArrayRef {
    match builder {
        Builder::Text(builder) => Arc::new(builder.finish()),
        Builder::Decimal(builder) => Arc::new(builder.finish()),
        Builder::Whole(builder) => Arc::new(builder.finish()),
        Builder::Time(builder) => Arc::new(builder.finish()),
    }
}

#[cfg(test)]
mod tests {
    use super::{DIAGNOSIS, FEE_ITEM, GROUP_RESULT, OF_STAYS, PROCEDURE, Rows, SETTLEMENT};
    use crate::synth::Error;
    use crate::warehouse::contract;

    #[test]
    fn columns_are_those_of_the_contract() {
        for layout in [SETTLEMENT, FEE_ITEM, DIAGNOSIS, PROCEDURE, GROUP_RESULT] {
            let table = contract::table(layout.table).unwrap();
            let more = if layout.table == "settlement" { &OF_STAYS[..] } else { &[] };
            for name in layout.columns.iter().chain(more) {
                assert!(table.columns.iter().any(|known| known.name == *name), "{name}");
            }
            for known in table.columns.iter().filter(|known| known.required) {
                assert!(layout.columns.contains(&known.name), "{}", known.name);
            }
        }
    }

    #[test]
    fn a_row_out_of_order_is_our_fault() {
        let mut rows = Rows::new(DIAGNOSIS, &[]);
        rows.text("1");
        rows.whole(2);
        assert!(matches!(rows.take(), Err(Error::RowShape { table: "diagnosis", column: 1 })));
    }
}
