//! Copies a file to a node of the cluster, by the SSH key that the rotations keep in Secrets Manager.
//!
//! `cargo run -p ssh-rotation --example copy_file -- USER HOST FILE`
//!
//! The private key is read for every run, is in this process's memory only, and is wiped as soon as the server has let
//! us in: a rotation needs no change here. Whom to trust with the connection is in the secret as well, under the label
//! that the rotations record the nodes' host keys under; nobody is trusted because they were the first to answer.

mod arguments;
mod cloud;
mod error;
mod local;
mod login;
mod sftp;
mod trust;

use std::alloc::System;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::HumanBytes;
use zeroizing_alloc::ZeroAlloc;

use arguments::{Arguments, Parsed};
use cloud::Cloud;
use error::CopyError;
use local::LocalFile;
use sftp::Sftp;
use trust::Trusted;

/// Wipes all memory that is given back: the SDK and the HTTP client make copies of the secret too.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(Parsed::Copy(arguments)) => arguments,
        Ok(Parsed::Help) => return help(),
        Err(why) => {
            eprintln!("copy_file: {}; copy_file --help shows how", error::one_line(&why.to_string()));
            return ExitCode::from(2);
        }
    };
    match copy(&arguments).await {
        Ok(done) => {
            eprintln!("{}", error::one_line(&done));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("copy_file: {}", error::one_line(&shared::error::chain(&error)));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "it was asked for")]
fn help() -> ExitCode {
    println!("{}", arguments::USAGE);
    ExitCode::SUCCESS
}

/// Answers what was done.
async fn copy(arguments: &Arguments) -> Result<String, CopyError> {
    let file = LocalFile::open(&arguments.file)?; // first, because a mistake here costs nothing
    let cloud = Cloud::new(arguments.region.clone(), &arguments.secret).await;
    let trusted = match &arguments.known_hosts {
        None => Trusted::Recorded(cloud.host_keys().await?),
        Some(path) => Trusted::file(path)?,
    };
    let peers = trust::peers(&trusted, arguments).await?;
    let session = login::log_in(&cloud, &peers, arguments).await?;

    let (began, size) = (Instant::now(), file.size);
    let sftp = Sftp::start(&session).await?;
    let destination = sftp.destination(arguments.to.as_deref(), &file.name).await?;
    sftp.put(file, &destination).await?;
    let seconds = began.elapsed().as_secs_f64();
    login::log_out(session).await;
    Ok(format!(
        "copied {} to {}@{}:{destination}, {} in {seconds:.1} s",
        arguments.file.display(),
        arguments.user,
        arguments.host,
        HumanBytes(size)
    ))
}
