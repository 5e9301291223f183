//! JSON Patch and FHIRPath Patch. To come.
