"""What a service may do in an account: as a role that trusts it, or by a function's own policy. ministack's services do not ask."""

from __future__ import annotations

from typing import Any

from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate, evaluate_resource_policy
from ministack.services import iam, lambda_svc

Json = dict[str, Any]


class Service:
    """A service that acts for one of an account's resources, by whose ARN policies' conditions know it."""

    def __init__(self, principal: str, account: str, region: str, arn: str) -> None:
        self.principal, self.account, self.region = principal, account, region
        self.keys = {"aws:sourcearn": arn, "aws:sourceaccount": account}

    def context(self, principal: str, action: str, resource: str) -> EvalContext:
        kind = "AssumedRole" if principal.startswith("arn:") else "Service"
        return EvalContext(principal, kind, self.account, action, resource, self.region, service_context=self.keys)

    def require_role(self, role_arn: str, action: str, resource: str) -> None:
        """The service may assume the role, and the role may do this."""
        name, service = role_arn.rsplit("/", 1)[-1], self.principal
        role = iam._roles.get_scoped(self.account, None, name) or {}
        assume = self.context(service, "sts:AssumeRole", "*")
        trust = evaluate_resource_policy(role.get("AssumeRolePolicyDocument"), assume, service=service)
        if trust.decision != "Allow":
            raise PermissionError(f"{service} is not authorized to assume {role_arn}")
        session = f"arn:aws:sts::{self.account}:assumed-role/{name}/{service.split('.')[0]}"
        policies = _gather_role_policies(name, self.account)
        if evaluate(self.context(session, action, resource), policies).decision != "Allow":
            raise PermissionError(f"User: {session} is not authorized to perform: {action} on resource: {resource}")

    def function(self, arn: str) -> Json:
        """The function, if it lets this resource invoke it."""
        of = {"account_id": self.account, "region": self.region}
        func, config, _name = lambda_svc._get_func_record_for_ref_in_scope(arn, **of)
        if not func or not config:
            raise LookupError(f"Function not found: {arn}")
        invoke = self.context(self.principal, "lambda:InvokeFunction", config["FunctionArn"])
        if evaluate_resource_policy(func.get("policy"), invoke, service=self.principal).decision != "Allow":
            raise PermissionError(f"{self.principal} is not authorized to perform: lambda:InvokeFunction on resource: {arn}")
        return lambda_svc._execution_record_for_config(func, config)
