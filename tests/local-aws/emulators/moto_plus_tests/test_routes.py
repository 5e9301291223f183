"""Routes and route tables."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from .base import MotoPlusTest


class RouteTest(MotoPlusTest):
    def setUp(self) -> None:
        super().setUp()
        self.network()

    def test_a_route_lists_instance_owner_and_interface_whichever_it_was_made_with(self) -> None:
        instance, interface = self.instance()
        self.route(DestinationCidrBlock="0.0.0.0/0", InstanceId=instance)
        self.route(DestinationIpv6CidrBlock="::/0", NetworkInterfaceId=interface)
        expected = {
            "InstanceId": instance,
            "InstanceOwnerId": self.account,
            "NetworkInterfaceId": interface,
            "State": "active",
        }
        self.assertEqual(self.routes(), {"0.0.0.0/0": expected, "::/0": expected})

    def test_a_route_is_a_black_hole_while_its_instance_is_stopped(self) -> None:
        instance, interface = self.instance()
        self.route(DestinationCidrBlock="0.0.0.0/0", InstanceId=instance)
        self.ec2.stop_instances(InstanceIds=[instance])
        route = self.routes()["0.0.0.0/0"]
        self.assertEqual((route["State"], route["InstanceId"]), ("blackhole", instance))
        self.ec2.start_instances(InstanceIds=[instance])
        self.assertEqual(self.routes()["0.0.0.0/0"]["State"], "active")

    def test_termination_leaves_the_dangling_interface_id(self) -> None:
        instance, interface = self.instance()
        self.route(DestinationCidrBlock="0.0.0.0/0", InstanceId=instance)
        self.ec2.terminate_instances(InstanceIds=[instance])
        self.assertEqual(self.routes(), {"0.0.0.0/0": {"NetworkInterfaceId": interface, "State": "blackhole"}})
        self.refuses(
            "InvalidNetworkInterfaceID.NotFound",
            self.ec2.describe_network_interfaces,
            NetworkInterfaceIds=[interface],
        )

    def test_an_interface_that_is_detached_or_deleted_is_a_black_hole(self) -> None:
        instance, _ = self.instance()
        interface = self.interface()
        self.route(DestinationCidrBlock="10.9.0.0/16", NetworkInterfaceId=interface)
        self.assertEqual(self.routes()["10.9.0.0/16"], {"NetworkInterfaceId": interface, "State": "blackhole"})
        attachment = self.ec2.attach_network_interface(
            InstanceId=instance, NetworkInterfaceId=interface, DeviceIndex=1
        )["AttachmentId"]
        self.assertEqual(self.routes()["10.9.0.0/16"]["InstanceId"], instance)
        self.ec2.detach_network_interface(AttachmentId=attachment)
        self.ec2.delete_network_interface(NetworkInterfaceId=interface)
        self.assertEqual(self.routes()["10.9.0.0/16"], {"NetworkInterfaceId": interface, "State": "blackhole"})

    def test_a_deleted_nat_gateway_is_a_black_hole(self) -> None:
        gateway = self.nat_gateway()
        self.route(DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
        self.assertEqual(self.routes()["0.0.0.0/0"], {"NatGatewayId": gateway, "State": "active"})
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.assertEqual(self.routes()["0.0.0.0/0"], {"NatGatewayId": gateway, "State": "blackhole"})

    def test_every_destination_moves_between_every_target(self) -> None:
        instance, interface = self.instance()
        other, other_interface = self.instance()
        gateway = self.nat_gateway()
        internet = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=self.vpc)
        prefix_list = self.prefix_list()
        destinations = {
            "DestinationCidrBlock": "0.0.0.0/0",
            "DestinationIpv6CidrBlock": "64:ff9b::/96",
            "DestinationPrefixListId": prefix_list,
        }
        for name, destination in destinations.items():
            with self.subTest(name):
                self.route(**{name: destination}, InstanceId=instance)
                self.assertEqual(self.routes()[destination]["NetworkInterfaceId"], interface)
                self.replace(**{name: destination}, InstanceId=other)
                self.assertEqual(self.routes()[destination]["NetworkInterfaceId"], other_interface)
                self.replace(**{name: destination}, NetworkInterfaceId=interface)
                self.assertEqual(self.routes()[destination]["InstanceId"], instance)
                self.replace(**{name: destination}, NatGatewayId=gateway)
                self.assertEqual(self.routes()[destination], {"NatGatewayId": gateway, "State": "active"})
                self.replace(**{name: destination}, GatewayId=internet)
                self.assertEqual(self.routes()[destination], {"GatewayId": internet, "State": "active"})
                self.ec2.delete_route(RouteTableId=self.table, **{name: destination})
                self.assertNotIn(destination, self.routes())

    def test_a_local_route_moves_to_an_interface_and_back(self) -> None:
        _, interface = self.instance()
        self.replace(DestinationCidrBlock="10.0.0.0/16", NetworkInterfaceId=interface)
        table = self.ec2.describe_route_tables(RouteTableIds=[self.table])["RouteTables"][0]
        self.assertEqual([route["NetworkInterfaceId"] for route in table["Routes"]], [interface])
        self.replace(DestinationCidrBlock="10.0.0.0/16", LocalTarget=True)
        table = self.ec2.describe_route_tables(RouteTableIds=[self.table])["RouteTables"][0]
        self.assertEqual([route["GatewayId"] for route in table["Routes"]], ["local"])

    def test_what_replace_route_refuses(self) -> None:
        instance, interface = self.instance()
        call, table = self.ec2.replace_route, {"RouteTableId": self.table}
        anywhere = {"DestinationCidrBlock": "0.0.0.0/0"}
        self.refuses(
            "InvalidParameterValue",
            call,
            "There is no route defined for '0.0.0.0/0' in the route table. Use CreateRoute instead.",
            **table,
            **anywhere,
            InstanceId=instance,
        )
        self.route(**anywhere, InstanceId=instance)
        self.refuses("InvalidParameterCombination", call, **table, **anywhere)
        self.refuses(
            "InvalidParameterCombination", call, **table, **anywhere, InstanceId=instance, NetworkInterfaceId=interface
        )
        self.refuses(
            "InvalidRouteTableID.NotFound", call, RouteTableId="rtb-0123456789abcdef0", **anywhere, InstanceId=instance
        )

    def test_what_create_route_and_replace_route_refuse(self) -> None:
        instance, interface = self.instance()
        gateway = self.nat_gateway()
        self.route(DestinationIpv6CidrBlock="::/0", InstanceId=instance)
        self.route(DestinationCidrBlock="0.0.0.0/0", InstanceId=instance)
        self.ec2.attach_network_interface(InstanceId=instance, NetworkInterfaceId=self.interface(), DeviceIndex=1)
        for call in (self.ec2.create_route, self.ec2.replace_route):
            for code, target in {
                "InvalidInstanceID.NotFound": {"InstanceId": "i-0123456789abcdef0"},
                "InvalidNetworkInterfaceID.NotFound": {"NetworkInterfaceId": "eni-0123456789abcdef0"},
                "InvalidNatGatewayID.NotFound": {"NatGatewayId": "nat-0123456789abcdef0"},
                "InvalidGatewayID.NotFound": {"GatewayId": "gw-0123456789abcdef0"},
                "InvalidInstanceID": {"InstanceId": instance},  # it has two interfaces now
            }.items():
                with self.subTest(code, call=call.__name__):
                    self.refuses(code, call, RouteTableId=self.table, DestinationCidrBlock="0.0.0.0/0", **target)
            self.refuses(
                "InvalidParameterValue",
                call,
                RouteTableId=self.table,
                DestinationIpv6CidrBlock="::/0",
                NatGatewayId=gateway,
            )
        for destination in ({"DestinationCidrBlock": "0.0.0.0/0"}, {"DestinationIpv6CidrBlock": "0::/0"}):
            self.refuses(
                "RouteAlreadyExists",
                self.ec2.create_route,
                RouteTableId=self.table,
                NetworkInterfaceId=interface,
                **destination,
            )

    def test_route_tables_by_filter(self) -> None:
        instance, _ = self.instance()
        gateway = self.nat_gateway()
        self.route(DestinationCidrBlock="0.0.0.0/0", InstanceId=instance)
        self.route(DestinationIpv6CidrBlock="64:ff9b::/96", NatGatewayId=gateway)
        self.ec2.create_tags(Resources=[self.table], Tags=[{"Key": "nat-failover:group", "Value": "nat-a"}])
        for name, values in {
            "tag:nat-failover:group": ["nat-a", "nat-b"],
            "tag-key": ["nat-failover:*"],
            "route.instance-id": [instance],
            "route.nat-gateway-id": [gateway, "nat-1"],
            "route.destination-ipv6-cidr-block": ["64:ff9b::/96"],
        }.items():
            with self.subTest(name):
                found = self.ec2.describe_route_tables(Filters=[{"Name": name, "Values": values}])["RouteTables"]
                self.assertEqual([table["RouteTableId"] for table in found], [self.table])
        in_vpc = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"]
        self.assertEqual(len(in_vpc), 2)  # with the main one
        both = [{"Name": "vpc-id", "Values": [self.vpc]}, {"Name": "route.state", "Values": ["blackhole"]}]
        self.assertEqual(self.ec2.describe_route_tables(Filters=both)["RouteTables"], [])
        self.refuses(
            "InvalidParameterValue",
            self.ec2.describe_route_tables,
            Filters=[{"Name": "route.network-interface-id", "Values": ["eni-1"]}],
        )

    def test_route_tables_by_page(self) -> None:
        for _ in range(11):
            self.ec2.create_route_table(VpcId=self.vpc)
        filters = [{"Name": "vpc-id", "Values": [self.vpc]}]
        everything = self.ec2.describe_route_tables(Filters=filters)
        self.assertEqual(len(everything["RouteTables"]), 13)
        self.assertNotIn("NextToken", everything)
        pages = list(self.ec2.get_paginator("describe_route_tables").paginate(Filters=filters, MaxResults=5))
        self.assertEqual([len(page["RouteTables"]) for page in pages], [5, 5, 3])
        self.assertEqual(len({table["RouteTableId"] for page in pages for table in page["RouteTables"]}), 13)
        self.refuses("InvalidParameterValue", self.ec2.describe_route_tables, MaxResults=4)
        self.refuses("InvalidParameterValue", self.ec2.describe_route_tables, MaxResults=101)

    def test_a_table_is_associated_with_a_gateway(self) -> None:
        internet = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        association = self.ec2.associate_route_table(RouteTableId=self.table, GatewayId=internet)["AssociationId"]
        again = self.ec2.associate_route_table(RouteTableId=self.table, GatewayId=internet)["AssociationId"]
        self.assertEqual(association, again)
        filters = [{"Name": "association.gateway-id", "Values": [internet]}]
        table = self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]
        self.assertEqual([item["GatewayId"] for item in table["Associations"]], [internet])

    def test_500_replacements_in_parallel(self) -> None:
        (one, _), (other, _) = self.instance(), self.instance()
        self.route(DestinationCidrBlock="0.0.0.0/0", InstanceId=one)
        started = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            for done in [
                pool.submit(self.replace, DestinationCidrBlock="0.0.0.0/0", InstanceId=(one, other)[n % 2])
                for n in range(500)
            ]:
                done.result()
        # no assertion on the time (boto3 takes most of it), so that a busy machine fails nothing
        print(f"500 ReplaceRoute calls by boto3: {time.monotonic() - started:.2f} s", file=sys.stderr)
