"""Smithy RPC v2 CBOR, the protocol that aws-sdk-cloudwatch for Rust speaks.

moto 5.2.5 knows CloudWatch's `json` and `query` protocols only: a CBOR call to
/service/GraniteServiceVersion20100801/operation/<Operation> answers 404. AWS takes all three.
Source: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import struct
from collections.abc import MutableMapping
from datetime import datetime, timezone
from typing import Any

from botocore.parsers import RpcV2CBORParser
from botocore.utils import parse_to_aware_datetime
from moto.core.parse import PROTOCOL_PARSERS, JSONParser
from moto.core.serialize import SERIALIZERS, JSONSerializer

PROTOCOL = "smithy-rpc-v2-cbor"


def decode(body: bytes) -> Any:
    """Decodes one CBOR item, by botocore's own decoder."""
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


def _head(major: int, value: int) -> bytes:
    """An item's first byte and its length or value (RFC 8949, section 3)."""
    if value < 24:
        return bytes([major << 5 | value])
    for info, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if value < limit:
            return bytes([major << 5 | info]) + struct.pack(form, value)
    raise OverflowError(value)


def encode(value: Any) -> bytes:
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, MutableMapping):
        return _head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, datetime):  # tag 1: seconds since 1970, to the millisecond
        return b"\xc1" + encode(value.replace(microsecond=value.microsecond // 1000 * 1000).timestamp())
    raise TypeError(f"no CBOR for {type(value)}")


class CborParser(JSONParser):
    """moto's JSON parser over a decoded CBOR body: the shapes are walked alike."""

    def _parse_body_as_json(self, body_contents: bytes) -> Any:
        return decode(body_contents)

    def _parse_timestamp(self, shape: Any, value: datetime) -> datetime:
        # moto's own times are naive UTC
        return value.astimezone(timezone.utc).replace(tzinfo=None)

    def _parse_blob(self, shape: Any, value: bytes) -> bytes:
        return value


class CborSerializer(JSONSerializer):
    def _serialize_body(self, body: Any) -> bytes:  # type: ignore[override]
        return encode(body)

    def _create_default_response(self) -> Any:
        response = super()._create_default_response()
        response["headers"]["smithy-protocol"] = "rpc-v2-cbor"
        return response

    def _get_protocol_specific_content_type(self) -> str:
        return "application/cbor"

    def _serialize_type_timestamp(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        # As a datetime, which `encode` writes; JSON would have had a bare number here.
        # moto's times are naive and mean UTC, which is also how botocore reads them.
        self._default_serialize(serialized, parse_to_aware_datetime(value), shape, key)

    def _serialize_type_blob(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        self._default_serialize(serialized, value.encode() if isinstance(value, str) else value, shape, key)


def apply() -> None:
    PROTOCOL_PARSERS[PROTOCOL] = CborParser
    SERIALIZERS[PROTOCOL] = CborSerializer
