"""Secrets Manager: versions, labels, and the state that RotateSecret makes."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from .base import REGION, MotoPlusTest, client

FUNCTION = f"arn:aws:lambda:{REGION}:111111111111:function:rotate"
ONE, TWO, THREE = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "123")


class SecretsTest(MotoPlusTest):
    def setUp(self) -> None:
        super().setUp()
        self.secrets = client("secretsmanager")
        self.arn = self.secrets.create_secret(Name="key", SecretString="one", ClientRequestToken=ONE)["ARN"]

    def put(self, token: str, value: str, **parameters: Any) -> list[str]:
        return self.secrets.put_secret_value(
            SecretId="key", ClientRequestToken=token, SecretString=value, **parameters
        )["VersionStages"]

    def value(self, **parameters: Any) -> str:
        return self.secrets.get_secret_value(SecretId="key", **parameters)["SecretString"]

    def labels(self) -> dict[str, list[str]]:
        return self.secrets.describe_secret(SecretId=self.arn)["VersionIdsToStages"]

    def move(self, label: str = "AWSCURRENT", **parameters: Any) -> None:
        self.secrets.update_secret_version_stage(SecretId="key", VersionStage=label, **parameters)

    def rotate(self, **parameters: Any) -> dict[str, Any]:
        return self.secrets.rotate_secret(SecretId="key", RotationLambdaARN=FUNCTION, **parameters)

    # -- values --

    def test_the_current_value_is_read_after_its_label_moved(self) -> None:
        self.assertEqual(self.put(TWO, "two", VersionStages=["AWSPENDING"]), ["AWSPENDING"])
        self.assertEqual((self.value(), self.value(VersionStage="AWSPENDING")), ("one", "two"))
        self.move(MoveToVersionId=TWO, RemoveFromVersionId=ONE)
        self.assertEqual((self.value(), self.value(VersionStage="AWSPREVIOUS")), ("two", "one"))
        self.assertEqual(self.labels(), {ONE: ["AWSPREVIOUS"], TWO: ["AWSPENDING", "AWSCURRENT"]})

    def test_a_secret_is_named_by_name_and_by_arn(self) -> None:
        self.assertRegex(self.arn, rf":{self.account}:secret:key-[A-Za-z0-9]{{6}}$")
        for name in ("key", self.arn, self.arn[:-7]):
            self.assertEqual(self.secrets.get_secret_value(SecretId=name)["ARN"], self.arn)
        self.refuses("ResourceNotFoundException", self.secrets.get_secret_value, SecretId="other")

    def test_a_version_that_is_not_there_or_has_no_value_is_not_found(self) -> None:
        get = self.secrets.get_secret_value
        self.rotate(ClientRequestToken=TWO)
        message = "Secrets Manager can't find the specified secret value for staging label: AWSPENDING"
        for named in ({"VersionStage": "AWSPENDING"}, {"VersionStage": "AWSPENDING", "VersionId": TWO}):
            self.refuses("ResourceNotFoundException", get, message, SecretId="key", **named)
        self.refuses("ResourceNotFoundException", get, SecretId="key", VersionId=THREE)
        self.refuses("ResourceNotFoundException", get, SecretId="key", VersionId=THREE, VersionStage="AWSCURRENT")
        # It is there, but has another label.
        self.refuses("InvalidRequestException", get, SecretId="key", VersionId=ONE, VersionStage="AWSPENDING")

    def test_what_is_not_there_is_400(self) -> None:
        with self.assertRaises(ClientError) as caught:
            self.secrets.describe_secret(SecretId="other")
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_each_version_has_its_date_with_fractions(self) -> None:
        dates = set()
        for number in range(4):
            self.put(f"{number}" * 36, "x")
            dates.add(self.secrets.get_secret_value(SecretId="key")["CreatedDate"].timestamp())
        self.assertTrue(any(date % 1 for date in dates), dates)
        listed = self.secrets.list_secret_version_ids(SecretId="key", IncludeDeprecated=True)["Versions"]
        self.assertLessEqual(dates, {version["CreatedDate"].timestamp() for version in listed})

    # -- putting --

    def test_the_same_put_twice_changes_nothing(self) -> None:
        self.put(TWO, "two")
        self.put(THREE, "three")
        self.assertEqual(self.put(TWO, "two"), ["AWSPREVIOUS"])
        self.assertEqual(self.value(), "three")
        put = self.secrets.put_secret_value
        for token, value in ((TWO, "other"), (ONE, "two")):
            self.refuses(
                "ResourceExistsException", put, SecretId="key", ClientRequestToken=token, SecretString=value
            )
        self.rotate(ClientRequestToken="4" * 36)
        self.put("4" * 36, "four", VersionStages=["AWSPENDING"])
        self.assertEqual(self.put("4" * 36, "four", VersionStages=["AWSPENDING"]), ["AWSPENDING"])
        self.refuses(
            "ResourceExistsException", put, SecretId="key", ClientRequestToken="4" * 36, SecretString="other"
        )

    def test_only_the_named_labels_move(self) -> None:
        self.put(TWO, "two", VersionStages=["AWSCURRENT", "blue"])
        self.put(THREE, "three")
        self.assertEqual(self.labels(), {TWO: ["blue", "AWSPREVIOUS"], THREE: ["AWSCURRENT"]})
        self.put("4" * 36, "four", VersionStages=["blue"])
        self.assertEqual((self.value(), self.value(VersionStage="blue")), ("three", "four"))

    def test_a_secrets_first_version_is_current(self) -> None:
        self.secrets.create_secret(Name="empty")
        self.refuses("ResourceNotFoundException", self.secrets.get_secret_value, SecretId="empty")
        put = self.secrets.put_secret_value(SecretId="empty", SecretString="x", VersionStages=["blue"])
        self.assertEqual(put["VersionStages"], ["blue", "AWSCURRENT"])

    def test_an_update_moves_the_labels_too(self) -> None:
        self.put(TWO, "two", VersionStages=["AWSCURRENT", "blue"])
        self.secrets.update_secret(SecretId="key", SecretString="three", ClientRequestToken=THREE)
        self.assertEqual(self.labels(), {TWO: ["blue", "AWSPREVIOUS"], THREE: ["AWSCURRENT"]})

    def test_tokens_have_their_lengths(self) -> None:
        put = self.secrets.put_secret_value
        for tokens in (
            {"ClientRequestToken": "x" * 31},
            {"ClientRequestToken": "x" * 65},
            {"RotationToken": "x" * 35},
            {"RotationToken": "x" * 257},
            {"RotationToken": "_" * 40},
        ):
            self.refuses("InvalidParameterException", put, SecretId="key", SecretString="two", **tokens)
        self.assertEqual(self.put(TWO, "two", RotationToken="r" * 36), ["AWSCURRENT"])

    # -- labels --

    def test_a_label_moves_only_from_where_it_is(self) -> None:
        self.put(TWO, "two", VersionStages=["blue"])
        self.put(THREE, "three", VersionStages=["green"])
        move = self.secrets.update_secret_version_stage
        for label, parameters in (
            ("AWSCURRENT", {"MoveToVersionId": TWO}),
            ("AWSCURRENT", {"MoveToVersionId": TWO, "RemoveFromVersionId": THREE}),
            ("AWSCURRENT", {"RemoveFromVersionId": ONE}),
            ("blue", {"MoveToVersionId": THREE}),
            ("blue", {"MoveToVersionId": THREE, "RemoveFromVersionId": ONE}),
            ("none", {"RemoveFromVersionId": ONE}),
            ("blue", {"MoveToVersionId": "4" * 36, "RemoveFromVersionId": TWO}),
            ("blue", {}),
        ):
            self.refuses("InvalidParameterException", move, SecretId="key", VersionStage=label, **parameters)
        self.assertEqual(self.labels(), {ONE: ["AWSCURRENT"], TWO: ["blue"], THREE: ["green"]})
        self.move("blue", MoveToVersionId=THREE, RemoveFromVersionId=TWO)
        self.move("new", MoveToVersionId=ONE)
        self.move("green", RemoveFromVersionId=THREE)
        self.assertEqual(self.labels(), {ONE: ["AWSCURRENT", "new"], THREE: ["blue"]})

    def test_versions_without_labels_are_listed_only_on_request(self) -> None:
        self.put(TWO, "two")
        self.put(THREE, "three")

        def listed(**parameters: Any) -> list[str]:
            answer = self.secrets.list_secret_version_ids(SecretId="key", **parameters)
            self.assertEqual(answer["ARN"], self.arn)
            return [version["VersionId"] for version in answer["Versions"]]

        self.assertEqual(listed(), [TWO, THREE])
        self.assertEqual(listed(IncludeDeprecated=True), [ONE, TWO, THREE])
        self.assertEqual(listed(MaxResults=1), [TWO])
        self.assertEqual(self.value(VersionId=ONE), "one")
        self.refuses("ResourceNotFoundException", self.secrets.list_secret_version_ids, SecretId="other")

    def test_a_secret_scheduled_for_deletion_can_only_be_described(self) -> None:
        self.secrets.delete_secret(SecretId="key")
        self.assertIn("DeletedDate", self.secrets.describe_secret(SecretId="key"))
        refused = "InvalidRequestException"
        self.refuses(refused, self.secrets.get_secret_value, SecretId="key")
        self.refuses(refused, self.secrets.get_secret_value, SecretId="key", VersionStage="AWSPENDING")
        self.refuses(refused, self.secrets.put_secret_value, SecretId="key", SecretString="x")
        self.refuses(refused, self.secrets.rotate_secret, SecretId="key", RotationLambdaARN=FUNCTION)
        self.refuses(
            refused, self.secrets.update_secret_version_stage, SecretId="key", VersionStage="x", MoveToVersionId=ONE
        )
        self.refuses(refused, self.secrets.create_secret, Name="key", SecretString="x")
        self.secrets.restore_secret(SecretId="key")
        self.assertEqual(self.value(), "one")

    # -- rotation --

    def test_a_rotation_begins_with_a_version_without_a_value(self) -> None:
        rules = {"ScheduleExpression": "rate(30 days)", "Duration": "2h"}
        before = self.secrets.describe_secret(SecretId="key")
        self.assertFalse({"RotationEnabled", "RotationLambdaARN", "RotationRules", "KmsKeyId"} & before.keys())
        begun = self.rotate(RotationRules=rules)
        shown = self.secrets.describe_secret(SecretId="key")
        self.assertEqual((begun["ARN"], len(begun["VersionId"])), (self.arn, 36))
        self.assertEqual(shown["VersionIdsToStages"], {ONE: ["AWSCURRENT"], begun["VersionId"]: ["AWSPENDING"]})
        configured = (shown["RotationEnabled"], shown["RotationLambdaARN"], shown["RotationRules"])
        self.assertEqual(configured, (True, FUNCTION, rules))
        self.assertEqual(self.value(), "one")
        self.assertNotIn("LastRotatedDate", shown)
        self.plus("end-rotation", secret_id=self.arn, version_id=begun["VersionId"])
        self.assertIn("LastRotatedDate", self.secrets.describe_secret(SecretId="key"))

    def test_an_unfinished_rotation_refuses_any_other(self) -> None:
        self.rotate(ClientRequestToken=TWO)
        refusal = "A previous rotation isn't complete. That rotation will be reattempted."
        rotate = self.secrets.rotate_secret
        self.refuses("InvalidRequestException", rotate, refusal, SecretId="key", ClientRequestToken=THREE)
        self.assertEqual(self.rotate(ClientRequestToken=TWO)["VersionId"], TWO)
        self.put(TWO, "two", VersionStages=["AWSPENDING"])
        self.move(MoveToVersionId=TWO, RemoveFromVersionId=ONE)
        # AWSPENDING may stay where AWSCURRENT is.
        self.secrets.rotate_secret(SecretId=self.arn, ClientRequestToken=THREE)
        self.assertEqual(self.labels(), {ONE: ["AWSPREVIOUS"], TWO: ["AWSCURRENT"], THREE: ["AWSPENDING"]})
        self.assertEqual(self.secrets.describe_secret(SecretId="key")["RotationLambdaARN"], FUNCTION)

    def test_a_rotation_needs_a_function(self) -> None:
        self.refuses("InvalidRequestException", self.secrets.rotate_secret, SecretId="key")

    def test_a_secret_without_a_value_gets_its_first_by_a_rotation(self) -> None:
        self.secrets.create_secret(Name="empty")
        of_empty = {"SecretId": "empty", "ClientRequestToken": TWO}
        self.secrets.rotate_secret(RotationLambdaARN=FUNCTION, **of_empty)
        put = self.secrets.put_secret_value(SecretString="two", VersionStages=["AWSPENDING"], **of_empty)
        self.assertEqual(put["VersionStages"], ["AWSPENDING"])
        self.refuses("ResourceNotFoundException", self.secrets.get_secret_value, SecretId="empty")
        self.secrets.update_secret_version_stage(SecretId="empty", VersionStage="AWSCURRENT", MoveToVersionId=TWO)
        self.assertEqual(self.secrets.get_secret_value(SecretId="empty")["SecretString"], "two")

    def test_a_mere_test_leaves_nothing(self) -> None:
        self.rotate(ClientRequestToken=TWO, RotateImmediately=False)
        self.assertEqual(self.value(VersionStage="AWSPENDING", VersionId=TWO), "one")
        self.plus("end-rotation", secret_id="key", version_id=TWO, tested=True)
        self.assertEqual(self.labels(), {ONE: ["AWSCURRENT"]})
        self.assertNotIn("LastRotatedDate", self.secrets.describe_secret(SecretId="key"))

    def test_the_key_is_shown(self) -> None:
        self.secrets.create_secret(Name="encrypted", SecretString="x", KmsKeyId="alias/mine")
        self.assertEqual(self.secrets.describe_secret(SecretId="encrypted")["KmsKeyId"], "alias/mine")
