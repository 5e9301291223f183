"""ministack, with three things put right for the local AWS. Started like ministack itself, by environment variables.

* Functions run in the local AWS's gateway (``LOCAL_AWS_GATEWAY``), which has Lambda's own Runtime Interface Emulator
  and gives each function a name of its own. ministack keeps what is before that: who invokes, reserved concurrency,
  retries of asynchronous invocations, dead-letter queues.
* Its CloudFormation forgets a function's ReservedConcurrentExecutions and DeadLetterConfig.
* Its alarms (those that stacks create) do nothing: the gateway performs alarm actions, see the README.
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

from ministack.services import cloudwatch, lambda_svc
from ministack.services.cloudformation import provisioners

GATEWAY = os.environ["LOCAL_AWS_GATEWAY"]
Json = dict[str, Any]


def invoke_in_gateway(func: Json, event: Any, _url: str, request_id: str) -> Json:
    """One invocation: the event to the gateway, its answer in the form that ministack's executors give."""
    config = func.get("config") or func
    request = urllib.request.Request(
        f"{GATEWAY}/local-aws/invoke",
        data=json.dumps(event).encode(),
        headers={"x-function-arn": config["FunctionArn"], "x-request-id": request_id},
    )
    # The gateway keeps the function's own deadline; this one only ends a hanging gateway.
    with urllib.request.urlopen(request, timeout=900) as response:
        answer = json.load(response)
    return {"body": answer["payload"], "error": answer["failed"], "log": answer["log"]}


lambda_svc._proxy_url_for = lambda config: GATEWAY if config.get("Runtime", "").startswith("provided") else None
lambda_svc._execute_function_proxy = invoke_in_gateway

_handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
_create = _handlers["create"]


def create_function(logical_id: str, props: Json, stack_name: str) -> Any:
    created = _create(logical_id, props, stack_name)
    function = lambda_svc._functions[created[0]]
    if "ReservedConcurrentExecutions" in props:
        function["concurrency"] = int(props["ReservedConcurrentExecutions"])
    if "DeadLetterConfig" in props:
        function["config"]["DeadLetterConfig"] = props["DeadLetterConfig"]
    return created


_handlers["create"] = create_function

cloudwatch._dispatch_alarm_actions = lambda *_: None

if __name__ == "__main__":
    from ministack.app import main

    main()
