"""The names of keys, indexes and checks, and the column types that every table uses."""

from typing import Final

from sqlalchemy import DateTime, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)

INSTANT: Final = DateTime(timezone=True)
"""`timestamptz`: an instant, whatever the zone of the session."""
