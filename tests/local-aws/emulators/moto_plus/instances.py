"""EC2 instances, network interfaces and NAT gateways.

Sources, unless a comment names another:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceNetworkInterfaceSpecification.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ec2.models.instances import Instance, InstanceState
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend

from .route_tables import matches
from .routes import only_interface


# moto: goes through every tag of the account, by regular expression, for each resource that it describes.
def _get_tags(self: Any) -> list[dict[str, str]]:
    kind = utils.EC2_PREFIX_TO_RESOURCE.get(utils.get_prefix(self.id), "") if self.id else ""
    tags = self.ec2_backend.tags.get(self.id) or {}
    return [
        {"resource_id": self.id, "key": key, "value": value, "resource_type": kind} for key, value in tags.items()
    ]


# --- interfaces come and go with their instance -------------------------------------------------

_moto_prep_nics = Instance.prep_nics
_moto_terminate = Instance.terminate


# moto: an interface made with the instance outlives it. AWS: DeleteOnTermination is true for those, unless
# the request says otherwise, and false for interfaces that existed before.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/scenarios-enis.html
def _prep_nics(self: Instance, nic_spec: list[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
    _moto_prep_nics(self, nic_spec, *args, **kwargs)
    kept = {
        int(spec["DeviceIndex"])
        for spec in nic_spec
        if spec.get("NetworkInterfaceId") or spec.get("DeleteOnTermination") is False
    }
    for index, nic in self.nics.items():
        nic.delete_on_termination = index not in kept


# moto: a terminated instance keeps its interfaces. AWS: it stays listed for an hour, without any; those
# that outlive it are available again.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
def _terminate(self: Instance) -> InstanceState:
    if self.state == "terminated":
        return InstanceState("terminated", 48)
    previous = _moto_terminate(self)
    for nic in list(self.nics.values()):
        self.detach_eni(nic)
    return previous


# moto: these read the primary interface, and fail on an instance without one. AWS shows none of them then.
def _of_primary(name: str) -> property:
    return property(lambda self: getattr(self.nics[0], name) if 0 in self.nics else None)


def _unless_terminated(original: property) -> property:
    # while moto builds an instance, it reads these before there is a state
    def get(self: Instance) -> Any:
        return None if "_state" in self.__dict__ and self.state == "terminated" else original.fget(self)

    return property(get)


def _private_dns_name(original: property) -> property:
    return property(lambda self: original.fget(self) if self.private_ip else None)


# --- the source/destination check ----------------------------------------------------------------


# moto: keeps one flag for the instance and another for each interface, so that switching it off on the
# instance leaves the interface as it was. AWS: the instance's is its only interface's; with several it must
# be set on the interface.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
# https://github.com/hashicorp/terraform-provider-aws/issues/7107 (the error)
def _get_source_dest_check(self: Instance) -> bool:
    nics = self.__dict__.get("nics") or {}
    return nics[0].source_dest_check if 0 in nics else True


def _set_source_dest_check(self: Instance, value: Any) -> None:
    if "nics" in self.__dict__:  # not while moto is still building the instance
        only_interface(self).source_dest_check = str(value).lower() == "true"


# moto: searches all interfaces one by one.
_moto_get_network_interface = NetworkInterfaceBackend.get_network_interface


def _get_network_interface(self: Any, eni_id: str) -> Any:
    return self.enis.get(eni_id) or _moto_get_network_interface(self, eni_id)


# --- NAT gateways ---------------------------------------------------------------------------------


# moto: an unknown id is left out of the answer, and filters by tag are ignored.
def _describe_nat_gateways(self: Any, filters: Any, nat_gateway_ids: list[str] | None) -> list[NatGateway]:
    for nat_gateway_id in nat_gateway_ids or []:
        _existing_nat_gateway(self, nat_gateway_id)

    def values(gateway: NatGateway, name: str) -> list[str | None]:
        if name.startswith("tag:"):
            return [tag["value"] for tag in gateway.get_tags() if tag["key"] == name[4:]]
        if name == "tag-key":
            return [tag["key"] for tag in gateway.get_tags()]
        if name not in ("nat-gateway-id", "state", "subnet-id", "vpc-id"):
            raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
        return [gateway.id if name == "nat-gateway-id" else getattr(gateway, name.replace("-", "_"))]

    return [
        gateway
        for gateway in self.nat_gateways.values()
        if (not nat_gateway_ids or gateway.id in nat_gateway_ids)
        and all(matches(values(gateway, name), patterns) for name, patterns in (filters or {}).items())
    ]


def _existing_nat_gateway(backend: Any, nat_gateway_id: str) -> NatGateway:
    if nat_gateway_id not in backend.nat_gateways:
        raise EC2ClientError("NatGatewayNotFound", f"NAT gateway {nat_gateway_id} was not found")
    return backend.nat_gateways[nat_gateway_id]


# moto: answers 500 for an unknown id.
def _delete_nat_gateway(self: Any, nat_gateway_id: str) -> NatGateway:
    gateway = _existing_nat_gateway(self, nat_gateway_id)
    gateway.state = "deleted"
    return gateway


def apply() -> None:
    TaggedEC2Resource.get_tags = _get_tags
    Instance.prep_nics = _prep_nics
    Instance.terminate = _terminate
    for name in ("vpc_id", "subnet_id"):
        setattr(Instance, name, _unless_terminated(getattr(Instance, name)))
    Instance.private_dns_name = _private_dns_name(Instance.private_dns_name)
    Instance.private_ip = Instance.private_ip_address = _of_primary("private_ip_address")
    Instance.public_ip = Instance.public_ip_address = _of_primary("public_ip")
    Instance.source_dest_check = property(_get_source_dest_check, _set_source_dest_check)
    NetworkInterfaceBackend.get_network_interface = _get_network_interface
    NatGatewayBackend.describe_nat_gateways = _describe_nat_gateways
    NatGatewayBackend.delete_nat_gateway = _delete_nat_gateway
    # moto: a filter that it doesn't know answers 500. These are AWS's, and moto has what they need.
    utils.filter_dict_attribute_mapping.update(
        {
            "network-interface.network-interface-id": "network_interfaces.id",
            "network-interface.subnet-id": "network_interfaces.subnet_id",
            "network-interface.vpc-id": "network_interfaces.vpc_id",
        }
    )
