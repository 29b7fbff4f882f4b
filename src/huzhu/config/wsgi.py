"""What a WSGI server loads: `gunicorn huzhu.config.wsgi`."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")


def _proved(application: WSGIHandler) -> WSGIHandler:
    """The application, once its keys have opened what this database holds."""
    from huzhu.db.services import WrongKey, prove_keys  # noqa: PLC0415  (tables need Django set up)

    try:
        prove_keys(at=timezone.now())
    except WrongKey as problem:
        raise ImproperlyConfigured(str(problem)) from None
    connection.close()  # a server that forks its workers must not hand them one connection
    return application


application = _proved(get_wsgi_application())
