//! Official DRG tables, as they are published, into the definition tables of a policy.
//!
//! Publications list one code a row. What a sheet is follows from its columns ([`COLUMNS`], after the
//! names it uses were translated): an ADRG's diagnoses and operations, an MDC's main diagnoses, DRGs, CC
//! and MCC, exclusion tables. Letters and digits of the codes follow the national convention: the second
//! letter of an ADRG tells surgery (A–J), procedures (K–Q) and medicine (R–Z); the last digit of a DRG
//! its level (1, 3, 5, 9); MDC A goes before the main diagnosis by operations, MDC P by age below
//! 29 days.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Severity};
use crate::policy::drg::{
    ADRG_COLUMNS, CC_COLUMNS, DrgTables, GROUP_COLUMNS, LIST_COLUMNS, MDC_COLUMNS, TABLES,
};
use crate::policy::model::drg::AdrgKind;

/// Our names of columns, each with names that publications use.
pub const COLUMNS: [(&str, &[&str]); 9] = [
    ("mdc", &["MDC编码", "MDC代码", "MDC"]),
    ("mdc_name", &["MDC名称"]),
    ("adrg", &["ADRG编码", "ADRG代码", "ADRG"]),
    ("adrg_name", &["ADRG名称"]),
    ("drg", &["DRG编码", "DRG代码", "DRGs编码", "DRG"]),
    ("drg_name", &["DRG名称", "DRGs名称"]),
    ("diagnosis", &["主要诊断编码", "诊断编码", "疾病编码", "疾病诊断编码", "ICD-10编码"]),
    ("operation", &["手术操作编码", "手术及操作编码", "手术编码", "ICD-9-CM-3编码"]),
    ("level", &["CC/MCC", "级别", "类型"]),
];
/// Names of the column `exclusion`, which is optional wherever it stands.
const EXCLUSION: [&str; 4] = ["exclusion", "排除表", "CC排除表", "排除组"];

/// A sheet of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// File (and sheet), for messages.
    pub name: String,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Line and cells of each row.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The six definition tables.
    pub tables: DrgTables,
    /// What was counted: name and number.
    pub counts: Vec<(&'static str, usize)>,
    /// What was left out or assumed.
    pub findings: Vec<Finding>,
}

/// A sheet that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nothing to tell what the sheet is.
    #[error("`{sheet}` has columns {}; none of the known tables has these", columns.join(", "))]
    UnknownSheet {
        /// The sheet.
        sheet: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// A table without which there are no groups.
    #[error("none of the sheets has {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
}

impl ImportError {
    /// What to try next.
    #[must_use]
    pub fn hint(&self) -> String {
        let names = COLUMNS.map(|(own, theirs)| format!("{own} ({})", theirs[0]));
        match self {
            Self::UnknownSheet { .. } => format!(
                "say what a column is by `--column THEIRS=OURS`; ours are {}, exclusion (排除表)",
                names.join(", ")
            ),
            Self::Missing { .. } => "name that file too".to_owned(),
        }
    }
}

