"""Auto Scaling groups, lifecycle actions, and the test-only endpoints."""

from __future__ import annotations

from .base import LAUNCHING, TERMINATING, ZONE, MotoPlusTest


class AutoScalingTest(MotoPlusTest):
    def setUp(self) -> None:
        super().setUp()
        self.network()

    def complete(self, hook: str, group: str = "nat-a", result: str = "CONTINUE", **which: str) -> None:
        self.asg.complete_lifecycle_action(
            AutoScalingGroupName=group, LifecycleHookName=hook[-9:], LifecycleActionResult=result, **which
        )

    def test_a_group_shows_its_instances(self) -> None:
        (instance,) = self.group()
        self.assertEqual(self.members()[0]["InstanceId"], instance)
        member = self.members()[0]
        shown = (member["AvailabilityZone"], member["LifecycleState"], member["HealthStatus"])
        self.assertEqual(shown, (ZONE, "InService", "Healthy"))
        shown = self.asg.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"][0]
        self.assertEqual((shown["AutoScalingGroupName"], shown["HealthStatus"]), ("nat-a", "HEALTHY"))
        tags = {tag["Key"]: tag["Value"] for tag in self.described(instance)["Tags"]}
        self.assertEqual(tags["aws:autoscaling:groupName"], "nat-a")

    def test_groups_by_tag_and_page(self) -> None:
        for n in range(5):
            self.group(f"nat-{n}", 0, {"nat-failover:pool": "p" if n else "q"})
        filters = [{"Name": "tag:nat-failover:pool", "Values": ["p"]}]
        pages = list(
            self.asg.get_paginator("describe_auto_scaling_groups").paginate(
                Filters=filters, PaginationConfig={"PageSize": 2}
            )
        )
        names = [[group["AutoScalingGroupName"] for group in page["AutoScalingGroups"]] for page in pages]
        self.assertEqual(names, [["nat-1", "nat-2"], ["nat-3", "nat-4"]])
        by_key = self.asg.describe_auto_scaling_groups(Filters=[{"Name": "tag-key", "Values": ["nat-failover:pool"]}])
        self.assertEqual(len(by_key["AutoScalingGroups"]), 5)
        self.refuses("ValidationError", self.asg.describe_auto_scaling_groups, MaxRecords=101)
        self.refuses("InvalidNextToken", self.asg.describe_auto_scaling_groups, NextToken="nonsense")

    def test_health_respects_the_grace_period_unless_told_not_to(self) -> None:
        (instance,) = self.group(HealthCheckGracePeriod=300)
        unhealthy = {"InstanceId": instance, "HealthStatus": "Unhealthy"}
        self.asg.set_instance_health(**unhealthy)
        self.assertEqual(self.members()[0]["HealthStatus"], "Healthy")
        self.asg.set_instance_health(**unhealthy, ShouldRespectGracePeriod=False)
        self.assertEqual(self.members()[0]["HealthStatus"], "Unhealthy")
        self.assertEqual(self.described(instance)["State"]["Name"], "running")  # nothing replaces it by itself
        self.refuses(
            "ValidationError", self.asg.set_instance_health, InstanceId="i-0123456789abcdef0", HealthStatus="Unhealthy"
        )
        self.refuses("ValidationError", self.asg.set_instance_health, InstanceId=instance, HealthStatus="Ill")

    def test_hooks_are_shown_as_they_were_put(self) -> None:
        hook = {"LifecycleHookName": "launch", "LifecycleTransition": LAUNCHING, "HeartbeatTimeout": 60}
        self.group(LifecycleHookSpecificationList=[{**hook, "NotificationMetadata": "m"}])
        shown = self.asg.describe_lifecycle_hooks(AutoScalingGroupName="nat-a")["LifecycleHooks"][0]
        self.assertEqual((shown["HeartbeatTimeout"], shown["NotificationMetadata"]), (60, "m"))
        self.assertNotIn("NotificationTargetARN", shown)

    def test_a_failed_instance_is_replaced_and_waits_for_its_launch_hook(self) -> None:
        (failed,) = self.group()
        self.hook(LAUNCHING)
        self.plus("fail-instance", instance_id=failed)
        self.assertEqual(self.described(failed)["State"]["Name"], "terminated")
        self.assertEqual([member["InstanceId"] for member in self.members()], [failed])

        fresh = self.plus("replace-instance", group="nat-a", launch_time="2030-01-01T00:00:00+00:00")
        self.assertEqual(fresh["replaced"], [failed])
        member, shown = self.members()[0], self.described(fresh["instance_id"])
        self.assertEqual((member["InstanceId"], member["LifecycleState"]), (fresh["instance_id"], "Pending:Wait"))
        self.assertEqual(shown["LaunchTime"].year, 2030)
        self.assertFalse(shown["NetworkInterfaces"][0]["SourceDestCheck"])
        self.assertEqual(shown["NetworkInterfaces"][0]["NetworkInterfaceId"], fresh["network_interface_id"])
        self.assertEqual(fresh["actions"][0]["LifecycleTransition"], LAUNCHING)

        self.asg.record_lifecycle_action_heartbeat(
            AutoScalingGroupName="nat-a", LifecycleHookName=LAUNCHING[-9:], InstanceId=fresh["instance_id"]
        )
        self.asg.set_desired_capacity(AutoScalingGroupName="nat-a", DesiredCapacity=1)  # launches no second one
        self.complete(LAUNCHING, InstanceId=fresh["instance_id"])
        self.assertEqual([member["LifecycleState"] for member in self.members()], ["InService"])
        self.refuses(
            "ValidationError",
            self.complete,
            f"No active Lifecycle Action found with instance ID {fresh['instance_id']}",
            hook=LAUNCHING,
            InstanceId=fresh["instance_id"],
        )

    def test_an_abandoned_launch_ends_the_instance(self) -> None:
        (failed,) = self.group()
        self.hook(LAUNCHING)
        self.plus("fail-instance", instance_id=failed, how="stop")
        self.assertEqual(self.described(failed)["State"]["Name"], "stopped")
        fresh = self.plus("replace-instance", group="nat-a")
        token = fresh["actions"][0]["LifecycleActionToken"]
        self.complete(LAUNCHING, result="ABANDON", LifecycleActionToken=token)
        self.assertEqual(self.members(), [])
        self.assertEqual(self.described(fresh["instance_id"])["State"]["Name"], "terminated")

    def test_an_unhealthy_instance_is_replaced_without_a_hook(self) -> None:
        (unhealthy,) = self.group()
        self.asg.set_instance_health(InstanceId=unhealthy, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
        fresh = self.plus("replace-instance", group="nat-a")
        self.assertEqual(fresh["replaced"], [unhealthy])
        self.assertEqual((fresh["lifecycle_state"], fresh["actions"]), ("InService", []))
        self.assertEqual(self.described(unhealthy)["State"]["Name"], "terminated")

    def test_a_terminating_instance_goes_when_its_action_is_completed(self) -> None:
        (instance,) = self.group()
        self.plus("terminate-with-hook", status=400, instance_id=instance)  # no hook yet
        self.hook(TERMINATING)
        token = self.plus("terminate-with-hook", instance_id=instance)["actions"][0]["LifecycleActionToken"]
        self.assertEqual(self.members()[0]["LifecycleState"], "Terminating:Wait")
        self.assertEqual(self.described(instance)["State"]["Name"], "running")
        self.refuses(
            "ValidationError",
            self.complete,
            "No active Lifecycle Action found with token nonsense",
            hook=TERMINATING,
            LifecycleActionToken="nonsense",
        )
        self.complete(TERMINATING, LifecycleActionToken=token)
        self.assertEqual(self.members(), [])
        self.assertEqual(self.described(instance)["State"]["Name"], "terminated")

    def test_mistakes_are_told(self) -> None:
        self.assertIn("nat-z", self.plus("replace-instance", status=400, group="nat-z")["error"])
        self.assertIn("instance_id", self.plus("fail-instance", status=400)["error"])
        self.plus("fail-instance", status=400, instance_id="i-0123456789abcdef0")
        self.plus("nothing", status=404)
        self.assertEqual(self.plus("health", "GET")["status"], "ok")
