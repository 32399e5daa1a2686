//! Single values as exports write them: amounts, numbers, times. Exact, or a [`Fault`].

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Digits a stored decimal can have.
const DIGITS: u32 = 18;

/// Why a value cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The rule it breaks, as `check_id` of its finding.
    pub(crate) check_id: &'static str,
    /// The rest of the sentence "`value` …".
    pub(crate) reason: String,
    /// The value is not of its kind at all: a column of nothing else is the wrong column.
    pub(crate) unreadable: bool,
}

impl Fault {
    fn new(check_id: &'static str, reason: &str, unreadable: bool) -> Self {
        Self { check_id, reason: reason.to_owned(), unreadable }
    }
}

/// The names of the faults of one kind of decimal.
struct Faults {
    unreadable: (&'static str, &'static str),
    places: (&'static str, &'static str),
    range: (&'static str, &'static str),
}

const AMOUNT: Faults = Faults {
    unreadable: ("amount_not_a_number", "is not an amount in yuan such as 1234.50"),
    places: ("amount_too_many_places", "has more than two decimal places"),
    range: ("amount_out_of_range", "has more than 16 digits before the point"),
};
const NUMBER: Faults = Faults {
    unreadable: ("number_not_readable", "is not a number such as 12.5"),
    places: ("number_too_many_places", "has more than six decimal places"),
    range: ("number_out_of_range", "has more than 12 digits before the point"),
};
const WHOLE: Faults = Faults {
    unreadable: ("whole_not_readable", "is not a whole number"),
    places: ("whole_has_places", "is not whole"),
    range: ("whole_out_of_range", "has more than 18 digits"),
};

/// The faults of decimals with so many places: 2 are yuan, 6 numbers, 0 whole numbers.
fn faults(places: u32) -> &'static Faults {
    match places {
        0 => &WHOLE,
        2 => &AMOUNT,
        _ => &NUMBER,
    }
}

fn fault((check_id, reason): (&'static str, &'static str), unreadable: bool) -> Fault {
    Fault::new(check_id, reason, unreadable)
}

/// A decimal in units of its last place: `12.5` with 2 places is 1250. Zeros beyond the places are
/// fine.
pub(crate) fn decimal(text: &str, places: u32) -> Result<i128, Fault> {
    let faults = faults(places);
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let (mut value, mut decimals, mut seen, mut point) = (0i128, 0u32, false, false);
    let mut beyond = false;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                if point && decimals == places {
                    beyond |= *byte != b'0';
                    continue;
                }
                decimals += u32::from(point);
                value = value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add(i128::from(byte - b'0')))
                    .ok_or_else(|| fault(faults.range, false))?;
            }
            b'.' if !point => point = true,
            _ => return Err(fault(faults.unreadable, true)),
        }
    }
    if !seen {
        return Err(fault(faults.unreadable, true));
    }
    if beyond {
        return Err(fault(faults.places, false));
    }
    let value = 10i128
        .checked_pow(places - decimals)
        .and_then(|factor| value.checked_mul(factor))
        .ok_or_else(|| fault(faults.range, false))?;
    in_range(if negative { -value } else { value }, places)
}

/// A decimal of another scale, exact or a fault.
pub(crate) fn rescale(value: i128, scale: i8, places: u32) -> Result<i128, Fault> {
    let faults = faults(places);
    let shift = i64::from(places) - i64::from(scale);
    let factor = u32::try_from(shift.unsigned_abs())
        .ok()
        .and_then(|power| 10i128.checked_pow(power))
        .ok_or_else(|| fault(faults.range, false))?;
    if shift >= 0 {
        let value = value.checked_mul(factor).ok_or_else(|| fault(faults.range, false))?;
        in_range(value, places)
    } else if value % factor == 0 {
        in_range(value / factor, places)
    } else {
        Err(fault(faults.places, false))
    }
}

/// A floating number as its shortest decimal text, which is what its writer meant.
pub(crate) fn float(value: f64, places: u32) -> Result<i128, Fault> {
    decimal(&value.to_string(), places)
}

fn in_range(value: i128, places: u32) -> Result<i128, Fault> {
    if value.unsigned_abs() < 10u128.pow(DIGITS) {
        Ok(value)
    } else {
        Err(fault(faults(places).range, false))
    }
}

/// A time that cannot be read.
pub(crate) fn not_a_time() -> Fault {
    Fault::new(
        "time_not_readable",
        "is not a date or time that exists, written as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS",
        true,
    )
}

/// Local time in microseconds since 1970: by the formats given, or by the usual ones if there are
/// none.
pub(crate) fn time(text: &str, formats: &[String]) -> Result<i64, Fault> {
    let read = if formats.is_empty() {
        usual_time(text.as_bytes())
    } else {
        formats.iter().find_map(|format| {
            let whole = NaiveDateTime::parse_from_str(text, format).ok();
            whole.or_else(|| {
                let date = NaiveDate::parse_from_str(text, format).ok()?;
                Some(date.and_time(NaiveTime::MIN))
            })
        })
    };
    let read = read.filter(|time| (1..=9999).contains(&chrono::Datelike::year(time)));
    read.map(|time| time.and_utc().timestamp_micros()).ok_or_else(not_a_time)
}

/// The calendar year of a stored time.
pub(crate) fn year(micros: i64) -> i32 {
    DateTime::from_timestamp_micros(micros).map_or(0, |time| chrono::Datelike::year(&time))
}