/// An ADRG on its way.
#[derive(Debug, Default)]
struct Adrg {
    name: String,
    mdc: String,
    diagnoses: BTreeSet<String>,
    operations: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Import {
    mdc_names: BTreeMap<String, String>,
    mdc_diagnoses: BTreeMap<String, BTreeSet<String>>,
    /// As listed.
    order: Vec<String>,
    adrgs: BTreeMap<String, Adrg>,
    drgs: Vec<(String, String)>,
    complications: BTreeMap<String, (&'static str, String)>,
    exclusions: BTreeMap<String, BTreeSet<String>>,
    findings: Vec<Finding>,
}

/// Reads sheets; `columns` are further names: theirs → ours.
///
/// # Errors
/// [`ImportError`]
pub fn import(sheets: &[Sheet], columns: &[(String, String)]) -> Result<Imported, ImportError> {
    let mut import = Import::default();
    for sheet in sheets {
        import.take(sheet, columns)?;
    }
    if import.adrgs.is_empty() {
        return Err(ImportError::Missing {
            what: "the codes of ADRGs (adrg with diagnosis or operation)",
        });
    }
    if import.drgs.is_empty() {
        return Err(ImportError::Missing { what: "DRGs (drg)" });
    }
    Ok(import.finish())
}

/// Index of a column by our name.
fn column(sheet: &Sheet, own: &str, further: &[(String, String)]) -> Option<usize> {
    let theirs = COLUMNS.iter().find(|(known, _)| *known == own).map_or(&EXCLUSION[..], |c| c.1);
    sheet.columns.iter().position(|name| {
        let name = name.trim();
        let said = further.iter().find(|(theirs, _)| theirs == name);
        said.map_or_else(|| name == own || theirs.contains(&name), |(_, ours)| ours == own)
    })
}

/// Whether a column of a sheet is read at all; `columns` as in [`import`].
#[must_use]
pub fn is_read(sheet: &Sheet, at: usize, columns: &[(String, String)]) -> bool {
    let names = COLUMNS.map(|(own, _)| own).into_iter();
    names.chain(["exclusion"]).any(|own| column(sheet, own, columns) == Some(at))
}

impl Import {
    fn take(&mut self, sheet: &Sheet, further: &[(String, String)]) -> Result<(), ImportError> {
        let at = |own: &str| column(sheet, own, further);
        let [mdc, adrg, drg] = ["mdc", "adrg", "drg"].map(at);
        let [diagnosis, operation, level] = ["diagnosis", "operation", "level"].map(at);
        let exclusion = at("exclusion");
        let mut above: BTreeMap<usize, String> = BTreeMap::new();
        for (line, cells) in &sheet.rows {
            let raw = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", |c| c.trim());
            // Merged cells: only their first row has the text.
            let mut filled = |at: Option<usize>| {
                let Some(at) = at else { return String::new() };
                if !raw(Some(at)).is_empty() {
                    above.insert(at, raw(Some(at)).to_owned());
                }
                above.get(&at).cloned().unwrap_or_default()
            };
            let place = (sheet.name.as_str(), *line);
            if drg.is_some() && diagnosis.is_none() && operation.is_none() {
                self.drg(place, raw(drg), raw(at("drg_name")));
            } else if level.is_some() && diagnosis.is_some() {
                self.complication(place, raw(diagnosis), (raw(level), raw(exclusion)));
            } else if exclusion.is_some() && diagnosis.is_some() {
                let table = filled(exclusion);
                self.exclusions.entry(table).or_default().insert(raw(diagnosis).to_owned());
            } else if adrg.is_some() && (diagnosis.is_some() || operation.is_some()) {
                let (code, mdc) = (filled(adrg), filled(mdc));
                let name = filled(at("adrg_name"));
                self.adrg(place, (&code, &name, &mdc), [raw(diagnosis), raw(operation)]);
            } else if mdc.is_some() && diagnosis.is_some() {
                let (code, name) = (filled(mdc), filled(at("mdc_name")));
                self.mdc_names.entry(code.clone()).or_insert(name);
                self.mdc_diagnoses.entry(code).or_default().insert(raw(diagnosis).to_owned());
            } else {
                return Err(ImportError::UnknownSheet {
                    sheet: sheet.name.clone(),
                    columns: sheet.columns.clone(),
                });
            }
        }
        Ok(())
    }

    fn found(&mut self, place: (&str, u64), severity: Severity, value: &str, message: String) {
        self.findings.push(Finding {
            check_id: "group_import".to_owned(),
            severity,
            table: String::new(),
            file: place.0.to_owned(),
            line: place.1,
            key: String::new(),
            column: String::new(),
            value: value.to_owned(),
            message,
            amount: None,
        });
    }

    fn drg(&mut self, place: (&str, u64), code: &str, name: &str) {
        match code.chars().last() {
            None => {}
            Some('1' | '3' | '5' | '9') if code.chars().count() == 4 => {
                self.drgs.push((code.to_owned(), name.to_owned()));
            }
            Some(_) => {
                let message = "left out: a DRG has four characters and ends in 1, 3, 5 or 9";
                self.found(place, Severity::Warning, code, message.to_owned());
            }
        }
    }

    fn complication(&mut self, place: (&str, u64), code: &str, (level, table): (&str, &str)) {
        let level = match level.to_ascii_uppercase().as_str() {
            "MCC" | "严重合并症或并发症" => "mcc",
            "CC" | "合并症或并发症" => "cc",
            _ => {
                let message = "left out: the level is neither CC nor MCC".to_owned();
                return self.found(place, Severity::Error, level, message);
            }
        };
        if code.is_empty() {
            return;
        }
        let new = (level, table.to_owned());
        if let Some(known) = self.complications.insert(code.to_owned(), new.clone())
            && known != new
        {
            let message = format!("listed twice; {} of the later row is taken", new.0);
            self.found(place, Severity::Warning, code, message);
        }
    }

    fn adrg(
        &mut self,
        place: (&str, u64),
        (code, name, mdc): (&str, &str, &str),
        codes: [&str; 2],
    ) {
        if kind(code).is_none() {
            let message =
                "left out: an ADRG has three characters, the first two letters".to_owned();
            return self.found(place, Severity::Error, code, message);
        }
        if !self.adrgs.contains_key(code) {
            self.order.push(code.to_owned());
        }
        let adrg = self.adrgs.entry(code.to_owned()).or_default();
        name.clone_into(&mut adrg.name);
        adrg.mdc = if mdc.is_empty() { format!("MDC{}", &code[..1]) } else { mdc.to_owned() };
        for (set, code) in [&mut adrg.diagnoses, &mut adrg.operations].into_iter().zip(codes) {
            if !code.is_empty() {
                set.insert(code.to_owned());
            }
        }
    }
}

/// Surgery A–J, procedures K–Q, medicine R–Z; `None` for what is no ADRG.
fn kind(adrg: &str) -> Option<AdrgKind> {
    let [first, second, third] = adrg.as_bytes() else { return None };
    let letters = first.is_ascii_uppercase() && third.is_ascii_alphanumeric();
    letters.then_some(match second {
        b'A'..=b'J' => AdrgKind::Surgical,
        b'K'..=b'Q' => AdrgKind::Procedure,
        b'R'..=b'Z' => AdrgKind::Medical,
        _ => return None,
    })
}

/// Rows of one CSV table.
struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    fn new(columns: &[&str]) -> Self {
        let mut rows = Self(csv::Writer::from_writer(Vec::new()));
        rows.push(columns.iter().map(|name| (*name).to_owned()));
        rows
    }

    #[expect(clippy::expect_used, reason = "writing to memory")]
    fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        self.0.write_record(&cells).expect("rows of a table are equally long");
    }

