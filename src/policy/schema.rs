//! The sections of `policy.toml` and the keys each may hold: one list for reading, hints and paths.

/// One section of a policy file.
#[derive(Debug)]
pub(crate) struct Section {
    /// Dotted path, for example `deviation.band`.
    pub(crate) path: &'static str,
    /// For a list of sections (`[[…]]`): the key that tells its entries apart.
    pub(crate) selector: Option<&'static str>,
    /// Whether it has to carry `clause` or `reading`.
    pub(crate) cited: bool,
    /// Whether every policy has it.
    pub(crate) required: bool,
    /// Whether it holds keys that are data (group codes) beside the named ones.
    pub(crate) open: bool,
    /// Keys besides `clause`, `reading` and the sections below it.
    pub(crate) keys: &'static [&'static str],
}

/// A section that carries a cite and may be absent.
pub(crate) const fn section(path: &'static str, keys: &'static [&'static str]) -> Section {
    Section { path, selector: None, cited: true, required: false, open: false, keys }
}

impl Section {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn many(mut self, selector: &'static str) -> Self {
        self.selector = Some(selector);
        self
    }

    pub(crate) const fn uncited(mut self) -> Self {
        self.cited = false;
        self
    }

    const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// How the section's heading is written.
    pub(crate) fn heading(&self) -> String {
        if self.selector.is_some() {
            format!("[[{}]]", self.path)
        } else {
            format!("[{}]", self.path)
        }
    }

    /// The sections directly below this one.
    pub(crate) fn children(&self) -> impl Iterator<Item = &'static Self> {
        let parent = self.path;
        SECTIONS.iter().filter(move |section| {
            section.path.rsplit_once('.').is_some_and(|(above, _)| above == parent)
        })
    }

    /// Every key that may stand in this section.
    pub(crate) fn known(&self) -> Vec<&'static str> {
        let cite: &[&str] = if self.cited { &["clause", "reading"] } else { &[] };
        let below = self.children().map(Self::name);
        self.keys.iter().copied().chain(cite.iter().copied()).chain(below).collect()
    }
}

const CLASSES: &[&str] = &["O", "M", "A"];

