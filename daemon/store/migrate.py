"""Bring an older ledger to the newest revision. Imported only when it is needed: Alembic takes 300
ms.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine


def upgrade(engine: Engine) -> None:
    """All steps to the newest in one transaction: all or none."""
    with engine.begin() as connection:
        command.upgrade(config(connection), "head")


def config(connection: Connection) -> Config:
    """Alembic's configuration for one open connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    made.attributes["connection"] = connection
    return made
