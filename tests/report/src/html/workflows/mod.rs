//! Each user, and the way of each execution along the time.

use maud::{Markup, html};

use crate::workflows::Workflows;

pub(super) fn figure(_: Option<&Workflows>, after: &Workflows) -> Markup {
    html! { ul { @for user in &after.users { li { (user.who) } } } }
}
