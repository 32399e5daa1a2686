//! Every word of the report in both languages; the only place to change a term.
//!
//! `{name}` in a sentence is filled with a figure by the sections. No digit stands here that is not
//! part of a name: numbers come from tables.

use super::Lang;

macro_rules! texts {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        /// Headings and sentences.
        #[derive(Debug)]
        pub(super) struct Texts {
            $(pub(super) $name: &'static str,)*
        }

        const ZH: Texts = Texts { $($name: $zh,)* };
        const EN: Texts = Texts { $($name: $en,)* };

        impl Texts {
            /// All of them by name, for the page template.
            pub(super) fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

impl Texts {
    /// The texts of a language.
    pub(super) fn of(lang: Lang) -> &'static Self {
        match lang {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }
}

texts! {
    html_lang: "zh-CN", "en";
    page_title: "点数法付费回测评价报告", "Points payment: backtest and evaluation report";
    simulated: "模拟运行", "Simulated run";
    simulated_text: "本报告为模拟运行结果，仅供测算与评价，不作为基金拨付依据。",
        "These are results of a simulated run, for estimation and evaluation only. Nothing is \
         paid on them.";
    contents: "目录", "Contents";
    yuan_note: "金额单位为元，精确到分；“–”表示无此数据。把指针停在数字上，可见其来源（结果表:列:行）。",
        "Amounts are in yuan, exact to the fen; “–” means no such value. Hover over a figure to \
         see \
         where it comes from (table:column:row).";

    system: "系统", "System";
    policy: "政策", "Policy";
    document: "政策文件", "Document";
    catalog_years: "目录统计年度", "Catalog years";
    settled_year: "结算年度", "Year settled";
    run_id: "运行编号", "Run";

    summary: "摘要", "Summary";
    summary_basis: "本报告依据{document}（{policy}），用 {years} 年数据形成的病组分值目录，对 {year} 年的病例按规则重新结算，\
        并与统筹基金实际记账金额对照。",
        "Under {document} ({policy}), the cases of {year} are settled again with the point \
         catalog built \
         from {years}, and compared with what the fund really booked.";
    summary_money: "{title}：总额预算 {budget} 元，统筹基金记账 {booked} 元，清算支付 {paid} 元，基金结余 {balance} 元。",
        "{title}: budget {budget} yuan, booked by item {booked} yuan, paid at clearing {paid} \
         yuan, \
         fund balance {balance} yuan.";
    summary_point_value: "总点数 {points}，点值 {point_value} 元。",
        "Total points {points}, {point_value} yuan a point.";
    summary_floating: "支付标准浮动系数 {floating_factor}。",
        "Floating factor of the standards {floating_factor}.";
    summary_institutions: "{institutions} 家定点医疗机构中，结余 {winners} 家，超支 {losers} 家。",
        "Of {institutions} institutions, {winners} have a surplus and {losers} an overspend.";
    summary_scenario: "{title}：清算支付 {paid} 元，比基线 {change} 元；基金结余 {balance} 元；结余 {winners} 家，超支 \
         {losers} 家。",
        "{title}: paid {paid} yuan, {change} yuan against the baseline; fund balance {balance} \
         yuan; \
         {winners} institutions with a surplus, {losers} with an overspend.";
    between_sentences: "", " ";
    pools_counted: "设有多个基金池，机构按“机构 × 基金池”计数。",
        "There are several pools; an institution is counted once in each.";

    scenarios: "情景对比", "Scenarios compared";
    scenarios_table: "各情景的总体结果（第一行为基线）", "Results of each scenario (baseline first)";
    scenarios_changes: "各情景改动的规则", "Rules each scenario changes";
    scenarios_pool: "基线资金平衡（按基金池与清算期）", "Money of the baseline, by pool and period";
    paid_change: "比基线（元）", "Against baseline (yuan)";
    no_change: "规则不变。", "No rule is changed.";

    winners: "谁受益、谁受损", "Who wins and who loses";
    winners_tier: "各级别机构（基线）", "By tier (baseline)";
    winners_top: "结余最多的机构（基线）", "Largest surplus (baseline)";
    losers_top: "超支最多的机构（基线）", "Largest overspend (baseline)";
    tier_scenarios: "各情景下各级别机构的变化", "By tier in each scenario";
    changes: "{title}：支付额比基线增减最多的机构", "{title}: largest gains and losses against the baseline";
    changes_none: "{title}：各机构支付额均与基线相同。",
        "{title}: every institution is paid the same as in the baseline.";
    scenarios_rest: "其余情景的机构变化见 XLSX。", "For the other scenarios see the XLSX.";

    institutions: "机构", "Institutions";
    institutions_table: "各机构结算结果（基线，按结余额从高到低）",
        "Settlement by institution (baseline, largest surplus first)";
    chart_ratio: "支付费用比：清算支付 ÷ 医疗总费用（基线）", "Payment to cost: paid ÷ cost (baseline)";
    chart_ratio_axis: "占医疗总费用的比例", "share of cost";
    chart_ratio_legend: "条形为清算支付 ÷ 医疗总费用，竖短线为统筹基金记账 ÷ 医疗总费用；\
        条形越过短线即为结余。全部机构合计 {paid}（支付）、{booked}（记账）。",
        "Bars: paid ÷ cost; short lines: booked ÷ cost. A bar beyond its line is a surplus. \
         All institutions together: {paid} paid, {booked} booked.";
    chart_surplus: "年度结余率（基线）", "Surplus rate of the year (baseline)";
    chart_surplus_axis: "结余率", "surplus rate";
    chart_surplus_cap: "红色虚线为结余率上限 {cap}；空心条为封顶前的结余率。",
        "The red line is the cap of {cap}; hollow bars are the rate before the cap.";
    chart_shortened: "共 {all} 行，图中只列最高与最低各 {side} 行，其余见 XLSX。",
        "{all} rows in all; the chart shows the {side} highest and {side} lowest, the rest is in \
         the XLSX.";
    chart_skipped: "另有 {skipped} 行缺数，未画。", "{skipped} more rows lack a value and are not drawn.";

    months: "月度费用", "Months";
    chart_month: "每月医疗总费用与统筹基金记账", "Cost and booked amount by month";
    chart_month_legend: "左柱（深色）为医疗总费用，右柱（浅色）为统筹基金记账。",
        "Left bar (dark): cost; right bar (light): booked.";
    months_table: "按月合计", "By month";

    catalog: "病组分值目录", "Catalog";
    catalog_scale: "基准点数", "Scale";
    catalog_base: "基准次均费用（元）", "Base mean (yuan)";
    groups_cost: "费用最高的病组（基线）", "Groups with the largest cost (baseline)";
    groups_cases: "病例最多的病组（基线）", "Groups with the most cases (baseline)";
    chart_weight: "病组权重：{newer} 年与 {older} 年", "Weights of groups: {newer} against {older}";
    chart_weight_x: "横轴：上年权重 m ÷ M（对数刻度）", "across: m ÷ M of the year before (log scale)";
    chart_weight_y: "纵轴：最近一年权重 m ÷ M（对数刻度）", "up: m ÷ M of the newest year (log scale)";
    chart_weight_legend: "每点一个病组，斜线上两年权重相等；标出病组为偏离最大者。",
        "One dot a group; on the diagonal both years are equal. The groups furthest from it are \
         named.";
    identity: "目录恒等式：Σ 病例数 × 分值 ÷ 基准点数 × 基准次均费用，逐项补至总费用",
        "Catalog identity: Σ cases × points ÷ scale × base mean, completed line by line to the \
         total";
    forecast: "目录预测误差：目录次均与结算年度实际次均（按误差金额）",
        "Forecast error: catalog mean against the mean of the year settled, by money";

    quality: "数据质量", "Data quality";
    flow: "从原始记录到分析病例", "From raw rows to analysed cases";
    flow_note: "（负数为离开的记录）", "(negative: rows that leave)";
    check: "数据检查结果", "Checks";

    ledger: "资金台账", "Ledger";
    ledger_table: "按科目汇总", "By kind";

    citation: "规则与依据", "Rules and where they come from";
    citation_table: "规则所据条款与口径", "Clause or reading behind each rule";

    appendix: "附录：复核", "Appendix: how to verify";
    appendix_text: "本报告的每个数字都来自下列结果表。复核命令会离线重算全部摘要与恒等式：",
        "Every figure of this report comes from the tables below. This command recomputes all \
         digests \
         and identities offline:";
    appendix_command: "生成本次运行的命令", "Command of this run";
    appendix_program: "程序版本", "Program";
    policy_digest: "政策摘要值", "Policy digest";
    catalog_digest: "目录摘要值", "Catalog digest";
    inputs: "输入表", "Inputs";
    outputs: "输出文件", "Outputs";
    rows: "行数", "Rows";
    digest: "摘要值", "Digest";
    file: "文件", "File";

    omitted: "本次运行没有结果表“{table}”（或为空），相应内容从略。",
        "This run has no table “{table}” (or it is empty); what belongs here is left out.";
    more: "共 {all} 行，此处列 {shown} 行，其余见 XLSX 工作表“{sheet}”。",
        "{all} rows in all, {shown} shown; the rest is in sheet “{sheet}” of the XLSX.";

    cover: "封面", "Cover";
    sheet_list: "工作表", "Sheet";
    part: "续", "part";
    column_list: "列", "Columns";
    xlsx_note: "编码为文本，金额为数值（元）；超过十五位有效数字的数以文本保存，以免失真。",
        "Codes are text, amounts are numbers (yuan); numbers of more than fifteen digits are \
         kept as \
         text so that nothing is lost.";
    unit_small: "元", "yuan";
    unit_middle: "万元", "thousand yuan";
    unit_large: "亿元", "million yuan";
}

/// A column, or a value of it, in both languages.
type Pair = (&'static str, &'static str, &'static str);

fn pick(pairs: &[Pair], lang: Lang, name: &str) -> Option<&'static str> {
    pairs.iter().find(|(known, _, _)| *known == name).map(|(_, zh, en)| match lang {
        Lang::Zh => *zh,
        Lang::En => *en,
    })
}

const TABLES: &[Pair] = &[
    ("scenario", "情景", "scenarios"),
    ("pool", "基金池", "pools"),
    ("institution", "机构", "institutions"),
    ("tier", "级别", "tiers"),
    ("group", "病组", "groups"),
    ("month", "月度", "months"),
    ("ledger", "资金台账", "ledger"),
    ("statement", "清算单", "statements"),
    ("days", "用药天数清算", "clearing by days"),
    ("forecast", "预测误差", "forecast error"),
    ("weight", "年度权重", "weights by year"),
    ("flow", "数据流程", "data flow"),
    ("identity", "目录恒等式", "identity"),
    ("check", "数据检查", "checks"),
    ("citation", "规则依据", "citations"),
];

/// Title of a result table.
pub(super) fn table_label(lang: Lang, table: &str) -> Option<&'static str> {
    pick(TABLES, lang, table)
}

/// Result tables in the order of the workbook.
pub(super) fn table_order() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(name, _, _)| *name)
}

