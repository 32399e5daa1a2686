//! Overrides of one catalog carried over to a new draft: what experts decided survives a new build.

use std::path::Path;

use super::adjust::fits;
use super::error::Error;
use super::life::{Override, Signature, overrides, set_all};
use super::model::Group;
use super::read::read;

/// Sets the overrides of catalog `from`, but for the groups in `except`, on the draft `dir`: the same
/// points, beside the computed ones of the draft and with their money there. The reason in force is that
/// of the signature, followed by who set it in `from`, when and why. A group that has those points
/// already is left alone.
///
/// # Errors
/// [`Error::LastDiffers`] for points of another system or scale, [`Error::NoOverride`] for a group of
/// `except`, [`Error::CarriedGroups`] with all groups that the draft does not have,
/// [`Error::Overridden`] with all that it overrides otherwise, [`Error::NothingToCarry`], and as
/// [`super::set_points`]; nothing is changed then.
pub fn carry(
    dir: &Path,
    from: &Path,
    except: &[String],
    signature: &Signature,
) -> Result<Vec<Override>, Error> {
    let (old, new) = (read(from)?, read(dir)?);
    fits(&new, &old)?;
    let mut carried = overrides(from)?;
    if let Some(group) =
        except.iter().find(|code| carried.iter().all(|row| row.group_code != **code))
    {
        return Err(Error::NoOverride { from: from.to_owned(), group: group.clone() });
    }
    carried.retain(|row| !except.contains(&row.group_code));
    let group = |row: &Override| new.groups.iter().find(|group| group.group_code == row.group_code);
    let differs = |group: &Group, row: &Override| group.points != Some(row.points);
    let codes = |wanted: &dyn Fn(&Override) -> bool| -> Vec<String> {
        carried.iter().filter(|row| wanted(row)).map(|row| row.group_code.clone()).collect()
    };
    let (path, from) = (dir.to_owned(), from.to_owned());
    let groups = codes(&|row| group(row).is_none());
    if !groups.is_empty() {
        return Err(Error::CarriedGroups { from, path, groups });
    }
    let own = overrides(dir)?;
    let is_own = |row: &Override| own.iter().any(|other| other.group_code == row.group_code);
    let moves = |row: &Override| group(row).is_some_and(|group| differs(group, row));
    let groups = codes(&|row| moves(row) && is_own(row));
    if !groups.is_empty() {
        return Err(Error::Overridden { path, groups });
    }
    let signed = |row: &Override| {
        let Signature { by, on, why } = &row.signature;
        Signature { why: format!("{} ({by}, {on}: {why})", signature.why), ..signature.clone() }
    };
    let points = |row: &Override| row.points.to_decimal().normalize();
    let moved = carried.iter().filter(|row| moves(row));
    let steps: Vec<_> =
        moved.map(|row| (row.group_code.clone(), points(row), signed(row))).collect();
    if steps.is_empty() {
        return Err(Error::NothingToCarry { from });
    }
    set_all(dir, &steps)
}
