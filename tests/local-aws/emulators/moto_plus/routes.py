"""EC2 routes: what a route lists, its state, and what CreateRoute and ReplaceRoute refuse.

Sources, unless a comment names another:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRoute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidParameterCombination,
    InvalidParameterValueErrorReplaceRoute,
    MissingParameterError,
    RouteAlreadyExistsError,
)
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.route_tables import Route, RouteBackend, RouteTable
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.utils import generate_route_id

# NAT64: the one IPv6 destination that may point at a NAT gateway.
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html
NAT64 = ipaddress.ip_network("64:ff9b::/96")

# The request parameters that name a target, and the attribute of moto's Route that holds it.
TARGETS = {
    "NetworkInterfaceId": "interface",
    "InstanceId": "interface",
    "NatGatewayId": "nat_gateway",
    "GatewayId": "gateway",
    "EgressOnlyInternetGatewayId": "egress_only_igw",
    "TransitGatewayId": "transit_gateway",
    "VpcPeeringConnectionId": "vpc_pcx",
    "CarrierGatewayId": "carrier_gateway",
    "VpcEndpointId": "vpc_endpoint_id",
    "LocalTarget": "local",
}
KEYWORDS = {
    "gateway_id": "GatewayId",
    "instance_id": "InstanceId",
    "nat_gateway_id": "NatGatewayId",
    "egress_only_igw_id": "EgressOnlyInternetGatewayId",
    "transit_gateway_id": "TransitGatewayId",
    "interface_id": "NetworkInterfaceId",
    "vpc_peering_connection_id": "VpcPeeringConnectionId",
    "carrier_gateway_id": "CarrierGatewayId",
    "vpc_endpoint_id": "VpcEndpointId",
}


# --- what a route lists -----------------------------------------------------------------------


def _attached_instance(route: Route) -> Instance | None:
    """The instance that the route's interface is attached to now."""
    interface: NetworkInterface | None = route.interface
    if interface is None or interface.id not in interface.ec2_backend.enis:
        return None
    return interface.instance


# moto: an instance route lists no interface, and an interface route no instance and no owner. AWS
# keeps the interface (an instance is short for its only one), and lists the instance that it is attached to;
# once that is terminated, only the dangling interface id is left.
def _instance_id(route: Route) -> str | None:
    instance = _attached_instance(route)
    return instance.id if instance else None


def _instance_owner_id(route: Route) -> str | None:
    instance = _attached_instance(route)
    return instance.owner_id if instance else None


# moto: always `active`. AWS: `blackhole` if the target "isn't available (for example, the specified gateway
# isn't attached to the VPC, or the specified NAT instance has been terminated)" (API_Route); an instance
# that is stopped forwards nothing either.
def _state(route: Route) -> str:
    if route.interface is not None:
        instance = _attached_instance(route)
        return "active" if instance and instance.state in ("pending", "running") else "blackhole"
    if route.nat_gateway is not None:
        return "active" if route.nat_gateway.state in ("pending", "available") else "blackhole"
    return "active"


# --- CreateRoute, ReplaceRoute ----------------------------------------------------------------


def _destination(cidr: str | None, ipv6_cidr: str | None, prefix_list: str | None) -> str:
    """The one destination of a request, in the form that AWS stores (host bits cleared)."""
    given = [value for value in (cidr, ipv6_cidr, prefix_list) if value]
    if not given:
        raise MissingParameterError("destinationCidrBlock")
    if len(given) > 1:
        raise InvalidParameterCombination("The request must contain exactly one destination.")
    if prefix_list:
        return prefix_list
    parse = ipaddress.IPv4Network if cidr else ipaddress.IPv6Network
    try:
        return str(parse(given[0], strict=False))
    except ValueError:
        name = "destinationCidrBlock" if cidr else "destinationIpv6CidrBlock"
        message = f"Value ({given[0]}) for parameter {name} is invalid. This is not a valid CIDR block."
        raise EC2ClientError("InvalidParameterValue", message) from None


# Seen on AWS: hashicorp/terraform-provider-aws#2270, bobtfish/AWSnycast#28.
def only_interface(instance: Instance) -> NetworkInterface:
    if len(instance.nics) == 1:
        return next(iter(instance.nics.values()))
    number = "multiple" if instance.nics else "no"
    raise EC2ClientError(
        "InvalidInstanceID",
        f"There are {number} interfaces attached to instance '{instance.id}'. "
        "Please specify an interface ID for the operation instead.",
    )


# moto: a NAT gateway or prefix list that doesn't exist becomes a route without target or destination. The
# code for the gateway was seen on AWS: boto/boto3#779 (NatGatewayNotFound is DescribeNatGateways').
def _existing(mapping: dict[str, Any], key: str, code: str, kind: str) -> Any:
    found = mapping.get(key)
    if found is None or str(getattr(found, "state", "")).startswith("delet"):
        raise EC2ClientError(code, f"The {kind} ID '{key}' does not exist")
    return found


