"""API Gateway's APIs, as clients find them."""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway, apigateway_v1
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]


def scope_of_api(apis: Any, api_id: str) -> tuple[str, str] | None:
    """The account and region of an API. As in AWS, its id is enough to reach it: a client with a token, or with nothing, is
    of no account."""
    return next(((account, region) for (account, region, id_), _api in apis.all_items() if id_ == api_id), None)


def apply() -> None:
    apigateway.find_api_scope = lambda api_id: scope_of_api(apigateway._apis, api_id)
    apigateway_v1.find_api_scope = lambda api_id: scope_of_api(apigateway_v1._rest_apis, api_id)

    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create = handlers["create"]

    def create_api(logical_id: str, props: Json, stack_name: str) -> Any:
        cors = props.get("CorsConfiguration")
        if cors:  # kept in CloudFormation's spelling, and read in the API's
            props = {**props, "CorsConfiguration": {key[0].lower() + key[1:]: value for key, value in cors.items()}}
        return create(logical_id, props, stack_name)

    handlers["create"] = create_api

    rest_handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    create_rest = rest_handlers["create"]

    def create_rest_api(logical_id: str, props: Json, stack_name: str) -> Any:
        # Of a definition it does not read them, of the property it keeps the escaped slash.
        of_definition = (props.get("Body") or {}).get("x-amazon-apigateway-binary-media-types") or []
        types = [kind.replace("~1", "/") for kind in [*props.get("BinaryMediaTypes", []), *of_definition]]
        return create_rest(logical_id, {**props, "BinaryMediaTypes": types}, stack_name)

    rest_handlers["create"] = create_rest_api
