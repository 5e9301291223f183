//! Deploying the template that ships.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::emulators::repository;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::stack::{self, Resource, Stack};
use crate::template::{Code, Template, stack_parameters};
use crate::{REGION, ssm, write};

/// A zip archive without entries: CloudFormation wants a package, but functions run from their host builds.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What to deploy.
#[derive(Debug, Clone)]
pub struct Deploy {
    template: PathBuf,
    stack_name: Option<String>,
    parameters: BTreeMap<String, String>,
    bootstraps: BTreeMap<String, PathBuf>,
}

impl Deploy {
    /// A template by its path; relative to the repository's root.
    pub fn template(path: impl AsRef<Path>) -> Self {
        let template = repository().join(path);
        Self { template, stack_name: None, parameters: BTreeMap::new(), bootstraps: BTreeMap::new() }
    }

    /// A parameter of the stack.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The stack's name; else the template's folder's.
    #[must_use]
    pub fn stack_name(mut self, name: &str) -> Self {
        self.stack_name = Some(name.to_owned());
        self
    }

    /// What a function runs, by its logical id. Else `<binary>` in the folder `LOCAL_AWS_BOOTSTRAPS`, or in cargo's
    /// `target/release`; the binary is the template's `BuildProperties.Binary`, or the folder
    /// that `CodeUri` names, or the template's folder.
    #[must_use]
    pub fn bootstrap(mut self, logical_id: &str, path: impl AsRef<Path>) -> Self {
        self.bootstraps.insert(logical_id.to_owned(), repository().join(path));
        self
    }

    fn name(&self) -> String {
        let folder = self.template.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        self.stack_name.clone().unwrap_or_else(|| folder.unwrap_or("stack").to_owned())
    }

    fn find_bootstrap(&self, logical_id: &str, binary: &str) -> Result<PathBuf> {
        let last = logical_id.rsplit('.').next().unwrap_or(logical_id);
        let named = self.bootstraps.get(logical_id).or_else(|| self.bootstraps.get(last)).cloned();
        let path = named.unwrap_or_else(|| bootstraps_folder().join(binary));
        if path.exists() { Ok(path) } else { Err(Error::MissingBootstrap { path, binary: binary.to_owned() }) }
    }
}

fn bootstraps_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("LOCAL_AWS_BOOTSTRAPS") {
        return folder.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target.join("release")
}

pub(crate) async fn deploy(account: &Account, deploy: Deploy) -> Result<Stack> {
    let bucket = format!("local-aws-artifacts-{}", account.id());
    create_bucket(account, &bucket).await?;
    account.control_rest("s3", "PUT", &format!("/{bucket}/code.zip"), EMPTY_ZIP).await?;
    let packaged = Box::pin(package(account, &bucket, &deploy.template, "")).await?;
    let name = deploy.name();
    let resources = create_stack(account, &name, &packaged.body, &deploy.parameters).await?;
    let outputs = stack::outputs(account, &name).await?;
    let functions = functions(account, &deploy, &packaged.codes, &resources).await?;
    ssm::deployed(account).await?;
    Ok(Stack::new(name, outputs, resources, functions))
}

async fn create_bucket(account: &Account, bucket: &str) -> Result<()> {
    let body = format!(
        "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    );
    match account.control_rest("s3", "PUT", &format!("/{bucket}"), body).await {
        Err(Error::Control { code, .. }) if code == "BucketAlreadyOwnedByYou" => Ok(()),
        other => other.map(drop),
    }
}

struct Packaged {
    body: String,
    codes: Vec<Code>,
}

/// Reads a template and everything nested in it; uploads what is nested.
async fn package(account: &Account, bucket: &str, path: &Path, prefix: &str) -> Result<Packaged> {
    let mut template = Template::read(path)?;
    let mut codes = template.replace_code(&format!("s3://{bucket}/code.zip"))?;
    for code in &mut codes {
        code.logical_id = format!("{prefix}{}", code.logical_id);
    }
    for (logical_id, definition) in template.definitions() {
        let unreadable = Error::io(format!("{} cannot be read", definition.display()));
        let key = format!("{prefix}{logical_id}.asl.json");
        let definition = std::fs::read(&definition).map_err(unreadable)?;
        account.control_rest("s3", "PUT", &format!("/{bucket}/{key}"), definition).await?;
        template.replace_definition(&logical_id, &format!("s3://{bucket}/{key}"));
    }
    for (logical_id, nested) in template.nested() {
        let inner = Box::pin(package(account, bucket, &nested, &format!("{prefix}{logical_id}."))).await?;
        let key = format!("{prefix}{logical_id}.template");
        account.control_rest("s3", "PUT", &format!("/{bucket}/{key}"), inner.body).await?;
        // ministack reads S3 URLs by their path alone.
        template.replace_nested(&logical_id, &format!("https://s3.{REGION}.amazonaws.com/{bucket}/{key}"));
        codes.extend(inner.codes);
    }
    Ok(Packaged { body: template.body.to_string(), codes })
}

async fn create_stack(
    account: &Account,
    name: &str,
    body: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<Vec<Resource>> {
    let mut form: Vec<(String, String)> = stack_parameters(parameters);
    form.push(("StackName".to_owned(), name.to_owned()));
    form.push(("TemplateBody".to_owned(), body.to_owned()));
    for (at, capability) in ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"].iter().enumerate() {
        form.push((format!("Capabilities.member.{}", at + 1), (*capability).to_owned()));
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    account.control("cloudformation", "CreateStack", &form).await?;
    let status = loop {
        let stack = account.control("cloudformation", "DescribeStacks", &[("StackName", name)]).await?;
        let status = stack.text("StackStatus")?;
        if !status.ends_with("_IN_PROGRESS") {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    if status == "CREATE_COMPLETE" {
        return Box::pin(stack::resources(account, name, "")).await;
    }
    let reason = stack::failures(account, name).await?;
    Err(Error::Deploy { stack: name.to_owned(), status, reason })
}

/// The functions by logical id, made known to the account so that events reach them.
async fn functions(
    account: &Account,
    deploy: &Deploy,
    codes: &[Code],
    resources: &[Resource],
) -> Result<BTreeMap<String, Function>> {
    let binaries: HashMap<&str, &str> =
        codes.iter().map(|code| (code.logical_id.as_str(), code.binary.as_str())).collect();
    let mut functions = BTreeMap::new();
    for resource in resources.iter().filter(|resource| resource.kind == "AWS::Lambda::Function") {
        let logical_id = resource.logical_id.as_str();
        let Some(binary) = binaries.get(logical_id) else { continue }; // inline code, which is not ours
        let configuration = stack::function_configuration(account, logical_id, &resource.physical_id).await?;
        let bootstrap = deploy.find_bootstrap(logical_id, binary)?;
        let function = Function::new(account.world.clone(), account.state.clone(), configuration, bootstrap);
        write(&account.state.functions).insert(function.name().to_owned(), function.inner.clone());
        functions.insert(logical_id.to_owned(), function);
    }
    Ok(functions)
}
