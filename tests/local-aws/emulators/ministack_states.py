"""What ministack's Step Functions gets wrong and matters here. ``apply`` puts it right.

* A task is done in the state machine's role, which may or may not. A throttled function is Lambda.TooManyRequestsException.
* Retries wait by MaxDelaySeconds and JitterStrategy; ministack waits a minute at most, without jitter. All waits pass at the
  account's speed (``LOCAL_AWS_GATEWAY``/local-aws/states-clock).
* States.ALL matches neither States.Runtime nor States.DataLimitExceeded.
* StartExecution is idempotent while an execution runs, and checks name and input.
* The branches of a Parallel state do not share the context object's State, and their states are in the history, in which each
  event names the one before it. A function's events have their own types.
* An execution that failed has no output.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html,
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import contextvars
import json
import random
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import lambda_svc
from ministack.services import stepfunctions as sfn

from ministack_roles import Service

Json = dict[str, Any]

INPUT = 256 * 1024
NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\U0010ffff]{1,80}""")
NEVER_CAUGHT = {"States.Runtime", "States.DataLimitExceeded"}
FUNCTION_EVENTS = {"TaskScheduled", "TaskSucceeded", "TaskFailed"}

execution_arn: contextvars.ContextVar[str] = contextvars.ContextVar("execution_arn")
previous_event: contextvars.ContextVar[int] = contextvars.ContextVar("previous_event", default=0)
_history = threading.Lock()

_run_execution = sfn._run_execution
_start_execution = sfn._start_execution
_describe_execution = sfn._describe_execution
_find_retrier = sfn._find_matching_retrier
_publish = sfn._invoke_sns_publish
_run_branches = sfn._run_parallel_branches


def run_execution(arn: str) -> None:
    execution_arn.set(arn)
    _run_execution(arn)


# -- StartExecution --


def start_execution(data: Json) -> Any:
    text = data.get("input", "{}")
    if "name" in data and not NAME.fullmatch(data["name"]):
        return error_response_json("InvalidName", f"Invalid Name: '{data['name']}'", 400)
    try:
        json.loads(text)
    except ValueError as error:
        return error_response_json("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'", 400)
    if len(text.encode()) > INPUT:
        return error_response_json("InvalidExecutionInput", f"Input is longer than {INPUT} bytes", 400)
    return running(data, text) or _start_execution({**data, "input": text})


def running(data: Json, text: str) -> Any:
    """The answer to the call that started it, if this one is the same and it still runs."""
    machine = sfn._state_machines.get(sfn._resolve_state_machine_arn(data.get("stateMachineArn", "")) or "")
    if not machine or "name" not in data or machine["type"] != "STANDARD":
        return None
    arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine['name']}:{data['name']}"
    execution = sfn._executions.get(arn)
    if not execution or execution["status"] != "RUNNING" or execution["input"] != text:
        return None
    return json_response({"executionArn": arn, "startDate": execution["startDate"]})


def describe_execution(data: Json) -> Any:
    status, headers, body = _describe_execution(data)
    described = json.loads(body)
    if described.get("status") == "FAILED":
        described["output"] = None
        return json_response(described)
    return status, headers, body


# -- time --


def sleep(seconds: float) -> None:
    """Seconds of the account's: the gateway says how much faster they pass here."""
    if seconds <= 0:
        return
    with urllib.request.urlopen(f"{GATEWAY}/local-aws/states-clock?account={get_account_id()}") as answer:
        time.sleep(seconds / json.load(answer)["speed"])


def delay(retrier: Json, retries: int) -> float:
    seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds


def find_retrier(retriers: list[Json], error: str, counts: dict[int, int]) -> tuple[Json | None, int]:
    """Waits itself, for those that ask would wait a minute at most."""
    retrier, index = _find_retrier(retriers, error, counts)
    if retrier is None:
        return None, index
    sleep(delay(retrier, counts.get(index, 0)))
    return {**retrier, "IntervalSeconds": 0}, index


def error_matches(names: list[str], error: str) -> bool:
    if error in names:
        return True
    if "States.ALL" in names:
        return error not in NEVER_CAUGHT
    return "States.TaskFailed" in names and error != "States.Timeout"


# -- tasks, in the state machine's role --


def require(action: str, resource: str, error: str) -> None:
    execution = sfn._executions[execution_arn.get()]
    machine = sfn._state_machines[execution["stateMachineArn"]]
    service = Service("states.amazonaws.com", get_account_id(), get_region(), machine["stateMachineArn"])
    try:
        service.require_role(machine["roleArn"], action, resource)
    except PermissionError as denied:
        raise sfn._ExecutionError(error, str(denied)) from denied


