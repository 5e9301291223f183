//! A cluster whose SSH key is rotated: which key logs in where, and what one node's `authorized_keys` holds, from moment
//! to moment. Public keys only, and shortened: nothing here opens anything.

use serde::{Deserialize, Serialize};

/// The moments of a scenario. The state before has one; the state after has that one again, and what followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The nodes' names, in the order of each moment's logins.
    pub nodes: Vec<String>,
    /// The keys' names, likewise.
    pub keys: Vec<String>,
    /// The node whose `authorized_keys` the lines are of.
    pub file_of: String,
    /// In the order in which they passed.
    pub moments: Vec<Moment>,
}

/// What was found at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What had just happened, such as `setSecret`.
    pub name: String,
    /// Each key at each node.
    pub logins: Vec<Vec<Login>>,
    /// The name of the key that AWSCURRENT held.
    pub current: Option<String>,
    /// The name of the key by which the client program got in; none if it was not run.
    pub client: Option<String>,
    /// The lines of `authorized_keys`.
    pub lines: Vec<Line>,
}

/// What came of trying a key at a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// It logs in.
    In,
    /// The node refuses it.
    Refused,
    /// The host that answers is not the node: the client did not even try the key.
    OtherHost,
    /// The key or the node is not there yet.
    #[default]
    Nothing,
}

/// A line of `authorized_keys`, shortened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its text.
    pub text: String,
    /// The name of the key in it, if it is one of this secret's.
    pub key: Option<String>,
}

impl Login {
    /// What it looks like where there are only characters.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::In => '✓',
            Self::Refused => '✗',
            Self::OtherHost => '!',
            Self::Nothing => '·',
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::In => "logs in",
            Self::Refused => "refused",
            Self::OtherHost => "another host key: not trusted",
            Self::Nothing => "not there yet",
        }
    }
}

impl Moment {
    /// What came of a key at a node, by their places in the cluster's lists.
    pub(crate) fn login(&self, key: usize, node: usize) -> Login {
        self.logins.get(key).and_then(|nodes| nodes.get(node)).copied().unwrap_or_default()
    }
}

impl Cluster {
    /// Every line that was there at some moment, in the file's order.
    pub(crate) fn lines(&self) -> Vec<&Line> {
        let mut all: Vec<&Line> = Vec::new();
        for moment in &self.moments {
            let mut at = all.len();
            for line in moment.lines.iter().rev() {
                match all.iter().position(|known| *known == line) {
                    Some(known) => at = known,
                    None => all.insert(at, line),
                }
            }
        }
        all
    }

    /// Whether some moment has this.
    pub(crate) fn any(&self, has: impl Fn(&Moment) -> bool) -> bool {
        self.moments.iter().any(has)
    }

    /// Whether a login had such an end.
    pub(crate) fn has(&self, login: Login) -> bool {
        let places = || (0..self.keys.len()).flat_map(|key| (0..self.nodes.len()).map(move |node| (key, node)));
        self.any(|moment| places().any(|(key, node)| moment.login(key, node) == login))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_later_stand_where_the_file_has_them() {
        let line = |text: &str| Line { text: text.into(), key: None };
        let moment =
            |texts: &[&str]| Moment { lines: texts.iter().map(|text| line(text)).collect(), ..Moment::default() };
        let moments = vec![moment(&["mine", "old"]), moment(&["mine", "new", "old"]), moment(&["mine", "newest"])];
        let cluster = Cluster { moments, ..Cluster::default() };
        let texts: Vec<_> = cluster.lines().iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["mine", "new", "old", "newest"]);
    }
}
