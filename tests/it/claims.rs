//! The public claims (CMS DE-SynPUF inpatient) read straight from the export, without the program.

use std::fs;
use std::path::{Path, PathBuf};

/// The first segment of a claim: a case.
pub(crate) struct Claim {
    /// First diagnosis there is, three characters.
    pub(crate) diagnosis: String,
    /// First procedure, or nothing.
    pub(crate) procedure: String,
    /// Code of the payer's grouper; `000`, `OTH` and nothing are no DRG.
    pub(crate) drg: String,
    /// All money of the claim.
    pub(crate) cost_fen: i64,
    /// What the payer paid.
    pub(crate) fund_fen: i64,
}

impl Claim {
    pub(crate) fn has_drg(&self) -> bool {
        !["000", "OTH", ""].contains(&self.drg.as_str())
    }
}

/// The mapping of the export, with the first procedure only.
pub(crate) fn first_procedure_mapping(home: &Path) -> PathBuf {
    let text = fs::read_to_string("tests/real/synpuf.toml").unwrap();
    let (before, list) = text.split_once("    \"ICD9_PRCDR_CD_1\"").unwrap();
    let (_, after) = list.split_once(']').unwrap();
    let path = home.join("first-procedure.toml");
    fs::write(&path, format!("{before}    \"ICD9_PRCDR_CD_1\",\n]{after}")).unwrap();
    path
}

/// Cases discharged in 2008 and 2009.
pub(crate) fn claims(export: &Path) -> Vec<Claim> {
    let file = flate2::read::GzDecoder::new(fs::File::open(export).unwrap());
    let mut reader = ::csv::Reader::from_reader(file);
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|known| known == name).unwrap();
    let money = [
        "CLM_PMT_AMT",
        "NCH_PRMRY_PYR_CLM_PD_AMT",
        "NCH_BENE_IP_DDCTBL_AMT",
        "NCH_BENE_PTA_COINSRNC_LBLTY_AM",
        "NCH_BENE_BLOOD_DDCTBL_LBLTY_AM",
    ]
    .map(at);
    let mut found = Vec::new();
    for row in reader.records().map(Result::unwrap) {
        let year = row[at("NCH_BENE_DSCHRG_DT")].get(..4).unwrap_or_default();
        if &row[at("SEGMENT")] != "1" || !["2008", "2009"].contains(&year) {
            continue;
        }
        let codes = (1..=10).map(|number| &row[at(&format!("ICD9_DGNS_CD_{number}"))]);
        let diagnosis = codes.into_iter().find(|code| !code.is_empty()).unwrap_or_default();
        found.push(Claim {
            diagnosis: diagnosis.chars().take(3).collect(),
            procedure: row[at("ICD9_PRCDR_CD_1")].to_owned(),
            drg: row[at("CLM_DRG_CD")].to_owned(),
            cost_fen: money.iter().map(|at| fen(&row[*at])).sum(),
            fund_fen: fen(&row[money[0]]),
        });
    }
    found
}

/// `3000.00` or `3000` or nothing.
fn fen(text: &str) -> i64 {
    let negative = text.starts_with('-');
    let (whole, part) = text.trim_start_matches('-').split_once('.').unwrap_or((text, "0"));
    let whole: i64 = whole.trim_start_matches('-').parse().unwrap_or(0);
    let part: i64 = format!("{part:0<2}")[..2].parse().unwrap();
    if negative { -(whole * 100 + part) } else { whole * 100 + part }
}