def call_lambda(reference: str, event: Any) -> Any:
    func, config, name = lambda_svc._get_func_record_for_ref(reference)
    if not func or not config:
        raise sfn._ExecutionError("Lambda.ResourceNotFoundException", f"Function not found: {name}")
    require("lambda:InvokeFunction", config["FunctionArn"], "Lambda.AWSLambdaException")
    record = lambda_svc._execution_record_for_config(func, config)
    result = lambda_svc._execute_function_with_config_scope(record, event)
    body = result.get("body")
    if result.get("throttle"):
        raise sfn._ExecutionError("Lambda.TooManyRequestsException", body["message"])
    if result.get("error"):
        raise sfn._ExecutionError(body["errorType"], json.dumps(body))
    return body


def publish(resource: str, task: Json) -> Json:
    require("sns:Publish", task.get("TopicArn") or task.get("TargetArn") or "*", "SNS.AuthorizationErrorException")
    return _publish(resource, task)


# -- the history --


def add_event(execution: Json, kind: str, details: Json | None = None) -> Json:
    kind, details = function_event(kind, details or {})
    with _history:
        event = {"id": len(execution["events"]) + 1, "previousEventId": previous_event.get(), "type": kind}
        event |= {"timestamp": sfn.now_iso(), **details}
        execution["events"].append(event)
    previous_event.set(event["id"])
    return event


def function_event(kind: str, details: Json) -> tuple[str, Json]:
    """LambdaFunctionFailed instead of TaskFailed, where the task's resource is a function."""
    inner = dict(next(iter(details.values()), {}))
    if kind not in FUNCTION_EVENTS or ":function:" not in inner.get("resource", ""):
        return kind, details
    if kind != "TaskScheduled":
        del inner["resource"]
    inner.pop("resourceType", None)
    kind = kind.replace("Task", "LambdaFunction")
    return kind, {f"l{kind[1:]}EventDetails": inner}


def run_sub_machine(states: Json, name: str, value: Any, execution: Json, ctx: Json) -> Any:
    """A branch of a Parallel or Map state. ctx: its State is the branch's own."""
    ctx = dict(ctx)
    while name:
        if name not in states:
            raise sfn._ExecutionError("States.Runtime", f"State '{name}' not found")
        state, kind = states[name], states[name].get("Type")
        ctx["State"] = {"Name": name, "EnteredTime": sfn.now_iso(), "RetryCount": 0}
        entered = {"name": name, "input": json.dumps(value)}
        add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": entered})
        value, following = step(state, value, execution, ctx)
        left = {"name": name, "output": json.dumps(value)}
        add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": left})
        name = following
    return value


def step(state: Json, value: Any, execution: Json, ctx: Json) -> tuple[Any, str | None]:
    """What a state makes of its input, and which one comes next."""
    kind = state.get("Type")
    if kind == "Fail":
        raise sfn._ExecutionError(*sfn._fail_state_error(state, value, ctx))
    if kind == "Succeed":
        return sfn._apply_output_path(state, sfn._apply_input_path(state, value, ctx), ctx), None
    simple: dict[str, Callable[..., Any]] = {
        "Pass": sfn._execute_pass, "Choice": sfn._execute_choice, "Wait": sfn._execute_wait,
    }
    if kind in simple:
        return simple[kind](state, value, ctx)
    return {"Task": sfn._execute_task, "Parallel": sfn._execute_parallel, "Map": sfn._execute_map}[kind](
        state, value, execution, ctx
    )


def run_branches(state: Json, value: Any, execution: Json, ctx: Json) -> Any:
    add_event(execution, "ParallelStateStarted")
    outcome = _run_branches(state, value, execution, ctx)
    add_event(execution, "ParallelStateSucceeded")
    return outcome


def apply(gateway: str) -> None:
    global GATEWAY
    GATEWAY = gateway
    sfn._run_execution, sfn._scaled_sleep = run_execution, sleep
    sfn._start_execution, sfn._describe_execution = start_execution, describe_execution
    sfn._find_matching_retrier, sfn._error_matches = find_retrier, error_matches
    sfn._call_lambda, sfn._invoke_sns_publish = call_lambda, publish
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = publish
    sfn._add_event, sfn._run_sub_machine, sfn._run_parallel_branches = add_event, run_sub_machine, run_branches