    #[expect(clippy::expect_used, reason = "writing to memory")]
    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("memory holds what was written")
    }
}

impl Import {
    fn finish(mut self) -> Imported {
        self.drop_codeless();
        let mut groups = Rows::new(&GROUP_COLUMNS);
        for (code, name, adrg, levels) in self.levels() {
            groups.push([code, name, adrg, levels]);
        }
        let (mdc, diagnoses_of_mdcs) = self.mdc_rows();
        let mut lists = [Rows::new(&LIST_COLUMNS), Rows::new(&LIST_COLUMNS)];
        let mut list = |system: usize, name: &str, codes: &BTreeSet<String>| {
            for code in codes {
                lists[system].push([name.to_owned(), "exact".to_owned(), code.clone()]);
            }
        };
        for (name, codes) in &diagnoses_of_mdcs {
            list(0, name, codes);
        }
        let mut significant = BTreeSet::new();
        for (code, adrg) in &self.adrgs {
            list(0, &format!("{code} 诊断"), &adrg.diagnoses);
            list(1, &format!("{code} 手术"), &adrg.operations);
            if kind(code) == Some(AdrgKind::Surgical) {
                significant.extend(adrg.operations.iter().cloned());
            }
        }
        list(1, SIGNIFICANT, &significant);
        let used: BTreeSet<&String> = self.complications.values().map(|(_, table)| table).collect();
        for (table, codes) in self.exclusions.iter().filter(|(table, _)| used.contains(table)) {
            list(0, &format!("排除 {table}"), codes);
        }
        let counts = self.counts(significant.len());
        let [diagnoses, operations] = lists.map(Rows::bytes);
        let adrg = self.adrg_rows();
        let cc = self.cc_rows();
        let bytes = [diagnoses, operations, mdc.bytes(), adrg.bytes(), groups.bytes(), cc.bytes()];
        let mut tables = DrgTables {
            version: "imported".to_owned(),
            significant: (!significant.is_empty()).then(|| SIGNIFICANT.to_owned()),
            ..DrgTables::default()
        };
        for ((file, bytes), name) in tables.files.iter_mut().zip(bytes).zip(TABLES) {
            *file = (format!("drg-{name}.csv"), bytes);
        }
        Imported { tables, counts, findings: self.findings }
    }

