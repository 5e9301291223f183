//! Who logs in where: keys down, moments across, a sign for each node; and below, the life of each line of one node's
//! `authorized_keys`. A table, so that it is its own text alternative.

use maud::{Markup, html};

use super::icons;
use crate::cluster::{Cluster, Line, Login, Moment};

pub(super) fn figure(cluster: &Cluster) -> Markup {
    html! {
        figure.cluster {
            figcaption { "Which key logs in where" }
            div.scroll tabindex="0" role="region" aria-label="Which key logs in where, from moment to moment" {
                table.moments {
                    thead { tr { th {} @for moment in &cluster.moments { th scope="col" { (breakable(&moment.name)) } } } }
                    tbody { (who(cluster)) }
                    @if !cluster.lines().is_empty() { (file(cluster)) }
                }
            }
            (legend(cluster))
        }
    }
}

/// `createSecret` on two lines where there is no room for one.
fn breakable(name: &str) -> Markup {
    let step = name.strip_suffix("Secret");
    html! { @if let Some(step) = step { (step) wbr; "Secret" } @else { (name) } }
}

fn who(cluster: &Cluster) -> Markup {
    html! {
        @for (at, key) in cluster.keys.iter().enumerate() {
            tr {
                th scope="row" { (name(cluster, key)) }
                @for moment in &cluster.moments { td { (logins(cluster, moment, at)) } }
            }
        }
        (named(cluster, "AWSCURRENT is", |moment| moment.current.as_deref()))
        (named(cluster, "copy_file logs in with", |moment| moment.client.as_deref()))
    }
}

/// A sign for each node.
fn logins(cluster: &Cluster, moment: &Moment, key: usize) -> Markup {
    html! {
        span.logins {
            @for (at, node) in cluster.nodes.iter().enumerate() {
                @let login = moment.login(key, at);
                @let words = format!("{node}: {}", login.word());
                span class={ "login " (class(login)) } title=(words) {
                    (icons::alone(&icons::login(login))) span.unseen { (words) ". " }
                }
            }
        }
    }
}

fn class(login: Login) -> &'static str {
    match login {
        Login::In => "in",
        Login::Refused => "refused",
        Login::OtherHost => "other",
        Login::Nothing => "nothing",
    }
}

/// The row of a key's name, where some moment has one.
fn named(cluster: &Cluster, title: &str, key: fn(&Moment) -> Option<&str>) -> Markup {
    html! {
        @if cluster.any(|moment| key(moment).is_some()) {
            tr.named {
                th scope="row" { (title) }
                @for moment in &cluster.moments { td { @if let Some(key) = key(moment) { (name(cluster, key)) } } }
            }
        }
    }
}

/// A key's name in its colour; keys beyond the third share one.
fn name(cluster: &Cluster, key: &str) -> Markup {
    html! { span class={ "key " (shade(cluster, key)) } { (key) } }
}

fn shade(cluster: &Cluster, key: &str) -> &'static str {
    match cluster.keys.iter().position(|known| known == key) {
        Some(0) => "k1",
        Some(1) => "k2",
        _ => "k3",
    }
}

fn file(cluster: &Cluster) -> Markup {
    html! {
        tbody.file {
            tr { th.of colspan=(cluster.moments.len() + 1) scope="rowgroup" { code { "authorized_keys" } " of " (cluster.file_of) } }
            @for line in cluster.lines() {
                tr {
                    th.line scope="row" { code { (line.text) } }
                    @for moment in &cluster.moments { (life(cluster, line, moment.lines.contains(line))) }
                }
            }
        }
    }
}

fn life(cluster: &Cluster, line: &Line, there: bool) -> Markup {
    let shade = line.key.as_deref().map_or("foreign", |key| shade(cluster, key));
    html! { td.life { @if there { i class=(shade) {} span.unseen { "there" } } } }
}

fn legend(cluster: &Cluster) -> Markup {
    let logins = [Login::In, Login::Refused, Login::OtherHost, Login::Nothing];
    html! {
        ul.legend {
            @if let [_, _, ..] = cluster.nodes.as_slice() { li { "signs from left to right: " (cluster.nodes.join(", ")) } }
            @for login in logins.into_iter().filter(|login| cluster.has(*login)) {
                li class={ "login " (class(login)) } { (icons::alone(&icons::login(login))) (login.word()) }
            }
        }
    }
}