const COLUMNS: &[Pair] = &[
    ("scenario", "情景", "Scenario"),
    ("title", "情景名称", "Title"),
    ("changes", "改动", "Changes"),
    ("is_baseline", "是否基线", "Baseline"),
    ("pool", "基金池", "Pool"),
    ("period", "清算期", "Period"),
    ("budget_yuan", "总额预算（元）", "Budget (yuan)"),
    ("fund_booked_yuan", "统筹基金记账（元）", "Booked (yuan)"),
    ("distributable_yuan", "可分配金额（元）", "Distributable (yuan)"),
    ("item_paid_yuan", "其中按项目支付（元）", "Paid by item (yuan)"),
    ("standard_paid_yuan", "其中按标准支付（元）", "Paid by standard (yuan)"),
    ("points", "点数", "Points"),
    ("point_value", "点值（元/点）", "Point value (yuan)"),
    ("floating_factor", "浮动系数", "Floating factor"),
    ("entitlement_yuan", "应得额（元）", "Entitlement (yuan)"),
    ("adjustment_yuan", "调整额（元）", "Adjustment (yuan)"),
    ("paid_yuan", "清算支付（元）", "Paid (yuan)"),
    ("fund_balance_yuan", "基金结余（元）", "Fund balance (yuan)"),
    ("returned_yuan", "封顶返还基金（元）", "Returned by the cap (yuan)"),
    ("capped_institutions", "触及上限机构数", "Institutions at the cap"),
    ("cases", "病例数", "Cases"),
    ("cost_yuan", "医疗总费用（元）", "Cost (yuan)"),
    ("low_cases", "低倍率病例", "Low cases"),
    ("high_cases", "高倍率病例", "High cases"),
    ("ungrouped_cases", "未入组病例", "Ungrouped cases"),
    ("fixmedins_code", "机构编码", "Code"),
    ("fixmedins_name", "机构名称", "Institution"),
    ("tier", "级别", "Tier"),
    ("surplus_yuan", "结余(+)超支(−)（元）", "Surplus (yuan)"),
    ("surplus_rate", "结余率", "Surplus rate"),
    ("surplus_rate_before_cap", "封顶前结余率", "Rate before cap"),
    ("change_yuan", "比基线（元）", "Against baseline (yuan)"),
    ("institutions", "机构数", "Institutions"),
    ("winners", "结余机构", "With surplus"),
    ("losers", "超支机构", "With overspend"),
    ("group_code", "病组编码", "Group"),
    ("group_name", "病组名称", "Name"),
    ("month", "月份", "Month"),
    ("kind", "科目", "Kind"),
    ("amount_yuan", "金额（元）", "Amount (yuan)"),
    ("clause", "条款", "Clause"),
    ("reading", "口径", "Reading"),
    ("catalog_cases", "目录病例数", "Catalog cases"),
    ("catalog_mean_yuan", "目录次均（元）", "Catalog mean (yuan)"),
    ("actual_cases", "实际病例数", "Actual cases"),
    ("actual_mean_yuan", "实际次均（元）", "Actual mean (yuan)"),
    ("error_yuan", "误差（元）", "Error (yuan)"),
    ("error_rate", "误差率", "Error rate"),
    ("flag", "标记", "Flag"),
    ("year", "年度", "Year"),
    ("mean_yuan", "次均费用（元）", "Mean (yuan)"),
    ("ratio", "权重 m ÷ M", "Weight m ÷ M"),
    ("step", "步骤", "Step"),
    ("rows", "记录数", "Rows"),
    ("line", "项目", "Line"),
    ("check_id", "检查项", "Check"),
    ("severity", "严重程度", "Severity"),
    ("table", "数据表", "Table"),
    ("checked", "检查数", "Checked"),
    ("percent", "占比", "Percent"),
    ("section", "规则", "Rule"),
    ("bond_yuan", "履约保证金（元）", "Bond (yuan)"),
    ("working_capital_yuan", "周转金（元）", "Working capital (yuan)"),
    ("advanced_yuan", "月预结算合计（元）", "Pre-settled in the months (yuan)"),
    ("retention_yuan", "质量保证金（元）", "Retention (yuan)"),
    ("prior_refund_yuan", "往年退费（元）", "Refunds of cleared years (yuan)"),
    ("balance_yuan", "清算应拨付（元）", "Left to transfer (yuan)"),
    ("pool_quota_yuan", "全市当月额度（元）", "Quota of the area (yuan)"),
    ("advance_yuan", "月预结算（元）", "Pre-settled (yuan)"),
    ("month_paid_yuan", "当月拨付（元）", "Paid for the month (yuan)"),
    ("source", "来源", "Source"),
    ("line_number", "行号", "Line"),
    ("role", "行别", "Role"),
    ("label_zh", "科目（中文）", "Label (Chinese)"),
    ("label_en", "科目（英文）", "Label (English)"),
    ("days", "天数", "Days"),
    ("drug_yuan", "药费（元）", "Drugs (yuan)"),
    ("daily_yuan", "日支付标准（元）", "Daily standard (yuan)"),
    ("reimbursement_ratio", "报销比例", "Reimbursement ratio"),
    ("standard_yuan", "按标准计（元）", "By standard (yuan)"),
    ("day_base_yuan", "按天数计（元）", "By days (yuan)"),
    ("command", "命令", "Command"),
    ("system", "办法", "System"),
    ("document", "文件", "Document"),
    ("simulated", "模拟运行", "Simulated"),
    ("note", "说明", "Note"),
];

