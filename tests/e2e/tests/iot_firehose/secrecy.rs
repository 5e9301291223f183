//! What devices say is in the lake and in the quarantine, and nowhere in the logs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::iot::make::{kinesis_of_base64, sqs, transformation};
use local_aws::{Fault, Invocation};
use serde_json::{Value, json};

use super::within;

const MARK: &str = "Zwetschge";

fn bodies() -> Vec<String> {
    vec![
        format!(r#"{{"time":"{MARK}","sensor_a0":"{MARK}","{MARK}":1}}"#),
        format!(r#"{{"time":1,"sensor_a0":{MARK}}}"#),
        format!(r#"["{MARK}"]"#),
        format!(r#""{MARK}"#),
        MARK.to_owned(),
    ]
}

/// Events of each source, and some that are none's.
fn events() -> e2e::Result<Vec<Value>> {
    let bytes = [b"\xff\xfe".as_slice(), MARK.as_bytes()].concat();
    let data =
        bodies().into_iter().map(|body| STANDARD.encode(body)).chain([STANDARD.encode(bytes), format!("*{MARK}")]);
    Ok(vec![
        sqs(bodies())?,
        kinesis_of_base64(data)?,
        transformation(bodies())?,
        json!({"time": MARK, "sensor_a0": MARK, MARK: MARK}),
        json!([{"sensor_a0": MARK}, MARK, [MARK]]),
        json!(MARK),
        json!({"Records": [{"eventSource": "aws:sqs", "body": MARK}]}),
        json!({"Records": [{"eventSource": MARK, "body": MARK}]}),
        json!({"Records": MARK}),
        json!({"invocationId": MARK, "records": [{"data": MARK}]}),
    ])
}

fn tells_nothing(invocation: &Invocation) {
    let mark64 = STANDARD.encode(MARK);
    for line in invocation.logs.iter().chain(invocation.report.iter()) {
        assert!(!line.contains(MARK) && !line.contains(mark64.trim_end_matches('=')), "{line}");
    }
    if let Err(error) = &invocation.result {
        assert!(!error.to_string().contains(MARK), "{error}");
    }
}

#[test]
fn no_log_line_and_no_error_holds_what_a_device_said() {
    within(&[("LogLevel", "DEBUG"), ("TimePolicy", "strict")], async |iot| {
        let refusing = [
            vec![],
            vec![Fault::throttle().action("firehose:PutRecordBatch").first(1)],
            vec![Fault::refuse_every_nth_record(1, "InternalFailure").first(1)],
            vec![
                Fault::error(400, "ResourceNotFoundException", "gone").action("firehose:PutRecordBatch"),
                Fault::error(403, "AccessDenied", "no").action("s3:PutObject"),
            ],
        ];
        for faults in refusing {
            iot.account.clear_faults();
            for fault in faults {
                iot.account.inject(fault);
            }
            for event in events()? {
                tells_nothing(&iot.function.invoke(&event).await?);
            }
        }
        let lines = iot.account.invocations().iter().map(|invocation| invocation.logs.len()).sum::<usize>();
        assert!(lines > 40, "{lines} lines were looked through");
        Ok(())
    });
}
