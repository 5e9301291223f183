//! fhir's template, which ships: it deploys here in each of its forms, lets in whom it should, and protects what it holds.

use local_aws::{Account, ClientRequest, Deploy, LocalAws, Result, Stack};
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

async fn deploy(parameters: &[(&str, &str)]) -> Result<(Account, Stack)> {
    let account = LocalAws::shared().await?.account();
    let template = Deploy::template("functions/fhir/template.yaml")
        .bootstrap("FhirFunction", "tests/local-aws/tests/fixtures/caller");
    let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
    let stack = account.deploy(deploy).await?;
    Ok((account, stack))
}

async fn token(account: &Account, stack: &Stack, scopes: &[&str]) -> Result<String> {
    let (url, pool) = (stack.output("TokenUrl")?, stack.output("UserPoolId")?);
    account.access_token(url, pool, stack.output("ClientId")?, scopes).await
}

fn request(stack: &Stack, method: &str, path: &str) -> Result<ClientRequest> {
    let base = stack.output("FhirUrl")?.trim_end_matches('/');
    Ok(ClientRequest::new(method, format!("{base}{path}")))
}

fn has(stack: &Stack, kind: &str) -> bool {
    stack.resources.iter().any(|resource| resource.kind == kind)
}

#[tokio::test]
async fn the_function_is_told_where_its_data_is() -> Result<()> {
    let (_, stack) = deploy(&[]).await?;
    let environment = &stack.function("FhirFunction")?.configuration().environment;
    let told = |name: &str| environment.get(name).map(String::as_str);
    assert_eq!(told("TABLE"), Some(stack.output("TableName")?));
    assert_eq!(told("BUCKET"), Some(stack.output("BodiesBucket")?));
    assert_eq!((told("PAGE_SIZE"), told("MAX_PAGE_SIZE")), (Some("50"), Some("200")));
    assert_eq!([told("ARCHIVE_BUCKET"), told("BASE_URL"), told("CORS_ORIGIN")], [None; 3]);
    let configuration = stack.function("FhirFunction")?.configuration();
    assert_eq!((configuration.timeout.as_secs(), configuration.memory_size), (29, 512));
    assert_eq!(configuration.reserved_concurrency, None);

    let more = [
        ("Archive", "true"),
        ("BaseUrl", "https://fhir.example.org/r4"),
        ("CorsOrigin", "https://app.example.org"),
        ("ReservedConcurrency", "7"),
    ];
    let (_, stack) = deploy(&more).await?;
    let configuration = stack.function("FhirFunction")?.configuration();
    let told = |name: &str| configuration.environment.get(name).map(String::as_str);
    assert_eq!(told("ARCHIVE_BUCKET"), Some(stack.output("ArchiveBucket")?));
    assert_eq!(told("BASE_URL"), Some("https://fhir.example.org/r4"));
    assert_eq!(told("CORS_ORIGIN"), Some("https://app.example.org"));
    assert_eq!(configuration.reserved_concurrency, Some(7));
    Ok(())
}

