//! HTTP as Lambda brings it: [`event`] reads the events of API Gateway's REST and HTTP APIs and of function URLs into one
//! [`request`], [`negotiate`] reads the headers that FHIR gives a meaning, [`response`] makes the answer that each wants.

pub mod event;
pub mod negotiate;
pub mod request;
pub mod response;
