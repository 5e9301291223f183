//! What becomes of a created account: a workflow of its own, or a reason why not.

use serde::Serialize;

use super::created::{Created, Malformed, Value};

/// The directory whose users are onboarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its DNS name, in lower case.
    pub domain: String,
    /// Its `NetBIOS` name, which events call it by.
    pub netbios: String,
    /// What serves where the event has no user principal name.
    pub upn_fallback: UpnFallback,
}

/// What serves where the event has no user principal name, which is most of the time: consoles set it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpnFallback {
    /// SAM account name, `@`, the directory's DNS name: the name by which such an account can always log in.
    SamAccountName,
    /// The account is not onboarded.
    Skip,
}

/// What becomes of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An execution is started.
    Start(Box<Account>),
    /// None is.
    Skip {
        /// The account's SID.
        sid: String,
        /// Why not.
        why: Skipped,
    },
}

/// Why no execution is started for a 4720.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// A machine's account, whose name ends in `$`.
    MachineAccount,
    /// An account of one machine, or of another domain. A directory's controllers have none: most likely
    /// `DOMAIN_NETBIOS_NAME` is not what the directory calls itself.
    LocalAccount,
    /// No user principal name, and none is to be made up.
    NoUserPrincipalName,
    /// Another event of the batch is of the same account.
    Copy,
}

/// An account to be onboarded: the workflow's input, by the names of the original, and what else the event knows.
///
/// The same account always gives the same input: what differs between two domain controllers' copies of the event
/// (`Computer`, `EventRecordID`, the log stream) is left out. `CreatedAt` is the event's, to the second: copies are
/// milliseconds apart. Where a second passes between them, the inputs differ, and `StartExecution` answers
/// `ExecutionAlreadyExists` to the later one instead of the same execution: the same success.
///
/// Every key is always there, `null` where the event does not know: a JSON path that finds nothing fails the workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    username: String,
    #[serde(rename = "UPN")]
    upn: String,
    domain_name: String,
    /// The execution's name: SIDs are never given twice, names are.
    #[serde(rename = "SID")]
    pub sid: String,
    sam_account_name: String,
    display_name: Option<String>,
    created_by: Creator,
    created_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Creator {
    #[serde(rename = "SID")]
    sid: Option<String>,
    username: Option<String>,
    domain_name: Option<String>,
}

impl Verdict {
    /// Judges a 4720.
    pub fn on(created: &Created<'_>, directory: &Directory) -> Result<Self, Malformed> {
        let sid = set(&created.target_sid).ok_or(Malformed::Missing("TargetSid"))?;
        let sid = if is_sid(sid) { sid.to_owned() } else { return Err(Malformed::Sid) };
        let names = [set(&created.sam_account_name), set(&created.target_user_name)];
        let sam = names.into_iter().flatten().next().ok_or(Malformed::Missing("SamAccountName"))?;
        let domain = set(&created.target_domain_name).ok_or(Malformed::Missing("TargetDomainName"))?;
        let skip = |why| Ok(Self::Skip { sid: sid.clone(), why });
        if names.into_iter().flatten().any(|name| name.ends_with('$')) {
            return skip(Skipped::MachineAccount);
        }
        if !directory.is(domain) {
            return skip(Skipped::LocalAccount);
        }
        let (user, domain) = match (user_principal_name(created), directory.upn_fallback) {
            (Some(parts), _) => parts,
            (None, UpnFallback::SamAccountName) => (sam, directory.domain.as_str()),
            (None, UpnFallback::Skip) => return skip(Skipped::NoUserPrincipalName),
        };
        Ok(Self::Start(Box::new(Account {
            username: user.to_owned(),
            upn: format!("{user}@{domain}"),
            domain_name: domain.to_lowercase(),
            sid,
            sam_account_name: sam.to_owned(),
            display_name: set(&created.display_name).map(str::to_owned),
            created_by: Creator {
                sid: set(&created.subject_user_sid).map(str::to_owned),
                username: set(&created.subject_user_name).map(str::to_owned),
                domain_name: set(&created.subject_domain_name).map(str::to_owned),
            },
            created_at: set(&created.system_time).and_then(whole_second),
        })))
    }
}

impl Directory {
    fn is(&self, domain: &str) -> bool {
        domain.eq_ignore_ascii_case(&self.netbios) || domain.eq_ignore_ascii_case(&self.domain)
    }
}

/// A value that is set. Windows writes `-`, or `%%1793`, the number of the message "value not set".
fn set<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    value.as_deref().filter(|value| !matches!(*value, "" | "-" | "%%1793"))
}

/// Before and after its `@`. One without, with two, or with blanks serves as little as none.
fn user_principal_name<'a>(created: &'a Created<'_>) -> Option<(&'a str, &'a str)> {
    let (user, domain) = set(&created.user_principal_name)?.split_once('@')?;
    let good = |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace());
    (good(user) && good(domain)).then_some((user, domain))
}

/// `S-1-5-21-…`, as accounts of a domain have it, in the one form that it has, and no longer than an execution's name may be.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
fn is_sid(text: &str) -> bool {
    let is_number = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 80 && text.strip_prefix("S-1-5-21-").is_some_and(|rest| rest.split('-').all(is_number))
}

/// `2026-11-22T05:05:03.123456700Z` without the fraction; `None` if it is not of this form.
fn whole_second(time: &str) -> Option<String> {
    let (second, rest) = time.split_at_checked("2026-11-22T05:05:03".len())?;
    let form = second.bytes().zip(*b"dddd-dd-ddTdd:dd:dd");
    let good = form.into_iter().all(|(byte, form)| if form == b'd' { byte.is_ascii_digit() } else { byte == form });
    let fraction = rest.strip_suffix('Z').or_else(|| rest.strip_suffix("+00:00"))?;
    let digits = fraction.strip_prefix('.').unwrap_or(fraction).bytes().all(|byte| byte.is_ascii_digit());
    (good && digits).then(|| format!("{second}Z"))
}

#[cfg(test)]
mod tests;
