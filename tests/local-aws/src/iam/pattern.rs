//! Wildcards and policy variables.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::Context;

/// A text with `*` and `?`, in which what came from a variable stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    One,
    Many,
    Char(char),
}

impl Pattern {
    /// `text` with its variables filled in; nothing if one has no value, for then the policy's value matches nothing.
    pub(crate) fn new(text: &str, context: &Context) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            tokens.extend(before.chars().map(wildcard));
            let (variable, after) = after.split_once('}')?;
            tokens.extend(value(variable, context)?.chars().map(Token::Char));
            rest = after;
        }
        tokens.extend(rest.chars().map(wildcard));
        Some(Self { tokens })
    }

    /// A text whose wildcards stand for themselves.
    pub(crate) fn literal(text: &str, context: &Context) -> Option<Self> {
        let mut pattern = Self::new(text, context)?;
        for token in &mut pattern.tokens {
            *token = match *token {
                Token::One => Token::Char('?'),
                Token::Many => Token::Char('*'),
                char @ Token::Char(_) => char,
            };
        }
        Some(pattern)
    }

    /// Whether it matches all of `text`.
    pub(crate) fn matches(&self, text: &str) -> bool {
        // reached[i]: the tokens so far can match the first i characters.
        let text: Vec<char> = text.chars().collect();
        let mut reached = vec![false; text.len() + 1];
        reached.splice(0..1, [true]);
        for token in &self.tokens {
            let mut next = vec![false; text.len() + 1];
            let mut any = false;
            for (at, slot) in next.iter_mut().enumerate() {
                let here = reached.get(at).copied().unwrap_or_default();
                let before = at.checked_sub(1);
                let stepped = before.and_then(|before| reached.get(before)).copied().unwrap_or_default();
                any |= here;
                *slot = match token {
                    Token::Many => any,
                    Token::One => stepped,
                    Token::Char(char) => stepped && before.and_then(|before| text.get(before)) == Some(char),
                };
            }
            reached = next;
        }
        reached.last().copied().unwrap_or_default()
    }
}

fn wildcard(char: char) -> Token {
    match char {
        '*' => Token::Many,
        '?' => Token::One,
        other => Token::Char(other),
    }
}

/// A variable's value: a context key's, an escaped character, or what `${key, 'default'}` says.
fn value(variable: &str, context: &Context) -> Option<String> {
    if let "*" | "?" | "$" = variable {
        return Some(variable.to_owned());
    }
    let (key, default) = variable.split_once(',').map_or((variable, None), |(key, default)| (key, Some(default)));
    match context.get(key.trim()) {
        Some([value]) => Some(value.clone()),
        Some(_) => None, // a key with several values cannot be a variable
        None => default.map(|default| default.trim().trim_matches('\'').to_owned()),
    }
}

/// ARNs: each of the six parts for itself, so that no wildcard reaches over a colon, but in the last.
pub(crate) fn arn_matches(pattern: &str, arn: &str, context: &Context) -> bool {
    if pattern == "*" {
        return true;
    }
    let (patterns, parts): (Vec<_>, Vec<_>) = (split_arn(pattern), arn.splitn(6, ':').collect());
    patterns.len() == parts.len()
        && patterns
            .iter()
            .zip(parts)
            .all(|(pattern, part)| Pattern::new(pattern, context).is_some_and(|pattern| pattern.matches(part)))
}

/// At the colons, but not at those of a variable (`${aws:PrincipalTag/team}`).
fn split_arn(pattern: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut in_variable = false;
    for char in pattern.chars() {
        in_variable = match char {
            '{' => true,
            '}' => false,
            _ => in_variable,
        };
        if char == ':' && !in_variable && parts.len() < 6 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(char);
        }
    }
    parts
}

/// Actions: without regard to case.
pub(crate) fn action_matches(pattern: &str, action: &str) -> bool {
    let pattern = Pattern::new(&pattern.to_lowercase(), &Context::default());
    pattern.is_some_and(|pattern| pattern.matches(&action.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_variables() {
        let context = Context::default().with("aws:username", "a*b").with("aws:PrincipalTag/team", "x");
        let table = [
            ("abc", "abc", true),
            ("a*", "a", true),
            ("a*c*e", "abcde", true),
            ("a?c", "ac", false),
            ("a?c", "abc", true),
            ("*", "", true),
            ("${aws:username}", "a*b", true),
            ("${aws:username}", "axb", false),
            ("${aws:UserName}/*", "a*b/c", true),
            ("${*}", "*", true),
            ("${*}", "a", false),
            ("${aws:PrincipalTag/none}", "", false),
            ("${aws:PrincipalTag/none, 'company'}", "company", true),
        ];
        for (pattern, text, expected) in table {
            let matches = Pattern::new(pattern, &context).is_some_and(|pattern| pattern.matches(text));
            assert_eq!(matches, expected, "{pattern} {text}");
        }
    }

    #[test]
    fn arns() {
        let context = Context::default().with("aws:PrincipalTag/table", "rtb-1");
        let arn = "arn:aws:ec2:eu-central-1:111111111111:route-table/rtb-1";
        let table = [
            ("*", true),
            (arn, true),
            ("arn:aws:ec2:*:111111111111:route-table/*", true),
            ("arn:aws:ec2:*:*:route-table/${aws:PrincipalTag/table}", true),
            ("arn:aws:ec2:*:222222222222:route-table/*", false),
            ("arn:aws:ec2:*", false),
            ("arn:aws:ec2:*:*:vpc/*", false),
        ];
        for (pattern, expected) in table {
            assert_eq!(arn_matches(pattern, arn, &context), expected, "{pattern}");
        }
    }
}
