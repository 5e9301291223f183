//! The memory of the function's own process, after a Bundle of 6 MB. It runs as in Lambda: it asks this process, as Lambda's
//! Runtime API, for events. The services are the ones that all other figures here use, not those of tests/local-aws, which
//! authorize and write down each of the 3,000 calls.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::data::bundles;
use crate::samples::{head, row};
use crate::world::{World, event};

/// Prints the table.
pub(crate) fn figures() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "../../target".into(), PathBuf::from);
    let bootstrap = target.join("release/fhir");
    if !bootstrap.exists() {
        return eprintln!("\n{} is not there: cargo build --release -p fhir", bootstrap.display());
    }
    let world = World::start(None);
    let mut bundles = bundles();
    bundles.sort_by_key(|(name, text)| (!name.starts_with("0-"), std::cmp::Reverse(text.len())));
    for (_, text) in bundles.iter().filter(|(name, _)| name.starts_with("0-")) {
        world.send("POST /", text, 200);
    }
    let (_, text) = bundles.iter().find(|(name, _)| !name.starts_with("0-")).unwrap();
    let compact = serde_json::from_slice::<Value>(text).unwrap().to_string();
    let small = r#"{"resourceType":"Patient","name":[{"family":"Chalmers"}]}"#;

    head("The function's process:", &["after", "event", "peak memory", "own CPU time", "to reach"]);
    let mut function = Function::start(&world, &bootstrap);
    function.answer(event("POST /Patient", small.as_bytes()).payload.get(), 201);
    function.answer(event("GET /Patient?name=chalmers", b"").payload.get(), 200);
    function.row("a create and a search", 0, Duration::ZERO, "40 MB");
    for (how, event) in
        [("gzipped", gzipped(text)), ("as text", event("POST /", compact.as_bytes()).payload.get().to_owned())]
    {
        let mut function = Function::start(&world, &bootstrap);
        function.answer(self::event("GET /Patient/1", b"").payload.get(), 404);
        let before = function.cpu_time();
        function.answer(&event, 200);
        let took = function.cpu_time().saturating_sub(before);
        let bytes = if how == "gzipped" { text.len() } else { compact.len() };
        function.row(&format!("a transaction of 3,177 entries, {bytes} bytes, {how}"), event.len(), took, "120 MB");
    }
}

/// The event of a Bundle that the client has compressed.
fn gzipped(text: &[u8]) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text).unwrap();
    let mut event: Value = serde_json::from_str(event("POST /", b"").payload.get()).unwrap();
    event["headers"]["content-encoding"] = json!("gzip");
    event["headers"]["accept-encoding"] = json!("gzip");
    event["body"] = json!(STANDARD.encode(gzip.finish().unwrap()));
    event["isBase64Encoded"] = json!(true);
    event.to_string()
}

/// The process, and its connection to the Runtime API.
struct Function {
    process: Child,
    api: BufReader<TcpStream>,
}

impl Function {
    fn start(world: &World, bootstrap: &std::path::Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let process = Command::new(bootstrap)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "fhir"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")])
            .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local"), ("AWS_REGION", "eu-central-1")])
            .env("AWS_ENDPOINT_URL", format!("http://{}", world.cloud.dynamodb_address))
            .envs([("TABLE", fhir_local::cloud::TABLE), ("BUCKET", fhir_local::cloud::BUCKET)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (api, _) = listener.accept().unwrap();
        Self { process, api: BufReader::new(api) }
    }

    /// Gives it an event when it asks for the next one, and takes its answer, which must have that status.
    fn answer(&mut self, event: &str, status: u16) {
        let (asked, _) = self.request();
        assert!(asked.starts_with("GET /2018-06-01/runtime/invocation/next"), "{asked}");
        let headers = "Lambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
                       Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:111122223333:function:fhir\r\n";
        self.respond("200 OK", headers, event);
        let (asked, body) = self.request();
        assert!(asked.contains("/invocation/1/response"), "{asked}: {}", String::from_utf8_lossy(&body));
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["statusCode"], status, "{}", answer["body"]);
        self.respond("202 Accepted", "", "");
    }

    fn respond(&mut self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let stream = self.api.get_mut();
        let text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).unwrap();
    }

    /// A request's first line and its body.
    fn request(&mut self) -> (String, Vec<u8>) {
        let (mut first, mut length) = (String::new(), 0);
        self.api.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            self.api.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.api.read_exact(&mut body).unwrap();
        (first, body)
    }

    fn row(&self, what: &str, event: usize, took: Duration, to_reach: &str) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u32 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        let most: u32 = to_reach.trim_end_matches(" MB").parse().unwrap();
        assert!(kilobytes * 1024 <= most * 1_000_000, "{kilobytes} KB after {what}, not {to_reach}");
        let megabytes = format!("{:.1} MB", f64::from(kilobytes) * 1024.0 / 1e6);
        let took = if took.is_zero() { String::new() } else { format!("{:.2} s", took.as_secs_f64()) };
        let event = if event == 0 { String::new() } else { format!("{event} bytes") };
        row(&[what.to_owned(), event, megabytes, took, to_reach.to_owned()]);
    }

    /// Its CPU time, the kernel's part included.
    fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
        Duration::from_millis(10 * fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>()) // 100 a second
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