    /// ADRGs without DRG, DRGs without ADRG: nobody could be grouped there.
    fn drop_codeless(&mut self) {
        let of = |code: &str| code.chars().take(3).collect::<String>();
        let with_drg: BTreeSet<String> = self.drgs.iter().map(|(code, _)| of(code)).collect();
        let (known, without): (Vec<_>, Vec<_>) = std::mem::take(&mut self.drgs)
            .into_iter()
            .partition(|(c, _)| self.adrgs.contains_key(&of(c)));
        self.drgs = known;
        for (code, _) in without {
            let message = "left out: no sheet has the codes of its ADRG".to_owned();
            self.found(("", 0), Severity::Warning, &code, message);
        }
        for code in std::mem::take(&mut self.order) {
            if with_drg.contains(&code) {
                self.order.push(code);
            } else {
                self.adrgs.remove(&code);
                let message = "left out: no sheet has a DRG of this ADRG".to_owned();
                self.found(("", 0), Severity::Warning, &code, message);
            }
        }
        self.order.sort_by_key(|code| kind(code));
    }

    /// DRGs with the levels they stand for: a level without a DRG of its own joins its neighbour.
    fn levels(&mut self) -> Vec<(String, String, String, String)> {
        let mut rows = Vec::new();
        for adrg in self.order.clone() {
            let of: Vec<(String, String)> =
                self.drgs.iter().filter(|(code, _)| code.starts_with(&adrg)).cloned().collect();
            let has = |end: char| of.iter().any(|(code, _)| code.ends_with(end));
            let mild_has_cc =
                of.iter().any(|(c, name)| c.ends_with('5') && name.contains("不伴严重"));
            for (code, name) in of.clone() {
                let levels = match code.chars().last() {
                    Some('1') if has('3') || mild_has_cc => "mcc",
                    Some('1') if has('5') => "mcc;cc",
                    Some('3') if has('1') && has('5') => "cc",
                    Some('3') if has('1') => "cc;none",
                    Some('3') if has('5') => "mcc;cc",
                    Some('5') if has('3') => "none",
                    Some('5') if has('1') && mild_has_cc => "cc;none",
                    Some('5') if has('1') => "none",
                    _ => "any",
                };
                if levels.contains(';') {
                    let message =
                        format!("stands for the levels {levels}: one has no DRG of its own");
                    self.found(("", 0), Severity::Info, &code, message);
                }
                rows.push((code, name, adrg.clone(), levels.to_owned()));
            }
        }
        rows
    }

