"""Secrets Manager: versions, their staging labels, and the state that RotateSecret makes.

The four steps are not run here: whoever calls RotateSecret invokes the function and ends with the endpoint
``end-rotation``. moto's own RotateSecret runs them at once, in its own Lambda.

Sources, unless a comment names another:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any

from moto.secretsmanager import exceptions
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    OperationNotPermittedOnReplica,
    ResourceExistsException,
    ResourceNotFoundException,
    SecretHasNoValueException,
    SecretNotFoundException,
)
from moto.secretsmanager.models import FakeSecret, ReplicaSecret, SecretsManagerBackend
from moto.secretsmanager.responses import SecretsManagerResponse

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
MAX_LABELS = 20
ROTATION_TOKEN = re.compile(r"[a-zA-Z0-9-]{36,256}")
VALUES = ("secret_string", "secret_binary")

Version = dict[str, Any]


def _now() -> float:
    return round(time.time(), 3)


# moto: 404 for what is not there. AWS: 400, as all of the service's errors of the caller.
# https://github.com/aws/aws-sdk-js-v3/issues/7701 (an answer of AWS)
def _answer_400(error: type[Exception]) -> None:
    original = error.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.code = 400

    error.__init__ = init  # type: ignore[method-assign]


# --- secrets and labels ---------------------------------------------------------------------------


def _usable(self: SecretsManagerBackend, secret_id: str) -> FakeSecret:
    """The secret, unless it is a replica or scheduled for deletion."""
    secret = self.secrets.get(secret_id)
    if secret is None:
        raise SecretNotFoundException()
    if isinstance(secret, ReplicaSecret):
        raise OperationNotPermittedOnReplica()
    if secret.is_deleted():
        raise InvalidRequestException(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return secret


def _holder(secret: FakeSecret, label: str) -> str | None:
    """The version that has the label: never more than one."""
    return next((key for key, version in secret.versions.items() if label in version["version_stages"]), None)


def _current(secret: FakeSecret) -> str | None:
    return _holder(secret, CURRENT)


def _detach(secret: FakeSecret, label: str) -> str | None:
    holder = _holder(secret, label)
    if holder:
        secret.versions[holder]["version_stages"].remove(label)
    return holder


# moto: the version that loses AWSCURRENT loses all its labels, and UpdateSecretVersionStage attaches a label twice.
def _attach(secret: FakeSecret, label: str, version_id: str) -> None:
    """Moves a label; AWSPREVIOUS follows AWSCURRENT."""
    if _holder(secret, label) == version_id:
        return
    left = _detach(secret, label)
    secret.versions[version_id]["version_stages"].append(label)
    if label == CURRENT and left:
        _detach(secret, PREVIOUS)
        secret.versions[left]["version_stages"].append(PREVIOUS)


def _add_version(secret: FakeSecret, version_id: str, labels: list[str], value: Version) -> None:
    secret.versions[version_id] = {
        "createdate": _now(),
        "version_id": version_id,
        "version_stages": [],
        **{name: value[name] for name in VALUES if value.get(name) is not None},
    }
    for label in labels:
        _attach(secret, label, version_id)


# moto: UpdateSecret and CreateSecret come here; see `_attach`.
def _reset_default_version(self: FakeSecret, version: Version, version_id: str) -> None:
    _add_version(self, version_id, version["version_stages"], version)


_moto_add_secret = SecretsManagerBackend._add_secret


# moto: whole seconds.
def _add_secret(self: SecretsManagerBackend, secret_id: str, *args: Any, **kwargs: Any) -> tuple[FakeSecret, bool]:
    existed = secret_id in self.secrets
    secret, new_version = _moto_add_secret(self, secret_id, *args, **kwargs)
    secret.last_changed_date = _now()
    if not existed:
        secret.created_date = secret.last_changed_date
        for version in secret.versions.values():
            version["createdate"] = secret.created_date
    return secret, new_version


_moto_create_secret = SecretsManagerBackend.create_secret


def _create_secret(self: SecretsManagerBackend, name: str, **kwargs: Any) -> str:
    existing = self.secrets.get(name)
    if existing is not None and existing.is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    return _moto_create_secret(self, name, **kwargs)


# --- values -----------------------------------------------------------------------------------------


# moto: remembers which version was current when it was written, so that it answers the old value after
# UpdateSecretVersionStage, and checks the labels before it sees that the secret is deleted.
def _get_secret_value(
    self: SecretsManagerBackend, secret_id: str, version_id: str | None, version_stage: str | None
) -> dict[str, Any]:
    found = self.secrets.get(secret_id)
    secret = found.source if isinstance(found, ReplicaSecret) else _usable(self, secret_id)
    label = version_stage or CURRENT
    wanted = version_id or _holder(secret, label)
    version = secret.versions.get(wanted or "")
    if version is None:
        what = f"VersionId: {version_id}" if version_id else f"staging label: {label}"
        raise ResourceNotFoundException(f"Secrets Manager can't find the specified secret value for {what}")
    if version_stage and version_stage not in version["version_stages"]:
        raise exceptions.SecretStageVersionMismatchException()
    if not _has_value(version):
        raise SecretHasNoValueException(label if version_stage or not version_id else PENDING)
    answer = {
        "ARN": found.arn if found else secret.arn,
        "Name": secret.name,
        "VersionId": version["version_id"],
        "VersionStages": version["version_stages"],
        "CreatedDate": version["createdate"],
    }
    members = {"secret_string": "SecretString", "secret_binary": "SecretBinary"}
    return answer | {members[name]: version[name] for name in VALUES if name in version}


def _has_value(version: Version) -> bool:
    return any(version.get(name) is not None for name in VALUES)


# moto: writes over a version that is AWSPENDING, takes all labels from the version that was AWSCURRENT, knows no
# RotationToken. AWS: a version's value is written once; the same again is no error and changes nothing.
def _put_secret_value(self: SecretsManagerResponse) -> str:
    backend: SecretsManagerBackend = self.backend
    secret = _usable(backend, self._get_param("SecretId"))
    value = {"secret_string": self._get_param("SecretString"), "secret_binary": self._get_param("SecretBinary")}
    if (value["secret_string"] is None) == (value["secret_binary"] is None):
        raise InvalidRequestException("You must provide either SecretString or SecretBinary.")
    token = self._get_param("RotationToken")
    if token is not None and not ROTATION_TOKEN.fullmatch(token):
        raise InvalidParameterException("RotationToken must be 36-256 letters, digits and hyphens.")
    version_id = backend._from_client_request_token(self._get_param("ClientRequestToken"))
    labels = _labels(secret, self._get_param("VersionStages"))
    if not _same_again(secret, version_id, value):
        _add_version(secret, version_id, [*_labels_of(secret, version_id), *labels], value)
        secret.last_changed_date = _now()
    return secret.to_short_dict(include_version_stages=True, version_id=version_id)


def _labels(secret: FakeSecret, asked: list[str] | None) -> list[str]:
    if asked is not None and not 1 <= len(asked) <= MAX_LABELS:
        raise InvalidParameterException(f"VersionStages must have 1 to {MAX_LABELS} members.")
    labels = list(dict.fromkeys(asked or [CURRENT]))
    # The first version; a rotation's, which is there without a value, counts as one.
    # https://github.com/getmoto/moto/issues/9451
    if not secret.versions and CURRENT not in labels:
        labels.append(CURRENT)
    return labels


def _labels_of(secret: FakeSecret, version_id: str) -> list[str]:
    return list(secret.versions.get(version_id, {}).get("version_stages", []))


def _same_again(secret: FakeSecret, version_id: str, value: dict[str, Any]) -> bool:
    """Whether the version has this value already; another one is refused."""
    version = secret.versions.get(version_id)
    if version is None or not _has_value(version):
        return False
    if any(version.get(name) != value[name] for name in VALUES):
        raise ResourceExistsException(
            f"You can't use ClientRequestToken {version_id} because that value is already in use for a version of "
            f"secret {secret.arn}."
        )
    return True


# moto: RemoveFromVersionId matters only for AWSCURRENT, and a label can be on two versions afterwards. The words of the
# refusals are not all AWS's.
def _update_secret_version_stage(
    self: SecretsManagerBackend,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str | None,
    move_to_version_id: str | None,
) -> tuple[str, str]:
    secret = _usable(self, secret_id)
    for version_id in filter(None, (remove_from_version_id, move_to_version_id)):
        if version_id not in secret.versions:
            raise InvalidParameterException(f"Not a valid version: {version_id}")
    holder = _holder(secret, version_stage)
    _check_move(version_stage, holder, remove_from_version_id, move_to_version_id)
    if move_to_version_id:
        _attach(secret, version_stage, move_to_version_id)
    else:
        _detach(secret, version_stage)
    secret.last_changed_date = _now()
    return secret.arn, secret.name


def _check_move(label: str, holder: str | None, remove_from: str | None, move_to: str | None) -> None:
    if not remove_from and not move_to:
        raise InvalidParameterException("You must provide MoveToVersionId, RemoveFromVersionId or both.")
    if remove_from and remove_from != holder:
        raise InvalidParameterException(
            f"Staging label {label} is attached to version {holder}, not to {remove_from}: RemoveFromVersionId must be "
            "the version that currently has the label."
        )
    if not remove_from and holder and holder != move_to:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version "
            f"{holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if label == CURRENT and not move_to:
        raise InvalidParameterException(
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."
        )


# --- descriptions -------------------------------------------------------------------------------------

_moto_to_dict = FakeSecret.to_dict


# moto: lists versions without labels, shows one of the rotation rules, and null for what is not there.
def _to_dict(self: FakeSecret) -> dict[str, Any]:
    shown = _moto_to_dict(self)
    labelled = {key: list(version["version_stages"]) for key, version in self.versions.items()}
    labelled = {key: labels for key, labels in labelled.items() if labels}
    shown["VersionIdsToStages"] = shown["SecretVersionsToStages"] = labelled or None
    if self.rotation_requested:
        shown["RotationRules"] = getattr(self, "rotation_rules", None)
    return {name: value for name, value in shown.items() if value is not None}


# moto: the time of the call as every version's date, the name as the ARN, and 500 for an unknown secret.
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
def _list_secret_version_ids(self: SecretsManagerResponse) -> str:
    secret = self.backend.describe_secret(self._get_param("SecretId"))
    deprecated = self._get_bool_param("IncludeDeprecated", False)
    entries = []
    for version_id, version in secret.versions.items():
        entry = {"VersionId": version_id, "CreatedDate": version["createdate"]}
        if version["version_stages"]:
            entries.append(entry | {"VersionStages": version["version_stages"]})
        elif deprecated:
            entries.append(entry)
    page, token = self.backend._get_secret_values_page_and_next_token(
        entries, self._get_int_param("MaxResults"), self._get_param("NextToken")
    )
    answer = {"ARN": secret.arn, "Name": secret.name, "Versions": page}
    return json.dumps(answer | ({"NextToken": token} if token else {}))


# --- rotation -------------------------------------------------------------------------------------------


# moto: refuses when AWSPENDING is on AWSCURRENT's version and goes on when it is not; forgets the function when it is
# not named again; invokes it at once, with the secret's name. The refusal's words:
# https://github.com/hashicorp/terraform-provider-aws/issues/35023
def _rotate_secret(
    self: SecretsManagerBackend,
    secret_id: str,
    client_request_token: str | None = None,
    rotation_lambda_arn: str | None = None,
    rotation_rules: dict[str, Any] | None = None,
    rotate_immediately: bool = True,
) -> str:
    secret = _usable(self, secret_id)
    version_id = self._from_client_request_token(client_request_token or str(uuid.uuid4()))
    if not (rotation_lambda_arn or secret.rotation_lambda_arn):
        raise InvalidRequestException(
            "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and "
            "you didn't include such an ARN as a parameter in this call."
        )
    pending = _holder(secret, PENDING)
    if pending not in (None, version_id, _current(secret)):
        raise InvalidRequestException("A previous rotation isn't complete. That rotation will be reattempted.")
    _configure(secret, rotation_lambda_arn, rotation_rules)
    if version_id not in secret.versions:
        _add_version(secret, version_id, [PENDING], {} if rotate_immediately else _current_value(secret))
    return json.dumps({"ARN": secret.arn, "Name": secret.name, "VersionId": version_id})


def _current_value(secret: FakeSecret) -> Version:
    """The value of a version that is only tested. AWS says that it makes an AWSPENDING version and removes it, not what
    is in it. A copy of the current one is a guess: AWS's own templates read AWSPENDING in testSecret, and log in."""
    return secret.versions.get(_current(secret) or "", {})


