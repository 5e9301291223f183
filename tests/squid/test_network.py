"""network.yaml: what it promises to the nat-failover function, and that its user data is what squid/ has."""

import base64
import json
import os
import pathlib
import re
import socket
import stat
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import user_data  # noqa: E402

try:
    import boto3
    import yaml
    from cfnlint.decode import cfn_yaml
except ModuleNotFoundError as missing:
    raise SystemExit(f"The tests of network.yaml need the test environment (make tools): {missing}") from None

TOOLS = pathlib.Path(sys.executable).parent  # cfn-lint, sam and ministack are installed beside this Python
TEMPLATE = json.loads(json.dumps(cfn_yaml.load(str(user_data.TEMPLATE))))
SQUID = user_data.SQUID
AGENT = json.loads((SQUID / "amazon-cloudwatch-agent.json").read_text())
ZONES = (1, 2, 3, 4)

# Statements on every resource, each with the reason why AWS knows no narrower one.
UNSCOPED = {"PublishMetrics": "PutMetricData has no resource types; its condition is the namespace"}


def resources(kind):
    return {name: r["Properties"] for name, r in TEMPLATE["Resources"].items() if r["Type"] == kind}


def tags(properties):
    return {tag["Key"]: tag for tag in properties["Tags"] if "Key" in tag}


def as_list(value):
    return value if isinstance(value, list) else [value]


