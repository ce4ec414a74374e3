//! When an event happened: what the client's clock says, as far as it can be believed.

use jiff::Timestamp;
use serde_json::Value;

use super::limits::Refused;

/// A second, a minute, an hour and a day in milliseconds.
pub const SECOND: i64 = 1000;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// Later than this is not a time but nonsense.
pub const AHEAD: i64 = DAY;
/// Older than this is no longer kept.
pub const OLDEST: i64 = 30 * DAY;
/// A clock that is ahead by more than this is not believed: the time of arrival stands instead.
pub const SKEW: i64 = 5 * MINUTE;

/// RFC 3339 or Unix milliseconds (a number, or a text of digits).
pub fn read(value: Option<&Value>, received: i64) -> Result<i64, Refused> {
    let told = match value {
        None | Some(Value::Null) => return Err(Refused::Missing("timestamp")),
        Some(Value::Number(number)) => milliseconds(number),
        Some(Value::String(text)) => match text.parse::<i64>() {
            Ok(number) => Some(number),
            Err(_) => text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond),
        },
        Some(_) => None,
    };
    let told = told.ok_or(Refused::Field("timestamp"))?;
    match told.saturating_sub(received) {
        ahead if ahead > AHEAD => Err(Refused::Future),
        ahead if ahead < -OLDEST => Err(Refused::Old),
        _ => Ok(told),
    }
}

/// What is believed of a client's clock: nothing that is further ahead of the arrival than [`SKEW`].
pub(super) fn believed(told: i64, arrived: i64) -> i64 {
    if told.saturating_sub(arrived) > SKEW { arrived } else { told }
}

/// Browsers' high-resolution clocks write fractions.
fn milliseconds(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        // Far inside what the type holds, so that the cast is exact.
        number.as_f64().filter(|value| value.abs() < 1e15).map(|value| value as i64)
    })
}

/// As RFC 3339 with milliseconds in UTC.
pub fn rfc3339(milliseconds: i64) -> String {
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
