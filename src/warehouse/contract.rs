//! The tables of the warehouse and the columns they may have (domain.md §8, §12.2).

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Codes, ids, names. Stored as text.
    Text,
    /// Personal id: pseudonymised at the door, then text.
    Person,
    /// Yuan with at most two places: `DECIMAL(18,2)`.
    Yuan,
    /// Other decimals: `DECIMAL(18,6)`.
    Number,
    /// Whole number.
    Whole,
    /// Local date and time, no zone: timestamp in microseconds.
    Time,
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnContract {
    /// Name in the warehouse.
    pub name: &'static str,
    /// Other names the export may use (domain.md §8.1, last column).
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: Type,
    /// Missing from the export: the load is refused.
    pub required: bool,
}

/// How the rows of a table are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By year of `setl_time` and bucket of `psn_no`.
    Settlement,
    /// With the settlement `setl_id` belongs to.
    Child,
    /// One small file a load.
    Dimension,
}

/// One table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableContract {
    /// Name of the table and of its folder.
    pub name: &'static str,
    /// Placement of its rows.
    pub place: Place,
    /// Columns the files are sorted by.
    pub sort: &'static [&'static str],
    /// All columns in storage order.
    pub columns: &'static [ColumnContract],
}

const fn required(name: &'static str, kind: Type) -> ColumnContract {
    ColumnContract { name, aliases: &[], kind, required: true }
}

const fn optional(name: &'static str, kind: Type) -> ColumnContract {
    ColumnContract { name, aliases: &[], kind, required: false }
}

const fn alias(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Type,
    required: bool,
) -> ColumnContract {
    ColumnContract { name, aliases, kind, required }
}

use Type::{Number, Person, Text, Time, Whole, Yuan};

