//! `_summary` and `_elements`. To come.
