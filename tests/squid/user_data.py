"""Puts the files of functions/nat-failover/squid into the user data of network.yaml.

`python3 tests/squid/user_data.py` after a change of one of the files; test_network.py says when it was forgotten.
"""

import pathlib
import re

FUNCTION = pathlib.Path(__file__).parents[2] / "functions/nat-failover"
TEMPLATE = FUNCTION / "network.yaml"
SQUID = FUNCTION / "squid"


def embedded(template):
    """The template with the present content of every file whose name it writes."""

    def block(entry):
        file = SQUID / pathlib.PurePosixPath(entry["path"]).name
        if not file.exists():
            return entry[0]
        indent = entry["indent"] + "    "
        lines = [indent + line if line else "" for line in file.read_text().splitlines()]
        return entry["head"] + "\n".join(lines) + "\n"

    # A write_files entry: its head, then every line that is blank or indented further than the head.
    return re.sub(
        r"(?P<head>^(?P<indent> +)- path: (?P<path>\S+)\n(?:(?P=indent)  permissions: .*\n)?(?P=indent)  content: \|\n)"
        r"(?:(?:(?P=indent)    .*)?\n)+",
        block,
        template,
        flags=re.MULTILINE,
    )


if __name__ == "__main__":
    TEMPLATE.write_text(embedded(TEMPLATE.read_text()))
