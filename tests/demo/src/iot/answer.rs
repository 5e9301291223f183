//! What the function answered, in a sentence.

use local_aws::Invocation;
use report::Outcome;
use serde_json::Value;

/// The invocations' results. The last one decides how it ended.
pub(crate) fn outcome(ran: &[(&str, &Invocation)]) -> Outcome {
    let told = |(part, invocation): &(&str, &Invocation)| match (&invocation.result, part.is_empty()) {
        (Ok(answer), true) => told(answer),
        (Ok(answer), false) => format!("{part}: {}", self::told(answer)),
        (Err(error), true) => error.to_string(),
        (Err(error), false) => format!("{part}: {}", why(&error.error_message)),
    };
    let sentence = ran.iter().map(told).collect::<Vec<_>>().join("; ");
    match ran.last() {
        Some((_, invocation)) if invocation.result.is_err() => Outcome::Failed(sentence),
        _ => Outcome::Ok(sentence),
    }
}

/// Without the request's id, which Lambda sets before it.
pub(crate) fn why(message: &str) -> &str {
    message.split_once(" Error: ").map_or(message, |(_, why)| why)
}

fn told(answer: &Value) -> String {
    if let Some(records) = answer.get("records").and_then(Value::as_array) {
        let results = records.iter().filter_map(|record| record.get("result")?.as_str());
        return results.collect::<Vec<_>>().join(", ");
    }
    let given_back = given_back(answer);
    match given_back.as_slice() {
        _ if answer.get("batchItemFailures").is_none() => answer.to_string(),
        [] => "nothing was given back".to_owned(),
        [one] if one.chars().all(|digit| digit.is_ascii_digit()) => format!("given back from {} on", short(one)),
        [_] => "1 message was given back".to_owned(),
        many => format!("{} messages were given back", many.len()),
    }
}

/// What the function gave back: message ids, or the sequence number from which on all come again.
pub(crate) fn given_back(answer: &Value) -> Vec<&str> {
    let failures = answer.get("batchItemFailures").and_then(Value::as_array).into_iter().flatten();
    failures.filter_map(|failure| failure.get("itemIdentifier")?.as_str()).collect()
}

/// The end of a sequence number: its beginning is the shard's.
pub(crate) fn short(number: &str) -> String {
    format!("…{}", number.chars().skip(number.chars().count().saturating_sub(6)).collect::<String>())
}
