"""Guards come back with every migration."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from huzhu.db import guards


class DbConfig(AppConfig):
    name = "huzhu.db"

    def ready(self) -> None:
        post_migrate.connect(_guard, sender=self)


def _guard(**_: Any) -> None:
    guards.install()
