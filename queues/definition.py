"""What the engine needs to know of one queue."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["to_magento", "to_acumatica"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDefinition:
    """
    One queue of one instance.

    Attributes:
        instance: names the installation; several may share a broker.
        direction: the side the changes go to.
        entity: what the records are: `pricing`, `inventory`, `product` …
        batchable: Threshold Count and Batch Count apply (pricing and inventory only, rule 1).
        supersedable: a newer delivered message of a record supersedes older ones (rule 13; not orders, not shipments).
        max_in_flight: requests in hand at once, 1 or more, unless the settings say otherwise.
    """

    instance: str
    direction: Direction
    entity: str
    batchable: bool
    supersedable: bool = True
    max_in_flight: int = 4

    @property
    def name(self) -> str:
        """The queue's name at the broker and in every table: `<instance>.<direction>.<entity>`."""
        return f"{self.instance}.{self.direction}.{self.entity}"

    @property
    def event_type(self) -> str:
        """The CloudEvents `type` and the routing key of its events: `<direction>.<entity>`."""
        return f"{self.direction}.{self.entity}"