/// Heading of a column.
pub(super) fn column_label(lang: Lang, column: &str) -> Option<&'static str> {
    pick(COLUMNS, lang, column)
}

const STEPS: &[Pair] = &[
    ("raw", "原始记录", "raw rows"),
    ("void", "作废记录", "voided"),
    ("duplicate_identical", "完全重复记录", "identical duplicates"),
    ("refund_full", "全额退费", "fully refunded"),
    ("over_refund", "超额退费", "over-refunded"),
    ("partial_refund", "部分退费", "partly refunded"),
    ("refund_flag_only", "仅有退费标志", "refund flag only"),
    ("orphan_refund", "无原单退费", "refunds without original"),
    ("out_of_scope", "不在范围", "out of scope"),
    ("out_of_area", "异地就医", "out of area"),
    ("analysed", "分析记录", "analysed"),
    ("merged", "合并治疗周期", "merged into cycles"),
    ("cases", "病例", "cases"),
];

const LINES: &[Pair] = &[
    ("points_total", "按分值还原的费用", "cost rebuilt from points"),
    ("override", "人工调整", "expert overrides"),
    ("rounding", "取整差", "rounding"),
    ("blending", "年度加权差", "blending of years"),
    ("trimming", "裁剪差", "trimming"),
    ("ungrouped", "未入组病例", "ungrouped cases"),
    ("total", "总费用", "total cost"),
];

