"""Auto Scaling: lifecycle actions, which moto has not, and the health and paging that it has in part.

Sources, unless a comment names another:
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


@dataclass
class LifecycleAction:
    """A lifecycle hook that holds one instance until the action is completed."""

    group: str
    hook: str
    transition: str
    instance_id: str
    metadata: str | None = None
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    heartbeats: int = 0

    def detail(self) -> dict[str, str]:
        """The `detail` of the EventBridge event about it.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-event-reference.html
        """
        launching = self.transition == LAUNCHING
        detail = {
            "LifecycleActionToken": self.token,
            "AutoScalingGroupName": self.group,
            "LifecycleHookName": self.hook,
            "EC2InstanceId": self.instance_id,
            "LifecycleTransition": self.transition,
            "Origin": "EC2" if launching else "AutoScalingGroup",
            "Destination": "AutoScalingGroup" if launching else "EC2",
        }
        return detail | ({"NotificationMetadata": self.metadata} if self.metadata else {})


def active_actions(backend: AutoScalingBackend) -> list[LifecycleAction]:
    """The backend's active actions; kept in its __dict__, which moto's reset empties."""
    return backend.__dict__.setdefault("lifecycle_actions", [])


def begin_actions(backend: AutoScalingBackend, group: str, transition: str, instance_id: str) -> list[LifecycleAction]:
    """One action for each of the group's hooks on this transition."""
    begun = [
        LifecycleAction(group, hook.name, transition, instance_id, getattr(hook, "notification_metadata", None))
        for hook in backend.describe_lifecycle_hooks(group)
        if hook.lifecycle_transition == transition
    ]
    active_actions(backend).extend(begun)
    return begun


def find_instance(backend: AutoScalingBackend, instance_id: str) -> tuple[FakeAutoScalingGroup, InstanceState] | None:
    for group in backend.autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == instance_id:
                return group, state
    return None


def drop_instance(backend: AutoScalingBackend, group: FakeAutoScalingGroup, state: InstanceState) -> None:
    """Terminates an instance and takes it out of its group, without a replacement."""
    group.instance_states = [other for other in group.instance_states if other is not state]
    backend.lifecycle_actions = [a for a in active_actions(backend) if a.instance_id != state.instance.id]
    state.instance.terminate()


def _active_action(response: AutoScalingResponse) -> LifecycleAction:
    token, instance_id = response._get_param("LifecycleActionToken"), response._get_param("InstanceId")
    for action in active_actions(response.autoscaling_backend):
        if (
            action.group == response._get_param("AutoScalingGroupName")
            and action.hook == response._get_param("LifecycleHookName")
            and (action.token == token if token else action.instance_id == instance_id)
        ):
            return action
    # The words were seen on AWS: spacelift-io/terraform-aws-spacelift-workerpool-on-ec2#197 (token),
    # convox/rack#2432 (instance). An action that was completed already is no longer active.
    which = f"token {token}" if token else f"instance ID {instance_id}"
    raise ValidationError(f"No active Lifecycle Action found with {which}")


# moto: answers 500.
def _complete_lifecycle_action(self: AutoScalingResponse) -> ActionResult:
    backend, result = self.autoscaling_backend, self._get_param("LifecycleActionResult")
    if result not in ("CONTINUE", "ABANDON"):
        raise ValidationError(f"Lifecycle action result {result} is not valid: it must be CONTINUE or ABANDON")
    action = _active_action(self)
    active_actions(backend).remove(action)
    found = find_instance(backend, action.instance_id)
    if found is None:
        return EmptyResult()
    group, state = found
    waiting = [a for a in active_actions(backend) if a.instance_id == action.instance_id]
    if action.transition == LAUNCHING and result == "CONTINUE":
        state.lifecycle_state = "Pending:Wait" if waiting else "InService"
    elif result == "ABANDON" or not waiting:
        # a terminating instance goes with either result; ABANDON stops its other hooks as well
        drop_instance(backend, group, state)
    return EmptyResult()


# moto: answers 500.
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html
def _record_lifecycle_action_heartbeat(self: AutoScalingResponse) -> ActionResult:
    _active_action(self).heartbeats += 1
    return EmptyResult()


# moto: shows made-up ARNs for the hook's role and notification target.
def _put_lifecycle_hook(self: AutoScalingResponse) -> ActionResult:
    result = _moto_put_lifecycle_hook(self)
    _set_notification(self, {name: self._get_param(name) for name in ("AutoScalingGroupName", *_HOOK_FIELDS)})
    return result


_moto_put_lifecycle_hook = AutoScalingResponse.put_lifecycle_hook
_HOOK_FIELDS = ("LifecycleHookName", "NotificationTargetARN", "RoleARN", "NotificationMetadata")


def _set_notification(response: AutoScalingResponse, given: dict[str, Any]) -> None:
    key = f"{given['AutoScalingGroupName']}_{given['LifecycleHookName']}"
    hook = response.autoscaling_backend.lifecycle_hooks[key]
    hook.notification_target_arn = given.get("NotificationTargetARN")
    hook.role_arn = given.get("RoleARN")
    hook.notification_metadata = given.get("NotificationMetadata")


