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

from ministack.services import iot

from ministack_roles import Service

Json = dict[str, Any]

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


def queue_arn(url: str, region: str) -> str:
    account, name = url.rstrip("/").split("/")[-2:]
    return f"arn:aws:sqs:{region}:{account}:{name}"


async def close_without_answer(*_: Any) -> None:
    """AWS gives a certificate that it does not know no CONNACK."""


def apply(invoke_asynchronously: Callable[[Json, Any], None]) -> None:
    async def act(account: str, region: str, name: str, action: Json, event: Any) -> None:
        rule = Service("iot.amazonaws.com", account, region, f"arn:aws:iot:{region}:{account}:rule/{name}")
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
