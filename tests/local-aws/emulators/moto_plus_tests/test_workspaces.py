"""CreateWorkspaces."""

from __future__ import annotations

from typing import Any

from .base import MotoPlusTest, client

DIRECTORY = "d-906734e325"
BUNDLE = "wsb-0zsvgp8fc"


class WorkSpacesTest(MotoPlusTest):
    def setUp(self) -> None:
        super().setUp()
        self.workspaces = client("workspaces")
        self.plus("directory-users", directory_id=DIRECTORY, users=["Anna", "bernd"])

    def create(self, user: str = "anna", bundle: str = BUNDLE, directory: str = DIRECTORY, **properties: Any) -> str:
        """The state of what is pending, or the code of what failed."""
        request = {"DirectoryId": directory, "BundleId": bundle, "UserName": user}
        if properties:
            request["WorkspaceProperties"] = properties
        answer = self.workspaces.create_workspaces(Workspaces=[request])
        [one] = answer["PendingRequests"] + answer["FailedRequests"]
        if answer["FailedRequests"]:
            self.assertEqual(one["WorkspaceRequest"], request)
            return one["ErrorCode"]
        self.assertEqual((one["UserName"], one["DirectoryId"], one["BundleId"]), (user, directory, bundle))
        return one["State"]

    def test_a_user_has_one_workspace_in_a_directory_in_any_case(self) -> None:
        self.assertEqual(self.create("anna"), "PENDING")
        self.assertEqual(self.create("ANNA"), "ResourceExists.WorkSpace")
        self.assertEqual(self.create("bernd"), "PENDING")
        self.plus("directory-users", directory_id="d-906734e326", users=["anna"])
        self.assertEqual(self.create("anna", directory="d-906734e326"), "PENDING")
        users = [one["UserName"] for one in self.workspaces.describe_workspaces()["Workspaces"]]
        self.assertEqual(users, ["anna", "bernd", "anna"])

    def test_a_user_is_found_once_it_is_there(self) -> None:
        self.assertEqual(self.create("carla"), "ResourceNotFound.User")
        self.plus("directory-users", directory_id=DIRECTORY, users=["Carla"], unseen_requests=2)
        states = [self.create("carla") for _ in range(4)]
        self.assertEqual(states, ["ResourceNotFound.User"] * 2 + ["PENDING", "ResourceExists.WorkSpace"])

    def test_directory_and_bundle_have_to_be_there(self) -> None:
        self.assertEqual(self.create(directory="d-906734e320"), "ResourceNotFound.Directory")
        self.plus("workspace-bundles", bundle_ids=[BUNDLE])
        self.assertEqual(self.create(bundle="wsb-000000000"), "ResourceNotFound.Bundle")
        self.assertEqual(self.create(), "PENDING")

    def test_running_modes(self) -> None:
        stop_after = {"RunningModeAutoStopTimeoutInMinutes": 60}
        wrong = {"RunningModeAutoStopTimeoutInMinutes": 90}
        refused = "AutoStopTimeoutIsNotApplicableForAnAlwaysOnWorkspace"
        self.assertEqual(self.create(RunningMode="ALWAYS_ON", **stop_after), refused)
        self.assertEqual(self.create(RunningMode="AUTO_STOP", **wrong), "InvalidParameterValuesException")
        self.assertEqual(self.create(RunningMode="AUTO_STOP", **stop_after), "PENDING")

    def test_what_is_no_request_is_refused(self) -> None:
        good = {"DirectoryId": DIRECTORY, "BundleId": BUNDLE, "UserName": "anna"}
        for name, value in (("DirectoryId", "directory"), ("BundleId", "bundle"), ("UserName", "x" * 64)):
            self.refuses("ValidationException", self.workspaces.create_workspaces, Workspaces=[{**good, name: value}])
        for many in ([], [good] * 26):
            self.refuses("InvalidParameterValuesException", self.workspaces.create_workspaces, Workspaces=many)
