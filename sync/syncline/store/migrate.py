"""Brings a database to this version's tables, and refuses one that is ahead of it.

Migrations expand first and contract a release later, so that a daemon of the version before can finish its work.
"""

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from syncline.errors import Configuration
from syncline.ports import Ids
from syncline.store.database import Database, Tx
from syncline.store.meta import GENERATION, IDENTITY
from syncline.store.schema import meta


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "syncline.store:migrations")
    return config


def upgrade(database: Database, ids: Ids) -> None:
    """Apply the migrations that the database lacks, and give a new one its identity.

    Raises:
        Configuration: the database was made by a newer version of Syncline.
    """
    scripts = ScriptDirectory.from_config(_config())

    def work(tx: Tx) -> None:
        present = MigrationContext.configure(tx.connection).get_current_revision()
        known = {script.revision for script in scripts.walk_revisions()}
        if present is not None and present not in known:
            raise Configuration(
                f"the database {database.url.render_as_string(hide_password=True)} was made by a newer Syncline "
                f"(its revision is {present}, this version knows up to {scripts.get_current_head()}); "
                "install that version again, or restore the backup made before the upgrade"
            )
        if present != scripts.get_current_head():
            config = _config()
            config.attributes["connection"] = tx.connection
            command.upgrade(config, "head")
        if tx.execute(sa.select(meta.c.value).where(meta.c.name == IDENTITY)).first() is None:
            tx.execute(
                sa.insert(meta),
                [{"name": IDENTITY, "value": ids.token()}, {"name": GENERATION, "value": "1"}],
            )

    database.transact(work)
