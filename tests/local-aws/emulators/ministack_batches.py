"""What a queue's event source mapping takes at once, as Lambda does: the messages that can be seen, as soon as the oldest
has waited for the batching window, or they are BatchSize, or they fill the 6 MB of an invocation.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html. ministack polls once a second where nothing
wakes it, so that a window may end so much later. FIFO queues have no window, and batches of 10, as in AWS.
"""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, sqs

Json = dict[str, Any]

PAYLOAD = 6 * 1024 * 1024
FRAME = 700  # what the event has of a message beside its body: ids, receipt handle, attributes, ARN


def batching_window(queue: Json) -> float:
    """The shortest of the mappings of this queue."""
    arn, here = queue["attributes"].get("QueueArn"), (get_account_id(), get_region())
    mappings = [esm for account, region, esm in lambda_svc._iter_all_esms() if (account, region) == here]
    windows = [
        float(esm.get("MaximumBatchingWindowInSeconds") or 0) for esm in mappings if esm.get("EventSourceArn") == arn
    ]
    return min(windows, default=0)


def fitting(messages: list[Json]) -> int:
    """How many of the messages, from the first on, fill an invocation; at least one."""
    size = 0
    for count, message in enumerate(messages):
        size += len(json.dumps(message["body"])) + FRAME
        if size > PAYLOAD and count:
            return count
    return len(messages)


def receive(queue_url: str, max_number: int) -> list[Json]:
    with sqs._queues_lock:
        queue = sqs._get_q(queue_url)
        visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
        sqs._expire_retained(queue)
        sqs._dlq_sweep(queue)
        most = int(max_number or 1)
        if queue["is_fifo"]:
            return sqs._collect_msgs(queue, min(most, 10), visibility)
        now = time.time()
        for message in queue["messages"]:
            sqs._ensure_msg_fields(message)
        visible = [message for message in queue["messages"] if message["visible_at"] <= now]
        if not visible:
            return []
        count = fitting(visible[:most])
        oldest = min(message["visible_at"] for message in visible)
        if count < most and count == len(visible) and now - oldest < batching_window(queue):
            return []
        return sqs._collect_msgs(queue, count, visibility)


def apply() -> None:
    sqs._receive_messages_for_esm = receive