/// Every section, a section before those below it.
pub(crate) const SECTIONS: &[Section] = &[
    section("policy", &["id", "title", "document", "valid_from", "valid_to"]).uncited().required(),
    section(
        "scope",
        &[
            "insutype",
            "self_paying_insutype",
            "med_type",
            "dise_codg",
            "exclude_out_of_area",
            "insu_admdvs",
            "proxy_upload_codes",
            "carve_out_hi_paymtd",
            "carve_out_diagnoses",
            "only_started_institutions",
            "completed_from",
        ],
    )
    .required(),
    section("case", &["unit", "dated_by", "unusable_to_fallback"]).required(),
    section("case.cycle", &["window", "anchor", "time", "by", "except_groups"]),
    section("case.late", &["days", "month_end"]),
    section("case.cost_class", &["drug", "consumable", "exam", "treatment"]),
    section("grouping", &["method", "scheme", "not_groups"]).required(),
    section(
        "grouping.apg",
        &[
            "items",
            "important_share",
            "fallback",
            "disease_required",
            "letters",
            "disease",
            "disease_characters",
            "combined",
        ],
    ),
    section("grouping.apg.charge_types", CLASSES).uncited(),
    section("grouping.apg.important", CLASSES).uncited(),
    section(
        "grouping.apg.refine",
        &["minimum_cases", "target_groups", "maximum_cv", "O", "M", "A", "fallback"],
    ),
    section(
        "grouping.dip",
        &[
            "diagnosis_characters",
            "residual_characters",
            "threshold",
            "count",
            "related_gain",
            "residual_below",
            "operations",
            "grass_roots",
            "national",
            "code_names",
            "matching",
            "ties",
        ],
    ),
    section("grouping.dip.shape", &["diagnosis", "operation", "misfit_max"]),
    section(
        "grouping.drg",
        &["version", "diagnoses", "operations", "mdc", "adrg", "groups", "cc", "significant"],
    ),
    section("grouping.alias", &["printed", "meant"]).many("printed"),
    section("grouping.names", &["file"]).open(),
    section(
        "weights",
        &[
            "years",
            "level",
            "single_year",
            "denominator",
            "denominator_yuan",
            "centre",
            "scale",
            "minimum_cases",
            "places",
            "ungrouped_factor",
        ],
    )
    .required(),
    section("weights.trim", &["method", "low", "high", "k", "from_cases", "outliers", "stage"])
        .required(),
    section("weights.base", &["method", "group_code", "yuan"]),
    section("weights.credibility", &["method", "cases"]),
    section("weights.inversions", &["levels", "severity"]),
    section("weights.exclude", &["year", "reason"]).many("year"),
    section("weights.change_cap", &["up", "down"]),
    section("weights.hold", &["what"]),
    section("carve_out", &["med_chrgitm_type", "negotiated_drugs", "med_list_codg"]),
    section("unit", &["code", "kind", "standard", "hi_paymtd", "dise_codg", "med_type"])
        .many("code"),
    section("standard", &["group_code", "price", "from"]).many("group_code"),
    section("deviation", &["compare", "reference"]),
    section("deviation.band", &["class", "up_to", "inclusive", "pay", "except_merged"])
        .many("class"),
    section("payment", &["method", "ratio"]).required(),
    section("capitation", &["head", "shared_by", "elsewhere"]),
    section(
        "capitation.factor",
        &["name", "clct_grde", "gend", "age_from", "age_to", "chronic", "value"],
    )
    .many("name")
    .uncited(),
    section("budget", &["source", "item", "growth", "basis", "period", "pools"]).required(),
    section("budget.amount", &["year", "yuan"]).many("year"),
    section("budget.waterfall", &["reserve", "base", "shortfall", "settle_share"]),
    section("budget.waterfall.line", &["item", "name", "form", "deducted", "actual"]).many("item"),
    section("compensation", &["limit", "rate"]),
    section("start_value", &["low", "high"]),
    section("value", &["method", "value", "base_share", "groups", "weight_from"]),
    section("sharing", &["surplus", "overspend", "by"]).required(),
    section("surplus_cap", &["rate", "base", "destination"]),
    section("monthly", &["method", "by"]),
    section("monthly.rate", &["from", "share", "retention"]).many("from"),
    section("working_capital", &["months"]),
    section("clearing", &[]).uncited(),
    section("clearing.days", &["groups", "method"]),
    section("clearing.date", &["year", "on"]).many("year"),
    section("behaviour", &["split_within", "merged_days", "shift_times", "chance"]),
    section(
        "score",
        &[
            "standard",
            "auxiliary",
            "special",
            "no_score",
            "external_expert",
            "day_surgery",
            "listed",
        ],
    ),
    section(
        "score.abnormal",
        &[
            "low",
            "low_inclusive",
            "high",
            "high_inclusive",
            "high_rule",
            "extreme",
            "extreme_rule",
            "reference",
            "reference_cases",
            "point_value",
        ],
    ),
    section("score.self_paid", &["limit", "factor"]),
    section("gates", &["trimmed_max", "single_year_max", "small_max", "inversions"]),
    section(
        "coefficient",
        &["method", "default", "basis", "combine", "outliers", "grass_roots", "passes", "rounds"],
    ),
    section("coefficient.tier", &["name", "hosp_lv", "inst_type", "any_level", "grade_a", "value"])
        .many("name"),
    section("coefficient.bonus", &["name", "tiers", "inst_type", "discipline", "value"])
        .many("name"),
    section("coefficient.disease", &["minimum_cases", "minimum_difference"]),
    section("outlier", &["low", "low_line", "low_rule", "high_rule"]),
    section("outlier.high", &["weight_below", "ratio"]).many("ratio"),
    section("same_price", &["groups", "maximum_cv"]),
    section("expected_standard", &["years_ahead"]),
    section("special", &["quota", "over", "reference"]),
    section("auxiliary", &["given", "factor", "monotone", "except_kinds", "severity", "cci"]),
    section("auxiliary.trigger", &["disease_cases", "type_cases", "cv_drop"]),
    section("auxiliary.icu", &["disease_cases", "type_cases", "cv_drop"]),
    section(
        "auxiliary.malignant",
        &["codes", "high_cost", "high_share", "stay_days", "point_value"],
    ),
    section("auxiliary.band", &["name", "by", "from", "to"]).many("name").uncited(),
    section("auxiliary.expect", &[]).open().uncited(),
];

/// Values for which no reading names a default, with the reading that says so.
pub(crate) const NO_DEFAULT: &[(&str, &str)] = &[
    ("weights.scale", "A05"),
    ("budget.basis", "A42"),
    ("case.late.days", "A23"),
    ("coefficient.outliers", "A36"),
];

/// The section with this path.
pub(crate) fn find(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.path == path)
}

/// The sections that stand at the top of the file.
pub(crate) fn top() -> impl Iterator<Item = &'static Section> {
    SECTIONS.iter().filter(|section| !section.path.contains('.'))
}
