//! Narrative: the XHTML that R4 allows, and no more, because viewers put it into their pages as it is.
//!
//! What is accepted reads the same as XML and as HTML: no CDATA, no processing instructions, no comments that a browser
//! would end earlier, no attribute without quotes, no reference without its semicolon. That it has some text (`txt-2`) is
//! not checked: two of HL7's own examples have none.

use super::primitive::Wrong;

const NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// The elements of R4's constraint `txt-1`.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// The attributes of R4's constraint `txt-1`; and `xml:lang`, which XHTML has beside `lang`.
const ATTRIBUTES: &[&str] = &[
    "abbr",
    "accesskey",
    "align",
    "alt",
    "axis",
    "bgcolor",
    "border",
    "cellhalign",
    "cellpadding",
    "cellspacing",
    "cellvalign",
    "char",
    "charoff",
    "charset",
    "cite",
    "class",
    "colspan",
    "compact",
    "coords",
    "dir",
    "frame",
    "headers",
    "height",
    "href",
    "hreflang",
    "hspace",
    "id",
    "lang",
    "longdesc",
    "name",
    "nowrap",
    "rel",
    "rev",
    "rowspan",
    "rules",
    "scope",
    "shape",
    "span",
    "src",
    "start",
    "style",
    "summary",
    "tabindex",
    "title",
    "type",
    "valign",
    "value",
    "vspace",
    "width",
    "xml:lang",
];

/// What links and images may be: relative, or one of these. `javascript:` and the like run in the viewer's page.
const SCHEMES: &[&str] = &["http", "https", "mailto", "tel", "ftp", "urn", "cid"];

const MALFORMED: Wrong = ("structure", "must be well-formed XHTML");
const LINK: Wrong =
    ("security", "must not have links or images of other schemes than http, https, mailto, tel, ftp, urn and cid");

pub(super) fn check(text: &str) -> Result<(), Wrong> {
    let mut scan = Scan { rest: text.trim(), open: Vec::new() };
    if !scan.rest.starts_with("<div") {
        return Err(("structure", "must be a <div>"));
    }
    loop {
        scan.markup()?;
        if scan.open.is_empty() {
            break;
        }
        scan.text()?;
    }
    if scan.rest.is_empty() { Ok(()) } else { Err(("structure", "must be one <div> and nothing after it")) }
}

struct Scan<'t> {
    rest: &'t str,
    /// The names of the elements that are open.
    open: Vec<&'t str>,
}

impl<'t> Scan<'t> {
    fn take(&mut self, symbol: &str) -> bool {
        self.rest.strip_prefix(symbol).map(|rest| self.rest = rest).is_some()
    }

    fn until(&mut self, end: &str) -> Result<&'t str, Wrong> {
        let (found, rest) = self.rest.split_once(end).ok_or(MALFORMED)?;
        self.rest = rest;
        Ok(found)
    }

    fn blanks(&mut self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        std::mem::replace(&mut self.rest, rest).len() > rest.len()
    }

    fn name(&mut self) -> &'t str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    /// What stands before the next `<`.
    fn text(&mut self) -> Result<(), Wrong> {
        let end = self.rest.find('<').ok_or(MALFORMED)?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        references(text, |name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()), |_| ())
    }

    /// A tag or comment.
    fn markup(&mut self) -> Result<(), Wrong> {
        if self.take("<!--") {
            let comment = self.until("-->")?;
            let ends_early = comment.starts_with(['>', '-']) || comment.contains("--") || comment.ends_with('-');
            return if ends_early { Err(MALFORMED) } else { Ok(()) };
        }
        if self.take("</") {
            let name = self.name();
            self.blanks();
            return if self.take(">") && self.open.pop() == Some(name) { Ok(()) } else { Err(MALFORMED) };
        }
        if !self.take("<") {
            return Err(MALFORMED);
        }
        let name = self.name();
        if name.is_empty() {
            return Err(MALFORMED);
        }
        if !ELEMENTS.contains(&name) {
            return Err(("security", "must have only the elements that FHIR allows in a narrative (txt-1)"));
        }
        self.attributes(name)?;
        if self.take("/>") {
            return Ok(());
        }
        self.open.push(name);
        if self.take(">") { Ok(()) } else { Err(MALFORMED) }
    }

    fn attributes(&mut self, element: &str) -> Result<(), Wrong> {
        let mut namespace = !self.open.is_empty();
        while self.blanks() && !self.rest.starts_with(['>', '/']) {
            let name = self.name();
            self.blanks();
            if name.is_empty() || !self.take("=") {
                return Err(MALFORMED);
            }
            self.blanks();
            let value = match self.rest.chars().next() {
                Some('"') if self.take("\"") => self.until("\"")?,
                Some('\'') if self.take("'") => self.until("'")?,
                _ => return Err(MALFORMED),
            };
            if name == "xmlns" && value == NAMESPACE {
                namespace = true;
            } else {
                attribute(element, name, value)?;
            }
        }
        if namespace { Ok(()) } else { Err(("structure", "must have the namespace http://www.w3.org/1999/xhtml")) }
    }
}

