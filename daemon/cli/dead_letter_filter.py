"""Which dead letters an operator means: the filters of the API, times written as people write them."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Self

from daemon.cli.moments import read_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFilter:
    """The filters of the list; None asks for nothing. Times are RFC 3339, UTC."""

    state: str | None = None
    queue: str | None = None
    key: str | None = None
    error_class: str | None = None
    since: str | None = None
    until: str | None = None
    q: str | None = None

    @classmethod
    def read(
        cls,
        state: str | None,
        queue: str | None,
        key: str | None,
        error_class: str | None,
        since: str | None,
        until: str | None,
        q: str | None,
        *,
        now: datetime,
    ) -> Self:
        """
        Read the options of a verb, in the order of the fields.

        Raises:
            UsageError: a time cannot be read.
        """
        return cls(
            state=state,
            queue=queue,
            key=key,
            error_class=error_class,
            since=read_instant(since, option="--since", now=now),
            until=read_instant(until, option="--until", now=now),
            q=q,
        )

    @property
    def is_any(self) -> bool:
        """Whether anything is asked for."""
        return any(value is not None for value in self.parameters().values())

    def parameters(self) -> dict[str, object]:
        """Give it as the API's parameters."""
        return asdict(self)

    def failed_unless_said(self) -> Self:
        """Give it for those in state failed, if no state was asked for."""
        return self if self.state is not None else replace(self, state="failed")