def launch_template_user_data():
    data = TEMPLATE["Resources"]["NatLaunchTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    return data["Fn::Base64"]["Fn::Sub"]


class Lint(unittest.TestCase):
    def test_cfn_lint_finds_nothing(self):
        done = subprocess.run([TOOLS / "cfn-lint", user_data.TEMPLATE], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertNotIn("cfn-lint", TEMPLATE.get("Metadata", {}), "nothing is ignored")

    def test_sam_accepts_it(self):
        environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}
        done = subprocess.run(
            [TOOLS / "sam", "validate", "--lint", "--template", user_data.TEMPLATE],
            capture_output=True, text=True, env=environment,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_deployment_needs_no_bucket_for_the_template(self):
        # The limit of TemplateBody in CreateStack and ValidateTemplate.
        self.assertLess(len(user_data.TEMPLATE.read_bytes()), 51_200)


class Groups(unittest.TestCase):
    def test_there_is_one_of_everything_in_each_zone(self):
        for kind, count in {
            "AWS::EC2::Subnet": 8,
            "AWS::EC2::SubnetRouteTableAssociation": 8,
            "AWS::EC2::RouteTable": 5,
            "AWS::AutoScaling::AutoScalingGroup": 4,
            "AWS::CloudWatch::Alarm": 4,
        }.items():
            self.assertEqual(len(resources(kind)), count, kind)
        for name, resource in TEMPLATE["Resources"].items():
            zone = re.search(r"[34]$", name)
            expected = {"3": "ThreeZones", "4": "FourZones"}[zone[0]] if zone else None
            if resource.get("Condition") != "HasTestInstance":
                self.assertEqual(resource.get("Condition"), expected, name)

    def test_the_zones_differ_in_nothing_but_their_number(self):
        def of(zone):
            text = json.dumps({n: r for n, r in TEMPLATE["Resources"].items() if n.endswith(str(zone))}, sort_keys=True)
            text = re.sub(r', "Condition": "\w+Zones"|"Condition": "\w+Zones", ', "", text)
            text = text.replace(f"[{zone - 1}, {{", "[N, {")
            return re.sub(rf"(?<=[a-z-]){zone}(?=[^0-9])", "N", text)

        for zone in ZONES[1:]:
            self.assertEqual(of(zone), of(1))

    def test_a_group_of_one_is_marked_for_the_function(self):
        for zone in ZONES:
            group = resources("AWS::AutoScaling::AutoScalingGroup")[f"NatGroup{zone}"]
            self.assertEqual((group["MinSize"], group["MaxSize"]), ("1", "1"))
            marks = tags(group)
            self.assertEqual(marks["nat-failover:pool"]["Value"], {"Ref": "Pool"})
            self.assertTrue(marks["nat-failover:pool"]["PropagateAtLaunch"], "the instance's role asks for this tag")
            self.assertEqual(marks["nat-failover:route-tables"]["Value"], {"Ref": f"PrivateRouteTable{zone}"})
            fallback = next(t["Fn::If"] for t in group["Tags"] if "Fn::If" in t)
            self.assertEqual(fallback[1]["Key"], "nat-failover:fallback-nat-gateway")
            table = resources("AWS::EC2::RouteTable")[f"PrivateRouteTable{zone}"]
            self.assertEqual(tags(table)["nat-failover:group"]["Value"], group["AutoScalingGroupName"])
            self.assertEqual(tags(table)["nat-failover:pool"]["Value"], {"Ref": "Pool"})

    def test_both_hooks_wait_for_the_function(self):
        for group in resources("AWS::AutoScaling::AutoScalingGroup").values():
            hooks = {h["LifecycleTransition"].rpartition("_")[2]: h for h in group["LifecycleHookSpecificationList"]}
            launching, terminating = hooks["LAUNCHING"], hooks["TERMINATING"]
            self.assertEqual((launching["HeartbeatTimeout"], launching["DefaultResult"]), (600, "ABANDON"))
            self.assertEqual((terminating["HeartbeatTimeout"], terminating["DefaultResult"]), (90, "CONTINUE"))

    def test_the_only_route_is_the_public_one(self):
        routes = resources("AWS::EC2::Route")
        self.assertEqual(list(routes), ["PublicDefaultRoute"])
        self.assertEqual(routes["PublicDefaultRoute"]["RouteTableId"], {"Ref": "PublicRouteTable"})

    def test_instances_are_reached_by_http_and_https_alone(self):
        group = TEMPLATE["Resources"]["NatSecurityGroup"]["Properties"]
        for direction, peer in (("SecurityGroupIngress", {"Ref": "VpcCidr"}), ("SecurityGroupEgress", "0.0.0.0/0")):
            rules = [(r["IpProtocol"], r["FromPort"], r["ToPort"], r["CidrIp"]) for r in group[direction]]
            self.assertEqual(rules, [("tcp", 80, 80, peer), ("tcp", 443, 443, peer)])

    def test_metadata_needs_a_token_and_the_disk_is_encrypted(self):
        data = TEMPLATE["Resources"]["NatLaunchTemplate"]["Properties"]["LaunchTemplateData"]
        self.assertEqual(data["MetadataOptions"]["HttpTokens"], "required")
        self.assertTrue(data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"])


class Alarms(unittest.TestCase):
    def test_the_alarm_watches_the_metric_that_the_agent_publishes(self):
        metrics = AGENT["metrics"]
        (procstat,) = metrics["metrics_collected"]["procstat"]
        published = {name: "GROUP_NAME" for name in procstat["append_dimensions"]}
        for zone in ZONES:
            alarm = resources("AWS::CloudWatch::Alarm")[f"HealthAlarm{zone}"]
            self.assertEqual(alarm["Namespace"], metrics["namespace"])
            self.assertEqual([alarm["MetricName"]], [f"procstat_{m}" for m in procstat["measurement"]])
            names = [d["Name"] for d in alarm["Dimensions"]]
            self.assertIn(names, metrics["aggregation_dimensions"])
            self.assertEqual(names, list(published))
            self.assertEqual(alarm["Dimensions"][0]["Value"], {"Ref": f"NatGroup{zone}"})
            self.assertEqual(alarm["Period"], AGENT["agent"]["metrics_collection_interval"])
            self.assertEqual(alarm["TreatMissingData"], "breaching")
            self.assertTrue(alarm["AlarmName"]["Fn::Sub"].startswith("${HealthAlarmPrefix}"))
            self.assertEqual(alarm["AlarmActions"], alarm["OKActions"])

    def test_the_logs_go_to_the_groups_of_the_template(self):
        files = AGENT["logs"]["logs_collected"]["files"]["collect_list"]
        prefix = re.search(r"LOG_GROUP=(\S+)", launch_template_user_data())[1]
        wanted = {f["log_group_name"].replace("LOG_GROUP", prefix) for f in files}
        groups = resources("AWS::Logs::LogGroup").values()
        self.assertEqual({g["LogGroupName"]["Fn::Sub"] for g in groups}, wanted)
        self.assertTrue(all(g["RetentionInDays"] for g in groups))


class Role(unittest.TestCase):
    statements = TEMPLATE["Resources"]["NatRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]

    def test_no_statement_is_on_everything_but_those_that_cannot_be_scoped(self):
        everything = {s["Sid"] for s in self.statements if "*" in as_list(s["Resource"])}
        self.assertEqual(everything, set(UNSCOPED))
        for statement in self.statements:
            self.assertFalse([a for a in as_list(statement["Action"]) if "*" in a], statement["Sid"])
            if any("*" in json.dumps(r) for r in as_list(statement["Resource"])):
                self.assertIn("Condition", statement, statement["Sid"])

    def test_the_metrics_are_those_of_the_agents_namespace(self):
        publish = next(s for s in self.statements if s["Sid"] == "PublishMetrics")
        namespace = publish["Condition"]["StringEquals"]["cloudwatch:namespace"]
        self.assertEqual(namespace, AGENT["metrics"]["namespace"])

    def test_one_attribute_of_the_pools_instances_may_be_changed(self):
        change = next(s for s in self.statements if s["Action"] == "ec2:ModifyInstanceAttribute")
        self.assertEqual(
            change["Condition"]["StringEquals"],
            {"aws:ResourceTag/nat-failover:pool": {"Ref": "Pool"}, "ec2:Attribute/SourceDestCheck": "false"},
        )


class UserData(unittest.TestCase):
    def setUp(self):
        self.text = launch_template_user_data()
        self.config = yaml.safe_load(self.text)
        self.files = {pathlib.PurePosixPath(f["path"]).name: f for f in self.config["write_files"]}

    def test_every_shipped_file_is_in_it_word_for_word(self):
        shipped = {p.name: p.read_text() for p in SQUID.iterdir() if p.name != "README.md"}
        self.assertEqual(
            {name: f["content"] for name, f in self.files.items() if name != "instance.env"},
            shipped,
            "python3 tests/squid/user_data.py writes them into network.yaml",
        )
        template = user_data.TEMPLATE.read_text()
        self.assertEqual(user_data.embedded(template), template)

    def test_cloudformation_fills_in_instance_env_and_nothing_else(self):
        self.assertEqual(self.text.count("${"), self.files["instance.env"]["content"].count("${"))

    def test_scripts_can_be_run_and_are_valid(self):
        for path in SQUID.iterdir():
            script = path.read_text().startswith("#!/bin/sh")
            self.assertEqual(bool(path.stat().st_mode & stat.S_IXUSR), script, path)
            if script:
                self.assertEqual(self.files[path.name]["permissions"], "0755")
                subprocess.run(["sh", "-n", path], check=True)

    def test_it_ends_by_starting_the_agent(self):
        self.assertEqual(self.config["runcmd"], [[self.files["squid-boot"]["path"]]])
        last = (SQUID / "squid-boot").read_text().replace("\\\n", "").strip().splitlines()[-1]
        self.assertIn("amazon-cloudwatch-agent-ctl -a fetch-config", last)
        self.assertIn(self.files["amazon-cloudwatch-agent.json"]["path"], last)

    def test_paths_in_the_files_are_where_the_files_are(self):
        everything = "".join(f["content"] for f in self.files.values())
        paths = {f["path"] for f in self.files.values()}
        named = re.findall(r"/etc/squid/[\w-]+\.(?:env|nft|conf|json)|/usr/local/sbin/[\w-]+", everything)
        self.assertEqual(set(named) - paths, set())


class Deployment(unittest.TestCase):
    """ministack creates the stack. It has no AWS::EC2::Instance: the optional test instance is left out."""

    @classmethod
    def setUpClass(cls):
        def free_port():
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                return s.getsockname()[1]

        port = free_port()
        cls.options = {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        environment = {
            **os.environ,
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_PORT": str(free_port()),
            "BIND_HOST": "127.0.0.1",
            "AWS_ENDPOINT_URL": cls.options["endpoint_url"],
        }
        server = subprocess.Popen(
            [TOOLS / "ministack"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.terminate)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.1)
        cls.client("ssm").put_parameter(Name="/test/image", Value="ami-0123456789abcdef0", Type="String")

    @classmethod
    def client(cls, service):
        return boto3.client(service, **cls.options)

    def deploy(self, zones, **parameters):
        template = json.loads(json.dumps(TEMPLATE))
        del template["Resources"]["TestPrivateInstance"]
        cloudformation, stack = self.client("cloudformation"), f"network-{zones}"
        parameters = {"Zones": zones, "ImageId": "/test/image", **parameters}
        cloudformation.create_stack(
            StackName=stack,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": k, "ParameterValue": str(v)} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        deadline = time.monotonic() + 60
        while True:
            (state,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
            if not state["StackStatus"].endswith("IN_PROGRESS") or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.assertEqual(state["StackStatus"], "CREATE_COMPLETE", state.get("StackStatusReason"))
        return {o["OutputKey"]: o["OutputValue"] for o in state["Outputs"]}

    def check(self, zones, outputs):
        for name in ("PrivateSubnetIds", "RouteTableIds", "GroupNames"):
            self.assertEqual(len(outputs[name].split(",")), zones, outputs)
        tables = outputs["RouteTableIds"].split(",")

        described = self.client("ec2").describe_route_tables(RouteTableIds=tables)["RouteTables"]
        for table in described:
            self.assertEqual([r["GatewayId"] for r in table["Routes"]], ["local"], "no default route")
            self.assertEqual(len([a for a in table["Associations"] if a.get("SubnetId")]), 1)

        groups = self.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=outputs["GroupNames"].split(",")
        )["AutoScalingGroups"]
        homes = [t["Value"] for g in groups for t in g["Tags"] if t["Key"] == "nat-failover:route-tables"]
        self.assertEqual(homes, tables)

        alarms = self.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"nat-health-network-{zones}")
        watched = {a["Dimensions"][0]["Value"] for a in alarms["MetricAlarms"]}
        self.assertEqual(watched, set(outputs["GroupNames"].split(",")))
        return groups, alarms["MetricAlarms"]

    def check_user_data(self, group, stack):
        version = self.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"][0]
        data = base64.b64decode(version["LaunchTemplateData"]["UserData"])
        self.assertLess(len(data), 16_384)  # EC2's limit
        self.assertTrue(data.startswith(b"#cloud-config\n"))
        (environment,) = [f["content"] for f in yaml.safe_load(data)["write_files"] if f["path"].endswith(".env")]
        self.assertIn("AWS_DEFAULT_REGION=us-east-1\n", environment)
        self.assertIn(f"LOG_GROUP=/nat-instance/{stack}\n", environment)

    def test_two_zones_before_the_function_is_there(self):
        groups, alarms = self.check(2, self.deploy(2))
        self.check_user_data(groups[0], "network-2")
        keys = {t["Key"] for g in groups for t in g["Tags"]}
        self.assertNotIn("nat-failover:fallback-nat-gateway", keys)
        self.assertEqual([a["AlarmActions"] + a["OKActions"] for a in alarms], [[], []])

    def test_three_zones_with_everything(self):
        topic = "arn:aws:sns:us-east-1:123456789012:nat-health"
        groups, alarms = self.check(
            3,
            self.deploy(
                3, AlarmActionArn=topic, FallbackNatGatewayId="nat-0123456789abcdef0", Pool="blue",
                SessionManager="true", TestInstance="true",
            ),
        )  # fmt: skip
        for group in groups:
            marks = {t["Key"]: t["Value"] for t in group["Tags"]}
            self.assertEqual(marks["nat-failover:pool"], "blue")
            self.assertEqual(marks["nat-failover:fallback-nat-gateway"], "nat-0123456789abcdef0")
        for alarm in alarms:
            self.assertEqual((alarm["AlarmActions"], alarm["OKActions"]), ([topic], [topic]))


if __name__ == "__main__":
    unittest.main()
