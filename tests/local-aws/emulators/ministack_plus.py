"""ministack, with a few things put right for the local AWS. Started like ministack itself, by environment variables.

* Functions run in the local AWS's gateway (``LOCAL_AWS_GATEWAY``), which has Lambda's own Runtime Interface Emulator
  and tells each function's calls from the others'. ministack keeps what is before that: who invokes, reserved
  concurrency, retries of asynchronous invocations, dead-letter queues.
* Its SNS and EventBridge invoke a function once; AWS's invoke asynchronously, with two retries and the dead-letter
  queue. Its asynchronous invocations count a throttled try as one of the three, and have a request id for each; AWS's
  do not.
* Its CloudFormation forgets a function's ReservedConcurrentExecutions and DeadLetterConfig.
* Its CloudFormation does not transform a nested application's template.
* Its CloudFormation has no named queries of Athena, and keeps an event source mapping's MaximumConcurrency as text, at
  which its poller fails.
* Its CloudFormation has no rotation schedules. Here they can be made and do nothing: tests rotate, see the README.
* Its SSM and its CloudFormation have no documents and no associations: ``ministack_ssm``.
* Its event source mappings of queues take 10 messages at most and do not wait for their batching window:
  ``ministack_batches``.
* Its IoT Core's devices and rules may do everything, and its rules invoke functions once: ``ministack_iot``.
* Its Step Functions ask no role, know neither MaxDelaySeconds nor jitter, and start no execution twice: ``ministack_states``.
* Its DynamoDB tables are not dynoxide's: ``ministack_tables``.
* Its APIs are found by callers of their own account only; those of its CloudFormation refuse all preflights and know no binary
  types: ``ministack_apis``.
* Its CloudFormation forgets a bucket's lifecycle rules and encryption, which nothing here needs.
* Its subscriptions of log groups take quoted terms apart and invoke functions once: ``ministack_logs``.
* Its alarms (those that stacks create) do nothing here: the gateway performs alarm actions, see the README. It refuses
  those of metric math; here they are kept by their first metric.
* PutEvents takes events of AWS's own services (``aws.autoscaling``), for the tests to send.
"""

from __future__ import annotations

import contextvars
import functools
import json
import os
import threading
import time
import urllib.request
import uuid
from types import SimpleNamespace
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import athena, cloudwatch, eventbridge, lambda_svc, sns
from ministack.services.cloudformation import engine, helpers, provisioners

import ministack_apis
import ministack_batches
import ministack_iot
import ministack_logs
import ministack_ssm
import ministack_states
import ministack_tables

Json = dict[str, Any]

GATEWAY = os.environ["LOCAL_AWS_GATEWAY"]
TRIES = 3
RETRY_SECONDS = 0.2  # AWS waits a minute, then two
asynchronous_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("asynchronous_id", default=None)


def invoke_in_gateway(func: Json, event: Any, _url: str, request_id: str) -> Json:
    """One invocation: the event to the gateway, its answer in the form that ministack's executors give."""
    config = func.get("config") or func
    request = urllib.request.Request(
        f"{GATEWAY}/local-aws/invoke",
        data=json.dumps(event).encode(),
        headers={"x-function-arn": config["FunctionArn"], "x-request-id": asynchronous_id.get() or request_id},
    )
    # The gateway keeps the function's own deadline; this one only ends a hanging gateway.
    with urllib.request.urlopen(request, timeout=900) as response:
        answer = json.load(response)
    return {"body": answer["payload"], "error": answer["failed"], "log": answer["log"]}


def proxy_url(config: Json) -> str | None:
    return GATEWAY if config.get("Runtime", "").startswith("provided") else None


