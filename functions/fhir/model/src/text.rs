//! Strings as search compares them: without case, accents and surplus blanks. To come.
