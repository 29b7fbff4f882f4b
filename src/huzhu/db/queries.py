"""What is known of the database itself: when it was last backed up and restored for a try, and what was not migrated."""

from datetime import datetime

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from huzhu.db.models import BackupMade, DrillDone


def backed_up_at() -> datetime | None:
    """When the newest backup was finished."""
    return BackupMade.objects.order_by("-made_at").values_list("made_at", flat=True).first()


def drilled_at() -> datetime | None:
    """When a backup was last restored for a try."""
    return DrillDone.objects.order_by("-done_at").values_list("done_at", flat=True).first()


def pending_migrations() -> list[str]:
    """Migrations of this version that the database has not had."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