def invoke_asynchronously(func: Json, event: Any) -> None:
    """Lambda's asynchronous invocation: three tries, not counting throttled ones, then the dead-letter queue."""

    def tries() -> None:
        asynchronous_id.set(str(uuid.uuid4()))
        config = func.get("config") or func
        asked = func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}
        retries = asked.get("MaximumRetryAttempts")
        left = TRIES if retries is None else int(retries) + 1
        while True:
            result = lambda_svc._execute_function(func, event)
            if not result.get("throttle"):
                left -= 1
            if not result.get("error"):
                return
            if left == 0:
                break
            time.sleep(RETRY_SECONDS)
        on_failure = (asked.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
        target = on_failure or (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if target:
            lambda_svc._route_async_failure(target, config["FunctionName"], event, result)

    def scoped() -> None:
        with request_scope(*lambda_svc._account_region_from_function_config(func.get("config") or func)):
            tries()

    threading.Thread(target=contextvars.copy_context().run, args=(scoped,), daemon=True).start()


def dispatch_to_lambda(arn: str, payload: str) -> None:
    func, config, _name = lambda_svc._get_func_record_for_ref(arn)
    if func and config:
        invoke_asynchronously(lambda_svc._execution_record_for_config(func, config), json.loads(payload))


lambda_svc._proxy_url_for = proxy_url
lambda_svc._execute_function_proxy = invoke_in_gateway
lambda_svc.invoke_async_with_retry = invoke_asynchronously
eventbridge._dispatch_to_lambda = dispatch_to_lambda
eventbridge._put_events = functools.partial(eventbridge._put_events, allow_aws_source=True)
# SNS finds Lambda by this module; for it alone, executing is asynchronous.
sns._lambda_svc = SimpleNamespace(**{**vars(lambda_svc), "_execute_function_with_config_scope": invoke_asynchronously})

_handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
_create_function = _handlers["create"]


def create_function(logical_id: str, props: Json, stack_name: str) -> Any:
    created = _create_function(logical_id, props, stack_name)
    function = lambda_svc._functions[created[0]]
    if "ReservedConcurrentExecutions" in props:
        function["concurrency"] = int(props["ReservedConcurrentExecutions"])
    if "DeadLetterConfig" in props:
        function["config"]["DeadLetterConfig"] = props["DeadLetterConfig"]
    return created


_handlers["create"] = create_function

_resolve_template = helpers._resolve_template


def resolve_nested_template(params: Json) -> Any:
    body, error = _resolve_template(params)
    return (json.dumps(engine._apply_transforms(engine._parse_template(body))), None) if body else (body, error)


# Only nested stacks look it up here at run time; CreateStack has its own reference and transforms by itself.
helpers._resolve_template = resolve_nested_template

def create_rotation_schedule(_logical_id: str, props: Json, _stack_name: str) -> Any:
    return props["SecretId"], {}


provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::RotationSchedule"] = {
    "create": create_rotation_schedule,
    "delete": lambda _physical_id, _props: None,
}

NAMED_QUERY = ("Name", "Database", "QueryString", "Description", "WorkGroup")


def create_named_query(_logical_id: str, props: Json, _stack_name: str) -> Any:
    _status, _headers, body = athena._create_named_query({key: props[key] for key in NAMED_QUERY if key in props})
    query = json.loads(body)["NamedQueryId"]
    return query, {"NamedQueryId": query}


provisioners._RESOURCE_HANDLERS["AWS::Athena::NamedQuery"] = {
    "create": create_named_query,
    "delete": lambda query, _props: athena._delete_named_query({"NamedQueryId": query}),
}

_mapping_handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
_create_mapping = _mapping_handlers["create"]


def create_mapping(logical_id: str, props: Json, stack_name: str) -> Any:
    scaling = props.get("ScalingConfig") or {}
    if "MaximumConcurrency" in scaling:
        props = {**props, "ScalingConfig": {**scaling, "MaximumConcurrency": int(scaling["MaximumConcurrency"])}}
    return _create_mapping(logical_id, props, stack_name)


_mapping_handlers["create"] = create_mapping

cloudwatch._dispatch_alarm_actions = lambda *_: None

_alarm_record = provisioners._cw_metric_alarm_record


def alarm_record(name: str, props: Json) -> Any:
    stats = [query["MetricStat"] for query in props.get("Metrics") or [] if "MetricStat" in query]
    if stats:
        kept = {key: value for key, value in props.items() if key != "Metrics"}
        props = {**kept, **stats[0]["Metric"], "Period": stats[0]["Period"], "Statistic": stats[0]["Stat"]}
    return _alarm_record(name, props)


provisioners._cw_metric_alarm_record = alarm_record

ministack_apis.apply()
ministack_batches.apply()
ministack_iot.apply(invoke_asynchronously)
ministack_logs.apply(invoke_asynchronously)
ministack_ssm.apply()
ministack_states.apply(GATEWAY)
ministack_tables.apply(GATEWAY)

if __name__ == "__main__":
    from ministack.app import main

    main()
