"""The server under test, its boto3 clients, and a network to work on."""

from __future__ import annotations

import functools
import json
import threading
import unittest
import urllib.error
import urllib.request
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto_plus.server import make_server

REGION = "eu-west-1"
ZONE = f"{REGION}a"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


@functools.cache
def server_url() -> str:
    """Starts the one server, on a free port, in a thread that ends with the process."""
    server = make_server(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.port}"


@functools.cache
def client(service: str) -> Any:
    made = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=server_url(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, max_pool_connections=16, parameter_validation=False),
    )

    def set_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = MotoPlusTest.account

    made.meta.events.register("before-send", set_account)
    return made


class MotoPlusTest(unittest.TestCase):
    """What the tests share; each has an account of its own."""

    accounts = iter(range(100_000_000_000, 100_000_001_000))
    account: str

    def setUp(self) -> None:
        # A boto3 client takes 0.1 s to make, so there is one of each; its account is that of the running test.
        MotoPlusTest.account = str(next(self.accounts))
        self.ec2, self.asg, self.cloudwatch, self.sns = map(client, ("ec2", "autoscaling", "cloudwatch", "sns"))

    def plus(self, path: str, method: str = "POST", status: int = 200, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{server_url()}/moto-plus/{path}",
            json.dumps({"region": REGION, **body}).encode(),
            {"x-moto-account-id": self.account},
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as answer:
                got, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                got, text = error.code, error.read()
        self.assertEqual(got, status, text)
        return json.loads(text)

    def refuses(self, code: str, call: Any, /, message: str = "", **parameters: Any) -> None:
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertIn(message, error["Message"])
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"] // 100, 4)

    # -- a network to work on --

    def network(self) -> None:
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/20", AvailabilityZone=ZONE)
        self.subnet = subnet["Subnet"]["SubnetId"]
        self.table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]

    def instance(self, **parameters: Any) -> tuple[str, str]:
        if "NetworkInterfaces" not in parameters:
            parameters["SubnetId"] = self.subnet
        ran = self.ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, **parameters)
        instance = ran["Instances"][0]
        return instance["InstanceId"], instance["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def interface(self) -> str:
        return self.ec2.create_network_interface(SubnetId=self.subnet)["NetworkInterface"]["NetworkInterfaceId"]

    def nat_gateway(self) -> str:
        return self.ec2.create_nat_gateway(SubnetId=self.subnet)["NatGateway"]["NatGatewayId"]

    def prefix_list(self) -> str:
        created = self.ec2.create_managed_prefix_list(PrefixListName="p", MaxEntries=1, AddressFamily="IPv4")
        return created["PrefixList"]["PrefixListId"]

    def route(self, **parameters: Any) -> None:
        self.ec2.create_route(RouteTableId=self.table, **parameters)

    def replace(self, **parameters: Any) -> None:
        self.ec2.replace_route(RouteTableId=self.table, **parameters)

    def routes(self) -> dict[str, dict[str, Any]]:
        """The table's routes by destination, without the destination and the local ones."""
        table = self.ec2.describe_route_tables(RouteTableIds=[self.table])["RouteTables"][0]
        found = {}
        for route in table["Routes"]:
            names = [name for name in route if name.startswith("Destination")]
            self.assertEqual(len(names), 1, route)
            destination = route.pop(names[0])
            local = route.get("GatewayId") == "local"
            self.assertEqual(route.pop("Origin"), "CreateRouteTable" if local else "CreateRoute")
            if not local:
                found[destination] = route
        return found

    def described(self, instance_id: str) -> dict[str, Any]:
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    # -- a group --

    def group(
        self, name: str = "nat-a", size: int = 1, tags: dict[str, str] | None = None, **parameters: Any
    ) -> list[str]:
        try:
            self.ec2.create_launch_template(
                LaunchTemplateName="nat", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "t4g.nano"}
            )
        except ClientError:
            pass  # there from an earlier group
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=9,
            DesiredCapacity=size,
            VPCZoneIdentifier=self.subnet,
            LaunchTemplate={"LaunchTemplateName": "nat"},
            Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in (tags or {}).items()],
            **parameters,
        )
        return [instance["InstanceId"] for instance in self.members(name)]

    def members(self, name: str = "nat-a") -> list[dict[str, Any]]:
        return self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]["Instances"]

    def hook(self, transition: str, group: str = "nat-a") -> None:
        self.asg.put_lifecycle_hook(
            AutoScalingGroupName=group, LifecycleHookName=transition[-9:], LifecycleTransition=transition
        )
