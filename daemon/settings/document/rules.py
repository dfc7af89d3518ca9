"""`rules`: Sync Rules of the operators' own (B58)."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from daemon.settings.document.groups import Rows, needed, setting
from daemon.settings.document.kinds import Boolean, Choice, Integer, Text, Texts

Operator: TypeAlias = Literal["equals", "differs", "contains", "is_empty", "is_told", "above", "below"]
RuleEntity: TypeAlias = Literal["product", "category", "customer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: *field* is a schema name of the ERP; *values*: any of them will do."""

    field: str = needed(Text())
    operator: Operator = needed(Choice(("equals", "differs", "contains", "is_empty", "is_told", "above", "below")))
    values: tuple[str, ...] = setting(Texts(), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRule:
    """
    One rule: a record for which all *conditions* hold is kept back, with the rule's name as the reason.

    Attributes:
        priority: rules are asked from the lowest to the highest.
    """

    name: str = needed(Text())
    entity: RuleEntity = needed(Choice(("product", "category", "customer")))
    description: str | None = setting(Text(optional=True), None)
    active: bool = setting(Boolean(), default=True)
    priority: int = setting(Integer(0, 1_000_000), 0)
    conditions: tuple[Condition, ...] = setting(Rows(Condition), ())


RULES: Final = Rows(SyncRule, (("name",),))
