"""What a WSGI server loads: `gunicorn huzhu.config.wsgi`."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone

from huzhu.config.host import refuse_second_host
from huzhu.config.memory import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")


def _proved(application: WSGIHandler) -> WSGIHandler:
    """The application, once its keys have opened what this database holds, and its books cannot be rewritten."""
    from huzhu.db import guards, safety  # noqa: PLC0415  (tables need Django set up)
    from huzhu.db.services import WrongKey, prove_keys  # noqa: PLC0415

    try:
        safety.check()
        prove_keys(at=timezone.now())
        guards.check()
        refuse_second_host()
        _refuse_demo_beside_real_people()
    except (WrongKey, guards.TablesUnguarded, safety.UnsafeSetup) as problem:
        raise ImproperlyConfigured(str(problem)) from None
    keep_what_is_loaded()
    connection.close()  # a server that forks its workers must not hand them one connection
    return application


def _refuse_demo_beside_real_people() -> None:
    """In the demo anybody may act as anybody: never where a real person is registered."""
    from huzhu.insight import people  # noqa: PLC0415

    if settings.HUZHU_DEMO and people.are_real():
        raise ImproperlyConfigured(
            "数据库里有真实的会员，不能打开演示（人人可以“以别人的身份”操作）。请去掉 HUZHU_DEMO=1 再启动。"
        )


application = _proved(get_wsgi_application())
