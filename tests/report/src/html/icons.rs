//! Small signs, told apart by their shape as well as by their colour. Each is drawn around (0, 0), 14 units across.

use maud::{Markup, html};

use crate::cluster::Login;
use crate::lake::Kind;
use crate::network::{AlarmState, Condition};
use crate::workflows::Decision;
use crate::workflows::way::End;

/// A tick or a cross in a circle.
pub(super) fn mark(held: bool) -> Markup {
    let sign = if held { "M-3.5 .3 -1 2.8 3.6 -2.4" } else { "M-2.6 -2.6 2.6 2.6M2.6 -2.6 -2.6 2.6" };
    html! { (alone(&html! { circle r="7" {} path.cut d=(sign) {} })) }
}

/// A condition: a tick in a circle, a cross in an octagon, dots in a broken circle, a bar in a square.
pub(super) fn condition(condition: Condition) -> Markup {
    match condition {
        Condition::Healthy => html! { circle r="7" {} path.cut d="M-3.5 .3 -1 2.8 3.6 -2.4" {} },
        Condition::Failed => html! {
            path d="M-3 -7.2H3L7.2 -3V3L3 7.2H-3L-7.2 3V-3Z" {}
            path.cut d="M-2.8 -2.8 2.8 2.8M2.8 -2.8 -2.8 2.8" {}
        },
        Condition::Launching => html! {
            circle.hollow r="6.3" stroke-dasharray="3 2" {}
            path.line d="M0 3.2V-3M-2.6 -.6 0 -3.2 2.6 -.6" {}
        },
        Condition::Leaving => html! {
            rect.hollow x="-6" y="-6" width="12" height="12" rx="2" {}
            path.line d="M-3 0H3" {}
        },
    }
}

/// A login: a tick in a circle, a cross in an octagon, a mark in a triangle, a dash.
pub(super) fn login(login: Login) -> Markup {
    match login {
        Login::In => condition(Condition::Healthy),
        Login::Refused => condition(Condition::Failed),
        Login::OtherHost => html! { path d="M0 -7 7.5 6.5H-7.5Z" {} path.cut d="M0 -2.5V1.5M0 4V4.2" {} },
        Login::Nothing => html! { path.line d="M-3 0H3" {} },
    }
}

/// An alarm's state: a dot, a warning triangle, a ring.
pub(super) fn alarm(state: AlarmState) -> Markup {
    match state {
        AlarmState::Ok => html! { circle r="4" {} },
        AlarmState::Alarm => html! { path d="M0 -5.5 5.8 4.5H-5.8Z" {} },
        AlarmState::InsufficientData => html! { circle.hollow r="3.6" {} },
    }
}

/// A NAT gateway: a hexagon with an arrow out of it.
pub(super) fn gateway() -> Markup {
    html! { path.hollow d="M-3.6 -6.4H3.6L7.2 0 3.6 6.4H-3.6L-7.2 0Z" {} path.line d="M-3 0H3M.6 -2.4 3 0 .6 2.4" {} }
}

/// What changed: a diamond.
pub(super) fn changed() -> Markup {
    html! { path d="M0 -4.5 4.5 0 0 4.5 -4.5 0Z" {} }
}

/// A blackhole: a cross.
pub(super) fn lost() -> Markup {
    html! { path.line d="M-3.2 -3.2 3.2 3.2M3.2 -3.2 -3.2 3.2" {} }
}

/// A fate: a dot, a cross, an arrow back, a square, a ring.
pub(super) fn fate(kind: Kind) -> Markup {
    match kind {
        Kind::InLake => html! { circle r="3.5" {} },
        Kind::Quarantined => html! { path.line d="M-4 -4 4 4M4 -4 -4 4" {} },
        Kind::GivenBack => html! { path.line d="M5 0H-5M-1.5 -3.5 -5 0 -1.5 3.5" {} },
        Kind::DeadLetter => html! { rect x="-4" y="-4" width="8" height="8" {} },
        Kind::Lost => html! { circle.hollow r="5" {} },
    }
}

/// What was published: a stretch of a road.
pub(super) fn published() -> Markup {
    html! { rect x="-8" y="-3.5" width="16" height="7" rx="3.5" opacity=".45" {} }
}

/// A line that is there again: a dot with a ring.
pub(super) fn again() -> Markup {
    html! { circle r="2.5" {} circle.hollow r="6" {} }
}

/// A tick in a circle.
pub(super) fn held() -> Markup {
    condition(Condition::Healthy)
}

/// The end of a way: a tick in a circle, an equals sign in a ring, a cross in an octagon, a broken circle.
pub(super) fn end(end: End) -> Markup {
    match end {
        End::Made => held(),
        End::There => html! { circle.hollow r="6.3" {} path.line d="M-2.6 -1.7H2.6M-2.6 1.7H2.6" {} },
        End::Failed => condition(Condition::Failed),
        End::Running => condition(Condition::Launching),
    }
}

/// A decision: an arrow, an arrow back, a dash, a cross, a mark in a triangle.
pub(super) fn decision(decision: &Decision) -> Markup {
    match decision {
        Decision::Started => html! { path.line d="M-5 0H5M1.5 -3.5 5 0 1.5 3.5" {} },
        Decision::AlreadyStarted => fate(Kind::GivenBack),
        Decision::Skipped(_) => html! { path.line d="M-4 0H4" {} },
        Decision::Malformed(_) => fate(Kind::Quarantined),
        Decision::NotStarted(_) => login(Login::OtherHost),
    }
}

/// An icon in running text.
pub(super) fn alone(icon: &Markup) -> Markup {
    html! { svg.icon viewBox="-8 -8 16 16" width="16" height="16" aria-hidden="true" { (icon) } }
}