/// `YYYY-MM-DD`, `YYYY/MM/DD` (months and days of one digit too) or `YYYYMMDD`, alone or followed
/// by a space or `T` and `HH:MM[:SS[.f]]`; or `YYYYMMDDHHMMSS`.
fn usual_time(text: &[u8]) -> Option<NaiveDateTime> {
    let (year, rest) = number(text, 4, 4)?;
    let (date, rest) = if let Some((mark @ (b'-' | b'/'), rest)) = rest.split_first() {
        let (month, rest) = number(rest, 1, 2)?;
        let rest = rest.strip_prefix(&[*mark])?;
        let (day, rest) = number(rest, 1, 2)?;
        (NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?, rest)
    } else {
        let (month, rest) = number(rest, 2, 2)?;
        let (day, rest) = number(rest, 2, 2)?;
        (NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?, rest)
    };
    let time = match rest {
        [] => NaiveTime::MIN,
        [b' ' | b'T', clock @ ..] => clock_time(clock)?,
        [b'0'..=b'9', ..] if text.len() == 14 => {
            let (hour, rest) = number(rest, 2, 2)?;
            let (minute, rest) = number(rest, 2, 2)?;
            let (second, _) = number(rest, 2, 2)?;
            NaiveTime::from_hms_opt(hour, minute, second)?
        }
        _ => return None,
    };
    Some(date.and_time(time))
}

fn clock_time(text: &[u8]) -> Option<NaiveTime> {
    let (hour, rest) = number(text, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2, 2)?;
    let Some(rest) = rest.strip_prefix(b":") else {
        return rest.is_empty().then(|| NaiveTime::from_hms_opt(hour, minute, 0)).flatten();
    };
    let (second, rest) = number(rest, 2, 2)?;
    let micros = match rest.split_first() {
        None => 0,
        Some((b'.', digits)) if (1..=9).contains(&digits.len()) => {
            // Stored to the microsecond; further digits are dropped.
            let kept = &digits[..digits.len().min(6)];
            let (value, _) = number(kept, kept.len(), kept.len())?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            value * 10u32.pow(6 - u32::try_from(kept.len()).ok()?)
        }
        Some(_) => return None,
    };
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
}

/// A number of `least` to `most` digits at the start, and what follows it.
fn number(text: &[u8], least: usize, most: usize) -> Option<(u32, &[u8])> {
    let digits = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if digits < least {
        return None;
    }
    let value =
        text[..digits].iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    Some((value, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::{decimal, float, rescale, time, year};

    fn fault<T: std::fmt::Debug>(result: Result<T, super::Fault>) -> &'static str {
        result.unwrap_err().check_id
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, fen) in [
            ("12.5", 1250),
            ("12.50", 1250),
            ("12.500", 1250),
            ("-0.01", -1),
            ("+3", 300),
            (".5", 50),
            ("9999999999999999.99", 999_999_999_999_999_999),
        ] {
            assert_eq!(decimal(text, 2), Ok(fen), "{text}");
        }
        for (text, check) in [
            ("12.345", "amount_too_many_places"),
            ("", "amount_not_a_number"),
            ("-", "amount_not_a_number"),
            ("1,234.50", "amount_not_a_number"),
            ("1e3", "amount_not_a_number"),
            ("1.2.3", "amount_not_a_number"),
            ("¥12", "amount_not_a_number"),
            ("10000000000000000", "amount_out_of_range"),
        ] {
            assert_eq!(fault(decimal(text, 2)), check, "{text}");
        }
        assert_eq!(fault(decimal("3.5", 0)), "whole_has_places");
        assert_eq!(decimal("0.333333", 6), Ok(333_333));
    }

    #[test]
    fn other_scales_and_floats_keep_the_value_or_say_no() {
        assert_eq!(rescale(125, 1, 2), Ok(1250));
        assert_eq!(rescale(125_000, 4, 2), Ok(1250));
        assert_eq!(fault(rescale(125_001, 4, 2)), "amount_too_many_places");
        assert_eq!(rescale(12, -2, 2), Ok(120_000));
        assert_eq!(float(12.1, 2), Ok(1210));
        assert_eq!(float(3.0, 0), Ok(3));
        assert_eq!(fault(float(0.1 + 0.2, 2)), "amount_too_many_places");
        assert_eq!(fault(float(f64::NAN, 2)), "amount_not_a_number");
    }

    #[test]
    fn usual_times_are_read_and_impossible_ones_refused() {
        let day = 86_400_000_000i64;
        let none: [String; 0] = [];
        for (text, micros) in [
            ("1970-01-02", day),
            ("1970/1/2", day),
            ("19700102", day),
            ("1970-01-02 08:30", day + 30_600_000_000),
            ("1970-01-02T08:30:00", day + 30_600_000_000),
            ("1970-01-02 08:30:00.25", day + 30_600_250_000),
            ("19700102083000", day + 30_600_000_000),
        ] {
            assert_eq!(time(text, &none), Ok(micros), "{text}");
        }
        for text in [
            "2023-02-29",
            "2023-13-01",
            "20230229",
            "2023-01-01 24:00:00",
            "01/02/2023",
            "2023-1",
            "2023-01-01T08:00:00Z",
            "2023-01-01 08:00:00+08:00",
            "2023-01/01",
            "202301010800",
            "",
        ] {
            assert_eq!(fault(time(text, &none)), "time_not_readable", "{text}");
        }
    }

    #[test]
    fn a_mapping_can_give_other_formats() {
        let formats = ["%d.%m.%Y".to_owned(), "%d.%m.%Y %H:%M".to_owned()];
        assert_eq!(time("02.01.1970", &formats), Ok(86_400_000_000));
        assert_eq!(time("02.01.1970 00:01", &formats), Ok(86_460_000_000));
        assert!(time("1970-01-02", &formats).is_err());
        assert_eq!(year(86_400_000_000), 1970);
        assert_eq!(year(-1), 1969);
    }
}
