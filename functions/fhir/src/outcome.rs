//! `OperationOutcome`: what the server says besides resources.

use fhir_model::json::{Json, Object};
use fhir_model::validate::Issue;

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The interaction failed.
    Error,
    /// It went through; the client should know this.
    Warning,
    /// For the record.
    Information,
}

/// An `OperationOutcome` in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome(Vec<Json<'static>>);

impl Outcome {
    /// One error. `code` is of the value set issue-type: `not-found`, `invalid`, ...
    #[must_use]
    pub fn error(code: &'static str, diagnostics: impl Into<String>) -> Self {
        Self::default().and(Severity::Error, code, diagnostics, None)
    }

    /// One line for the record.
    #[must_use]
    pub fn information(diagnostics: impl Into<String>) -> Self {
        Self::default().and(Severity::Information, "informational", diagnostics, None)
    }

    /// All that validation found.
    #[must_use]
    pub fn of(issues: &[Issue]) -> Self {
        issues.iter().fold(Self::default(), |outcome, issue| {
            let at = (!issue.expression.is_empty()).then(|| issue.expression.clone());
            outcome.and(Severity::Error, issue.code, issue.message.clone(), at)
        })
    }

    /// One issue more; `expression` is the element's path, with indices.
    #[must_use]
    pub fn and(
        mut self,
        severity: Severity,
        code: &'static str,
        diagnostics: impl Into<String>,
        expression: Option<String>,
    ) -> Self {
        let mut issue = Object::new();
        issue.set("severity", Json::string(severity.code()));
        issue.set("code", Json::string(code));
        issue.set("diagnostics", Json::string(diagnostics.into()));
        if let Some(at) = expression {
            issue.set("expression", Json::Array(vec![Json::string(at)]));
        }
        self.0.push(Json::Object(issue));
        self
    }

    /// The same, each issue with `details.text`: what people are shown.
    #[must_use]
    pub fn details(mut self, text: &str) -> Self {
        for issue in self.0.iter_mut().filter_map(Json::as_object_mut) {
            let details = Object::from_iter([("text", Json::string(text.to_owned()))]);
            issue.set_at(2, "details", details.into());
        }
        self
    }

    /// The resource.
    #[must_use]
    pub fn json(self) -> Json<'static> {
        let mut resource = Object::new();
        resource.set("resourceType", Json::string("OperationOutcome"));
        resource.set("issue", Json::Array(self.0));
        resource.into()
    }
}

impl Severity {
    const fn code(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issue_of_a_validation_is_there_with_its_path() {
        let issue = |code, at: &str| Issue { code, expression: at.to_owned(), message: "wrong".to_owned() };
        let outcome = Outcome::of(&[issue("required", "Patient.name[1].given[0]"), issue("structure", "")]);
        let text = String::from_utf8(outcome.details("No.").json().to_vec()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"resourceType":"OperationOutcome","issue":["#,
                r#"{"severity":"error","code":"required","details":{"text":"No."},"diagnostics":"wrong","#,
                r#""expression":["Patient.name[1].given[0]"]},"#,
                r#"{"severity":"error","code":"structure","details":{"text":"No."},"diagnostics":"wrong"}]}"#
            )
        );
    }
}