    /// Rows of the MDC table, and the lists of main diagnoses they name.
    fn mdc_rows(&mut self) -> (Rows, BTreeMap<String, BTreeSet<String>>) {
        let mut rows = Rows::new(&MDC_COLUMNS);
        let mut lists = BTreeMap::new();
        let mdcs: BTreeSet<String> = self.adrgs.values().map(|adrg| adrg.mdc.clone()).collect();
        let mut pre = Vec::new();
        let mut main = Vec::new();
        for mdc in mdcs {
            let name = self.mdc_names.get(&mdc).cloned().unwrap_or_default();
            let mut cells = vec![String::new(); MDC_COLUMNS.len()];
            (cells[1], cells[2]) = (mdc.clone(), name);
            if mdc.ends_with('A') {
                cells[0] = "pre".to_owned();
                for code in self.order.iter().filter(|code| self.adrgs[*code].mdc == mdc) {
                    cells[6] = format!("{code} 手术");
                    pre.push(cells.clone());
                }
                continue;
            }
            let mut codes = self.mdc_diagnoses.get(&mdc).cloned().unwrap_or_default();
            if codes.is_empty() {
                let own = self.adrgs.values().filter(|adrg| adrg.mdc == mdc);
                codes = own.flat_map(|adrg| adrg.diagnoses.iter().cloned()).collect();
                let message =
                    "no sheet has its main diagnoses; those of its ADRGs are taken".to_owned();
                self.found(("", 0), Severity::Info, &mdc, message);
            }
            let list = format!("{mdc} 主要诊断");
            if mdc.ends_with('P') {
                (cells[0], cells[9]) = ("pre".to_owned(), NEWBORN_BELOW_DAYS.to_owned());
                pre.push(cells);
            } else {
                (cells[0], cells[3]) = ("main".to_owned(), list.clone());
                lists.insert(list, codes);
                main.push(cells);
            }
        }
        pre.into_iter().chain(main).for_each(|cells| rows.push(cells));
        (rows, lists)
    }

    fn adrg_rows(&self) -> Rows {
        let mut rows = Rows::new(&ADRG_COLUMNS);
        for code in &self.order {
            let adrg = &self.adrgs[code];
            let mut cells = vec![String::new(); ADRG_COLUMNS.len()];
            (cells[0], cells[1], cells[2]) = (adrg.mdc.clone(), code.clone(), adrg.name.clone());
            cells[3] = kind(code).map_or("", AdrgKind::as_str).to_owned();
            if !adrg.diagnoses.is_empty() {
                cells[4] = format!("{code} 诊断");
            }
            if !adrg.operations.is_empty() {
                cells[7] = format!("{code} 手术");
            }
            rows.push(cells);
        }
        rows
    }

    fn cc_rows(&self) -> Rows {
        let mut rows = Rows::new(&CC_COLUMNS);
        for (code, (level, table)) in &self.complications {
            let excluded = if table.is_empty() { String::new() } else { format!("排除 {table}") };
            rows.push(["exact".to_owned(), code.clone(), (*level).to_owned(), excluded]);
        }
        rows
    }

    fn counts(&self, significant: usize) -> Vec<(&'static str, usize)> {
        let level =
            |wanted| self.complications.values().filter(|(level, _)| *level == wanted).count();
        vec![
            ("adrg", self.adrgs.len()),
            ("drg", self.drgs.len()),
            ("diagnoses", self.adrgs.values().map(|adrg| adrg.diagnoses.len()).sum()),
            ("operations", self.adrgs.values().map(|adrg| adrg.operations.len()).sum()),
            ("significant_operations", significant),
            ("cc", level("cc")),
            ("mcc", level("mcc")),
            ("exclusion_tables", self.exclusions.len()),
        ]
    }
}

/// The list of operations that have to belong to the MDC.
const SIGNIFICANT: &str = "手术室手术";
/// MDC P is for newborns.
const NEWBORN_BELOW_DAYS: &str = "29";
