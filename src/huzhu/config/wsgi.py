"""What a WSGI server loads: `gunicorn huzhu.config.wsgi`."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection

from huzhu.config import start
from huzhu.config.memory import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")


def _proved(application: WSGIHandler) -> WSGIHandler:
    """The application, once its keys have opened what this database holds, and its books cannot be rewritten."""
    start.refuse_unsafe()
    keep_what_is_loaded()
    connection.close()  # a server that forks its workers must not hand them one connection
    return application


application = _proved(get_wsgi_application())
