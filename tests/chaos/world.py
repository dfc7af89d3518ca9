"""Everything of one run that faults are done to."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos.history import History
from tests.chaos.members import Member
from tests.chaos.people import People
from tests.chaos.servers import Servers
from tests.chaos.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """
    Servers, daemons, shop and people.

    Attributes:
        longest_seconds: faults that last do not last longer.
    """

    servers: Servers
    members: Sequence[Member]
    shop: Shop
    people: People
    history: History
    longest_seconds: float

    def any_member(self, random: Random) -> Member:
        return random.choice(self.members)

    def span(self, random: Random, *seconds: float) -> float:
        return min(random.choice(seconds), self.longest_seconds)
