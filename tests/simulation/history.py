"""What happened in one simulation, in order, and which rules were broken."""

from collections.abc import Callable
from dataclasses import dataclass, field

TOLD = 60
"""Lines of the trace shown before the first broken rule."""


@dataclass(slots=True)
class History:
    """
    Attributes:
        trace: what happened, one line each, with the virtual second.
        broken: the rules that were broken: (rule, what happened, length of the trace then).
    """

    now: Callable[[], float]
    trace: list[str] = field(default_factory=list)
    broken: list[tuple[str, str, int]] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.trace.append(f"{self.now():9.3f}  {text}")

    def violate(self, rule: str, text: str) -> None:
        self.note(f"BROKEN {rule}: {text}")
        self.broken.append((rule, text, len(self.trace)))

    @property
    def rules(self) -> set[str]:
        return {rule for rule, _, _ in self.broken}

    def story(self) -> str:
        """Tell the first broken rules and what led there."""
        if not self.broken:
            return "nothing was broken"
        faults = [f"{rule}: {text}" for rule, text, _ in self.broken[:8]]
        upto = self.broken[0][2]
        return "\n".join([*faults, "", *self.trace[max(upto - TOLD, 0) : upto]])
