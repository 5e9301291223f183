"""Instances, network interfaces and NAT gateways."""

from __future__ import annotations

from datetime import datetime, timezone

from .base import REGION, ZONE, MotoPlusTest


class InstanceTest(MotoPlusTest):
    def setUp(self) -> None:
        super().setUp()
        self.network()

    def test_the_check_of_the_instance_is_that_of_its_interface(self) -> None:
        instance, interface = self.instance()
        self.assertTrue(self.described(instance)["SourceDestCheck"])
        self.ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
        shown = self.described(instance)
        self.assertFalse(shown["SourceDestCheck"])
        self.assertFalse(shown["NetworkInterfaces"][0]["SourceDestCheck"])
        self.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, SourceDestCheck={"Value": True})
        self.assertTrue(self.described(instance)["SourceDestCheck"])

    def test_two_interfaces_have_a_check_each(self) -> None:
        instance, interface = self.instance()
        second = self.interface()
        self.ec2.attach_network_interface(InstanceId=instance, NetworkInterfaceId=second, DeviceIndex=1)
        self.ec2.modify_network_interface_attribute(NetworkInterfaceId=second, SourceDestCheck={"Value": False})
        shown = {nic["NetworkInterfaceId"]: nic for nic in self.described(instance)["NetworkInterfaces"]}
        self.assertEqual({key: nic["SourceDestCheck"] for key, nic in shown.items()}, {interface: True, second: False})
        indices = {key: nic["Attachment"]["DeviceIndex"] for key, nic in shown.items()}
        self.assertEqual(indices, {interface: 0, second: 1})
        self.assertEqual(shown[second]["Attachment"]["Status"], "attached")
        self.refuses(
            "InvalidInstanceID",
            self.ec2.modify_instance_attribute,
            InstanceId=instance,
            SourceDestCheck={"Value": False},
        )

    def test_an_instance_runs_on_an_interface_with_the_check_off(self) -> None:
        interface = self.interface()
        self.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, SourceDestCheck={"Value": False})
        instance, _ = self.instance(NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface}])
        shown = self.described(instance)
        self.assertFalse(shown["SourceDestCheck"])
        self.assertEqual((shown["State"]["Name"], shown["Placement"]["AvailabilityZone"]), ("running", ZONE))
        # an interface that was there before outlives the instance
        self.ec2.terminate_instances(InstanceIds=[instance])
        nic = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        self.assertEqual(nic["Status"], "available")

    def test_a_terminated_instance_stays_listed_without_interfaces(self) -> None:
        instance, _ = self.instance()
        for _ in range(2):  # twice is no error
            self.ec2.terminate_instances(InstanceIds=[instance])
        shown = self.described(instance)
        self.assertEqual(shown["State"]["Name"], "terminated")
        self.assertEqual(shown["NetworkInterfaces"], [])
        self.assertFalse({"VpcId", "SubnetId", "PrivateIpAddress"} & {key for key, value in shown.items() if value})
        both = [instance, "i-0123456789abcdef0"]
        self.refuses("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=both)

    def test_the_launch_time_can_be_set(self) -> None:
        instance, _ = self.instance()
        self.plus("set-launch-time", instance_id=instance, launch_time="2026-01-02T03:04:05Z")
        self.assertEqual(self.described(instance)["LaunchTime"], datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
        self.plus("set-launch-time", instance_id=instance, launch_time=0)
        self.assertEqual(self.described(instance)["LaunchTime"].year, 1970)

    def test_nat_gateways(self) -> None:
        gateway, other = self.nat_gateway(), self.nat_gateway()
        self.ec2.create_tags(Resources=[gateway], Tags=[{"Key": "pool", "Value": "p"}])
        shown = self.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
        self.assertEqual(
            [(g["NatGatewayId"], g["State"], g["VpcId"]) for g in shown], [(gateway, "available", self.vpc)]
        )
        self.plus("set-nat-gateway-state", nat_gateway_id=other, state="pending")
        for name, value in {"tag:pool": "p", "state": "available", "nat-gateway-id": gateway}.items():
            shown = self.ec2.describe_nat_gateways(Filter=[{"Name": name, "Values": [value]}])["NatGateways"]
            self.assertEqual([g["NatGatewayId"] for g in shown], [gateway], name)
        self.refuses("NatGatewayNotFound", self.ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])
        self.refuses("NatGatewayNotFound", self.ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")

    def test_accounts_and_regions_are_apart(self) -> None:
        instance, _ = self.instance()
        mine = self.account
        self.assertEqual(self.described(instance)["NetworkInterfaces"][0]["OwnerId"], mine)
        self.assertEqual(self.described(instance)["Placement"]["AvailabilityZone"][:-1], REGION)
        MotoPlusTest.account = "100000009999"
        self.refuses("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=[instance])
