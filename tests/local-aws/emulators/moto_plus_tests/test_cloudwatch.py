"""CloudWatch alarms in both wire protocols, and SNS."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any

import botocore.loaders
import botocore.parsers
import botocore.serialize
from botocore.model import ServiceModel

from .base import REGION, MotoPlusTest, server_url


class CloudWatchTest(MotoPlusTest):
    def alarm(self, name: str, **parameters: Any) -> None:
        metric = {"MetricName": "m", "Namespace": "n", "Period": 10, "Statistic": "Minimum"}
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            ComparisonOperator="LessThanThreshold",
            EvaluationPeriods=1,
            Threshold=1.0,
            **({} if "Metrics" in parameters else metric),
            **parameters,
        )

    def state(self, name: str, value: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="test")

    def shown(self, **parameters: Any) -> list[dict[str, Any]]:
        return self.cloudwatch.describe_alarms(**parameters)["MetricAlarms"]

    def names(self, **parameters: Any) -> list[str]:
        return [alarm["AlarmName"] for alarm in self.shown(**parameters)]

    def test_states_and_their_times(self) -> None:
        self.alarm("a", Dimensions=[{"Name": "AutoScalingGroupName", "Value": "nat-a"}])
        (before,) = self.shown()
        self.assertEqual(before["StateValue"], "INSUFFICIENT_DATA")
        self.assertEqual(before["Dimensions"], [{"Name": "AutoScalingGroupName", "Value": "nat-a"}])
        self.state("a", "ALARM")
        (changed,) = self.shown()
        self.assertGreater(changed["StateTransitionedTimestamp"], before["StateTransitionedTimestamp"])
        self.state("a", "ALARM")
        (again,) = self.shown()
        self.assertGreater(again["StateUpdatedTimestamp"], changed["StateUpdatedTimestamp"])
        self.assertEqual(again["StateTransitionedTimestamp"], changed["StateTransitionedTimestamp"])
        self.assertLess(datetime.now(timezone.utc) - again["StateUpdatedTimestamp"], timedelta(seconds=10))
        self.alarm("a", AlarmDescription="put again")
        (put,) = self.shown()
        self.assertEqual((put["StateValue"], put["AlarmDescription"]), ("ALARM", "put again"))
        self.refuses(
            "ResourceNotFound", self.cloudwatch.set_alarm_state, AlarmName="z", StateValue="OK", StateReason="r"
        )

    def test_the_filters_hold_together(self) -> None:
        for name in ("nat-a", "nat-b", "other"):
            self.alarm(name)
        for name in ("nat-b", "other"):
            self.state(name, "ALARM")
        self.assertEqual(self.names(AlarmNamePrefix="nat-", StateValue="ALARM"), ["nat-b"])
        self.assertEqual(self.names(AlarmNames=["nat-a", "nat-b"], StateValue="ALARM"), ["nat-b"])
        self.refuses(
            "InvalidParameterCombination", self.cloudwatch.describe_alarms, AlarmNames=["nat-a"], AlarmNamePrefix="nat-"
        )

    def test_composite_alarms_on_request(self) -> None:
        self.alarm("a")
        self.cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)")
        answer = self.cloudwatch.describe_alarms()
        self.assertEqual((len(answer["MetricAlarms"]), answer.get("CompositeAlarms", [])), (1, []))
        answer = self.cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])
        self.assertEqual(answer.get("MetricAlarms", []), [])
        self.assertEqual([(c["AlarmName"], c["AlarmRule"]) for c in answer["CompositeAlarms"]], [("c", "ALARM(a)")])

    def test_pages(self) -> None:
        for n in range(120):
            self.alarm(f"a{n:03}")
        pages = list(
            self.cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 100})
        )
        self.assertEqual([len(page["MetricAlarms"]) for page in pages], [100, 20])
        self.assertEqual(len(self.shown()), 50)
        self.refuses("ValidationError", self.cloudwatch.describe_alarms, MaxRecords=101)
        self.refuses("InvalidNextToken", self.cloudwatch.describe_alarms, NextToken="nonsense")

    def test_metric_math_is_kept(self) -> None:
        stat = {
            "Metric": {
                "Namespace": "n",
                "MetricName": "m",
                "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "nat-a"}],
            },
            "Period": 10,
            "Stat": "Minimum",
        }
        metrics = [
            {"Id": "e", "Expression": "FILL(m, 0)", "Label": "l", "ReturnData": True},
            {"Id": "m", "MetricStat": stat, "ReturnData": False},
        ]
        self.alarm("a", Metrics=metrics)
        (shown,) = self.shown()
        self.assertEqual(shown["Metrics"], metrics)
        self.assertNotIn("MetricName", shown)

    def test_the_rust_sdks_protocol(self) -> None:
        """Every operation in RPC v2 CBOR, by botocore's own serializer and parser."""
        loaded = botocore.loaders.create_loader().load_service_model("cloudwatch", "service-2")
        model = ServiceModel(loaded, "cloudwatch")
        serializer = botocore.serialize.create_serializer("smithy-rpc-v2-cbor")
        parser = botocore.parsers.create_parser("smithy-rpc-v2-cbor")

        def call(operation: str, **parameters: Any) -> dict[str, Any]:
            shape = model.operation_model(operation)
            wire = serializer.serialize_to_request(parameters, shape)
            scope = f"test/20260101/{REGION}/monitoring/aws4_request"
            request = urllib.request.Request(
                f"{server_url()}/service/GraniteServiceVersion20100801/operation/{operation}",
                wire["body"],
                {
                    **wire["headers"],
                    "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
                    "x-moto-account-id": self.account,
                },
            )
            try:
                answer = urllib.request.urlopen(request)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                self.assertEqual(answer.headers["smithy-protocol"], "rpc-v2-cbor")
                self.assertEqual(answer.headers["content-type"], "application/cbor")
                response = {"status_code": answer.status, "headers": answer.headers, "body": answer.read()}
            return parser.parse(response, shape.output_shape)

        call(
            "PutMetricAlarm",
            AlarmName="grün",
            Namespace="n",
            MetricName="m",
            Statistic="Minimum",
            Period=10,
            EvaluationPeriods=300,
            Threshold=-0.5,
            ComparisonOperator="LessThanThreshold",
            ActionsEnabled=False,
            Dimensions=[{"Name": "AutoScalingGroupName", "Value": "nat-a"}],
        )
        call("SetAlarmState", AlarmName="grün", StateValue="ALARM", StateReason="test")
        (shown,) = call("DescribeAlarms", AlarmNames=["grün"])["MetricAlarms"]
        (by_json,) = self.shown()
        self.assertEqual(shown, by_json)
        self.assertEqual((shown["Threshold"], shown["EvaluationPeriods"], shown["ActionsEnabled"]), (-0.5, 300, False))
        self.assertLess(datetime.now(timezone.utc) - shown["StateTransitionedTimestamp"], timedelta(seconds=10))
        error = call("SetAlarmState", AlarmName="z", StateValue="OK", StateReason="r")
        self.assertEqual(error["Error"]["Code"], "ResourceNotFound")
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 404)


class SnsTest(MotoPlusTest):
    def test_what_was_published_can_be_read(self) -> None:
        topic = self.sns.create_topic(Name="t")["TopicArn"]
        self.assertEqual(topic, f"arn:aws:sns:{REGION}:{self.account}:t")
        self.sns.publish(TopicArn=topic, Subject="s", Message="one")
        self.sns.publish(TopicArn=topic, Message="two")
        seen = self.plus("published", "GET", topic_arn=topic)["published"]
        self.assertEqual([(item["subject"], item["message"]) for item in seen], [("s", "one"), (None, "two")])
        self.plus("published", "DELETE")
        self.assertEqual(self.plus("published", "GET")["published"], [])
        self.refuses("NotFound", self.sns.publish, TopicArn=topic + "x", Message="m")
