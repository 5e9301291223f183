//! The readings over time, what became of each message, and the objects they are in.

use maud::{Markup, html};

use crate::lake::Lake;

pub(super) fn figure(before: Option<&Lake>, after: &Lake) -> Markup {
    let told = |lake: &Lake| if lake.is_empty() { "nothing yet".to_owned() } else { lake.counts().sentence() };
    html! {
        figure.lake {
            @if let Some(before) = before { p { "Before: " (told(before)) } }
            p { "After: " (told(after)) }
        }
    }
}
