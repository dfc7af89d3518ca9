"""Sync Rules of the operators' own (B58)."""

from decimal import Decimal, InvalidOperation

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.rules import Condition, RuleEntity
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.records.values import ErpFields, ErpValue


def rules_gate(entity: RuleEntity, fields: ErpFields, settings: ConnectorSettings) -> KeptBack | None:
    """Keep a record back for which all conditions of a rule hold; rules are asked by priority, then as they stand."""
    for rule in sorted(settings.rules, key=lambda each: each.priority):
        if rule.active and rule.entity == entity and all(holds(each, fields) for each in rule.conditions):
            return KeptBack(reason="rule", text=f"the rule {rule.name!r} keeps it back")
    return None


def holds(condition: Condition, fields: ErpFields) -> bool:
    """Tell whether *condition* holds; a field that is absent is as empty as one without a value."""
    value = fields.get(condition.field)
    texts = _texts(value)
    match condition.operator:
        case "is_empty":
            return not texts
        case "is_told":
            return bool(texts)
        case "equals":
            return any(text in condition.values for text in texts)
        case "differs":
            return all(text not in condition.values for text in texts)
        case "contains":
            return any(each.casefold() in text.casefold() for each in condition.values for text in texts)
        case "above" | "below":
            return _compares(value, condition)


def _texts(value: ErpValue) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    texts = value if isinstance(value, tuple) else (str(value),)
    return tuple(text for text in texts if text)


def _compares(value: ErpValue, condition: Condition) -> bool:
    number = _number(value)
    bounds = [bound for each in condition.values if (bound := _number(each)) is not None]
    if number is None:
        return False
    return any(number > bound if condition.operator == "above" else number < bound for bound in bounds)


def _number(value: ErpValue) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
