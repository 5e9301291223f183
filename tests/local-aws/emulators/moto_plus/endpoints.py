"""The test-only endpoints under /moto-plus/; the package's docstring lists them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import moto
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import ServiceException
from moto.ec2.models import EC2Backend, ec2_backends
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends
from moto.sns.models import SNSBackend, sns_backends
from moto.workspaces.models import WorkSpacesBackend, workspaces_backends
from werkzeug.wrappers import Request, Response

from . import autoscaling, secrets, workspaces

Body = dict[str, Any]


class Mistake(Exception):
    """The test asked for something that is not there."""


@dataclass
class Backends:
    """The backends of one account and region; moto builds each at its first use, in some 0.1 s."""

    account: str
    region: str

    @property
    def ec2(self) -> EC2Backend:
        return ec2_backends[self.account][self.region]

    @property
    def autoscaling(self) -> AutoScalingBackend:
        return autoscaling_backends[self.account][self.region]

    @property
    def sns(self) -> SNSBackend:
        return sns_backends[self.account][self.region]

    @property
    def secretsmanager(self) -> SecretsManagerBackend:
        return secretsmanager_backends[self.account][self.region]

    @property
    def workspaces(self) -> WorkSpacesBackend:
        return workspaces_backends[self.account][self.region]


def _time(value: str | float) -> datetime:
    """A time as moto keeps it: naive UTC."""
    if isinstance(value, (int, float)):
        time = datetime.fromtimestamp(value, timezone.utc)
    else:
        time = datetime.fromisoformat(value)
    return time.astimezone(timezone.utc).replace(tzinfo=None) if time.tzinfo else time


def fail_instance(backends: Backends, body: Body) -> Body:
    instance = backends.ec2.get_instance(body["instance_id"])
    how = body.get("how", "terminate")
    if how not in ("terminate", "stop"):
        raise Mistake(f"how is {how!r}, but can be terminate or stop")
    # the instance's own method: EC2's TerminateInstances would have moto's group replace it at once
    getattr(instance, how)()
    return {"instance_id": instance.id, "state": instance.state}


def set_launch_time(backends: Backends, body: Body) -> Body:
    instance = backends.ec2.get_instance(body["instance_id"])
    instance.launch_time = _time(body["launch_time"])
    return {"instance_id": instance.id, "launch_time": instance.launch_time.isoformat() + "Z"}


def set_nat_gateway_state(backends: Backends, body: Body) -> Body:
    states = ("pending", "failed", "available", "deleting", "deleted")
    if body["state"] not in states:
        raise Mistake(f"state is {body['state']!r}, but can be one of {', '.join(states)}")
    if body["nat_gateway_id"] not in backends.ec2.nat_gateways:
        raise Mistake(f"no NAT gateway {body['nat_gateway_id']}")
    backends.ec2.nat_gateways[body["nat_gateway_id"]].state = body["state"]
    return {"nat_gateway_id": body["nat_gateway_id"], "state": body["state"]}


def _launch(backends: Backends, group: FakeAutoScalingGroup, body: Body) -> tuple[InstanceState, list[Body]]:
    """Launches one instance into the group, as waiting as its hooks or the request make it."""
    group.replace_autoscaling_group_instances(1, group.get_propagated_tags())
    state = group.instance_states[-1]
    if "launch_time" in body:
        state.instance.launch_time = _time(body["launch_time"])
    for nic in state.instance.nics.values():
        nic.source_dest_check = False
    state.lifecycle_state = body.get("lifecycle_state", "Pending:Wait")
    actions = []
    if state.lifecycle_state == "Pending:Wait":
        actions = autoscaling.begin_actions(
            backends.autoscaling, group.name, autoscaling.LAUNCHING, state.instance.id
        )
        if not actions:  # nothing to wait for
            state.lifecycle_state = "InService"
    return state, [action.detail() for action in actions]


def replace_instance(backends: Backends, body: Body) -> Body:
    group = backends.autoscaling.autoscaling_groups.get(body["group"])
    if group is None:
        raise Mistake(f"no Auto Scaling group {body['group']}")
    failed = [
        state
        for state in group.instance_states
        if state.health_status == "Unhealthy" or state.instance.state != "running"
    ]
    for state in failed:
        autoscaling.drop_instance(backends.autoscaling, group, state)
    launched = [_launch(backends, group, body) for _ in failed or [None]]
    first = launched[0][0]
    return {
        "instance_id": first.instance.id,
        "network_interface_id": first.instance.nics[0].id,
        "lifecycle_state": first.lifecycle_state,
        "actions": [detail for _, details in launched for detail in details],
        "instance_ids": [state.instance.id for state, _ in launched],
        "replaced": [state.instance.id for state in failed],
    }


def terminate_with_hook(backends: Backends, body: Body) -> Body:
    found = autoscaling.find_instance(backends.autoscaling, body["instance_id"])
    if found is None:
        raise Mistake(f"no Auto Scaling group has the instance {body['instance_id']}")
    group, state = found
    actions = autoscaling.begin_actions(
        backends.autoscaling, group.name, autoscaling.TERMINATING, state.instance.id
    )
    if not actions:
        raise Mistake(f"the group {group.name} has no hook on {autoscaling.TERMINATING}")
    state.lifecycle_state = "Terminating:Wait"
    return {
        "instance_id": state.instance.id,
        "lifecycle_state": state.lifecycle_state,
        "actions": [action.detail() for action in actions],
    }


def published(backends: Backends, body: Body) -> Body:
    return {
        "published": [
            {
                "topic_arn": topic.arn,
                "message_id": message_id,
                "subject": subject,
                "message": message,
                "message_attributes": attributes or {},
                "group_id": group_id,
            }
            for topic in backends.sns.topics.values()
            if body.get("topic_arn") in (None, topic.arn)
            for message_id, message, subject, attributes, group_id in topic.sent_notifications
        ]
    }


def forget_published(backends: Backends, body: Body) -> Body:
    for topic in backends.sns.topics.values():
        if body.get("topic_arn") in (None, topic.arn):
            topic.sent_notifications.clear()
    return {}


def end_rotation(backends: Backends, body: Body) -> Body:
    secret_id, version_id = body["secret_id"], body["version_id"]
    if secret_id not in backends.secretsmanager.secrets:
        raise Mistake(f"no secret {secret_id}")
    secrets.end_rotation(backends.secretsmanager, secret_id, version_id, body.get("tested", False))
    return {}


def directory_users(backends: Backends, body: Body) -> Body:
    unseen = int(body.get("unseen_requests", 0))
    workspaces.declare_users(backends.workspaces, body["directory_id"], body["users"], unseen)
    return {}


def workspace_bundles(backends: Backends, body: Body) -> Body:
    workspaces.declared(backends.workspaces).bundles.update(body["bundle_ids"])
    return {}


def health(backends: Backends, body: Body) -> Body:
    return {"status": "ok", "moto": moto.__version__}


ENDPOINTS: dict[tuple[str, str], Callable[[Backends, Body], Body]] = {
    ("GET", "health"): health,
    ("POST", "fail-instance"): fail_instance,
    ("POST", "replace-instance"): replace_instance,
    ("POST", "terminate-with-hook"): terminate_with_hook,
    ("POST", "set-launch-time"): set_launch_time,
    ("POST", "set-nat-gateway-state"): set_nat_gateway_state,
    ("POST", "end-rotation"): end_rotation,
    ("POST", "directory-users"): directory_users,
    ("POST", "workspace-bundles"): workspace_bundles,
    ("GET", "published"): published,
    ("DELETE", "published"): forget_published,
}


def _answer(request: Request) -> tuple[int, Body]:
    endpoint = ENDPOINTS.get((request.method, request.path.removeprefix("/moto-plus/")))
    if endpoint is None:
        return 404, {"error": f"no endpoint {request.method} {request.path}"}
    try:
        body = json.loads(request.get_data() or "{}") | request.args.to_dict()
        account = request.headers.get("x-moto-account-id", DEFAULT_ACCOUNT_ID)
        default = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        return 200, endpoint(Backends(account, body.get("region", default)), body)
    except KeyError as missing:
        return 400, {"error": f"missing or unknown: {missing}"}
    except (Mistake, ServiceException, ValueError) as error:
        return 400, {"error": str(error)}


def handle(environ: dict[str, Any]) -> Response:
    status, body = _answer(Request(environ))
    return Response(json.dumps(body), status, content_type="application/json")
