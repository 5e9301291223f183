"""Parquet by DuckDB: what Firehose writes, and what tests read.

    parquet.py write < {"columns": [["name", "bigint"], ...], "rows": [{"name": 1}, ...]} > file
    parquet.py read  < file > lines of JSON

Types are Hive's, those that src/firehose/schema.rs knows; it has seen to it that every value fits its column.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import duckdb

TYPES = {"int": "INTEGER", "string": "VARCHAR"}  # the others have the same name


def quoted(name: str, quote: str = '"') -> str:
    return quote + name.replace(quote, quote * 2) + quote


def write(folder: Path) -> None:
    given = json.load(sys.stdin)
    lines, parquet = folder / "rows.json", folder / "rows.parquet"
    lines.write_text("".join(json.dumps(row) + "\n" for row in given["rows"]))
    columns = ", ".join(
        f"{quoted(name)}: {quoted(TYPES.get(kind, kind.upper()), chr(39))}" for name, kind in given["columns"]
    )
    duckdb.execute(
        f"COPY (SELECT * FROM read_json({quoted(str(lines), chr(39))}, format = 'newline_delimited', "
        f"maximum_object_size = 1073741824, columns = {{{columns}}})) "
        f"TO {quoted(str(parquet), chr(39))} (FORMAT parquet, COMPRESSION snappy)"
    )
    sys.stdout.buffer.write(parquet.read_bytes())


def read(folder: Path) -> None:
    parquet, lines = folder / "rows.parquet", folder / "rows.json"
    parquet.write_bytes(sys.stdin.buffer.read())
    duckdb.execute(
        f"COPY (SELECT * FROM read_parquet({quoted(str(parquet), chr(39))})) "
        f"TO {quoted(str(lines), chr(39))} (FORMAT json)"
    )
    sys.stdout.write(lines.read_text())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        {"write": write, "read": read}[sys.argv[1]](Path(scratch))
