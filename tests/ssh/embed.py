"""Puts functions/ssh-rotation/document/authorized_keys.sh into the document of template.yaml.

`python3 tests/ssh/embed.py` after a change of the script; test_document.py says when it was forgotten.
"""

import pathlib
import re

FUNCTION = pathlib.Path(__file__).resolve().parents[2] / "functions/ssh-rotation"
TEMPLATE = FUNCTION / "template.yaml"
SCRIPT = FUNCTION / "document/authorized_keys.sh"


def embedded(template):
    """The template with the present script."""

    def block(item):
        indent = item["indent"] + "  "
        lines = [indent + line if line else "" for line in SCRIPT.read_text().splitlines()]
        return item["head"] + "\n".join(lines) + "\n"

    # The item of runCommand: its head, then every line that is blank or indented further.
    item = r"(?P<head>^ +runCommand:\n(?: +#.*\n)?(?P<indent> +)- \|\n)(?:(?:(?P=indent)  .*)?\n)+?(?=\n* {0,4}[^ \n])"
    result, count = re.subn(item, block, template, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{count} items of runCommand, not one")
    return result


if __name__ == "__main__":
    TEMPLATE.write_text(embedded(TEMPLATE.read_text()))
