"""moto's server, with what it gets wrong about NAT failover and secrets put right.

Start it (it binds 127.0.0.1 only, and prints one line when it listens)::

    python tests/local-aws/emulators/moto_plus --port 5000
    PYTHONPATH=tests/local-aws/emulators python -m moto_plus --port 5000

It speaks what moto's server speaks: any AWS service, many accounts told apart by the header
``x-moto-account-id`` (else 123456789012), the region from the SigV4 credential scope. ``POST
/moto-api/reset`` empties it. The patches are in ``routes``, ``route_tables``, ``instances``,
``autoscaling``, ``secrets``, ``workspaces`` and ``cloudwatch`` (with ``cbor``, the wire protocol that the Rust SDK speaks to
CloudWatch); each says what moto does, what AWS does, and the source.

Test-only endpoints (see ``endpoints``): JSON in, JSON out, the same account header. A body may name
its ``region``; otherwise AWS_REGION, AWS_DEFAULT_REGION or us-east-1 of the server counts. A mistake answers
400 with ``{"error": ...}``. Times are ISO 8601 or seconds since 1970.

``GET /moto-plus/health``
    ``{"status": "ok", "moto": "5.2.5"}``
``POST /moto-plus/fail-instance`` ``{instance_id, how?: "terminate" | "stop"}``
    ends the EC2 instance abruptly; its group still lists it as before. Answers the new state.
``POST /moto-plus/replace-instance`` ``{group, launch_time?, lifecycle_state?}``
    what Auto Scaling does some time after SetInstanceHealth: drops the group's unhealthy, stopped
    or terminated instances and launches a fresh one for each (one, if there was none), source/dest check
    off. With a launch hook it waits in Pending:Wait with an active lifecycle action (and token), else
    it is InService. Answers the first one's ``{instance_id, network_interface_id, lifecycle_state,
    replaced, actions}``, and all new ids as ``instance_ids``.
``POST /moto-plus/terminate-with-hook`` ``{instance_id}``
    Terminating:Wait with an active action per terminate hook. Answers ``{lifecycle_state, actions}``.
    ``actions`` are the ``detail`` objects of the EventBridge lifecycle events, with the LifecycleActionToken.
``POST /moto-plus/set-launch-time`` ``{instance_id, launch_time}``
``POST /moto-plus/set-nat-gateway-state`` ``{nat_gateway_id, state}``
``POST /moto-plus/end-rotation`` ``{secret_id, version_id, tested?}``
    what Secrets Manager does after a rotation's last step: sets LastRotatedDate, or (``tested``, after
    RotateImmediately=false) removes the version.
``POST /moto-plus/directory-users`` ``{directory_id, users, unseen_requests?}``
    a directory that is registered with WorkSpaces has these users (and those of earlier calls). The first ``unseen_requests``
    for each do not find it yet (ResourceNotFound.User). In a directory that moto's own Directory Service made, anyone is a user.
``POST /moto-plus/workspace-bundles`` ``{bundle_ids}``
    the account's WorkSpaces bundles, and no others. Without it every bundle is there.
``GET /moto-plus/published`` (``?region=``, ``?topic_arn=``), ``DELETE`` forgets them
    ``{"published": [{topic_arn, message_id, subject, message, message_attributes, group_id}]}``, oldest first.

What it still does differently from AWS:

* alarms fire no actions, the Auto Scaling service replaces nothing by itself and sends no events:
  the test does that, by the endpoints and by invoking the function;
* every state change is immediate: no ``shutting-down``, no ``pending`` NAT gateway (but see above);
* a group's first instances are InService even if a launch hook is there, and the EC2 call
  TerminateInstances makes moto replace a group's instance at once (``fail-instance`` does not);
* a group's first instances have the source/dest check on: switch it off by ModifyInstanceAttribute;
* all of a group's instances go into its first subnet (moto's);
* PutLifecycleHook and the notifications of a group send no ``autoscaling:TEST_NOTIFICATION``;
* the words of a few refusals are not AWS's own (none or several route targets, IPv6 to a NAT gateway,
  page sizes out of range; labels of secrets' versions): their codes are;
* RotateSecret makes the AWSPENDING version and invokes nothing (the gateway does); the value of the version that
  RotateImmediately=false tests is a guess, a copy of the current one; no rotation starts by schedule;
* secrets keep any number of versions, a deprecated one never goes, and LastAccessedDate is not kept;
* WorkSpaces are AVAILABLE as soon as they are described; their volumes and compute types are not checked, declared
  directories and bundles are not described, and of the refusals only the documented codes are AWS's words;
* a composite alarm's rule is stored, not evaluated; ChildrenOfAlarmName and ParentsOfAlarmName are ignored.
"""

from __future__ import annotations


def apply_patches() -> None:
    """Patches moto's classes; once per process, before the first request."""
    from . import autoscaling, cloudwatch, instances, route_tables, routes, secrets, workspaces

    routes.apply()
    route_tables.apply()
    instances.apply()
    autoscaling.apply()
    cloudwatch.apply()
    secrets.apply()
    workspaces.apply()
