"""The schema gate: only changes of active fields go out (R44, R48, R49, R54, D28)."""

from collections.abc import Collection

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.schema import SchemaEntity
from daemon.sync.gates.kept_back import KeptBack

ALWAYS_ACTIVE: dict[SchemaEntity, frozenset[str]] = {
    # The ready rule reads these: a change of theirs must be seen whatever the schema says.
    "product": frozenset({"ItemStatus", "Visibility", "ExportToExternal"}),
    "category": frozenset({"ExportToExternal"}),
    # E-mail and name of a customer go out whatever the schema says, and both may stand in either contact.
    "customer": frozenset({"Status", "Email", "MainContact", "PrimaryContact"}),
}


def schema_gate(entity: SchemaEntity, changed: Collection[str] | None, settings: ConnectorSettings) -> KeptBack | None:
    """
    Keep a change back whose fields are all inactive.

    Args:
        entity: whose schema decides.
        changed: schema names of the fields that changed; None or empty: the event does not list them, which passes.
        settings: of the scope.
    """
    if not changed:
        return None
    active = settings.schema.active(entity) | ALWAYS_ACTIVE[entity]
    if entity == "product" and settings.inventory.vendor_quantity == "separate":
        active |= {settings.inventory.vendor_field or ""}
    if any(name in active for name in changed):
        return None
    return KeptBack(reason="fields_inactive", text=f"only inactive fields changed: {', '.join(sorted(changed)[:20])}")
