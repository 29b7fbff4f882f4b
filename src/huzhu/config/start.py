"""What every process asks before its first write, the site and its workers alike."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from huzhu.config.host import refuse_second_host


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured where money would not be safe with this process: set-up, machine, guards, demo, keys.

    The keys come last: to prove them for the first time is the only thing that is written here.
    """
    from huzhu.db import guards, safety  # noqa: PLC0415  (tables need Django set up)
    from huzhu.db.services import WrongKey, prove_keys  # noqa: PLC0415

    try:
        safety.check()
        refuse_second_host()
        guards.check()
        _refuse_demo_beside_real_people()
        prove_keys(at=timezone.now())
    except (safety.UnsafeSetup, guards.TablesUnguarded, WrongKey) as problem:
        raise ImproperlyConfigured(str(problem)) from None


def _refuse_demo_beside_real_people() -> None:
    """In the demo anybody may act as anybody: never where a real person is registered."""
    from huzhu.insight import people  # noqa: PLC0415

    if settings.HUZHU_DEMO and people.are_real():
        raise ImproperlyConfigured(
            "数据库里有真实的会员，不能打开演示（人人可以“以别人的身份”操作）。请去掉 HUZHU_DEMO=1 再启动。"
        )