#[tokio::test]
async fn an_http_api_lets_in_by_token_and_scope() -> Result<()> {
    let (account, stack) = deploy(&[]).await?;
    let (read, write) =
        (token(&account, &stack, &["fhir/read"]).await?, token(&account, &stack, &["fhir/write"]).await?);
    // method, path, statuses without a token, with one that may read, with one that may write
    let table = [
        ("GET", "/metadata", [200, 200, 200]),
        ("GET", "/?_type=Patient", [401, 200, 403]),
        ("GET", "/Patient/1/_history/2", [401, 200, 403]),
        ("HEAD", "/Patient/1", [401, 200, 403]),
        ("POST", "/_search", [401, 200, 403]),
        ("POST", "/Patient/_search", [401, 200, 403]),
        ("POST", "/Patient/1/Observation/_search", [401, 200, 403]),
        ("POST", "/Patient/1/_search", [401, 200, 403]),
        ("POST", "/", [401, 403, 200]),
        ("POST", "/Patient", [401, 403, 200]),
        ("PUT", "/Patient/1", [401, 403, 200]),
        ("PATCH", "/Patient/1", [401, 403, 200]),
        ("DELETE", "/Patient/1", [401, 403, 200]),
        ("TRACE", "/Patient/1", [404, 404, 404]),
    ];
    for (method, path, statuses) in table {
        let plain = request(&stack, method, path)?;
        let requests = [plain.clone(), plain.clone().token(&read), plain.token(&write)];
        for (request, status) in requests.into_iter().zip(statuses) {
            assert_eq!(account.send(request).await?.status(), status, "{method} {path}");
        }
    }
    let forged = request(&stack, "GET", "/Patient/1")?.token(&format!("{read}x"));
    assert_eq!(account.send(forged).await?.status(), 401);
    Ok(())
}

#[tokio::test]
async fn the_function_gets_what_the_client_sent() -> Result<()> {
    let (account, stack) = deploy(&[]).await?;
    let write = token(&account, &stack, &["fhir/read", "fhir/write"]).await?;
    let body = json!({"resourceType": "Patient"}).to_string();
    let create = request(&stack, "POST", "/Patient?_format=json&name=a%2Cb")?;
    let event = account.send(create.token(&write).body("application/fhir+json", body)).await?.json()?;
    let of = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    assert_eq!(of("/rawPath").as_deref(), Some("/Patient"));
    assert_eq!(of("/rawQueryString").as_deref(), Some("_format=json&name=a%2Cb"));
    assert_eq!(of("/requestContext/http/method").as_deref(), Some("POST"));
    assert_eq!(event["isBase64Encoded"], true); // fhir+json is none of the types that an HTTP API takes for text
    assert_eq!(of("/routeKey").as_deref(), Some("POST /{proxy+}"));
    Ok(())
}

#[tokio::test]
async fn a_preflight_needs_no_token() -> Result<()> {
    let preflight = |stack: &Stack| -> Result<ClientRequest> {
        let request = request(stack, "OPTIONS", "/Patient")?.header("origin", "https://app.example.org");
        Ok(request.header("access-control-request-method", "POST").header("access-control-request-headers", "prefer"))
    };
    let (account, stack) = deploy(&[("CorsOrigin", "https://app.example.org")]).await?;
    let answer = account.send(preflight(&stack)?).await?;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.org"));

    let (account, stack) = deploy(&[("Endpoint", "rest-api"), ("CorsOrigin", "https://app.example.org")]).await?;
    assert_eq!(account.send(preflight(&stack)?).await?.status(), 200, "the function's own answer");
    Ok(())
}

#[tokio::test]
async fn another_issuer_needs_no_pool() -> Result<()> {
    let issuer = [
        ("JwtIssuer", "https://id.example.org"),
        ("JwtAudience", "https://fhir.example.org,other"),
        ("ReadScopes", "a,b"),
    ];
    let (account, stack) = deploy(&issuer).await?;
    assert!(!has(&stack, "AWS::Cognito::UserPool") && stack.output("TokenCommand").is_err());
    assert_eq!(account.send(request(&stack, "GET", "/metadata")?).await?.status(), 200);
    assert_eq!(account.send(request(&stack, "GET", "/Patient/1")?).await?.status(), 401);
    let api = stack.resource("HttpApi")?.physical_id.clone();
    let authorizers = account.control_rest("apigateway", "GET", &format!("/v2/apis/{api}/authorizers"), "").await?;
    let jwt = &authorizers.json()?["items"][0]["jwtConfiguration"];
    assert_eq!(*jwt, json!({"issuer": "https://id.example.org", "audience": ["https://fhir.example.org", "other"]}));
    let routes = account.control_rest("apigateway", "GET", &format!("/v2/apis/{api}/routes"), "").await?.json()?;
    let routes = routes["items"].as_array().cloned().unwrap_or_default();
    let get = routes.iter().find(|route| route["routeKey"] == "GET /{proxy+}").unwrap();
    assert_eq!(get["authorizationScopes"], json!(["a", "b"]));
    Ok(())
}

