"""The schema of an entity as it is in force, and what a refresh of it came to."""

from dataclasses import dataclass

from daemon.settings.document.schema import SchemaEntity, SchemaField
from daemon.sync.schema.refresh import RefreshedSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaInForce:
    """The fields of one entity, and the version of the settings document they are in."""

    entity: SchemaEntity
    version: int
    rows: tuple[SchemaField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRefresh:
    """
    What a refresh came to.

    Attributes:
        schema: as it is now.
        changes: None: the ERP's fields could not be read, and nothing was changed.
        failure: why, then.
    """

    schema: SchemaInForce
    changes: RefreshedSchema | None = None
    failure: str = ""
