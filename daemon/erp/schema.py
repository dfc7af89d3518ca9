"""Schema Management as acts: refresh, tick, preset; each makes a version of the settings document (R44 to R54, B64)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.records.schema import read_schema
from daemon.http.ports import SettingsDocuments
from daemon.settings.connector_store import DocumentInForce
from daemon.settings.document.groups import write_group
from daemon.settings.document.schema import SchemaEntity, SchemaField, Schemas
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.schema.fields import ErpSchemaField
from daemon.sync.schema.in_force import SchemaInForce, SchemaRefresh
from daemon.sync.schema.refresh import refresh_schema
from queues.errors import InvalidSettings, SettingFault
from queues.postgres.audit import Act


class SchemaSource(Protocol):
    """Where the fields are told."""

    async def fields(self, entity: SchemaEntity) -> Sequence[ErpSchemaField] | str:
        """Read every field of *entity*; a text says why they did not come."""


class ErpSchema:
    """Matches `SchemaSource`: the fields of Acumatica; without one configured, the reason."""

    def __init__(self, client: AcumaticaClient | None) -> None:
        self._client = client

    async def fields(self, entity: SchemaEntity) -> Sequence[ErpSchemaField] | str:
        """Read them."""
        if self._client is None:
            return "not connected: CONNECTOR_ACUMATICA_URL is not set"
        told = await read_schema(self._client, entity)
        return told.verdict.text if isinstance(told, NotDone) else told


class SchemaManagement:
    """
    The schemas in force.

    Args:
        source: of the ERP.
        documents: the settings.
    """

    def __init__(self, source: SchemaSource, documents: SettingsDocuments) -> None:
        self._source = source
        self._documents = documents

    async def show(self, entity: SchemaEntity) -> SchemaInForce:
        """Give the fields of *entity*."""
        return _of(entity, await self._documents.current())

    async def refresh(self, entity: SchemaEntity, act: Act) -> SchemaRefresh:
        """
        Read the ERP's fields and lay them beside the ones in force.

        Raises:
            StateConflict: somebody saved settings in the same moment.
        """
        current = await self._documents.current()
        told = await self._source.fields(entity)
        if isinstance(told, str):
            return SchemaRefresh(schema=_of(entity, current), failure=told)
        changes = refresh_schema(entity, current.document.default.schema.of(entity), told)
        saved = await self._save(current, entity, changes.rows, act, f"Refresh Schema of {entity}")
        return SchemaRefresh(schema=_of(entity, saved), changes=changes)

    async def tick(self, entity: SchemaEntity, active: Mapping[str, bool], act: Act) -> SchemaInForce:
        """
        Switch fields on and off.

        Raises:
            InvalidSettings: naming every field the schema does not have.
            StateConflict: somebody saved settings in the same moment.
        """
        current = await self._documents.current()
        rows = current.document.default.schema.of(entity)
        unknown = active.keys() - {row.schema for row in rows}
        if unknown:
            expected = f"a field of the {entity} schema; Refresh Schema reads them from the ERP"
            raise InvalidSettings([SettingFault(field=name, expected=expected, value=name) for name in sorted(unknown)])
        changed = tuple(replace(row, active=active.get(row.schema, row.active)) for row in rows)
        return _of(entity, await self._save(current, entity, changed, act, f"fields of {entity} switched"))

    async def preset(self, entity: SchemaEntity, act: Act) -> SchemaInForce:
        """
        Have the fields that are preselected at installation there and active; other ticks stay.

        Raises:
            StateConflict: somebody saved settings in the same moment.
        """
        current = await self._documents.current()
        rows, shipped = current.document.default.schema.of(entity), Schemas().of(entity)
        wanted = {row.schema for row in shipped}
        known = {row.schema for row in rows}
        changed = (
            *(replace(row, active=row.active or row.schema in wanted) for row in rows),
            *(row for row in shipped if row.schema not in known),
        )
        return _of(entity, await self._save(current, entity, changed, act, f"preset fields of {entity}"))

    async def _save(
        self, current: DocumentInForce, entity: SchemaEntity, rows: tuple[SchemaField, ...], act: Act, why: str
    ) -> DocumentInForce:
        told: dict[str, Any] = current.document.to_document()
        told["schema"] = {**told["schema"], entity: [write_group(row) for row in rows]}
        document = SettingsDocument.from_document(told)
        return await self._documents.replace(
            document, current.queue, replace(act, reason=act.reason or why), based_on=current.versions
        )


def _of(entity: SchemaEntity, current: DocumentInForce) -> SchemaInForce:
    return SchemaInForce(
        entity=entity, version=current.versions.connector, rows=current.document.default.schema.of(entity)
    )
