"""`$adHocSchema`: the custom fields of an entity, by view, with their types."""

from daemon.sandbox.acumatica.contract import Form
from daemon.sandbox.acumatica.rows import JsonObject
from daemon.sandbox.acumatica.site import Site


def ad_hoc_schema(site: Site, form: Form) -> JsonObject:
    """Show every custom field that any record of the form holds, without values."""
    custom: dict[str, dict[str, object]] = {}
    for row in site.table(form.name).listed() if not form.is_inquiry else ():
        for view, fields in row.custom.items():
            for name, member in fields.items():
                kind = member.get("type") if isinstance(member, dict) else "CustomStringField"
                custom.setdefault(view, {})[name] = {"type": kind}
    return {"custom": custom}
