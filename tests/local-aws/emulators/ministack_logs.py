"""What ministack's subscriptions of log groups get wrong and matters here. ``apply`` puts it right.

* A quoted term is matched as it is; ministack takes it apart, so that "<EventID>4720</EventID>" matched whatever has the two words.
  Terms may be optional (?) or excluded (-); other patterns are refused by name.
* A function is invoked if its policy lets CloudWatch Logs do so: asked when the subscription is made and at each delivery.
* It is invoked asynchronously, with retries and the dead-letter queue; ministack tries once.
* A stack's subscription of a log group that is not there fails; ministack makes the group.
* Ids of log events have 56 digits, which order them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import cloudwatch_logs as logs
from ministack.services.cloudformation import provisioners

from ministack_roles import Service

Json = dict[str, Any]

TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))(?:\s+|$)')
UNREACHABLE = "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function."

_put_filter = logs._put_subscription_filter
_handlers = provisioners._RESOURCE_HANDLERS["AWS::Logs::SubscriptionFilter"]
_create = _handlers["create"]
_numbers = itertools.count()


def terms(pattern: str) -> list[tuple[str, str]]:
    """The terms of a pattern, each with what is before it."""
    found, at = [], 0
    pattern = pattern.strip()
    while at < len(pattern):
        term = TERM.match(pattern, at)
        if term is None:
            raise ValueError(f"Invalid filter pattern, or one that the local AWS does not know: {pattern[at:]}")
        quoted = term[2] is not None
        found.append((term[1], re.sub(r"\\(.)", r"\1", term[2]) if quoted else term[3]))
        at = term.end()
    return found


def matches(pattern: str, message: str) -> bool:
    wanted = terms(pattern)
    optional = [term for sign, term in wanted if sign == "?"]
    required = all((term in message) != (sign == "-") for sign, term in wanted if sign != "?")
    return required and (not optional or any(term in message for term in optional))


def of_group(group: str) -> Service:
    account, region = get_account_id(), get_region()
    return Service("logs.amazonaws.com", account, region, f"arn:aws:logs:{region}:{account}:log-group:{group}:*")


def event_id(timestamp: int) -> str:
    return f"{timestamp:020}{next(_numbers):036}"


def batch(group: str, stream: str, subscription: Json, events: list[Json]) -> Json:
    """What the function gets: https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html"""
    now = int(time.time() * 1000)
    payload = {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [subscription["filterName"]],
        "logEvents": [
            {"id": event_id(event.get("timestamp", now)), "timestamp": event.get("timestamp", now), "message": event["message"]}
            for event in events
        ],
    }
    data = gzip.compress(json.dumps(payload, ensure_ascii=False).encode())
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


def put_filter(data: Json) -> Any:
    destination = data.get("destinationArn", "")
    try:
        terms(data.get("filterPattern", ""))
        if ":function:" in destination:
            of_group(data.get("logGroupName", "")).function(destination)
    except ValueError as error:
        return error_response_json("InvalidParameterException", str(error), 400)
    except (LookupError, PermissionError):
        return error_response_json("InvalidParameterException", UNREACHABLE, 400)
    return _put_filter(data)


def create(logical_id: str, props: Json, stack_name: str) -> Any:
    if props.get("LogGroupName") not in logs._log_groups:
        raise ValueError(f"The specified log group does not exist: {props.get('LogGroupName')}")
    return _create(logical_id, props, stack_name)


def apply(invoke_asynchronously: Callable[[Json, Any], None]) -> None:
    def deliver(group: str, stream: str, events: list[Json]) -> None:
        subscriptions = (logs._log_groups.get(group) or {}).get("subscriptionFilters") or {}
        for subscription in subscriptions.values():
            matching = [event for event in events if matches(subscription["filterPattern"], event["message"])]
            if not matching or ":function:" not in subscription["destinationArn"]:
                continue
            try:
                function = of_group(group).function(subscription["destinationArn"])
            except (LookupError, PermissionError) as error:  # PutLogEvents itself succeeds
                logs.logger.warning("%s delivers nothing: %s", subscription["filterName"], error)
                continue
            invoke_asynchronously(function, batch(group, stream, subscription, matching))

    logs._fanout_to_subscription_filters = deliver
    logs._put_subscription_filter = put_filter
    _handlers["create"] = create