#[tokio::test]
async fn a_pool_takes_further_clients() -> Result<()> {
    let (account, stack) = deploy(&[("JwtAudience", "app1,app2")]).await?;
    let api = stack.resource("HttpApi")?.physical_id.clone();
    let authorizers = account.control_rest("apigateway", "GET", &format!("/v2/apis/{api}/authorizers"), "").await?;
    let audience = authorizers.json()?["items"][0]["jwtConfiguration"]["audience"].clone();
    assert_eq!(audience, json!([stack.output("ClientId")?, "app1", "app2"]));
    Ok(())
}

#[tokio::test]
async fn a_rest_api_lets_in_by_token_and_scope() -> Result<()> {
    let (account, stack) = deploy(&[("Endpoint", "rest-api")]).await?;
    assert!(stack.output("FhirUrl")?.ends_with("/r4") && !has(&stack, "AWS::ApiGatewayV2::Api"));
    let (read, write) =
        (token(&account, &stack, &["fhir/read"]).await?, token(&account, &stack, &["fhir/write"]).await?);
    let table = [
        ("GET", "/metadata", [200, 200, 200]),
        ("GET", "/?_type=Patient", [401, 200, 401]),
        ("GET", "/Patient/1/_history/2", [401, 200, 401]),
        ("HEAD", "/Patient/1", [401, 200, 401]),
        ("POST", "/", [401, 401, 200]),
        ("PUT", "/Patient/1", [401, 401, 200]),
        ("PATCH", "/Patient/1", [401, 401, 200]),
        ("DELETE", "/Patient/1", [401, 401, 200]),
    ];
    for (method, path, statuses) in table {
        let plain = request(&stack, method, path)?;
        let requests = [plain.clone(), plain.clone().token(&read), plain.token(&write)];
        for (request, status) in requests.into_iter().zip(statuses) {
            assert_eq!(account.send(request).await?.status(), status, "{method} {path}");
        }
    }
    let gzip = [0x1f, 0x8b, 8, 0, 0xff];
    let request = request(&stack, "PUT", "/Patient/1")?.token(&write).body("application/fhir+json", gzip.to_vec());
    let event = account.send(request).await?.json()?;
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("H4sIAP8="), &json!(true)), "bytes stay bytes");
    assert_eq!((&event["path"], &event["requestContext"]["stage"]), (&json!("/Patient/1"), &json!("r4")));
    Ok(())
}

#[tokio::test]
async fn iam_instead_of_tokens() -> Result<()> {
    for (endpoint, denied) in [("http-api", 403), ("rest-api", 403), ("function-url", 403)] {
        let (account, stack) = deploy(&[("Endpoint", endpoint), ("Authorization", "iam")]).await?;
        assert!(!has(&stack, "AWS::Cognito::UserPool"), "{endpoint}");
        let read = request(&stack, "GET", "/Patient/1")?;
        assert_eq!(account.send(read.clone()).await?.status(), denied, "{endpoint}");
        assert_eq!(account.send(read.signed()).await?.status(), 200, "{endpoint}");
    }
    Ok(())
}

#[tokio::test]
async fn a_function_url_has_no_other_way_in() -> Result<()> {
    let (account, stack) = deploy(&[("Endpoint", "function-url")]).await?;
    for kind in ["AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi", "AWS::Cognito::UserPool"] {
        assert!(!has(&stack, kind), "{kind}");
    }
    assert_eq!(account.send(request(&stack, "GET", "/metadata")?).await?.status(), 403);
    let event = account.send(request(&stack, "GET", "/metadata")?.signed()).await?.json()?;
    assert_eq!(event["rawPath"], "/metadata");
    Ok(())
}

