"""What ministack's IoT Core gets wrong and matters here. ``apply`` puts it right.

* A device is held to its certificate's policies and nothing else is: ministack does that under AUTH=true only, which would
  check every service's calls. An unknown or inactive certificate gets no CONNACK, the connection is closed.
* A rule does what its role allows it to (SQS), and invokes a function only with that function's permission; what is denied
  goes to the error action. ministack ignores both.
* A rule invokes a function asynchronously, with retries and the dead-letter queue. ministack tries once.
* Numbers are the rules engine's: 34 digits, up to 9.99E999, whole ones as integers (SQL version 2016-03-23: 10.0 is 10).
  ministack's are doubles, and 1e400 became Infinity, which is not JSON. Queues get compact JSON in UTF-8.
"""

from __future__ import annotations

import decimal
import json
from collections.abc import Callable
from typing import Any

from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate, evaluate_resource_policy
from ministack.services import iam, iot, lambda_svc

Json = dict[str, Any]

SERVICE = "iot.amazonaws.com"
DECIMAL = decimal.Context(prec=34, Emax=999, Emin=-999, traps=[decimal.Overflow])

_act = iot._dispatch_rule_action


class Decimal(float):
    """A number that SQL compares as a double and JSON gets with all its digits."""

    text: str


def number(text: str) -> int | Decimal:
    try:
        exact = DECIMAL.create_decimal(text)
    except decimal.Overflow as error:
        raise ValueError(text) from error
    if exact.adjusted() < DECIMAL.prec and exact == exact.to_integral_value():
        return int(exact)
    value = Decimal(text)
    value.text = str(exact)
    return value


def not_json(text: str) -> None:
    raise ValueError(text)  # NaN and Infinity, which Python reads


def rule_message(payload: bytes) -> Any:
    """A message as SQL sees it: JSON, else text, else nothing of which SQL could read."""
    try:
        text = (payload or b"").decode()
    except UnicodeDecodeError:
        return iot._MISSING
    try:
        return json.loads(text, parse_float=number, parse_constant=not_json)
    except ValueError:
        return text


def to_json(value: Any) -> str:
    if isinstance(value, Decimal):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{to_json(name)}:{to_json(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Rule:
    """Who acts: a rule of an account, with the keys that policies' conditions know it by."""

    def __init__(self, account: str, region: str, name: str) -> None:
        self.account, self.region = account, region
        arn = f"arn:aws:iot:{region}:{account}:rule/{name}"
        self.keys = {"aws:sourcearn": arn, "aws:sourceaccount": account}

    def context(self, principal: str, action: str, resource: str) -> EvalContext:
        kind = "AssumedRole" if principal.startswith("arn:") else "Service"
        return EvalContext(principal, kind, self.account, action, resource, self.region, service_context=self.keys)

    def require_role(self, role_arn: str, action: str, resource: str) -> None:
        """IoT may assume the role, and the role may do this."""
        name = role_arn.rsplit("/", 1)[-1]
        role = iam._roles.get_scoped(self.account, None, name) or {}
        assume = self.context(SERVICE, "sts:AssumeRole", "*")
        trust = evaluate_resource_policy(role.get("AssumeRolePolicyDocument"), assume, service=SERVICE)
        if trust.decision != "Allow":
            raise PermissionError(f"{SERVICE} is not authorized to assume {role_arn}")
        session = f"arn:aws:sts::{self.account}:assumed-role/{name}/iot"
        policies = _gather_role_policies(name, self.account)
        if evaluate(self.context(session, action, resource), policies).decision != "Allow":
            raise PermissionError(f"{session} is not authorized to perform {action} on resource {resource}")

    def function(self, arn: str) -> Json:
        """The function, if it lets this rule invoke it."""
        of = {"account_id": self.account, "region": self.region}
        func, config, _name = lambda_svc._get_func_record_for_ref_in_scope(arn, **of)
        if not func or not config:
            raise LookupError(f"Function not found: {arn}")
        invoke = self.context(SERVICE, "lambda:InvokeFunction", config["FunctionArn"])
        if evaluate_resource_policy(func.get("policy"), invoke, service=SERVICE).decision != "Allow":
            raise PermissionError(f"{SERVICE} is not authorized to perform lambda:InvokeFunction on resource {arn}")
        return lambda_svc._execution_record_for_config(func, config)


def queue_arn(url: str, region: str) -> str:
    account, name = url.rstrip("/").split("/")[-2:]
    return f"arn:aws:sqs:{region}:{account}:{name}"


async def close_without_answer(*_: Any) -> None:
    """AWS gives a certificate that it does not know no CONNACK."""


def apply(invoke_asynchronously: Callable[[Json, Any], None]) -> None:
    async def act(account: str, region: str, name: str, action: Json, event: Any) -> None:
        rule = Rule(account, region, name)
        if "lambda" in action:
            return invoke_asynchronously(rule.function(action["lambda"]["functionArn"]), event)
        if "sqs" in action:
            to = action["sqs"]
            rule.require_role(to["roleArn"], "sqs:SendMessage", queue_arn(to["queueUrl"], region))
            event = event if isinstance(event, str) else to_json(event)
        await _act(account, region, name, action, event)

    iot._dispatch_rule_action = act
    iot._rule_message = rule_message
    iot._WSSession._evaluates_policies = lambda session: session.certificate_id is not None
    iot._mtls_refuse = close_without_answer
