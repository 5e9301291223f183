"""The document in template.yaml: that it has the script, and what its parameters let through to a root shell."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import embed
from node import ARN, GENERATIONS, KEYS, key_line

CURRENT_KEY = "/ssh-rotation/stack/current-key"


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: !Sub and !Ref as their text, the others as their arguments."""


Loader.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        node.value.replace("${CurrentKey}", CURRENT_KEY)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    ),
)


def template():
    return yaml.load(embed.TEMPLATE.read_text(), Loader)


def resources():
    return template()["Resources"]


class Document(unittest.TestCase):
    def setUp(self):
        self.content = resources()["Document"]["Properties"]["Content"]
        self.parameters = self.content["parameters"]
        # Their one value is the stack's, which has a pattern of its own.
        stack = template()["Parameters"]
        self.of_the_stack = {"Users": stack["SshUsernames"]["AllowedPattern"], "Secret": stack["SecretArn"]["AllowedPattern"]}

    def allows(self, name, value):
        parameter = self.parameters[name]
        if name in self.of_the_stack:
            return re.search(self.of_the_stack[name], value) is not None
        if "allowedValues" in parameter:
            return value in parameter["allowedValues"]
        # As SSM and the agent look: for a match anywhere, in engines where $ is also before a last newline.
        return re.search(parameter["allowedPattern"], value) is not None

    def test_the_script_in_the_template_is_the_one_that_is_tested(self):
        self.assertEqual(embed.embedded(embed.TEMPLATE.read_text()), embed.TEMPLATE.read_text(), "run tests/ssh/embed.py")
        (command,) = self.content["mainSteps"][0]["inputs"]["runCommand"]
        self.assertEqual(command, embed.SCRIPT.read_text())

    def test_the_script_names_each_parameter_once_between_single_quotes_and_nothing_else_in_braces(self):
        script = embed.SCRIPT.read_text()
        named = re.findall(r"^[a-z_]+='\{\{ (\w+) \}\}'$", script, re.MULTILINE)
        self.assertEqual(sorted(named), sorted(self.parameters))
        self.assertEqual(len(re.findall(r"\{\{|\}\}", script)), 2 * len(named))

    def test_every_parameter_is_described_and_has_a_pattern_that_the_agent_can_read(self):
        for name, parameter in self.parameters.items():
            self.assertTrue(parameter["description"], name)
            pattern = parameter.get("allowedPattern")
            if pattern is None:
                self.assertTrue(parameter["allowedValues"], name)
                continue
            self.assertRegex(pattern, r"^\^.*\$$", name)
            # Go's regular expressions have no look-around, no references, and no counts above 1000.
            self.assertNotRegex(pattern, r"\(\?|\\[0-9]", name)
            for count in re.findall(r"\{(?:\d+,)?(\d+)\}", pattern):
                self.assertLessEqual(int(count), 1000, name)
            default = parameter.get("default")
            self.assertTrue(default is None or self.allows(name, default), name)

    def test_users_and_secret_are_the_stacks_and_no_others(self):
        secret = ["MakesSecret", "Secret", "SecretArn"]  # !If
        for name, value in {"Users": "SshUsernames", "Secret": secret}.items():
            parameter = self.parameters[name]
            self.assertEqual((parameter["default"], parameter["allowedValues"]), (value, [value]))
            self.assertNotIn("allowedPattern", parameter)
        self.assertEqual(resources()["RotationPermission"]["Properties"]["SourceArn"], secret)

    def test_the_association_runs_the_version_that_the_stack_made_with_the_defaults(self):
        association = resources()["JoiningNodes"]["Properties"]
        self.assertEqual((association["Name"], association["DocumentVersion"]), ("Document", "1"))
        self.assertEqual(set(association["Parameters"]), {"Action", "PublicKey"})
        self.assertNotIn("UpdateMethod", resources()["Document"]["Properties"])  # replaces the document

    def test_what_the_function_and_the_association_send_is_let_through(self):
        for name, good in {
            "Action": ["add", "finish"],
            "Users": ["ec2-user", "root", "_x", "ec2-user,ubuntu,a.b_c-d", "a" * 32],
            "PublicKey": [
                "none",
                f"{{{{ssm:{CURRENT_KEY}}}}}",
                key_line(0),
                key_line(0, arn=ARN.replace("arn:aws:", "arn:aws-us-gov:")),
                *(
                    f"{kind} {KEYS[0]}{padding} ssh-rotation:{GENERATIONS[0]}:{ARN}"
                    for kind in ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
                    for padding in ["", "=", "=="]
                ),
            ],
            "Secret": [ARN, ARN.replace("cluster/ssh", "/_+=.@-")],
            "KeepGeneration": ["none", GENERATIONS[0]],
            "SupersededKey": ["none", KEYS[0], KEYS[0] + "=="],
        }.items():
            for value in good:
                self.assertTrue(self.allows(name, value), f"{name} {value}")

    def test_what_could_end_a_quote_or_a_line_or_means_something_else_is_refused(self):
        line = key_line(0)
        for name, bad in {
            "Action": ["", "remove", "add'", "add finish"],
            "Users": ["", ",", "a,", ",a", "a,,b", "1a", "-rf", "a b", "a'b", "a;b", "$(id)", "a\nb", "ä", "a" * 33, "a/../b"],
            "PublicKey": [
                "",
                f"{line}'",
                f"{line}\n{line}",
                f"{line} current",
                f" {line}",
                f"{line}$(id)",
                line.replace(" ", "\t"),
                line.replace(" ", "  "),
                line.replace("ssh-ed25519", "ssh-dss"),
                line.replace("ssh-ed25519", "sk-ssh-ed25519@openssh.com"),
                f'command="id" {line}',
                line.replace(KEYS[0], ""),
                line.replace(KEYS[0], "BBBB"),
                line.replace(KEYS[0], KEYS[0] + "==="),
                line.replace(GENERATIONS[0], GENERATIONS[0][1:]),
                line.replace(GENERATIONS[0], GENERATIONS[0] + "0"),
                line.replace(":secret:", ":parameter:"),
                "none ",
                "none\nnone",
                "{{ssm:/somebody/else}}",
                f"{{{{ssm:{CURRENT_KEY}}}}}{{{{ssm:{CURRENT_KEY}}}}}",
                f"{{{{ ssm:{CURRENT_KEY} }}}}",
                f"{{{{ssm-secure:{CURRENT_KEY}}}}}",
                "{{ Users }}",
            ],
            "Secret": [f"{ARN}'", f"{ARN} ", f"{ARN}\n{ARN}", f"{ARN}$(id)", ARN.replace(":secret:", ":parameter:")],
            "KeepGeneration": ["", "1", GENERATIONS[0] + "0", "None", f"{GENERATIONS[0]}'"],
            "SupersededKey": ["", "AAA", "AAAA AAAA", f"{KEYS[0]}'", f"{KEYS[0]}\n{KEYS[0]}"],
        }.items():
            for value in bad:
                self.assertFalse(self.allows(name, value), f"{name} {value!r}")

    def test_no_byte_anywhere_in_a_value_gets_a_quote_a_control_character_or_a_variable_through(self):
        values = {"Users": "ec2-user,b", "Secret": ARN, "PublicKey": key_line(0), "KeepGeneration": GENERATIONS[0], "SupersededKey": KEYS[0]}
        for name, value in values.items():
            let_through = {
                chr(byte)
                for byte in range(256)
                for place in range(len(value) + 1)
                if self.allows(name, value[:place] + chr(byte) + value[place:])
            }
            # The one exception is Python's and Java's own: $ is also before a last newline, which stays in the quotes.
            self.assertLessEqual(let_through, {"\n"} | {c for c in map(chr, range(33, 127)) if c not in "'\"`$\\;&|<>(){}[]*?!#~%^"})

    def test_the_parameter_takes_what_the_document_takes_but_no_reference(self):
        pattern = resources()["CurrentKey"]["Properties"]["AllowedPattern"]
        for good in ["none", key_line(0)]:
            self.assertRegex(good, pattern)
        for bad in ["", f"{{{{ssm:{CURRENT_KEY}}}}}", f"{key_line(0)} current", f"{key_line(0)}'"]:
            self.assertNotRegex(bad, pattern)

    def test_the_tag_can_not_add_to_the_policy(self):
        parameters = template()["Parameters"]
        for name in ("TargetTagKey", "TargetTagValue"):
            pattern = parameters[name]["AllowedPattern"]
            self.assertRegex(parameters[name]["Default"], pattern)
            for byte in [*'"\\*?${},', "\n", "\t"]:
                self.assertIsNone(re.fullmatch(pattern[1:-1], f"a{byte}b"), f"{name} {byte!r}")

    def test_shellcheck_has_nothing_to_say_of_either_part(self):
        script = embed.SCRIPT.read_text()
        inner = script.split("<<'IN_HOME'\n")[1].split("\nIN_HOME\n")[0] + "\n"
        with tempfile.TemporaryDirectory() as folder:
            part = pathlib.Path(folder) / "in_home.sh"
            part.write_text(inner)
            for file in (embed.SCRIPT, part):
                said = subprocess.run(["shellcheck", "--shell=sh", file], capture_output=True, text=True)
                self.assertEqual((said.returncode, said.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
