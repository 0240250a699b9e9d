//! One finding: the sentence of a failure or of a warning, which stands before all figures.

use crate::result::Severity;

/// A sentence to show before any figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether the finding is a failure or a warning.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
    /// The label of the measurement that the sentence begins with, if it is about one.
    pub measurement: Option<String>,
}

impl Finding {
    /// Returns the sentence without the label of its measurement, a colon and a blank. `None` if
    /// the sentence is not about one measurement.
    pub(super) fn text_after_its_label(&self) -> Option<&str> {
        let label = self.measurement.as_ref()?;
        self.text.get(label.len() + ": ".len()..)
    }
}