#[tokio::test]
async fn what_does_not_fit_together_is_refused() -> Result<()> {
    let issuer = ("JwtIssuer", "https://id.example.org");
    let table = [
        (vec![issuer], "JwtAudience"),
        (vec![issuer, ("JwtAudience", "a"), ("Endpoint", "rest-api")], "HTTP API"),
        (vec![issuer, ("JwtAudience", "a"), ("Authorization", "iam")], "Authorization is iam"),
    ];
    for (parameters, part) in table {
        let error = deploy(&parameters).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn the_table_and_the_buckets_have_their_protections() -> Result<()> {
    let (account, stack) = deploy(&[("Archive", "true")]).await?;
    let name = stack.output("TableName")?;
    let (target, body) = ("DynamoDB_20120810.DescribeTable", json!({"TableName": name}));
    let table = account.control_json("dynamodb", target, &body).await?.json()?["Table"].clone();
    assert_eq!(table["DeletionProtectionEnabled"], true);
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    let target = "DynamoDB_20120810.DescribeTimeToLive";
    let living = account.control_json("dynamodb", target, &json!({"TableName": name})).await?.json()?;
    assert_eq!(living["TimeToLiveDescription"]["AttributeName"], "ttl");
    for bucket in [stack.output("BodiesBucket")?, stack.output("ArchiveBucket")?] {
        let ask = async |what: &str| -> Result<String> {
            let answer = account.control_rest("s3", "GET", &format!("/{bucket}?{what}"), "").await?;
            Ok(String::from_utf8_lossy(answer.body()).into_owned())
        };
        assert!(ask("versioning").await?.contains("Enabled"));
        assert!(ask("policy").await?.contains("aws:SecureTransport"));
        let block = ask("publicAccessBlock").await?;
        assert_eq!(block.matches("true").count(), 4, "{block}");
    }
    Ok(())
}

#[tokio::test]
async fn the_suite_deploys_it_by_a_switch_of_its_own() -> Result<()> {
    let account = LocalAws::shared().await?.account();
    let suite = Deploy::template("template.yaml").parameter("NatFailover", "false").parameter("Fhir", "true");
    let suite = suite.parameter("FhirReadScopes", "fhir/read,fhir/write");
    let stack = account.deploy(suite.bootstrap("FhirFunction", "tests/local-aws/tests/fixtures/caller")).await?;
    assert!(stack.output("FhirTokenCommand")?.contains(stack.output("FhirUserPoolId")?));
    let environment = &stack.function("FhirFunction")?.configuration().environment;
    assert_eq!(environment.get("TABLE").map(String::as_str), Some(stack.output("FhirTableName")?));
    let (pool, client) = (stack.output("FhirUserPoolId")?, &stack.resource("Client")?.physical_id);
    let domain = &stack.resource("UserPoolDomain")?.physical_id;
    let url = format!("https://{domain}.auth.eu-central-1.amazoncognito.com/oauth2/token");
    let token = account.access_token(&url, pool, client, &["fhir/write"]).await?;
    let read = ClientRequest::new("GET", format!("{}/Patient/1", stack.output("FhirUrl")?));
    assert_eq!(account.send(read.clone()).await?.status(), 401);
    assert_eq!(account.send(read.token(&token)).await?.status(), 200, "any of the scopes will do");
    Ok(())
}

/// What no emulator keeps.
#[test]
fn nothing_that_happens_to_the_stack_deletes_data() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/fhir/template.yaml");
    let template: Yaml = serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let resources = &template["Resources"];
    for name in ["Table", "Bodies", "ArchiveBucket"] {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert_eq!(resources[name][policy], "Retain", "{name}");
        }
    }
    let table = &resources["Table"]["Properties"];
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    for name in ["Bodies", "ArchiveBucket"] {
        let bucket = &resources[name]["Properties"];
        assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled", "{name}");
        assert!(bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].is_mapping(), "{name}");
    }
    let kept = &resources["Bodies"]["Properties"]["LifecycleConfiguration"]["Rules"][1];
    // As long as a table can be recovered to, and a day.
    assert_eq!(kept["NoncurrentVersionExpiration"]["NoncurrentDays"], 36);
}