_moto_create_auto_scaling_group = AutoScalingResponse.create_auto_scaling_group


# moto: ignores LifecycleHookSpecificationList, and makes an absent or zero grace period 300 seconds (AWS: 0).
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
def _create_auto_scaling_group(self: AutoScalingResponse) -> ActionResult:
    result = _moto_create_auto_scaling_group(self)
    name, backend = self._get_param("AutoScalingGroupName"), self.autoscaling_backend
    backend.autoscaling_groups[name].health_check_grace_period = self._get_int_param("HealthCheckGracePeriod", 0)
    for hook in self._get_param("LifecycleHookSpecificationList", []):
        backend.create_lifecycle_hook(
            hook["LifecycleHookName"],
            name,
            hook["LifecycleTransition"],
            hook.get("HeartbeatTimeout"),
            hook.get("DefaultResult"),
        )
        _set_notification(self, {"AutoScalingGroupName": name, **hook})
    return result


# moto: ignores ShouldRespectGracePeriod, and answers 500 for an instance of no group or for an unknown status.
# AWS: within the group's grace period the call has no effect, unless ShouldRespectGracePeriod is false.
def _set_instance_health(self: AutoScalingResponse) -> ActionResult:
    instance_id, health = self._get_param("InstanceId"), self._get_param("HealthStatus")
    if health not in ("Healthy", "Unhealthy"):
        raise ValidationError("Valid instance health states are: [Healthy, Unhealthy]")
    found = find_instance(self.autoscaling_backend, instance_id)
    if found is None:
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
    group, state = found
    age = (utcnow() - state.instance.launch_time).total_seconds()
    respect = self._get_bool_param("ShouldRespectGracePeriod", True)
    if not (health == "Unhealthy" and respect and age < (group.health_check_grace_period or 0)):
        state.health_status = health
    return EmptyResult()


_moto_describe_auto_scaling_groups = AutoScalingResponse.describe_auto_scaling_groups


# moto: answers 500 for a MaxRecords out of range or for a token that it never gave.
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
def _describe_auto_scaling_groups(self: AutoScalingResponse) -> ActionResult:
    _check_page(self, 100)
    token = self._get_param("NextToken")
    if token and token not in self.autoscaling_backend.autoscaling_groups:
        raise AutoscalingClientError("InvalidNextToken", "The NextToken value is not valid.")
    return _moto_describe_auto_scaling_groups(self)


def _check_page(response: AutoScalingResponse, most: int) -> int:
    limit = response._get_int_param("MaxRecords", 50)
    if not 1 <= limit <= most:
        raise ValidationError(f"MaxRecords must be between 1 and {most}: {limit}")
    return limit


# moto: knows no paging here, and writes the health as DescribeAutoScalingGroups does. AWS writes it in capitals,
# and pages by at most 50.
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingInstances.html
def _describe_auto_scaling_instances(self: AutoScalingResponse) -> ActionResult:
    limit, start = _check_page(self, 50), int(self._get_param("NextToken") or 0)
    states = self.autoscaling_backend.describe_auto_scaling_instances(self._get_param("InstanceIds", []))
    page = [
        {
            "InstanceId": state.instance.id,
            "InstanceType": state.instance_type,
            "AutoScalingGroupName": state.auto_scaling_group_name,
            "AvailabilityZone": state.availability_zone,
            "LifecycleState": state.lifecycle_state,
            "HealthStatus": state.health_status.upper(),
            "LaunchConfigurationName": getattr(state.auto_scaling_group, "launch_configuration_name", None),
            "LaunchTemplate": state.launch_template,
            "ProtectedFromScaleIn": bool(state.protected_from_scale_in),
        }
        for state in states[start : start + limit]
    ]
    next_token = str(start + limit) if start + limit < len(states) else None
    return ActionResult({"AutoScalingInstances": page, "NextToken": next_token})


# moto: counts only InService instances as capacity, so that it would launch another beside one that is pending.
def _active_instances(self: FakeAutoScalingGroup) -> list[InstanceState]:
    return [state for state in self.instance_states if state.lifecycle_state.startswith(("InService", "Pending"))]


def apply() -> None:
    FakeAutoScalingGroup.active_instances = _active_instances
    AutoScalingResponse.complete_lifecycle_action = _complete_lifecycle_action
    AutoScalingResponse.record_lifecycle_action_heartbeat = _record_lifecycle_action_heartbeat
    AutoScalingResponse.put_lifecycle_hook = _put_lifecycle_hook
    AutoScalingResponse.create_auto_scaling_group = _create_auto_scaling_group
    AutoScalingResponse.set_instance_health = _set_instance_health
    AutoScalingResponse.describe_auto_scaling_groups = _describe_auto_scaling_groups
    AutoScalingResponse.describe_auto_scaling_instances = _describe_auto_scaling_instances
