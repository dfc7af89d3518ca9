"""The shop's own queue: bulks of operations that a consumer carries out later."""

from dataclasses import dataclass, field

OPEN, COMPLETE, REFUSED = 4, 1, 3


@dataclass(slots=True, kw_only=True)
class Operation:
    """One queued call; the consumer notes its end in it, hence not frozen. `sent` is the body as it came."""

    number: int
    sent: dict[str, object]
    status: int = OPEN
    message: str | None = None
    error_code: int | None = None
    result: str | None = None


@dataclass(slots=True, kw_only=True)
class Bulk:
    """
    What one request queued.

    Attributes:
        topic: where it was queued, `async.magento.catalog.api.productrepositoryinterface.save.post`.
        success: what a finished operation says.
        store_id: the store view of the path.
    """

    uuid: str
    topic: str
    success: str
    store_id: int
    start_time: str
    operations: list[Operation] = field(default_factory=list)


class Bulks:
    """The bulks by uuid, the oldest first."""

    def __init__(self) -> None:
        self._bulks: dict[str, Bulk] = {}

    def add(self, bulk: Bulk) -> None:
        """Queue a bulk."""
        self._bulks[bulk.uuid] = bulk

    def get(self, uuid: str) -> Bulk | None:
        """The bulk of that uuid."""
        return self._bulks.get(uuid)

    def all(self) -> list[Bulk]:
        """Every bulk."""
        return list(self._bulks.values())