/// Every table of the warehouse that an export can fill.
pub const TABLES: &[TableContract] = &[
    TableContract {
        name: "settlement",
        place: Place::Settlement,
        sort: &["psn_no", "fixmedins_code", "begntime", "setl_id"],
        columns: &[
            required("setl_id", Text),
            optional("mdtrt_id", Text),
            required("psn_no", Person),
            optional("medins_setl_id", Text),
            required("fixmedins_code", Text),
            required("insutype", Text),
            required("med_type", Text),
            optional("psn_type", Text),
            alias("dise_codg", &["dise_no"], Text, false),
            optional("dise_name", Text),
            optional("gend", Text),
            optional("age", Number),
            alias("begntime", &["begndate"], Time, false),
            alias("endtime", &["enddate"], Time, false),
            required("setl_time", Time),
            required("medfee_sumamt", Yuan),
            optional("fulamt_ownpay_amt", Yuan),
            optional("overlmt_selfpay", Yuan),
            optional("preselfpay_amt", Yuan),
            alias("inscp_scp_amt", &["inscp_amt"], Yuan, false),
            optional("act_pay_dedc", Yuan),
            required("hifp_pay", Yuan),
            optional("pool_prop_selfpay", Number),
            optional("cvlserv_pay", Yuan),
            optional("hifes_pay", Yuan),
            optional("hifmi_pay", Yuan),
            optional("hifob_pay", Yuan),
            optional("maf_pay", Yuan),
            optional("hifdm_pay", Yuan),
            alias("oth_pay", &["othfund_pay"], Yuan, false),
            optional("fund_pay_sumamt", Yuan),
            alias("psn_part_amt", &["psn_pay"], Yuan, false),
            optional("acct_pay", Yuan),
            optional("acct_mulaid_pay", Yuan),
            alias("psn_cash_pay", &["cash_payamt"], Yuan, false),
            alias("hosp_part_amt", &["ownpay_hosp_part"], Yuan, false),
            optional("refd_setl_flag", Text),
            optional("init_setl_id", Text),
            optional("vali_flag", Text),
            optional("mid_setl_flag", Text),
            optional("pay_loc", Text),
            optional("hosp_lv", Text),
            optional("insu_admdvs", Text),
            optional("fix_blng_admdvs", Text),
            optional("clct_grde", Text),
            optional("clr_type", Text),
            optional("clr_way", Text),
            optional("hi_paymtd", Text),
            optional("upload_time", Time),
            optional("upload_code", Text),
            optional("dscg_caty", Text),
            optional("dscg_way", Text),
            optional("asst_type", Text),
            optional("day_surgery", Text),
            optional("nwb_age", Whole),
            optional("icu_days", Whole),
        ],
    },
    TableContract {
        name: "fee_item",
        place: Place::Child,
        sort: &["psn_no", "setl_id", "feedetl_sn"],
        columns: &[
            required("setl_id", Text),
            required("feedetl_sn", Text),
            optional("psn_no", Person),
            optional("mdtrt_id", Text),
            optional("fee_ocur_time", Time),
            optional("med_list_codg", Text),
            optional("medins_list_codg", Text),
            optional("list_type", Text),
            optional("med_chrgitm_type", Text),
            required("det_item_fee_sumamt", Yuan),
            optional("cnt", Number),
            optional("pric", Number),
            optional("prd_days", Number),
            optional("chrgitm_lv", Text),
            optional("hi_nego_drug_flag", Text),
            optional("inscp_scp_amt", Yuan),
        ],
    },
    TableContract {
        name: "diagnosis",
        place: Place::Child,
        sort: &["psn_no", "setl_id", "diag_srt_no", "diag_code"],
        columns: &[
            required("setl_id", Text),
            optional("psn_no", Person),
            required("diag_code", Text),
            optional("diag_name", Text),
            optional("diag_type", Text),
            optional("diag_srt_no", Whole),
            optional("maindiag_flag", Text),
        ],
    },
    TableContract {
        name: "procedure",
        place: Place::Child,
        sort: &["psn_no", "setl_id", "oprn_srt_no", "oprn_oprt_code"],
        columns: &[
            required("setl_id", Text),
            optional("psn_no", Person),
            required("oprn_oprt_code", Text),
            optional("oprn_oprt_name", Text),
            optional("oprn_oprt_type", Text),
            optional("oprn_srt_no", Whole),
        ],
    },
    TableContract {
        name: "group_result",
        place: Place::Child,
        sort: &["psn_no", "setl_id", "scheme", "group_code"],
        columns: &[
            required("setl_id", Text),
            optional("psn_no", Person),
            required("scheme", Text),
            optional("group_code", Text),
            optional("grp_ver", Text),
        ],
    },
    TableContract {
        name: "institution",
        place: Place::Dimension,
        sort: &["fixmedins_code"],
        columns: &[
            required("fixmedins_code", Text),
            optional("fixmedins_name", Text),
            optional("hosp_lv", Text),
            optional("inst_type", Text),
            optional("grade_a", Text),
            optional("disciplines", Text),
            optional("coef", Number),
            optional("production_cost", Yuan),
            optional("consortium", Text),
            optional("lead", Text),
            optional("eligible", Text),
            optional("start_date", Time),
            optional("county", Text),
        ],
    },
    TableContract {
        name: "code_map",
        place: Place::Dimension,
        sort: &["kind", "local_code", "valid_from"],
        columns: &[
            required("kind", Text),
            required("local_code", Text),
            required("code", Text),
            alias("valid_from", &["from"], Time, false),
            alias("valid_to", &["to"], Time, false),
        ],
    },
    TableContract {
        name: "op_attribute",
        place: Place::Dimension,
        sort: &["oprn_oprt_code"],
        columns: &[required("oprn_oprt_code", Text), required("attribute", Text)],
    },
    TableContract {
        name: "enrollee",
        place: Place::Dimension,
        sort: &["psn_no", "year"],
        columns: &[
            required("psn_no", Person),
            required("year", Whole),
            optional("signed_fixmedins_code", Text),
            optional("clct_grde", Text),
            optional("gend", Text),
            optional("brdy", Time),
            optional("months_insured", Whole),
            optional("insu_begin", Time),
            optional("insu_end", Time),
            optional("sign_begin", Time),
            optional("sign_end", Time),
        ],
    },
    TableContract {
        name: "registration",
        place: Place::Dimension,
        sort: &["psn_no", "dise_codg", "begndate"],
        columns: &[
            required("psn_no", Person),
            required("dise_codg", Text),
            optional("begndate", Time),
            optional("enddate", Time),
        ],
    },
    TableContract {
        name: "budget",
        place: Place::Dimension,
        sort: &["year", "pool", "period", "item"],
        columns: &[
            required("year", Whole),
            optional("pool", Text),
            optional("period", Text),
            required("item", Text),
            required("amount", Number),
        ],
    },
    TableContract {
        name: "advance",
        place: Place::Dimension,
        sort: &["year", "month", "pool", "fixmedins_code", "kind"],
        columns: &[
            required("year", Whole),
            optional("month", Whole),
            optional("pool", Text),
            required("fixmedins_code", Text),
            required("kind", Text),
            required("amount", Number),
        ],
    },
    TableContract {
        name: "assessment",
        place: Place::Dimension,
        sort: &["year", "pool", "fixmedins_code"],
        columns: &[
            required("year", Whole),
            optional("pool", Text),
            required("fixmedins_code", Text),
            optional("coefficient", Number),
            optional("deduction", Number),
            optional("violations", Number),
            optional("bond", Number),
        ],
    },
    TableContract {
        name: "cleared",
        place: Place::Dimension,
        sort: &["year", "pool", "period", "fixmedins_code", "item"],
        columns: &[
            required("year", Whole),
            optional("pool", Text),
            optional("period", Text),
            optional("fixmedins_code", Text),
            required("item", Text),
            required("amount", Number),
        ],
    },
    TableContract {
        name: "cleared_case",
        place: Place::Dimension,
        sort: &["year", "setl_id"],
        columns: &[
            required("year", Whole),
            required("setl_id", Text),
            required("fixmedins_code", Text),
            optional("insutype", Text),
            optional("signed_fixmedins_code", Text),
            required("month", Whole),
            optional("hifp_pay", Yuan),
            optional("points", Number),
            optional("amount", Number),
            optional("pay", Text),
        ],
    },
    TableContract {
        name: "special",
        place: Place::Dimension,
        sort: &["setl_id", "kind"],
        columns: &[
            required("setl_id", Text),
            required("kind", Text),
            required("value", Number),
            optional("reviewer", Text),
            optional("reason", Text),
        ],
    },
];

