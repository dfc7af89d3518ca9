"""Keys of documents: a type and a number, `SO/SO000123`, as one text."""

from dataclasses import dataclass

from typing_extensions import override

from daemon.sync.refusal import refuse
from queues.message import ChangeEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKey:
    """Two parts of a key; neither is empty, and the type holds no slash."""

    type: str
    number: str

    @override
    def __str__(self) -> str:
        """Write it as one text."""
        return f"{self.type}/{self.number}"


def document_key(text: str) -> DocumentKey | None:
    """Read `TYPE/NUMBER`; None if it is something else."""
    kind, _, number = (part.strip() for part in text.partition("/"))
    return DocumentKey(type=kind, number=number) if kind and number else None


def read_document_key(event: ChangeEvent) -> DocumentKey:
    """
    Give the key of the document an event names; whatever `data` holds is kept and not looked at.

    Raises:
        InvalidMessage: `subject` is no type and number.
    """
    key = document_key(event.subject)
    if key is None:
        refuse("invalid", "subject", "must be a type and a number, such as SO/SO000123", event.subject)
    return key
