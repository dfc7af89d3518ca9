"""What a change of the settings lets through that was kept back before: nobody looks at it again by itself."""

from collections.abc import Iterator, Sequence

from daemon.settings.document.catch_up import NEVER
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.named_syncs import NamedSync, may_not_run


def advise_widening(syncs: Sequence[NamedSync], before: ConnectorSettings, after: ConnectorSettings) -> Iterator[str]:
    """
    Say, for people, of which syncs more goes to the shop by *after* than by *before*, and how it gets there at once.

    The catch-up looks for what changes from then on. Item classes whose box is ticked need no word: it takes them up.

    Args:
        syncs: all there are, with what this instance carries of each.
        before: the settings of the whole instance.
        after: those in force now.
    """
    for sync in syncs:
        if may_not_run(sync, after) is None and (_opened(sync, before, after) or _chosen(sync, before, after)):
            line = after.catch_up.comparison
            then = "(catch_up.comparison is never)" if line == NEVER else f"before the comparison ({line})"
            yield (
                f"{sync.title}: more goes to the shop now; what is there already is not looked at by itself {then}: "
                f"am-connector syncs run {sync.name} --complete"
            )


def _opened(sync: NamedSync, before: ConnectorSettings, after: ConnectorSettings) -> bool:
    """Tell whether a kind of its records was kept back as a whole and is not any more."""
    kinds = (NamedSync(name=sync.name, kinds=(kind,)) for kind in sync.kinds)
    return any(may_not_run(each, before) is not None and may_not_run(each, after) is None for each in kinds)


def _chosen(sync: NamedSync, before: ConnectorSettings, after: ConnectorSettings) -> bool:
    """Tell whether records of it were chosen in addition."""
    match sync.name:
        case "customer":
            return bool({*after.customers.classes_to_shop} - {*before.customers.classes_to_shop})
        case "order":
            return bool({*after.orders.types_to_shop} - {*before.orders.types_to_shop})
        case "product":
            source = after.products.configurable_source
            return source not in {"none", before.products.configurable_source}
        case _:
            return False
