//! `near` of Location: `latitude|longitude|distance|units` (<https://hl7.org/fhir/R4/location.html#positional>). HL7's
//! own example there, `-83.694810|42.256500|11.20|km`, has the longitude first: read as R4 defines it, it is a place in
//! Antarctica.

use super::Operand;
use super::escape::split;
use crate::decimal::Decimal;
use crate::value::ordered::F64;

pub(super) const FORM: &str = "latitude|longitude|distance|units in degrees, such as 42.25|-83.69|11.2|km; \
                               units are km (also where there are none), m, [mi_i] or [mi_us]";

/// What is near where no distance is given: R4 leaves it to servers.
const NEAR: f64 = 10.0;

/// The earth's mean radius.
const RADIUS: f64 = 6371.0088;

pub(super) fn parse(text: &str) -> Option<Operand> {
    let parts: Vec<_> = split(text, b'|').collect();
    let (latitude, longitude, distance, units) = match *parts.as_slice() {
        [latitude, longitude] => (latitude, longitude, "", ""),
        [latitude, longitude, distance] => (latitude, longitude, distance, ""),
        [latitude, longitude, distance, units] => (latitude, longitude, distance, units),
        _ => return None,
    };
    let within = |text, limit: f64| number(text).filter(|degrees| degrees.abs() <= limit);
    let unit = match units {
        "" | "km" => 1.0,
        "m" => 0.001,
        "[mi_i]" => 1.609_344,
        "[mi_us]" => 1.609_347_219,
        _ => return None,
    };
    let kilometres =
        if distance.is_empty() { NEAR } else { number(distance).filter(|distance| *distance >= 0.0)? * unit };
    Some(Operand::Near {
        latitude: F64(within(latitude, 90.0)?),
        longitude: F64(within(longitude, 180.0)?),
        kilometres: F64(kilometres),
    })
}

fn number(text: &str) -> Option<f64> {
    Decimal::parse(text).map(|number| number.to_f64()).filter(|number| number.is_finite())
}

/// The great circle between two points (latitude, longitude), in kilometres, by the haversine formula.
pub(super) fn distance((latitude, longitude): (F64, F64), (to_latitude, to_longitude): (F64, F64)) -> f64 {
    let (from, to) = (latitude.0.to_radians(), to_latitude.0.to_radians());
    let half_chord = |angle: f64| (angle / 2.0).sin().powi(2);
    let across = half_chord((to_longitude.0 - longitude.0).to_radians());
    let square = half_chord(to - from) + from.cos() * to.cos() * across;
    2.0 * RADIUS * square.sqrt().min(1.0).asin()
}