/// What is wrong with rows of a load ([`crate::finding::Finding`]); filled by the load itself.
pub const FINDING: TableContract = TableContract {
    name: "finding",
    place: Place::Dimension,
    sort: &["file", "line", "table", "column", "check_id"],
    columns: &[
        required("load_id", Text),
        required("check_id", Text),
        required("severity", Text),
        required("table", Text),
        optional("file", Text),
        optional("line", Whole),
        optional("key", Text),
        optional("column", Text),
        optional("value", Text),
        optional("message", Text),
        optional("amount", Yuan),
    ],
};

/// One row per source file and target table of a load; a load exists once its rows stand here.
pub const LOAD: TableContract = TableContract {
    name: "load",
    place: Place::Dimension,
    sort: &["load_no", "file", "target_table"],
    columns: &[
        required("load_no", Whole),
        required("load_id", Text),
        required("file", Text),
        required("sha256", Text),
        optional("mapping_digest", Text),
        required("target_table", Text),
        required("format", Text),
        optional("encoding", Text),
        required("rows_read", Whole),
        required("rows_kept", Whole),
        required("rows_filtered", Whole),
        required("rows_rejected", Whole),
        required("findings", Whole),
        optional("amount_sum", Yuan),
        required("tables", Text),
    ],
};

/// The contract of a table that an export can fill.
#[must_use]
pub fn table(name: &str) -> Option<&'static TableContract> {
    TABLES.iter().find(|table| table.name == name)
}

impl TableContract {
    /// Position and contract of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<(usize, &'static ColumnContract)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name == name)
    }

    /// The amount by which rows of this table are summed in messages: its first required yuan
    /// column.
    #[must_use]
    pub fn amount(&self) -> Option<(usize, &'static ColumnContract)> {
        self.columns.iter().enumerate().find(|(_, column)| column.required && column.kind == Yuan)
    }
}
