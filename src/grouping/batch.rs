//! The columns of `int_cases__netted`, resolved once a batch and read row by row with what stands beside them.

use super::beside::Beside;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::{
    Array as _, AsArray as _, BooleanArray, Decimal128Array, Int64Array, RecordBatch,
    StringViewArray, TimestampMicrosecondArray,
};
use crate::warehouse::arrow::datatypes::Decimal128Type;
use crate::warehouse::rows::{bool_column, text_column, time_column, whole_column};

/// Typed columns of one batch.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    beside: &'a Beside,
    setl_key: &'a Decimal128Array,
    setl_id: StringViewArray,
    fate: StringViewArray,
    is_repeated: &'a BooleanArray,
    is_in_scope: &'a BooleanArray,
    psn_no: StringViewArray,
    mdtrt_id: StringViewArray,
    fixmedins_code: StringViewArray,
    insutype: StringViewArray,
    dise_codg: StringViewArray,
    begntime: &'a TimestampMicrosecondArray,
    setl_time: &'a TimestampMicrosecondArray,
    case_time: &'a TimestampMicrosecondArray,
    original_case_time: &'a TimestampMicrosecondArray,
    upload_time: &'a TimestampMicrosecondArray,
    raw_fee_fen: &'a Int64Array,
    raw_fund_fen: &'a Int64Array,
    fee_fen: &'a Int64Array,
    inscope_fen: &'a Int64Array,
    fund_fen: &'a Int64Array,
    rows: usize,
}

/// One settlement with all that grouping needs of it; texts borrow from the batch, a missing text is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) setl_key: i128,
    pub(super) setl_id: &'a str,
    pub(super) fate: &'a str,
    pub(super) is_repeated: bool,
    pub(super) is_in_scope: bool,
    pub(super) psn_no: &'a str,
    pub(super) mdtrt_id: &'a str,
    pub(super) fixmedins_code: &'a str,
    pub(super) insutype: &'a str,
    pub(super) dise_codg: &'a str,
    /// Local microseconds.
    pub(super) begntime: Option<i64>,
    pub(super) setl_time: i64,
    /// Gives the case its month and year (A44).
    pub(super) case_time: i64,
    pub(super) original_case_time: Option<i64>,
    pub(super) upload_time: Option<i64>,
    pub(super) raw_fee_fen: i64,
    pub(super) raw_fund_fen: i64,
    pub(super) fee_fen: i64,
    pub(super) inscope_fen: i64,
    pub(super) fund_fen: i64,
    /// Fee lines of its own.
    pub(super) lines: i64,
    /// Class O, M, A, net of reversals (R14).
    pub(super) class_fen: [i64; 3],
    /// Whether an own line stands on the important list of the class.
    pub(super) class_important: [bool; 3],
    /// Group of the external grouper.
    pub(super) group_code: &'a str,
    pub(super) is_given: bool,
    pub(super) is_differing: bool,
    pub(super) is_diagnosed: bool,
}

fn text(column: &StringViewArray, at: usize) -> &str {
    if column.is_null(at) { "" } else { column.value(at) }
}

impl<'a> Batch<'a> {
    /// Finds the columns.
    ///
    /// # Errors
    /// If the model does not have a column of that name and type.
    pub(super) fn new(batch: &'a RecordBatch, beside: &'a Beside) -> Result<Self, Error> {
        let text = |name| text_column(batch, name);
        let time = |name| time_column(batch, name);
        let whole = |name| whole_column(batch, name);
        let truth = |name| bool_column(batch, name);
        let setl_key = batch.column_by_name("setl_key");
        let setl_key = setl_key.and_then(|column| column.as_primitive_opt::<Decimal128Type>());
        let setl_key = setl_key.ok_or_else(|| Error::Column {
            column: "setl_key".to_owned(),
            expected: "a key".to_owned(),
            found: "none".to_owned(),
        })?;
        Ok(Self {
            beside,
            setl_key,
            setl_id: text("setl_id")?,
            fate: text("fate")?,
            is_repeated: truth("is_repeated")?,
            is_in_scope: truth("is_in_scope")?,
            psn_no: text("psn_no")?,
            mdtrt_id: text("mdtrt_id")?,
            fixmedins_code: text("fixmedins_code")?,
            insutype: text("insutype")?,
            dise_codg: text("dise_codg")?,
            begntime: time("begntime")?,
            setl_time: time("setl_time")?,
            case_time: time("case_time")?,
            original_case_time: time("original_case_time")?,
            upload_time: time("upload_time")?,
            raw_fee_fen: whole("raw_fee_fen")?,
            raw_fund_fen: whole("raw_fund_fen")?,
            fee_fen: whole("fee_fen")?,
            inscope_fen: whole("inscope_fen")?,
            fund_fen: whole("fund_fen")?,
            rows: batch.num_rows(),
        })
    }

    /// The rows in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut last = 0;
        (0..self.rows).map(move |at| self.row(at, &mut last))
    }

    fn row(&self, at: usize, last: &mut usize) -> Row<'_> {
        let time =
            |column: &TimestampMicrosecondArray| column.is_valid(at).then(|| column.value(at));
        let truth = |column: &BooleanArray| column.is_valid(at) && column.value(at);
        let setl_key = self.setl_key.value(at);
        let sums = self.beside.fees.net(setl_key, last);
        let given = self.beside.given(setl_key);
        Row {
            setl_key,
            setl_id: text(&self.setl_id, at),
            fate: text(&self.fate, at),
            is_repeated: truth(self.is_repeated),
            is_in_scope: truth(self.is_in_scope),
            psn_no: text(&self.psn_no, at),
            mdtrt_id: text(&self.mdtrt_id, at),
            fixmedins_code: text(&self.fixmedins_code, at),
            insutype: text(&self.insutype, at),
            dise_codg: text(&self.dise_codg, at),
            begntime: time(self.begntime),
            setl_time: self.setl_time.value(at),
            case_time: self.case_time.value(at),
            original_case_time: time(self.original_case_time),
            upload_time: time(self.upload_time),
            raw_fee_fen: self.raw_fee_fen.value(at),
            raw_fund_fen: self.raw_fund_fen.value(at),
            fee_fen: self.fee_fen.value(at),
            inscope_fen: self.inscope_fen.value(at),
            fund_fen: self.fund_fen.value(at),
            lines: sums.lines,
            class_fen: sums.fen,
            class_important: sums.important,
            group_code: given.map_or("", |given| given.code),
            is_given: given.is_some(),
            is_differing: given.is_some_and(|given| given.is_differing),
            is_diagnosed: self.beside.is_diagnosed(setl_key),
        }
    }
}
