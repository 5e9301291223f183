//! `DynamoDB` and S3 in this process, each behind a port of its own, and their table and buckets.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification,
};
use dynoxide::Database;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use shared::env::Reader;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::StartError;

/// The table's name.
pub const TABLE: &str = "fhir";
/// The bucket of large bodies.
pub const BUCKET: &str = "fhir-bodies";
/// The bucket of what was posted.
pub const ARCHIVE_BUCKET: &str = "fhir-archive";
/// Neither service asks for more than that requests are signed.
const KEY: &str = "local";

/// The services.
pub struct Cloud {
    /// A client of `DynamoDB`.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// A client of S3.
    pub s3: aws_sdk_s3::Client,
    /// Where `DynamoDB` listens.
    pub dynamodb_address: SocketAddr,
    /// Where S3 listens.
    pub s3_address: SocketAddr,
    /// The buckets' folders are in it.
    pub folder: PathBuf,
    in_memory: bool,
    services: [JoinHandle<()>; 2],
}

impl Cloud {
    /// Starts the services, with what `db` has or with nothing.
    pub async fn start(db: Option<&Path>, archive: bool) -> Result<Self, StartError> {
        let folder = db.map_or_else(
            || std::env::temp_dir().join(format!("fhir-local-{}", uuid::Uuid::new_v4())),
            |db| PathBuf::from(format!("{}.bodies", db.display())),
        );
        let (dynamodb_address, dynamodb_service) = dynamodb(db).await?;
        let (s3_address, s3_service) = s3(&folder).await?;
        let sdk = sdk_config()?;
        let at = |address: SocketAddr| format!("http://{address}");
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&sdk).endpoint_url(at(dynamodb_address)).build();
        let s3 = aws_sdk_s3::config::Builder::from(&sdk).endpoint_url(at(s3_address)).force_path_style(true).build();
        let cloud = Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            s3: aws_sdk_s3::Client::from_conf(s3),
            dynamodb_address,
            s3_address,
            folder,
            in_memory: db.is_none(),
            services: [dynamodb_service, s3_service],
        };
        cloud.make_table().await?;
        for bucket in [Some(BUCKET), archive.then_some(ARCHIVE_BUCKET)].into_iter().flatten() {
            let place = cloud.folder.join(bucket);
            if !place.is_dir() {
                cloud.s3.create_bucket().bucket(bucket).send().await.map_err(failed)?;
            }
        }
        Ok(cloud)
    }

    /// As in functions/fhir/template.yaml.
    async fn make_table(&self) -> Result<(), StartError> {
        let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(failed);
        let text = |name| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(ScalarAttributeType::S).build().map_err(failed)
        };
        let make = self.dynamodb.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        let make = make.key_schema(key("pk", KeyType::Hash)?).key_schema(key("sk", KeyType::Range)?);
        let created = make.attribute_definitions(text("pk")?).attribute_definitions(text("sk")?).send().await;
        if let Err(error) = created
            && !error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception)
        {
            return Err(failed(error));
        }
        loop {
            let table = self.dynamodb.describe_table().table_name(TABLE).send().await.map_err(failed)?.table;
            if table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let live = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build().map_err(failed)?;
        let set = self.dynamodb.update_time_to_live().table_name(TABLE).time_to_live_specification(live).send().await;
        match set {
            // A table of an earlier start has it.
            Err(error) if error.code() != Some("ValidationException") => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.services.iter().for_each(JoinHandle::abort);
        if self.in_memory {
            let _ = std::fs::remove_dir_all(&self.folder); // the machine's own cleaning takes what is left
        }
    }
}

/// The same configuration as in AWS, with the names of this machine.
fn sdk_config() -> Result<aws_types::SdkConfig, StartError> {
    let mut env = Reader::new(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some(KEY.to_owned()),
        _ => None,
    });
    let config = shared::aws::config(&mut env);
    config.ok_or_else(|| StartError::Service("the SDK has no configuration".to_owned()))
}

async fn dynamodb(db: Option<&Path>) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    let path = db.map(|db| db.display().to_string());
    let opened = path.as_deref().map_or_else(Database::memory, Database::new);
    let database = opened.map_err(|error| StartError::Database {
        path: path.unwrap_or_else(|| "in memory".to_owned()),
        why: error.to_string(),
    })?;
    let (listener, address) = bind().await?;
    Ok((address, tokio::spawn(dynoxide::server::serve_on(listener, database))))
}

async fn s3(folder: &Path) -> Result<(SocketAddr, JoinHandle<()>), StartError> {
    std::fs::create_dir_all(folder).map_err(|error| StartError::Folder(folder.to_owned(), error))?;
    let files = s3s_fs::FileSystem::new(folder).map_err(|error| StartError::Service(format!("S3: {error:?}")))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(KEY, KEY));
    let (listener, address) = bind().await?;
    Ok((address, tokio::spawn(serve_s3(listener, builder.build()))))
}

async fn serve_s3(listener: TcpListener, service: S3Service) {
    loop {
        let Some(stream) = accept(&listener).await else { continue };
        let service = service.clone();
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to S3 ended");
            }
        });
    }
}

/// The next connection. It can't be had while the process has no file handles left: then a moment passes.
pub(crate) async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    let accepted = listener.accept().await;
    if accepted.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let (stream, _) = accepted.ok()?;
    let _ = stream.set_nodelay(true); // without it, it only answers later
    Some(stream)
}

async fn bind() -> Result<(TcpListener, SocketAddr), StartError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| StartError::Listen(0, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(0, error))?;
    Ok((listener, address))
}

fn failed(error: impl std::error::Error) -> StartError {
    StartError::Service(shared::error::chain(&error))
}
