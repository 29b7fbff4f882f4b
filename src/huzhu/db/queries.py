"""What is known of the database itself: when it was last backed up and restored for a try, and what was not migrated."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

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


def migrations_had() -> list[str]:
    """Every migration that the database has had."""
    return _named(MigrationLoader(connection).applied_migrations)


def migrations_known() -> list[str]:
    """Every migration of this version; no database is asked."""
    return _named(MigrationLoader(None).disk_migrations)


def _named(migrations: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in migrations)
