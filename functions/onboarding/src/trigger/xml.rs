//! Windows' XML, pulled: elements and their text. Bounded in size, depth and attributes; no document type, no entities but
//! XML's own. Recursion and memory don't grow with the input.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::errors::Error;
use quick_xml::escape::{EscapeError, ParseCharRefError, resolve_xml_entity};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// The longest message: what `CloudWatch` took as one log event for years. A 4720 has about 1,700 bytes.
const LONGEST: usize = 256 * 1024;
/// A 4720 is three deep; what providers put into `UserData` a few more.
const DEEPEST: usize = 32;
/// The longest value: a user principal name has up to 1,024 characters, of 3 bytes at most (4 for two).
/// <https://learn.microsoft.com/en-us/windows/win32/adschema/a-userprincipalname>
const LONGEST_VALUE: usize = 3 * 1024;
/// Windows' own elements have two at most. Names are compared with each other, which grows with the square.
const MOST_ATTRIBUTES: usize = 16;

/// <https://learn.microsoft.com/en-us/windows/win32/wes/eventschema-schema>
const WINDOWS: Namespace<'static> = Namespace("http://schemas.microsoft.com/win/2004/08/events/event");

/// Why an event can't be read. Says where and never what: values are people's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The batch's JSON is good and this entry is not.
    #[error("entry {0} of logEvents is no log event with id and message")]
    NotALogEvent(usize),
    /// The message.
    #[error("it has more than {LONGEST} bytes")]
    TooLong,
    /// A value.
    #[error("a value has more than {LONGEST_VALUE} bytes")]
    LongValue,
    /// Not XML.
    #[error("its XML is not well-formed at byte {0}")]
    Syntax(u64),
    /// Attributes that are not XML.
    #[error("an element's attributes are not well-formed")]
    Attribute,
    /// A document type: nothing that Windows writes, and the way to entities that expand.
    #[error("it has a document type")]
    DocumentType,
    /// Other than XML's five and numbers.
    #[error("it has an entity that is not defined")]
    Entity,
    /// A prefix that is bound to no namespace.
    #[error("it has a prefix without a namespace")]
    Prefix,
    /// Elements in elements.
    #[error("it is more than {DEEPEST} elements deep")]
    TooDeep,
    /// Too many attributes.
    #[error("an element has more than {MOST_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// It ends too early.
    #[error("it is cut off")]
    CutOff,
    /// A value is an element.
    #[error("a value has elements inside")]
    Nested,
    /// There is more than one of what there can be one of.
    #[error("it has {0} twice")]
    Twice(&'static str),
    /// Something must be there.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// No SID as Windows writes them, or longer than an execution's name.
    #[error("its TargetSid is no SID")]
    Sid,
}

/// A document, read from its first `<` on.
pub(super) struct Xml<'a> {
    reader: NsReader<&'a [u8]>,
    depth: usize,
}

/// An element's beginning.
pub(super) struct Element<'a> {
    start: BytesStart<'a>,
    windows: bool,
}

enum Part<'a> {
    Start(Element<'a>),
    End,
    Text(Cow<'a, str>),
}

impl<'a> Xml<'a> {
    /// `None` if there is no markup in the message at all.
    pub(super) fn new(message: &'a str) -> Result<Option<Self>, Malformed> {
        if message.len() > LONGEST {
            return Err(Malformed::TooLong);
        }
        let Some(xml) = message.find('<').and_then(|start| message.get(start..)) else { return Ok(None) };
        let mut reader = NsReader::from_str(xml);
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_namespace_bindings(MOST_ATTRIBUTES);
        Ok(Some(Self { reader, depth: 0 }))
    }

    /// The next element inside the one that is being read; `None` at its end.
    pub(super) fn child(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        loop {
            match self.next()? {
                Part::Start(element) => return Ok(Some(element)),
                Part::End => return Ok(None),
                Part::Text(_) => {}
            }
        }
    }

    /// The text of the element that has begun, to its end, cleaned.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Part::Text(part) if text.is_empty() => text = part,
                Part::Text(part) => text.to_mut().push_str(&part),
                Part::Start(_) => return Err(Malformed::Nested),
                Part::End => return Ok(clean(text)),
            }
            if text.len() > LONGEST_VALUE {
                return Err(Malformed::LongValue);
            }
        }
    }

    /// Passes over the element that has begun, with all inside.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Whether markup follows what has been read.
    pub(super) fn more(&self) -> bool {
        self.reader.get_ref().contains(&b'<')
    }

    fn next(&mut self) -> Result<Part<'a>, Malformed> {
        loop {
            let event = self.reader.read_event();
            let event = event.map_err(|_| Malformed::Syntax(self.reader.error_position()))?;
            return match event {
                Event::Start(start) => self.enter(start).map(Part::Start),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Ok(Part::End)
                }
                Event::Text(text) => Ok(Part::Text(text.into_inner())),
                Event::CData(text) => Ok(Part::Text(text.into_inner())),
                Event::GeneralRef(reference) => resolve(&reference).map(Part::Text),
                Event::DocType(_) => Err(Malformed::DocumentType),
                Event::Eof => Err(Malformed::CutOff),
                // Empty elements come as a start and an end.
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Empty(_) => continue,
            };
        }
    }

    fn enter(&mut self, start: BytesStart<'a>) -> Result<Element<'a>, Malformed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed::TooDeep);
        }
        let windows = match self.reader.resolver().resolve_element(start.name()).0 {
            ResolveResult::Bound(namespace) => namespace == WINDOWS,
            ResolveResult::Unbound => true, // some forwarders drop the namespace
            ResolveResult::Unknown(_) => return Err(Malformed::Prefix),
        };
        Ok(Element { start, windows })
    }
}

impl Element<'_> {
    /// Its name without the prefix; empty if it is not of Windows' namespace.
    pub(super) fn name(&self) -> &str {
        if self.windows { self.start.local_name().into_inner() } else { "" }
    }

    /// An attribute's value, cleaned.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<Cow<'_, str>>, Malformed> {
        let mut value = None;
        for (number, attribute) in self.start.attributes().enumerate() {
            if number == MOST_ATTRIBUTES {
                return Err(Malformed::TooManyAttributes);
            }
            let attribute = attribute.map_err(|_| Malformed::Attribute)?;
            if attribute.key.as_ref() == name {
                let text = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| Malformed::Entity)?;
                value = Some(clean(text));
            }
        }
        Ok(value)
    }
}

/// One of XML's five entities, or a character by its number. A NUL, which XML can't have at all, is dropped as
/// [`clean`] drops all control characters.
fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Malformed> {
    use ParseCharRefError::IllegalCharacter;
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(Cow::Owned(character.to_string())),
        Ok(None) => resolve_xml_entity(reference).map(Cow::Borrowed).ok_or(Malformed::Entity),
        Err(Error::Escape(EscapeError::InvalidCharRef(IllegalCharacter(0)))) => Ok(Cow::Borrowed("")),
        Err(_) => Err(Malformed::Entity),
    }
}

/// Without control characters, which Windows writes as they are (a NUL at the end above all) although XML forbids them,
/// and without blanks around.
fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        return Cow::Owned(text.replace(char::is_control, "").trim().to_owned());
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}
