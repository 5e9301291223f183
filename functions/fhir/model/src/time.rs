//! Dates and times. To come.
