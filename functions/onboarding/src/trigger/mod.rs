//! Starts a workflow for each new account in the directory's security log.
