"""Delete uploads whose time is over, and files that a request left behind when it died."""

from datetime import datetime, timedelta

from app.actions.deployments import INSTALLER_ORGANISATION
from app.core.audit import AuditAction
from app.core.permissions import system_actor
from app.store import imports
from app.store.tx import Database
from app.store.uploads import Uploads

AT_A_TIME = 1_000
ORPHANED_AFTER = timedelta(days=1)


def delete_ended_uploads(database: Database, uploads: Uploads, now: datetime) -> int:
    """Delete what may be kept no longer; how many uploads."""
    nobody = system_actor("upkeep", INSTALLER_ORGANISATION)
    with database.read(nobody) as tx:
        ended = imports.ended_uploads(tx, now, AT_A_TIME)
    for upload in ended:
        owner = system_actor("upkeep", upload["organisation_id"], account=upload["account_id"])
        with database.write(owner) as tx:
            imports.remove_upload(tx, upload["import_id"])
            tx.record(AuditAction.UPLOAD_DELETED, upload["import_id"])
        uploads.remove(upload["import_id"])
    _sweep(database, uploads, now)
    return len(ended)


def _sweep(database: Database, uploads: Uploads, now: datetime) -> None:
    old = uploads.older_than(now - ORPHANED_AFTER)
    if not old:
        return
    with database.read(system_actor("upkeep", INSTALLER_ORGANISATION)) as tx:
        kept = imports.kept_uploads(tx, list(old))
    for import_id, files in old.items():
        for file in files:
            if import_id not in kept or file.name != str(import_id):
                uploads.discard(file)
