"""DynamoDB tables that stacks create, in dynoxide too, which answers for DynamoDB: by the gateway, as the account's own call.

ministack keeps its record of the table, empty, for CloudFormation. What dynoxide does not know (recovery to a point in time)
is in neither.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]

CREATED_BY = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "SSESpecification",
    "StreamSpecification",
    "Tags",
)
READY_WITHIN = 10


def apply(gateway: str) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, delete = handlers["create"], handlers["delete"]

    def call(action: str, body: Json) -> Json:
        credential = f"AKIA{get_account_id()}CTRL/20260101/{get_region()}/dynamodb/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20260101T000000Z",
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
        }
        request = urllib.request.Request(gateway, data=json.dumps(body).encode(), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=READY_WITHIN) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise ValueError(f"DynamoDB's {action}: {error.read().decode(errors='replace')}") from error

    def create_table(logical_id: str, props: Json, stack_name: str) -> Any:
        name, attributes = create(logical_id, props, stack_name)
        protected = truth(props.get("DeletionProtectionEnabled", False))
        asked = {key: props[key] for key in CREATED_BY if key in props}
        call("CreateTable", {**asked, "TableName": name, "DeletionProtectionEnabled": protected})
        end = time.monotonic() + READY_WITHIN
        while call("DescribeTable", {"TableName": name})["Table"]["TableStatus"] != "ACTIVE":
            if time.monotonic() > end:
                raise ValueError(f"the table {name} is still being created")
            time.sleep(0.01)
        living = props.get("TimeToLiveSpecification")
        if living:
            specification = {**living, "Enabled": truth(living["Enabled"])}
            call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})
        return name, attributes

    def delete_table(physical_id: str, props: Json) -> None:
        call("DeleteTable", {"TableName": physical_id})
        delete(physical_id, props)

    handlers["create"], handlers["delete"] = create_table, delete_table


def truth(value: Any) -> bool:
    """CloudFormation's parameters are text."""
    return str(value).lower() == "true"
