"""Guards come back with every migration, and no number is cut to the width of its column."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from huzhu.db import engines, guards


class DbConfig(AppConfig):
    name = "huzhu.db"

    def ready(self) -> None:
        post_migrate.connect(_guard, sender=self)
        engines.numbers_as_text()


def _guard(**_: Any) -> None:
    guards.install()