def resolve(backend: Any, table: RouteTable, destination: str, parameter: str, value: Any) -> Any:
    """The object that a target parameter names."""
    if parameter == "InstanceId":
        target = only_interface(backend.get_instance(value))
    elif parameter == "NetworkInterfaceId":
        target = backend.get_network_interface(value)
    elif parameter == "NatGatewayId":
        target = _existing(backend.nat_gateways, value, "InvalidNatGatewayID.NotFound", "natGateway")
        if ":" in destination and not ipaddress.IPv6Network(destination).subnet_of(NAT64):
            message = f"The IPv6 destination {destination} cannot be routed to a NAT gateway; only {NAT64} can."
            raise EC2ClientError("InvalidParameterValue", message)
    elif parameter == "GatewayId":
        if value.startswith("vgw-"):
            target = backend.get_vpn_gateway(value)
        elif value.startswith("vpce-"):
            target = backend.get_vpc_end_point(value)
        elif value.startswith("igw-"):
            target = backend.get_internet_gateway(value)
        else:
            raise EC2ClientError("InvalidGatewayID.NotFound", f"The gateway ID '{value}' does not exist")
    elif parameter == "EgressOnlyInternetGatewayId":
        target = backend.get_egress_only_igw(value)
    elif parameter == "TransitGatewayId":
        target = _existing(backend.transit_gateways, value, "InvalidTransitGatewayID.NotFound", "transitGateway")
    elif parameter == "VpcPeeringConnectionId":
        target = backend.get_vpc_peering_connection(value)
    elif parameter == "CarrierGatewayId":
        target = _existing(backend.carrier_gateways, value, "InvalidCarrierGatewayID.NotFound", "carrierGateway")
    else:  # VpcEndpointId, LocalTarget
        target = value
    if TARGETS[parameter] in ("interface", "nat_gateway") and target.vpc_id != table.vpc_id:
        message = f"route table {table.id} and interface {value} belong to different networks"
        raise EC2ClientError("InvalidParameterValue", message)
    return target


def _target(backend: Any, table: RouteTable, destination: str, given: dict[str, Any]) -> dict[str, Any]:
    """The one target of a request, as the attribute of Route that is to hold it."""
    named = {parameter: value for parameter, value in given.items() if value}
    if len(named) != 1:
        names = ", ".join(name[0].lower() + name[1:] for name in TARGETS)
        raise InvalidParameterCombination(f"The request must contain exactly one of {names}")
    parameter, value = next(iter(named.items()))
    if value == "local":
        parameter, value = "LocalTarget", True
    return {TARGETS[parameter]: resolve(backend, table, destination, parameter, value)}


_moto_create_route = RouteBackend.create_route


# moto: no check on the number of targets, on an IPv6 or prefix-list destination that is there already,
# or (with an interface as the target) on anything; and an interface target loses its prefix list.
def _create_route(
    self: Any,
    route_table_id: str,
    destination_cidr_block: str | None,
    destination_ipv6_cidr_block: str | None = None,
    destination_prefix_list_id: str | None = None,
    local: bool = False,
    **targets: str | None,
) -> Route:
    if local:  # moto's own call, for a VPC's CIDR blocks
        return _moto_create_route(
            self, route_table_id, destination_cidr_block, destination_ipv6_cidr_block, local=True
        )
    table = self.get_route_table(route_table_id)
    prefix_list = None
    destination = _destination(destination_cidr_block, destination_ipv6_cidr_block, destination_prefix_list_id)
    if destination_prefix_list_id:
        prefix_list = _existing(
            self.managed_prefix_lists, destination, "InvalidPrefixListID.NotFound", "prefixList"
        )
    target = _target(self, table, destination, {KEYWORDS[name]: value for name, value in targets.items()})
    if generate_route_id(table.id, destination) in table._routes:
        raise RouteAlreadyExistsError(destination)
    route = Route(
        table,
        destination if destination_cidr_block else None,
        destination if destination_ipv6_cidr_block else None,
        prefix_list,
        **target,
    )
    table._routes[route.id] = route
    return route


# moto: looks a prefix-list route up by another id than it was stored with, takes any number of
# targets, and loses endpoints, carrier gateways and `local`.
def _replace_route(self: RouteTables) -> ActionResult:
    backend = self.ec2_backend
    table = backend.get_route_table(self._get_param("RouteTableId"))
    destination = _destination(
        self._get_param("DestinationCidrBlock"),
        self._get_param("DestinationIpv6CidrBlock"),
        self._get_param("DestinationPrefixListId"),
    )
    given = {parameter: self._get_param(parameter) for parameter in TARGETS}
    target = _target(backend, table, destination, given)
    route = table._routes.get(generate_route_id(table.id, destination))
    if route is None:
        raise InvalidParameterValueErrorReplaceRoute(destination)
    self.error_on_dryrun()
    for attribute in {*TARGETS.values(), "instance"}:
        setattr(route, attribute, target.get(attribute))
    return ActionResult({"Return": True})


def apply() -> None:
    Route.instance_id = property(_instance_id)
    Route.instance_owner_id = property(_instance_owner_id)
    Route.state = property(_state)
    RouteBackend.create_route = _create_route
    RouteTables.replace_route = _replace_route
