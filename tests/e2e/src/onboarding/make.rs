//! Events as Windows writes them, and payloads as a subscription sends them, of as many users as one likes.

use std::io::{Read as _, Write as _};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::Result;

/// An account that was created.
#[derive(Clone, Debug)]
pub struct User {
    number: u32,
    name: String,
    domain: String,
    display_name: String,
    upn: String,
}

impl User {
    /// An account of the directory, by its SID's last number and its SAM account name; with neither display name nor UPN.
    #[must_use]
    pub fn new(number: u32, name: &str) -> Self {
        let domain = "CORP".to_owned();
        Self { number, name: name.to_owned(), domain, display_name: "%%1793".to_owned(), upn: "-".to_owned() }
    }

    /// With the name that people read.
    #[must_use]
    pub fn display_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.display_name);
        self
    }

    /// With a user principal name.
    #[must_use]
    pub fn upn(mut self, upn: &str) -> Self {
        upn.clone_into(&mut self.upn);
        self
    }

    /// Of another domain, or of the machine of this name.
    #[must_use]
    pub fn of(mut self, domain: &str) -> Self {
        domain.clone_into(&mut self.domain);
        self
    }

    /// Its SAM account name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its SID, which is its execution's name.
    #[must_use]
    pub fn sid(&self) -> String {
        format!("S-1-5-21-3457937927-2839227994-823803824-{}", self.number)
    }

    /// The security log's event that it was created, as its first domain controller writes it.
    #[must_use]
    pub fn event(&self) -> String {
        self.event_of(4720, "IP-C6130256")
    }

    /// The same as another domain controller writes it: a record and a moment of its own.
    #[must_use]
    pub fn copy(&self) -> String {
        let copy = self.event_of(4720, "IP-C6130257");
        copy.replace(">175408<", ">90112<").replace("05:03.1234567Z", "05:03.1310042Z")
    }

    /// An event of this id, otherwise the same: 4738 is a changed account, 4741 a machine's.
    #[must_use]
    pub fn event_of(&self, id: u32, controller: &str) -> String {
        let Self { number: _, name, domain, display_name, upn } = self;
        let sid = self.sid();
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='Microsoft-Windows-Security-Auditing' Guid='{{54849625-5478-4994-A5BA-3E3B0328C30D}}'/>\
             <EventID>{id}</EventID><Version>0</Version><Level>0</Level><Task>13824</Task><Opcode>0</Opcode>\
             <Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2026-11-22T05:05:03.1234567Z'/>\
             <EventRecordID>175408</EventRecordID><Correlation/><Execution ProcessID='520' ThreadID='1508'/>\
             <Channel>Security</Channel><Computer>{controller}.corp.example.com</Computer><Security/></System><EventData>\
             <Data Name='TargetUserName'>{name}</Data><Data Name='TargetDomainName'>{domain}</Data>\
             <Data Name='TargetSid'>{sid}</Data>\
             <Data Name='SubjectUserSid'>S-1-5-21-3457937927-2839227994-823803824-1113</Data>\
             <Data Name='SubjectUserName'>Admin</Data><Data Name='SubjectDomainName'>CORP</Data>\
             <Data Name='SubjectLogonId'>0x30dc2</Data><Data Name='PrivilegeList'>-</Data>\
             <Data Name='SamAccountName'>{name}</Data><Data Name='DisplayName'>{display_name}</Data>\
             <Data Name='UserPrincipalName'>{upn}</Data><Data Name='HomeDirectory'>-</Data><Data Name='HomePath'>-</Data>\
             <Data Name='ScriptPath'>-</Data><Data Name='ProfilePath'>-</Data><Data Name='UserWorkstations'>-</Data>\
             <Data Name='PasswordLastSet'>%%1794</Data><Data Name='AccountExpires'>%%1794</Data>\
             <Data Name='PrimaryGroupId'>513</Data><Data Name='AllowedToDelegateTo'>-</Data>\
             <Data Name='OldUacValue'>0x0</Data><Data Name='NewUacValue'>0x15</Data>\
             <Data Name='UserAccountControl'>\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084</Data>\
             <Data Name='UserParameters'>-</Data><Data Name='SidHistory'>-</Data><Data Name='LogonHours'>%%1793</Data>\
             </EventData></Event>"
        )
    }

    /// The task's event, as the workflow would write it.
    #[must_use]
    pub fn task(&self, service: &str) -> Value {
        let upn = if self.upn == "-" { format!("{}@corp.example.com", self.name) } else { self.upn.clone() };
        let user = upn.split('@').next();
        let display_name = Some(&self.display_name).filter(|name| *name != "%%1793");
        json!({"input": {"User": user, "UPN": upn, "Domain": "corp.example.com", "Service": service,
            "SID": self.sid(), "SamAccountName": self.name, "DisplayName": display_name}})
    }
}

/// A payload of a subscription, with these log messages.
pub fn payload(messages: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Value> {
    let event = |(number, message): (usize, _)| {
        let message: &dyn AsRef<str> = &message;
        json!({"id": format!("{number:056}"), "timestamp": 1_795_323_903_124_u64, "message": message.as_ref()})
    };
    let events: Vec<Value> = messages.into_iter().enumerate().map(event).collect();
    let batch = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": super::LOG_GROUP,
        "logStream": "IP-C6130256", "subscriptionFilters": ["onboarding"], "logEvents": events});
    Ok(packed(&gzip(batch.to_string().as_bytes())?))
}

/// A subscription's event around these bytes.
#[must_use]
pub fn packed(gzip: &[u8]) -> Value {
    json!({"awslogs": {"data": STANDARD.encode(gzip)}})
}

/// The bytes inside a subscription's event.
pub fn unpacked(payload: &Value) -> Result<Vec<u8>> {
    let data = payload.pointer("/awslogs/data").and_then(Value::as_str).ok_or("no awslogs.data")?;
    Ok(STANDARD.decode(data)?)
}

/// What is inside a subscription's event.
pub fn opened(payload: &Value) -> Result<Value> {
    let mut text = String::new();
    GzDecoder::new(unpacked(payload)?.as_slice()).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// Bytes in gzip's form.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// So many megabytes of blanks in a few kilobytes, whose trailer says another length if there is one.
pub fn bomb(megabytes: usize, lie: Option<u32>) -> Result<Value> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b' '; 1_000_000];
    for _ in 0..megabytes {
        encoder.write_all(&megabyte)?;
    }
    let mut bytes = encoder.finish()?;
    if let (Some(lie), Some(length)) = (lie, bytes.last_chunk_mut()) {
        *length = lie.to_le_bytes();
    }
    Ok(packed(&bytes))
}
