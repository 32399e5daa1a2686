//! The closed statuses of grouping, each with its reasons (P02, P09).

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `grouped`: it has exactly one group.
    Grouped,
    /// `ungrouped`: its record is usable, but no rule, or no result, is about it.
    Ungrouped,
    /// `ambiguous`: rules or results contradict each other.
    Ambiguous,
    /// `invalid`: its record, or its result, cannot be used.
    Invalid,
}

impl Status {
    /// All statuses in the order of reports.
    pub const ALL: [Self; 4] = [Self::Grouped, Self::Ungrouped, Self::Ambiguous, Self::Invalid];

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grouped => "grouped",
            Self::Ungrouped => "ungrouped",
            Self::Ambiguous => "ambiguous",
            Self::Invalid => "invalid",
        }
    }

    /// The word in Chinese.
    #[must_use]
    pub fn zh(self) -> &'static str {
        match self {
            Self::Grouped => "已入组",
            Self::Ungrouped => "未入组",
            Self::Ambiguous => "歧义",
            Self::Invalid => "无效",
        }
    }
}

/// Why a case is grouped or not; each reason belongs to one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reason {
    /// One group was found or given.
    Grouped,
    /// The main diagnosis is in no MDC.
    NoMdc,
    /// No ADRG rule of the MDC holds.
    NoAdrg,
    /// An external grouper has no result for the case (R13).
    NoResult,
    /// Another method left the case without group.
    NoGroup,
    /// A significant operation belongs to no rule of the MDC (歧义病组).
    UnrelatedOperation,
    /// Results of an external grouper differ (R26).
    DifferingResults,
    /// No main diagnosis.
    NoMainDiagnosis,
    /// The main diagnosis is no diagnosis code.
    NoDiagnosisCode,
    /// A rule asks for age or gender, which the record does not have.
    NoAgeOrGender,
    /// The external grouper's code stands for no group (`grouping.not_groups`).
    NotAGroup,
}

impl Reason {
    /// All reasons; the index of one is its number.
    pub const ALL: [Self; 11] = [
        Self::Grouped,
        Self::NoMdc,
        Self::NoAdrg,
        Self::NoResult,
        Self::NoGroup,
        Self::UnrelatedOperation,
        Self::DifferingResults,
        Self::NoMainDiagnosis,
        Self::NoDiagnosisCode,
        Self::NoAgeOrGender,
        Self::NotAGroup,
    ];

    /// The status it belongs to.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Grouped => Status::Grouped,
            Self::NoMdc | Self::NoAdrg | Self::NoResult | Self::NoGroup => Status::Ungrouped,
            Self::UnrelatedOperation | Self::DifferingResults => Status::Ambiguous,
            Self::NoMainDiagnosis
            | Self::NoDiagnosisCode
            | Self::NoAgeOrGender
            | Self::NotAGroup => Status::Invalid,
        }
    }

    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grouped => "grouped",
            Self::NoMdc => "no_mdc",
            Self::NoAdrg => "no_adrg",
            Self::NoResult => "no_result",
            Self::NoGroup => "no_group",
            Self::UnrelatedOperation => "unrelated_operation",
            Self::DifferingResults => "differing_results",
            Self::NoMainDiagnosis => "no_main_diagnosis",
            Self::NoDiagnosisCode => "no_diagnosis_code",
            Self::NoAgeOrGender => "no_age_or_gender",
            Self::NotAGroup => "not_a_group",
        }
    }

    /// A sentence for people, English and Chinese.
    #[must_use]
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Grouped => ("one group was found", "找到唯一病组"),
            Self::NoMdc => ("the main diagnosis is in no MDC", "主要诊断不在任何主要诊断大类"),
            Self::NoAdrg => {
                ("no ADRG rule of the MDC fits the case", "大类内没有符合的核心病组规则")
            }
            Self::NoResult => ("the external grouper has no result", "外部分组器没有结果"),
            Self::NoGroup => ("no rule of the method gives it a group", "分组方法未给出病组"),
            Self::UnrelatedOperation => (
                "a significant operation belongs to no rule of the MDC",
                "手术与主要诊断不相关（歧义病组）",
            ),
            Self::DifferingResults => {
                ("results of the external grouper differ", "外部分组结果不一致")
            }
            Self::NoMainDiagnosis => ("the record has no main diagnosis", "没有主要诊断"),
            Self::NoDiagnosisCode => {
                ("the main diagnosis is no diagnosis code", "主要诊断不是诊断编码")
            }
            Self::NoAgeOrGender => {
                ("a rule asks for age or gender, which is missing", "规则要求的年龄或性别缺失")
            }
            Self::NotAGroup => ("the result's code stands for no group", "结果代码不是病组"),
        }
    }

    /// The number of the reason, for a column of reasons.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The reason of a number.
    #[must_use]
    pub fn of(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::NoGroup)
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn reasons_are_numbered_as_listed() {
        for (number, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(reason.number()), number, "{}", reason.as_str());
            assert_eq!(Reason::of(reason.number()), reason);
        }
    }
}
