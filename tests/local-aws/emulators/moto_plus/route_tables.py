"""EC2 route tables: filters, paging, and gateway associations.

Source, unless a comment names another:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
"""

from __future__ import annotations

import fnmatch
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.route_tables import RouteBackend, RouteTable
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.utils import random_subnet_association_id

from .routes import resolve


def _filter_values(table: RouteTable, name: str) -> list[str | None]:
    """What a route table shows to a filter of DescribeRouteTables."""
    if name.startswith("tag:"):
        return [tag["value"] for tag in table.get_tags() if tag["key"] == name[4:]]
    if name == "tag-key":
        return [tag["key"] for tag in table.get_tags()]
    associated = list(table._associations.values())
    simple = {
        "vpc-id": [table.vpc_id],
        "route-table-id": [table.id],
        "owner-id": [table.owner_id],
        "association.main": ["true" if table.main_association_id else "false"],
        "association.route-table-id": [table.id] if table.all_associations_ids else [],
        "association.route-table-association-id": list(table.all_associations_ids),
        "association.subnet-id": [target for target in associated if target.startswith("subnet-")],
        "association.gateway-id": [target for target in associated if not target.startswith("subnet-")],
    }
    if name in simple:
        return simple[name]
    attribute = {
        "route.destination-cidr-block": "destination_cidr_block",
        "route.destination-ipv6-cidr-block": "destination_ipv6_cidr_block",
        "route.destination-prefix-list-id": "destination_prefix_list_id",
        "route.egress-only-internet-gateway-id": "egress_only_internet_gateway_id",
        "route.gateway-id": "gateway_id",
        "route.instance-id": "instance_id",
        "route.nat-gateway-id": "nat_gateway_id",
        "route.transit-gateway-id": "transit_gateway_id",
        "route.vpc-peering-connection-id": "vpc_peering_connection_id",
        "route.origin": "origin",
        "route.state": "state",
    }.get(name)
    if attribute is None:  # there is no route.network-interface-id on AWS either
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return [getattr(route, attribute) for route in table.routes]


def matches(values: list[str | None], patterns: list[str]) -> bool:
    """A filter holds if any value is like any pattern (`*` and `?`)."""
    return any(
        value == pattern or fnmatch.fnmatchcase(value, pattern)
        for value in values
        if value is not None
        for pattern in patterns
        if pattern is not None
    )


_moto_describe_route_tables = RouteBackend.describe_route_tables


# moto: most `route.*` filters answer 500, and two values of one filter must both hold (or hold all).
def _describe_route_tables(self: Any, route_table_ids: Any = None, filters: Any = None) -> list[RouteTable]:
    return [
        table
        for table in _moto_describe_route_tables(self, route_table_ids)
        if all(matches(_filter_values(table, name), values) for name, values in (filters or {}).items())
    ]


# moto: knows no paging. AWS: MaxResults 5 to 100, and everything without it.
def _describe_page(self: RouteTables) -> ActionResult:
    limit, token = self._get_int_param("MaxResults"), self._get_param("NextToken")
    if limit is not None and not 5 <= limit <= 100:
        message = f"Value ( {limit} ) for parameter maxResults is invalid. Expecting a value between 5 and 100."
        raise EC2ClientError("InvalidParameterValue", message)
    tables = self.ec2_backend.describe_route_tables(
        self._get_param("RouteTableIds", []), self._filters_from_querystring()
    )
    if token:
        position = next((n for n, table in enumerate(tables) if f"after-{table.id}" == token), None)
        if position is None:
            raise EC2ClientError("InvalidParameterValue", f"The token '{token}' is invalid")
        tables = tables[position + 1 :]
    page = tables[:limit]
    next_token = f"after-{page[-1].id}" if len(page) < len(tables) else None
    return ActionResult({"RouteTables": page, "NextToken": next_token})


_moto_associate_route_table = RouteBackend.associate_route_table


# moto: any string passes for a gateway, and a second call adds a second association.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html
def _associate_route_table(
    self: Any, route_table_id: str, gateway_id: str | None = None, subnet_id: str | None = None
) -> str:
    if gateway_id is None:
        return _moto_associate_route_table(self, route_table_id, None, subnet_id)
    table = self.get_route_table(route_table_id)
    resolve(self, table, "", "GatewayId", gateway_id)
    for association, target in table._associations.items():
        if target == gateway_id:
            return association
    association = random_subnet_association_id()
    table._associations[association] = gateway_id
    return association


_moto_associations = RouteTable.associations.fget


# moto: shows an internet gateway's association, but not a virtual private gateway's.
def _associations(self: RouteTable) -> list[dict[str, Any]]:
    shown = _moto_associations(self)
    for association in shown:
        target = self._associations.get(association["RouteTableAssociationId"], "")
        if target.startswith("vgw-"):
            association["GatewayId"] = target
    return shown


def apply() -> None:
    RouteTable.associations = property(_associations)
    RouteBackend.describe_route_tables = _describe_route_tables
    RouteBackend.associate_route_table = _associate_route_table
    RouteTables.describe_route_tables = _describe_page