fn attribute(element: &str, name: &str, value: &str) -> Result<(), Wrong> {
    if !ATTRIBUTES.contains(&name) {
        return Err(("security", "must have only the attributes that FHIR allows in a narrative (txt-1)"));
    }
    if value.contains('<') {
        return Err(MALFORMED);
    }
    let mut text = String::new(); // without references
    let known = |name: &str| matches!(name, "amp" | "lt" | "gt" | "quot" | "apos");
    references(value, known, |c| text.extend(c.to_lowercase()))?;
    match name {
        "href" | "src" | "cite" | "longdesc" => link(&text, element == "img" && name == "src"),
        "style" if ["\\", "url(", "expression", "javascript", "@import"].iter().any(|part| text.contains(part)) => {
            Err(("security", "must not have styles that load or run something"))
        }
        _ => Ok(()),
    }
}

/// Browsers leave out blanks and control characters, wherever they stand.
fn link(text: &str, image: bool) -> Result<(), Wrong> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let end = text.find([':', '/', '?', '#', '\\']);
    let scheme = end.and_then(|end| text.split_at_checked(end)).filter(|(_, rest)| rest.starts_with(':'));
    match scheme {
        Some(("data", rest)) if image && rest.starts_with(":image/") => Ok(()),
        Some((scheme, _)) if !SCHEMES.contains(&scheme) => Err(LINK),
        _ => Ok(()),
    }
}

/// Hands on the characters of a text, those of `&#65;` and `&lt;`, too; of other names that `known` accepts nothing.
fn references(text: &str, known: impl Fn(&str) -> bool, mut character: impl FnMut(char)) -> Result<(), Wrong> {
    let mut parts = text.split('&');
    parts.next().unwrap_or_default().chars().for_each(&mut character);
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or(MALFORMED)?;
        match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix('x') {
                    Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16),
                    None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse(),
                    _ => return Err(MALFORMED),
                };
                character(code.ok().and_then(char::from_u32).ok_or(MALFORMED)?);
            }
            None if name.is_empty() || !known(name) => return Err(MALFORMED),
            None => match name {
                "amp" => character('&'),
                "lt" => character('<'),
                "gt" => character('>'),
                "quot" => character('"'),
                "apos" => character('\''),
                _ => (),
            },
        }
        rest.chars().for_each(&mut character);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn div(inner: &str) -> Result<(), Wrong> {
        check(&format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>"))
    }

    #[test]
    fn the_narrative_of_r4_is_accepted() {
        for inner in [
            "text",
            "<p>a<br/>b &amp; &nbsp; &#160; &#xA0;</p>",
            "<!-- a comment --><b>x</b>",
            "<table class='grid' ><tr><td colspan=\"2\" style=\"color: red\">1</td></tr></table >",
            "<a href=\"#x\">1</a><a href='Patient/1'>2</a><a href=\"https://example.org/?a=b&amp;c=d:e\">3</a>",
            "<a name=\"javascript:\">1</a>",
            "<img src=\"data:image/png;base64,AA==\"/>",
            "<a href=\"a/b:c\">x</a>",
        ] {
            assert_eq!(div(inner), Ok(()), "{inner}");
        }
    }

    #[test]
    fn what_could_run_in_a_viewer_is_refused() {
        for inner in [
            "<script>alert(1)</script>",
            "<SCRIPT>alert(1)</SCRIPT>",
            "<svg><p/></svg>",
            "<iframe src=\"https://example.org\"/>",
            "<p onclick=\"x\">a</p>",
            "<p ONCLICK=\"x\">a</p>",
            "<img src=\"x\" onerror=\"alert(1)\"/>",
            "<img/onerror=\"alert(1)\" src=\"x\"/>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\" jAva&#x73;cript&#58;alert(1)\">x</a>",
            "<a href=\"java&#10;script:alert(1)\">x</a>",
            "<a href=\"javascript&colon;alert(1)\">x</a>",
            "<a href=\"&Tab;javascript:alert(1)\">x</a>",
            "<a href=\"&#106avascript:alert(1)\">x</a>",
            "<a href=\"data:text/html,x\">x</a>",
            "<a href=\"vbscript:x\">x</a>",
            "<a href=javascript:x>x</a>",
            "<p style=\"background: url(https://example.org)\">x</p>",
            "<p style=\"width: expression(alert(1))\">x</p>",
            "<p style=\"\\75rl(x)\">x</p>",
            "<!--><img src=x onerror=alert(1)>-->",
            "<!-- --!><img src=x onerror=alert(1)> -->",
            "<![CDATA[><img src=x onerror=alert(1)>]]>",
            "<?x ><img src=x onerror=alert(1)>?>",
            "<!DOCTYPE x>",
            "<p title=\"<img src=x>\">x</p>",
            "</div><script>alert(1)</script><div>",
        ] {
            assert!(div(inner).is_err(), "{inner}");
        }
    }

    #[test]
    fn what_is_no_xhtml_is_refused() {
        for text in [
            "",
            "text",
            "<p>x</p>",
            "<div>x</div>",
            "<div xmlns=\"x\">x</div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">x",
            "<div",
            "<divx>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>y",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        for inner in [
            "<p>x",
            "x</p>",
            "<p><b>x</p></b>",
            "a & b",
            "a &; b",
            "a < b",
            "<p a>x</p>",
            "<p class=x>x</p>",
            "&#0x;",
            "<p/ >x",
        ] {
            assert!(div(inner).is_err(), "{inner}");
        }
    }
}
