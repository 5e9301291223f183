//! The workflow's task: makes what a service has for a new user.
