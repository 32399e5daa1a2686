//! What stands beside a settlement and is looked up by its key: the sums of its fee lines net of what
//! reversals take back (A14, R14), the group an external grouper gave it (R26), whether it has a diagnosis
//! (R24).
//!
//! A lookup a settlement. A join of each of them would copy every column of every settlement once more.

use foldhash::{HashMap, HashSet};

use super::dictionary::Dictionary;
use super::fees::FeeRoll;
use crate::warehouse::Error;
use crate::warehouse::arrow::array::AsArray as _;
use crate::warehouse::arrow::datatypes::Decimal128Type;
use crate::warehouse::engine::{Params, Session};
use crate::warehouse::rows::{bool_column, text_column};

/// What is read beyond fee lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wants {
    /// Results of an external grouper.
    pub(super) given_group: bool,
    /// Whether there is a diagnosis.
    pub(super) diagnosed: bool,
}

/// The group an external grouper gave a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given<'a> {
    /// Empty where it found none.
    pub(super) code: &'a str,
    /// It gave several (R26).
    pub(super) is_differing: bool,
}

/// What stands beside the settlements of one bucket.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Sums of the fee lines.
    pub(super) fees: FeeRoll,
    /// Key of a settlement → number of its code, and whether it has several.
    given: HashMap<i128, (u32, bool)>,
    codes: Vec<String>,
    diagnosed: HashSet<i128>,
}

impl Beside {
    /// Runs the models that are wanted.
    ///
    /// # Errors
    /// If one cannot run.
    pub(super) async fn read(
        session: &Session,
        params: &Params,
        wants: Wants,
        fees: FeeRoll,
    ) -> Result<Self, Error> {
        let mut beside = Self { fees, ..Self::default() };
        if wants.given_group {
            session.define("stg_group_result", params).await?;
            let mut codes = Dictionary::default();
            session
                .stream::<Error>("int_cases__given_group", params, |batch| {
                    let keys = batch.column(0).as_primitive::<Decimal128Type>();
                    let given = text_column(batch, "group_code")?;
                    let differing = bool_column(batch, "is_differing")?;
                    for ((key, code), differs) in keys.iter().zip(given.iter()).zip(differing) {
                        let Some(key) = key else { continue };
                        let code = codes.id(code.unwrap_or_default());
                        beside.given.insert(key, (code, differs == Some(true)));
                    }
                    Ok(())
                })
                .await?;
            beside.codes = codes.into_names();
        }
        if wants.diagnosed {
            session
                .stream::<Error>("int_cases__diagnosed", params, |batch| {
                    let keys = batch.column(0).as_primitive::<Decimal128Type>();
                    beside.diagnosed.extend(keys.iter().flatten());
                    Ok(())
                })
                .await?;
        }
        Ok(beside)
    }

    /// What an external grouper said; nothing where it said nothing or was not asked for.
    pub(super) fn given(&self, setl_key: i128) -> Option<Given<'_>> {
        if self.given.is_empty() {
            return None;
        }
        let (code, is_differing) = *self.given.get(&setl_key)?;
        Some(Given { code: self.codes.get(code as usize)?, is_differing })
    }

    /// Whether a settlement has a diagnosis; `false` where that was not asked for.
    pub(super) fn is_diagnosed(&self, setl_key: i128) -> bool {
        !self.diagnosed.is_empty() && self.diagnosed.contains(&setl_key)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Beside, FeeRoll, Given, Wants};
    use crate::warehouse::arrow::array::{ArrayRef, StringViewArray};
    use crate::warehouse::engine::{Engine, Limits, Params, Session};
    use crate::warehouse::vocabulary::id_key;

    fn register(session: &Session, name: &str, columns: &[&str], rows: &[&[Option<&str>]]) {
        let column = |at: usize| -> ArrayRef {
            Arc::new(rows.iter().map(|row| row[at]).collect::<StringViewArray>())
        };
        let columns = columns.iter().enumerate().map(|(at, name)| (*name, column(at))).collect();
        session.register_columns(name, columns).unwrap();
    }

    fn read(wants: Wants) -> Beside {
        let engine = Engine::start(Limits { threads: 1, memory_bytes: 1 << 26 }).unwrap();
        let session = engine.session();
        register(
            &session,
            "group_result",
            &["setl_id", "scheme", "group_code"],
            &[
                &[Some("one"), Some("apg"), Some("OMA_N18")],
                &[Some("same"), Some("apg"), Some("M_I10")],
                &[Some("same"), Some("apg"), Some("M_I10")],
                &[Some("two"), Some("apg"), Some("OM_N18")],
                &[Some("two"), Some("apg"), Some("O_N18")],
                &[Some("empty"), Some("apg"), None],
                &[Some("other"), Some("drg"), Some("FM19")],
            ],
        );
        register(
            &session,
            "diagnosis",
            &["setl_id", "diag_code"],
            &[&[Some("one"), Some("N18.0")], &[Some("two"), Some("")]],
        );
        let params = Params::default().text("scheme", "apg");
        engine.wait(Beside::read(&session, &params, wants, FeeRoll::default())).unwrap()
    }

    // shows: R26, R24
    #[test]
    fn what_stands_beside_a_settlement_is_found_by_its_key() {
        let beside = read(Wants { given_group: true, diagnosed: true });
        let given = |id: &str| beside.given(id_key(id));
        assert_eq!(given("one"), Some(Given { code: "OMA_N18", is_differing: false }));
        assert_eq!(given("same"), Some(Given { code: "M_I10", is_differing: false }));
        assert_eq!(given("two"), Some(Given { code: "", is_differing: true }));
        assert_eq!(given("empty"), Some(Given { code: "", is_differing: false }));
        assert_eq!(given("other"), None);
        let diagnosed = ["one", "two", "nobody"].map(|id| beside.is_diagnosed(id_key(id)));
        assert_eq!(diagnosed, [true, false, false]);
    }

    #[test]
    fn what_is_not_wanted_is_not_read() {
        let beside = read(Wants::default());
        assert_eq!(beside.given(id_key("one")), None);
        assert!(!beside.is_diagnosed(id_key("one")));
    }
}