#[tokio::test]
async fn a_key_of_ones_own_is_for_this_table_and_these_buckets() -> Result<()> {
    let (_, stack) = deploy(&[("KmsKeyArn", KEY), ("Archive", "true")]).await?;
    let configuration = stack.function("FhirFunction")?.configuration();
    let statements: Vec<Value> = configuration
        .policies
        .iter()
        .flat_map(|policy| policy.document["Statement"].as_array().cloned().unwrap_or_default())
        .collect();
    let of_key: Vec<_> = statements.iter().filter(|statement| statement["Resource"] == KEY).collect();
    assert_eq!(of_key.len(), 4);
    assert!(of_key.iter().all(|statement| statement["Condition"]["StringEquals"]["kms:ViaService"].is_string()));
    let text = json!(of_key).to_string();
    for part in [stack.output("TableName")?, stack.output("BodiesBucket")?, stack.output("ArchiveBucket")?] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, without) = deploy(&[]).await?;
    assert!(!format!("{:?}", without.function("FhirFunction")?.configuration().policies).contains("kms:"));
    Ok(())
}

#[tokio::test]
async fn the_role_may_what_the_store_does_and_no_more() -> Result<()> {
    let (account, stack) = deploy(&[]).await?;
    let table = stack.output("TableName")?;
    let key = json!({"pk": {"S": "h#Patient/1"}, "sk": {"S": "h"}});
    let put = |table: &str| json!({"Put": {"TableName": table, "Item": key}});
    let call = |action: &str, parameters: Value| {
        let target = format!("DynamoDB_20120810.{action}");
        json!({"service": "dynamodb", "action": action, "target": target, "parameters": parameters})
    };
    let check =
        json!({"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": "attribute_exists(pk)"}});
    let calls = [
        (call("TransactWriteItems", json!({"TransactItems": [put(table)]})), 200),
        (call("BatchGetItem", json!({"RequestItems": {table: {"Keys": [key]}}})), 200),
        (call("BatchWriteItem", json!({"RequestItems": {table: [{"DeleteRequest": {"Key": key}}]}})), 200),
        (call("TransactWriteItems", json!({"TransactItems": [put(table), put("other")]})), 400),
        (call("TransactWriteItems", json!({"TransactItems": [check]})), 400),
        (call("BatchGetItem", json!({"RequestItems": {"other": {"Keys": [key]}}})), 400),
        (call("Scan", json!({"TableName": table})), 400),
    ];
    let steps: Vec<Value> = calls.iter().map(|(call, _)| json!([call])).collect();
    let invocation = stack.function("FhirFunction")?.invoke(&json!({"steps": steps})).await?;
    let story = invocation.calls.story();
    let answers = invocation.result.clone().unwrap()["answers"].clone();
    for (at, (_, status)) in calls.iter().enumerate() {
        let answer = &answers[at];
        assert_eq!(answer["status"], *status, "{at}: {answer}\n{story}");
        assert!(*status == 200 || answer["code"] == "AccessDeniedException", "{at}: {answer}");
    }
    let arn = format!("arn:aws:dynamodb:eu-central-1:{}:table/{table}", account.id());
    assert!(invocation.calls.resources().contains(&arn), "{story}");
    assert_eq!(invocation.calls.of("dynamodb:TransactWriteItems").iter().next().unwrap().resources, [arn]);
    let unused = account.policy_coverage().unused_actions();
    assert!(unused.contains(&"caller may dynamodb:Query".to_owned()), "{unused:?}");
    assert!(!unused.contains(&"caller may dynamodb:PutItem".to_owned()), "a transaction uses it: {unused:?}");
    Ok(())
}
