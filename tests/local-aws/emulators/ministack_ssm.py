"""SSM's documents and associations, which ministack lacks: in CloudFormation and in the API.

Documents: CreateDocument, GetDocument, DescribeDocument, DeleteDocument; one version each. Associations: made by stacks,
read by ListAssociations (here with all members that DescribeAssociation gives) and DescribeAssociation. The gateway runs
both, see ``src/ssm/``.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
)
from ministack.services import ssm
from ministack.services.cloudformation import provisioners

Json = dict[str, Any]

_documents = AccountRegionScopedDict()
_associations = AccountRegionScopedDict()


def _arn(name: str) -> str:
    return f"arn:aws:ssm:{get_region()}:{get_account_id()}:document/{name}"


def _description(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in ("Content", "Tags")}


def _missing(name: str) -> Any:
    return error_response_json("InvalidDocument", f"Document with name {name} does not exist.", 400)


def _create_document(data: Json) -> Any:
    name, content = data.get("Name", ""), data.get("Content", "")
    if name in _documents:
        return error_response_json("DocumentAlreadyExists", "The specified document already exists.", 400)
    form = data.get("DocumentFormat") or "JSON"
    try:
        parsed = json.loads(content)
    except ValueError:
        return error_response_json("InvalidDocumentContent", "The content is no JSON (YAML is not understood here).", 400)
    _documents[name] = {
        "Name": name,
        "Content": content,
        "DocumentType": data.get("DocumentType") or "Command",
        "DocumentFormat": form,
        "DocumentVersion": "1",
        "LatestVersion": "1",
        "DefaultVersion": "1",
        "SchemaVersion": str(parsed.get("schemaVersion", "")),
        "TargetType": data.get("TargetType") or "",
        "Hash": hashlib.sha256(content.encode()).hexdigest(),
        "HashType": "Sha256",
        "Owner": get_account_id(),
        "PlatformTypes": ["Linux"],
        "Status": "Active",
        "Tags": data.get("Tags") or [],
    }
    return json_response({"DocumentDescription": _description(_documents[name])})


def _get_document(data: Json) -> Any:
    name = data.get("Name", "").rsplit("/", 1)[-1]
    document = _documents.get(name)
    if not document:
        return _missing(name)
    if data.get("DocumentVersion", "$DEFAULT") not in ("$DEFAULT", "$LATEST", document["DocumentVersion"]):
        return error_response_json("InvalidDocumentVersion", "The document version is not valid.", 400)
    return json_response({**_description(document), "Content": document["Content"]})


def _describe_document(data: Json) -> Any:
    document = _documents.get(data.get("Name", "").rsplit("/", 1)[-1])
    return json_response({"Document": _description(document)}) if document else _missing(data.get("Name", ""))


def _delete_document(data: Json) -> Any:
    return json_response({}) if _documents.pop(data.get("Name", ""), None) else _missing(data.get("Name", ""))


def _list_associations(_data: Json) -> Any:
    return json_response({"Associations": list(_associations.values())})


def _describe_association(data: Json) -> Any:
    association = _associations.get(data.get("AssociationId", ""))
    if not association:
        return error_response_json("AssociationDoesNotExist", "The specified association does not exist.", 400)
    return json_response({"AssociationDescription": association})


_OPERATIONS = {
    "CreateDocument": _create_document,
    "GetDocument": _get_document,
    "DescribeDocument": _describe_document,
    "DeleteDocument": _delete_document,
    "ListAssociations": _list_associations,
    "DescribeAssociation": _describe_association,
}

_handle_request = ssm.handle_request


async def handle_request(method: str, path: str, headers: Json, body: Any, query_params: Json) -> Any:
    operation = _OPERATIONS.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
    if operation:
        return operation(json.loads(body) if body else {})
    return await _handle_request(method, path, headers, body, query_params)


# -- CloudFormation --


def _document_create(logical_id: str, props: Json, stack_name: str) -> Any:
    name = props.get("Name") or f"{stack_name}-{logical_id}-{new_uuid()[:12].upper().replace('-', '')}"
    content = props.get("Content", "")
    # CloudFormation takes the content as an object as well as a text.
    data = {**props, "Name": name, "Content": content if isinstance(content, str) else json.dumps(content)}
    status, _headers, body = _create_document(data)
    if status >= 400:
        raise ValueError(f"AWS::SSM::Document create failed: {body!r}")
    return name, {}


def _document_delete(physical_id: str, _props: Json) -> None:
    _documents.pop(physical_id, None)


def _association_create(_logical_id: str, props: Json, _stack_name: str) -> Any:
    name = props["Name"]
    # AWS refuses an association with a document that is not there; its own are always there.
    if name.rsplit("/", 1)[-1] not in _documents and not name.startswith("AWS-"):
        raise ValueError(f"AWS::SSM::Association create failed: InvalidDocument: {name}")
    association_id = new_uuid()
    targets = props.get("Targets") or []
    if props.get("InstanceId"):
        targets = [{"Key": "InstanceIds", "Values": [props["InstanceId"]]}]
    members = ("AssociationName", "DocumentVersion", "ScheduleExpression", "MaxConcurrency", "MaxErrors",
               "ComplianceSeverity", "ApplyOnlyAtCronInterval", "SyncCompliance", "WaitForSuccessTimeoutSeconds")
    _associations[association_id] = {
        "AssociationId": association_id,
        "Name": name,
        "Parameters": props.get("Parameters") or {},
        "Targets": targets,
        **{member: props[member] for member in members if member in props},
    }
    return association_id, {"AssociationId": association_id}


def _association_delete(physical_id: str, _props: Json) -> None:
    _associations.pop(physical_id, None)


def apply() -> None:
    """Adds both to ministack, before its app is loaded."""
    ssm.handle_request = handle_request
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::SSM::Document"] = {"create": _document_create, "delete": _document_delete}
    handlers["AWS::SSM::Association"] = {"create": _association_create, "delete": _association_delete}
