//! Reading `[weights.change_cap]`, `[weights.hold]` and `[gates]` (E19, E34).

use rust_decimal::Decimal;

use super::error::Error;
use super::fields::Fields;
use super::model::{ChangeCap, Gates, Hold, Life};
use super::read::below;

/// Reads what stands below `[weights]`, and `[gates]` where it is there.
pub(crate) fn life(weights: &Fields<'_>, gates: Option<&Fields<'_>>) -> Result<Life, Error> {
    let change_cap =
        below(weights, "weights.change_cap")?.map(|fields| change_cap(&fields)).transpose()?;
    let hold = below(weights, "weights.hold")?.map(|fields| hold(&fields)).transpose()?;
    if weights.node("scale").is_none() {
        weights.refuse(&["change_cap", "hold"], "no scale")?;
    }
    Ok(Life {
        change_cap,
        hold: hold.unwrap_or_default(),
        gates: gates.map(self::gates).transpose()?.unwrap_or_default(),
    })
}

fn change_cap(fields: &Fields<'_>) -> Result<ChangeCap, Error> {
    let up = fields.maybe_decimal("up")?;
    if up.is_some_and(|up| up < Decimal::ZERO) {
        return Err(fields.not_allowed("up", "a decimal from \"0\""));
    }
    let down = fields.node("down").map(|_| fields.share("down")).transpose()?;
    if up.is_none() && down.is_none() {
        // Reading one of them says what is missing.
        fields.decimal("up")?;
    }
    Ok(ChangeCap { cite: fields.cite.clone(), up, down })
}

fn hold(fields: &Fields<'_>) -> Result<Hold, Error> {
    let words = [Hold::Nothing, Hold::Scale, Hold::TotalPoints].map(|hold| (hold.as_str(), hold));
    fields.word("what", &words)
}

fn gates(fields: &Fields<'_>) -> Result<Gates, Error> {
    let share = |key: &str| fields.node(key).map(|_| fields.share(key)).transpose();
    let words = [("report", false), ("refuse", true)];
    let default = Gates::default();
    Ok(Gates {
        cite: fields.cite.clone(),
        trimmed_max: share("trimmed_max")?.unwrap_or(default.trimmed_max),
        single_year_max: share("single_year_max")?,
        small_max: share("small_max")?,
        inversions: fields.maybe_word("inversions", &words)?.unwrap_or(default.inversions),
    })
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::super::model::{Gates, Hold};
    use super::super::{LoadedPolicy, compose, load};
    use crate::policy::Scenario;

    fn with(set: &str) -> LoadedPolicy {
        let text = format!("title = \"试\"\nbase = \"jining-apg\"\n[set]\n{set}");
        let policy = load("jining-apg").unwrap();
        compose(&policy, &[Scenario::parse("s.toml", &text).unwrap()]).unwrap()
    }

    // shows: E34
    #[test]
    fn caps_and_holds_are_one_scenario_away() {
        let published = load("jining-apg").unwrap().policy.life;
        assert_eq!((published.change_cap, published.hold), (None, Hold::Nothing));
        let life = with(
            "\"weights.change_cap\" = { value = { up = \"0.1\", down = \"0.2\" }, reason = \"r\", \
             clause = \"c\" }\n\
             \"weights.hold\" = { value = { what = \"total_points\" }, reason = \"r\", clause = \"c\" }\n",
        )
        .policy
        .life;
        let cap = life.change_cap.unwrap();
        assert_eq!((cap.up, cap.down), (Some(Decimal::new(1, 1)), Some(Decimal::new(2, 1))));
        assert_eq!(life.hold, Hold::TotalPoints);
    }

    // A39 warns above 8 %: that is the gate where the policy names none.
    // shows: A39, E19
    #[test]
    fn gates_have_a_default_and_are_data() {
        assert_eq!(load("jining-apg").unwrap().policy.life.gates, Gates::default());
        assert_eq!(Gates::default().trimmed_max, Decimal::new(8, 2));
        let gates = with(
            "gates = { value = { trimmed_max = \"0.05\", small_max = \"0.1\", inversions = \
             \"refuse\" }, reason = \"r\", clause = \"c\" }\n",
        )
        .policy
        .life
        .gates;
        assert_eq!(
            (gates.trimmed_max, gates.small_max),
            (Decimal::new(5, 2), Some(Decimal::new(1, 1)))
        );
        assert!(gates.inversions && gates.single_year_max.is_none());
    }
}
