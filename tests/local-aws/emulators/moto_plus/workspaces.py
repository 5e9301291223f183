"""CreateWorkspaces of WorkSpaces.

Sources:
https://docs.aws.amazon.com/workspaces/latest/api/API_CreateWorkspaces.html
https://docs.aws.amazon.com/workspaces/latest/api/API_WorkspaceRequest.html
https://docs.aws.amazon.com/workspaces/latest/api/API_FailedCreateWorkspaceRequest.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from moto.workspaces.exceptions import InvalidParameterValuesException, ValidationException
from moto.workspaces.models import Workspace, WorkSpacesBackend

Request = dict[str, Any]

MOST = 25
DIRECTORY_ID = re.compile(r"d-[0-9a-f]{8,63}|wsd-[0-9a-z]{8,63}")
BUNDLE_ID = re.compile(r"wsb-[0-9a-z]{8,63}")
RUNNING_MODES = ("AUTO_STOP", "ALWAYS_ON", "MANUAL")


@dataclass
class Directory:
    """A directory that a test declares: its users by lower-case name, with the requests that do not find each yet."""

    unseen: dict[str, int] = field(default_factory=dict)

    def finds(self, user: str) -> bool:
        left = self.unseen.get(user.lower())
        if left:
            self.unseen[user.lower()] = left - 1
        return left == 0


@dataclass
class Declared:
    """What tests declared in an account."""

    directories: dict[str, Directory] = field(default_factory=dict)
    bundles: set[str] = field(default_factory=set)


_declared: WeakKeyDictionary[WorkSpacesBackend, Declared] = WeakKeyDictionary()


def declared(backend: WorkSpacesBackend) -> Declared:
    return _declared.setdefault(backend, Declared())


def declare_users(backend: WorkSpacesBackend, directory_id: str, users: list[str], unseen_requests: int) -> None:
    directory = declared(backend).directories.setdefault(directory_id, Directory())
    directory.unseen.update({user.lower(): unseen_requests for user in users})


def _validate(request: Request) -> None:
    for name, pattern in (("DirectoryId", DIRECTORY_ID), ("BundleId", BUNDLE_ID)):
        if not pattern.fullmatch(request.get(name, "")):
            raise ValidationException(f"The {name} {request.get(name)} in the request is invalid.")
    if not 1 <= len(request.get("UserName", "")) <= 63:
        raise ValidationException("UserName has to have 1 to 63 characters.")
    mode = (request.get("WorkspaceProperties") or {}).get("RunningMode")
    if mode is not None and mode not in RUNNING_MODES:
        raise ValidationException(f"The RunningMode {mode} in the request is invalid.")


# moto: knows no users and no bundles, and makes any number of WorkSpaces for one user. AWS: none of these is an error of the
# call, each is one of the request in it.
def _failure(self: WorkSpacesBackend, request: Request) -> tuple[str, str] | None:
    directory_id, user, known = request["DirectoryId"], request["UserName"], declared(self)
    directory = known.directories.get(directory_id)
    if directory is None and directory_id not in self.workspace_directories:
        return "ResourceNotFound.Directory", "The specified directory could not be found in the specified region."
    if known.bundles and request["BundleId"] not in known.bundles:
        return "ResourceNotFound.Bundle", "The specified bundle could not be found in the specified region."
    if directory is not None and not directory.finds(user):
        return "ResourceNotFound.User", f"User {user} could not be found in the directory {directory_id}."
    if any(
        there.directory_id == directory_id and there.user_name.lower() == user.lower()
        for there in self.workspaces.values()
    ):
        return "ResourceExists.WorkSpace", f"User {user} has a WorkSpace in the directory {directory_id}."
    return _running_mode_failure(request.get("WorkspaceProperties") or {})


def _running_mode_failure(properties: Request) -> tuple[str, str] | None:
    stop_after = properties.get("RunningModeAutoStopTimeoutInMinutes")
    if stop_after is None:
        return None
    mode = properties.get("RunningMode", "ALWAYS_ON")
    if mode != "AUTO_STOP":
        name = "AlwaysOn" if mode == "ALWAYS_ON" else "Manual"
        return f"AutoStopTimeoutIsNotApplicableForAn{name}Workspace", f"No time to stop after with {mode}."
    if stop_after < 60 or stop_after % 60:
        return "InvalidParameterValuesException", "RunningModeAutoStopTimeoutInMinutes is configured in 60-minute intervals."
    return None


def _create_workspaces(self: WorkSpacesBackend, workspaces: list[Request]) -> tuple[list[Request], list[Request]]:
    if not 1 <= len(workspaces) <= MOST:
        raise InvalidParameterValuesException(f"1 to {MOST} WorkSpaces can be requested at once.")
    for request in workspaces:
        _validate(request)
    failed, pending = [], []
    for request in workspaces:
        failure = _failure(self, request)
        if failure:
            failed.append({"WorkspaceRequest": request, "ErrorCode": failure[0], "ErrorMessage": failure[1]})
            continue
        mode = (request.get("WorkspaceProperties") or {}).get("RunningMode", "ALWAYS_ON")
        workspace = Workspace(workspace=request, running_mode=mode, error_code="", error_msg="")
        self.workspaces[workspace.workspace_id] = workspace
        # moto: it is AVAILABLE at once. So it is when described, but not in this answer.
        pending.append({**workspace.to_dict_pending(), "State": "PENDING"})
    return failed, pending


def apply() -> None:
    WorkSpacesBackend.create_workspaces = _create_workspaces
