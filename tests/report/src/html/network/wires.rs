//! Lines with rounded corners.

use std::fmt::Write;

const RADIUS: i32 = 6;

/// An SVG path through the points, horizontal and vertical stretches only.
pub(super) fn path(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    // Writing to a String can't fail.
    if let Some((x, y)) = points.first() {
        let _ = write!(path, "M{x} {y}");
    }
    for corner in points.windows(3) {
        if let [from, at, to] = corner {
            let (before, after) = (toward(*at, *from), toward(*at, *to));
            let _ = write!(path, "L{} {}Q{} {} {} {}", before.0, before.1, at.0, at.1, after.0, after.1);
        }
    }
    if let Some((x, y)) = points.last() {
        let _ = write!(path, "L{x} {y}");
    }
    path
}

/// From `at`, a radius toward `to` but no further than half way.
fn toward(at: (i32, i32), to: (i32, i32)) -> (i32, i32) {
    let step = |from: i32, to: i32| (to - from).signum() * RADIUS.min((to - from).abs() / 2);
    (at.0 + step(at.0, to.0), at.1 + step(at.1, to.1))
}
