"""CloudWatch alarms.

Sources, unless a comment names another:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import re
from typing import Any

from moto.cloudwatch import urls
from moto.cloudwatch.exceptions import CloudWatchException, InvalidParameterCombination, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from . import cbor

RPC_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")

_moto_get_action = CloudWatchResponse._get_action


# moto: looks for the operation in the form or in X-Amz-Target; RPC v2 names it in the path.
def _get_action(self: CloudWatchResponse) -> str:
    rpc = RPC_PATH.search(self.normalized_request.path)
    return rpc.group(1) if rpc else _moto_get_action(self)


_moto_put_metric_alarm = CloudWatchBackend.put_metric_alarm
_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "state_transitioned_timestamp")


# moto: a new alarm is OK, and so is one that is put again. AWS: a new one is INSUFFICIENT_DATA, and an update leaves
# the state unchanged.
def _put_metric_alarm(self: CloudWatchBackend, **kwargs: Any) -> Alarm:
    before = self.alarms.get(kwargs["name"])
    alarm = _moto_put_metric_alarm(self, **kwargs)
    if before:
        for name in _STATE:
            setattr(alarm, name, getattr(before, name))
        alarm.history = before.history
    else:
        alarm.state_value = "INSUFFICIENT_DATA"
        alarm.state_transitioned_timestamp = alarm.state_updated_timestamp
    return alarm


# moto: answers 500, though its PutMetricAlarm stores a rule if there is one.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
def _put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
    return self.put_metric_alarm()


_moto_update_state = Alarm.update_state


# moto: has no StateTransitionedTimestamp. AWS: when StateValue last changed.
def _update_state(self: Alarm, reason: str, reason_data: str, state_value: str) -> None:
    before = self.state_value
    _moto_update_state(self, reason, reason_data, state_value)
    if state_value != before:
        self.state_transitioned_timestamp = self.state_updated_timestamp


# moto: heeds the first of ActionPrefix, AlarmNamePrefix, AlarmNames and StateValue only, ignores AlarmTypes and shows
# composite alarms always, and doesn't page. AWS: all of them together; metric alarms only, unless AlarmTypes
# says otherwise; AlarmNames not beside a prefix; at most 100 a page. Its default page size is not documented: 50 here.
def _describe_alarms(self: CloudWatchResponse) -> ActionResult:
    names, prefix = self._get_param("AlarmNames", []), self._get_param("AlarmNamePrefix")
    action, state = self._get_param("ActionPrefix"), self._get_param("StateValue")
    types = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
    limit, token = self._get_int_param("MaxRecords", 50), self._get_param("NextToken")
    if names and prefix:
        raise InvalidParameterCombination("AlarmNames and AlarmNamePrefix cannot be specified together")
    if not 1 <= limit <= 100:
        raise ValidationError(f"Value '{limit}' at 'maxRecords' failed to satisfy constraint: between 1 and 100")
    if token and not token.startswith("after-"):
        raise CloudWatchException("InvalidNextToken", "The next token specified is invalid.")
    found = [
        alarm
        for name, alarm in sorted(self.cloudwatch_backend.alarms.items())
        if (not names or name in names)
        and (not prefix or name.startswith(prefix))
        and (not state or alarm.state_value == state)
        and (not action or any(arn.startswith(action) for arn in _actions(alarm)))
        and ("CompositeAlarm" if alarm.rule is not None else "MetricAlarm") in types
        and (not token or name > token.removeprefix("after-"))
    ]
    page = found[:limit]
    result: dict[str, Any] = {
        "MetricAlarms": [alarm for alarm in page if alarm.rule is None],
        "CompositeAlarms": [alarm for alarm in page if alarm.rule is not None],
    }
    if len(page) < len(found):
        result["NextToken"] = f"after-{page[-1].name}"
    return ActionResult(result)


def _actions(alarm: Alarm) -> list[str]:
    return [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]


def apply() -> None:
    cbor.apply()
    dispatch = urls.url_paths["{0}/$"]
    urls.url_paths["{0}/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)$"] = dispatch
    CloudWatchResponse._get_action = _get_action
    CloudWatchResponse.use_raw_body = True  # CBOR is not text, and the parsers read the request's bytes anyhow
    CloudWatchResponse.put_composite_alarm = _put_composite_alarm
    CloudWatchResponse.describe_alarms = _describe_alarms
    CloudWatchBackend.put_metric_alarm = _put_metric_alarm
    Alarm.update_state = _update_state
