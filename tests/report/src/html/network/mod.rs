//! The NAT network before and after: two pictures drawn to the same measures, and the same in words.

mod draw;
mod layout;
mod plan;
mod wires;
mod words;

use maud::{Markup, html};

use super::icons;
use crate::network::{AlarmState, Condition, Network};
use layout::Layout;
use plan::{Frame, Plan};

pub(super) fn pair(before: &Network, after: &Network) -> Markup {
    // Marks left over from an earlier scenario mean nothing here.
    let before = &before.unmarked();
    let same = *before == after.unmarked();
    let plans = (Plan::of(before), Plan::of(after));
    let frame = Frame::of(&plans.0).and(Frame::of(&plans.1));
    let caption = if same { "Before and after: nothing changed" } else { "Before" };
    html! {
        div.pair.wide[plans.0.columns.len().max(plans.1.columns.len()) > 2] {
            (figure(caption, &words::sentences(before, None), &Layout::of(&plans.0, frame, None)))
            @if !same {
                (figure("After", &words::sentences(after, Some(before)), &Layout::of(&plans.1, frame, Some(before))))
            }
        }
        (legend())
        (words::details(before, after))
    }
}

fn figure(caption: &str, words: &str, layout: &Layout<'_>) -> Markup {
    html! {
        figure {
            figcaption { (caption) }
            div.scroll tabindex="0" role="region" aria-label={ (caption) ": the network, drawn" } {
                (draw::picture(layout, &format!("{caption}. {words}")))
            }
        }
    }
}

fn legend() -> Markup {
    let conditions = [Condition::Healthy, Condition::Failed, Condition::Launching, Condition::Leaving];
    let entry = |class: &str, icon: Markup, word: &str| html! { li class=(class) { (icons::alone(&icon)) (word) } };
    html! {
        ul.legend {
            @for condition in conditions { (entry(condition.word(), icons::condition(condition), condition.word())) }
            (entry("alarm-on", icons::alarm(AlarmState::Alarm), "in alarm"))
            (entry("gateway", icons::gateway(), "NAT gateway"))
            (entry("changed", icons::changed(), "changed"))
            (entry("lost", icons::lost(), "blackhole"))
        }
    }
}
