//! What an event says, if it is a 4720, "a user account was created".
//!
//! Its fields: <https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4720>.

use std::borrow::Cow;

pub use super::xml::Malformed;
use super::xml::{Element, Xml};

/// A value; `None` where the event does not have the field.
pub type Value<'a> = Option<Cow<'a, str>>;

/// A 4720.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Created<'a> {
    /// `EventID`, `4720` when it has been read.
    pub event_id: Value<'a>,
    /// `TimeCreated`.
    pub system_time: Value<'a>,
    /// The account's SID.
    pub target_sid: Value<'a>,
    /// The account's name.
    pub target_user_name: Value<'a>,
    /// The account's domain, or the machine that it is local to.
    pub target_domain_name: Value<'a>,
    /// Who created it.
    pub subject_user_sid: Value<'a>,
    /// Who created it.
    pub subject_user_name: Value<'a>,
    /// Who created it.
    pub subject_domain_name: Value<'a>,
    /// The account's name, again.
    pub sam_account_name: Value<'a>,
    /// The name to be shown.
    pub display_name: Value<'a>,
    /// The name to log in by.
    pub user_principal_name: Value<'a>,
}

impl<'a> Created<'a> {
    /// Reads a log message; `None` if it is anything but a 4720. Another event is left as soon as its id is known.
    pub fn read(message: &'a str) -> Result<Option<Self>, Malformed> {
        let Some(mut xml) = Xml::new(message)? else { return Ok(None) };
        let Some(root) = xml.child()? else { return Ok(None) };
        if root.name() != "Event" {
            return Ok(None);
        }
        let mut created = Self::default();
        while let Some(element) = xml.child()? {
            match element.name() {
                "System" => created.read_system(&mut xml)?,
                "EventData" => created.read_data(&mut xml)?,
                _ => xml.skip()?,
            }
            if created.event_id.as_ref().is_some_and(|id| id != "4720") {
                return Ok(None);
            }
        }
        // A second event in one message would be lost.
        match created.event_id {
            None => Err(Malformed::Missing("EventID")),
            Some(_) if xml.more() => Err(Malformed::Twice("a root element")),
            Some(_) => Ok(Some(created)),
        }
    }

    fn read_system(&mut self, xml: &mut Xml<'a>) -> Result<(), Malformed> {
        while let Some(element) = xml.child()? {
            match element.name() {
                "EventID" => put(&mut self.event_id, "EventID", xml.text()?)?,
                "TimeCreated" => {
                    let time = element.attribute("SystemTime")?.unwrap_or_default().into_owned();
                    put(&mut self.system_time, "TimeCreated", Cow::Owned(time))?;
                    xml.skip()?;
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn read_data(&mut self, xml: &mut Xml<'a>) -> Result<(), Malformed> {
        while let Some(element) = xml.child()? {
            match self.field(&element)? {
                Some((name, field)) => put(field, name, xml.text()?)?,
                None => xml.skip()?,
            }
        }
        Ok(())
    }

    /// The field that a `Data` element is the value of, if it is one of ours.
    fn field(&mut self, element: &Element<'_>) -> Result<Option<(&'static str, &mut Value<'a>)>, Malformed> {
        if element.name() != "Data" {
            return Ok(None);
        }
        Ok(match element.attribute("Name")?.as_deref() {
            Some("TargetSid") => Some(("TargetSid", &mut self.target_sid)),
            Some("TargetUserName") => Some(("TargetUserName", &mut self.target_user_name)),
            Some("TargetDomainName") => Some(("TargetDomainName", &mut self.target_domain_name)),
            Some("SubjectUserSid") => Some(("SubjectUserSid", &mut self.subject_user_sid)),
            Some("SubjectUserName") => Some(("SubjectUserName", &mut self.subject_user_name)),
            Some("SubjectDomainName") => Some(("SubjectDomainName", &mut self.subject_domain_name)),
            Some("SamAccountName") => Some(("SamAccountName", &mut self.sam_account_name)),
            Some("DisplayName") => Some(("DisplayName", &mut self.display_name)),
            Some("UserPrincipalName") => Some(("UserPrincipalName", &mut self.user_principal_name)),
            _ => None,
        })
    }
}

/// Which of two values is the true one nobody can tell.
fn put<'a>(field: &mut Value<'a>, name: &'static str, value: Cow<'a, str>) -> Result<(), Malformed> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed::Twice(name)),
    }
}

#[cfg(test)]
mod tests;