def _configure(secret: FakeSecret, lambda_arn: str | None, rules: dict[str, Any] | None) -> None:
    days = (rules or {}).get("AutomaticallyAfterDays")
    if days is not None and not 1 <= days <= 1000:
        raise InvalidParameterException("RotationRules.AutomaticallyAfterDays must be within 1-1000.")
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = lambda_arn or secret.rotation_lambda_arn
    if rules:
        secret.rotation_rules = rules
        secret.next_rotation_date = int(time.time()) + days * 86400 if days else None
    secret.last_changed_date = _now()


def end_rotation(backend: SecretsManagerBackend, secret_id: str, version_id: str, tested: bool) -> None:
    """After the last step: the version of a mere test goes, a real rotation is dated."""
    secret = _usable(backend, secret_id)
    if tested:
        secret.versions.pop(version_id, None)
    else:
        secret.last_rotation_date = _now()


def apply() -> None:
    for error in (
        ResourceNotFoundException,
        SecretNotFoundException,
        SecretHasNoValueException,
        exceptions.SecretStageVersionMismatchException,
    ):
        _answer_400(error)
    FakeSecret.default_version_id = property(_current, lambda secret, version_id: None)
    FakeSecret.reset_default_version = _reset_default_version
    FakeSecret.to_dict = _to_dict
    SecretsManagerBackend._add_secret = _add_secret
    SecretsManagerBackend.create_secret = _create_secret
    SecretsManagerBackend.get_secret_value = _get_secret_value
    SecretsManagerBackend.update_secret_version_stage = _update_secret_version_stage
    SecretsManagerBackend.rotate_secret = _rotate_secret
    SecretsManagerResponse.put_secret_value = _put_secret_value
    SecretsManagerResponse.list_secret_version_ids = _list_secret_version_ids