const SEVERITIES: &[Pair] =
    &[("error", "错误", "error"), ("warning", "警告", "warning"), ("info", "提示", "info")];

const KINDS: &[Pair] = &[
    ("budget", "总额预算", "budget"),
    ("booked", "统筹基金记账", "booked"),
    ("item", "按项目支付", "paid by item"),
    ("standard", "按标准支付", "paid by standard"),
    ("points", "按点数分配", "paid by points"),
    ("entitlement", "应得额", "entitlement"),
    ("sharing", "结余分享 / 超支分担", "sharing"),
    ("floating", "标准浮动", "floating of standards"),
    ("cap", "结余封顶", "surplus cap"),
    ("surplus_returned", "封顶返还基金", "returned by the cap"),
    ("surplus_redistributed", "封顶再分配", "redistributed by the cap"),
    ("paid", "清算支付", "paid"),
    ("fund_balance", "基金结余", "fund balance"),
];

const FLAGS: &[Pair] = &[
    ("new", "新病组", "new"),
    ("gone", "当年无病例", "no cases"),
    ("no_cases", "无病例", "no cases"),
    ("small", "小样本", "small"),
    ("single_year", "单年数据", "single year"),
    ("same_price", "同病同价", "one price"),
];

const RULES: &[Pair] = &[
    ("policy", "政策", "policy"),
    ("scope", "适用范围", "scope"),
    ("case", "病例口径", "cases"),
    ("case.cycle", "治疗周期", "treatment cycle"),
    ("case.late", "逾期上传", "late upload"),
    ("grouping", "分组", "grouping"),
    ("grouping.apg", "APG 分组", "APG grouping"),
    ("weights", "分值测算", "weights"),
    ("standard", "支付标准", "standards"),
    ("deviation", "费用偏差", "deviation"),
    ("deviation.band", "费用偏差分档", "bands of deviation"),
    ("payment", "支付方式", "payment"),
    ("budget", "总额预算", "budget"),
    ("sharing", "结余分享与超支分担", "sharing"),
    ("surplus_cap", "结余率上限", "surplus cap"),
];

const BASELINES: &[Pair] = &[("1", "是", "yes"), ("0", "否", "no")];

const POOLS: &[Pair] = &[("all", "合并", "all")];

const PERIODS: &[Pair] = &[("Y", "全年", "year")];

/// A value of a column with a closed list; `None` where the value speaks for itself.
pub(super) fn value_label(lang: Lang, column: &str, value: &str) -> Option<&'static str> {
    let pairs = match column {
        "step" => STEPS,
        "line" => LINES,
        "severity" => SEVERITIES,
        "kind" => KINDS,
        "flag" => FLAGS,
        "section" => RULES,
        "is_baseline" => BASELINES,
        "pool" => POOLS,
        "period" => PERIODS,
        _ => return None,
    };
    pick(pairs, lang, value)
}
