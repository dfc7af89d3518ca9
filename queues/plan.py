"""How the messages of one check are cut into requests (DESIGN.md, rule 1)."""

from dataclasses import dataclass
from typing import Literal

from queues.settings import QueueProcessingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPlan:
    """
    How the messages of one check are cut into requests.

    Attributes:
        mode: `none` when nothing waits.
        waiting: messages in the snapshot, N.
        request_size: messages per request; the last request may have fewer.
    """

    mode: Literal["none", "single", "batch"]
    waiting: int
    request_size: int

    @property
    def requests(self) -> int:
        """How many requests that makes: ⌈N / size⌉."""
        return -(-self.waiting // self.request_size)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Messages per request, in queue order."""
        full, rest = divmod(self.waiting, self.request_size)
        return (self.request_size,) * full + ((rest,) if rest else ())


def plan_delivery(settings: QueueProcessingSettings, *, waiting: int, batchable: bool) -> DeliveryPlan:
    """
    Cut the *waiting* messages of one queue into requests.

    Up to Threshold Count they go singly; above it all of them go in batches of Batch Count. Queues that are not
    *batchable* (all but pricing and inventory) always send one record a request.

    Raises:
        ValueError: *waiting* is negative.
    """
    if waiting < 0:
        raise ValueError(f"waiting must be >= 0, got {waiting}")
    if waiting == 0:
        return DeliveryPlan(mode="none", waiting=0, request_size=1)
    if not batchable or waiting <= settings.threshold_count:
        return DeliveryPlan(mode="single", waiting=waiting, request_size=1)
    return DeliveryPlan(mode="batch", waiting=waiting, request_size=settings.batch_count)
