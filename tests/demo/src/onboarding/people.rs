//! The people of the scenarios, and the events that a directory's log has of them.

use std::collections::BTreeSet;

use e2e::onboarding::User;

/// Someone who gets an account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user: User,
    /// The user principal name, which is the Connect username.
    pub(crate) upn: &'static str,
    /// First and last name, as Connect is to have them.
    pub(crate) names: [&'static str; 2],
}

/// An event of the log.
#[derive(Clone)]
pub(crate) struct Logged {
    /// The account's name.
    pub(crate) who: String,
    pub(crate) sid: String,
    pub(crate) message: String,
}

impl Person {
    fn new(number: u32, name: &str, upn: &'static str, names: [&'static str; 2]) -> Self {
        Self { user: User::new(number, name).upn(upn), upn, names }
    }

    fn called(self, display_name: &str) -> Self {
        Self { user: self.user.display_name(display_name), ..self }
    }

    pub(crate) fn who(&self) -> &str {
        self.user.name()
    }

    /// The event of this account.
    pub(crate) fn logged(&self) -> Logged {
        Logged::new(&self.user, self.user.event())
    }

    /// The same by another domain controller.
    pub(crate) fn copy(&self) -> Logged {
        Logged::new(&self.user, self.user.copy())
    }
}

impl Logged {
    pub(crate) fn new(user: &User, message: String) -> Self {
        Self { who: user.name().to_owned(), sid: user.sid(), message }
    }
}

/// An ordinary user, with a name that people read.
pub(crate) fn anna() -> Person {
    let names = ["Anna", "Maria Müller"];
    Person::new(1104, "amueller", "anna.mueller@corp.example.com", names).called("Anna Maria Müller")
}

/// An ordinary user, who has but a user name.
pub(crate) fn carla() -> Person {
    Person::new(1105, "carla.de.nowak", "carla.de.nowak@corp.example.com", ["carla", "de.nowak"])
}

pub(crate) fn john() -> Person {
    Person::new(1106, "jdoe", "john.doe@corp.example.com", ["John", "Doe"]).called("Doe, John")
}

pub(crate) fn fatima() -> Person {
    Person::new(1107, "fhaddad", "fatima.haddad@corp.example.com", ["Fatima", "Haddad"]).called("Fatima Haddad")
}

/// A user principal name that Connect does not take.
pub(crate) fn deja() -> Person {
    let names = ["Dėja", "Žukauskaitė"];
    Person::new(1108, "dzukauskaite", "dėja.žukauskaitė@corp.example.com", names).called("Dėja Žukauskaitė")
}

/// The words of all names, as they may not be in a log: those that are too short to be anybody's left out.
pub(crate) fn words(people: &[Person], events: &[Logged]) -> BTreeSet<String> {
    let upns = people.iter().filter_map(|person| person.upn.split('@').next());
    let names = people.iter().flat_map(|person| person.names);
    let texts = upns.chain(names).chain(events.iter().map(|event| event.who.as_str()));
    let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic()));
    words.filter(|word| word.chars().count() > 3).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_name_must_not_be_logged_is_known_by_each_word_of_it() {
        let words = words(&[anna(), deja()], &[Logged::new(&User::new(1201, "PRINTER-7$"), String::new())]);
        let expected = ["anna", "dėja", "maria", "mueller", "müller", "printer", "žukauskaitė"];
        assert_eq!(words, expected.map(str::to_owned).into(), "not the domain, which metrics have");
        let by_account = super::words(&[], &[carla().logged()]);
        assert_eq!(by_account, ["carla", "nowak"].map(str::to_owned).into());
    }
}
