"""What every test stands on: its own secrets and database, closed sockets, one browser."""

import base64
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright


def _own_environment() -> None:
    """Forget what the shell has set for a real site, and make secrets that nobody can come to rely on."""
    for name in [name for name in os.environ if name.startswith("HUZHU_")]:
        del os.environ[name]
    os.environ["HUZHU_SECRET_KEY"] = secrets.token_urlsafe(48)
    os.environ["HUZHU_KEYS"] = "1:" + base64.b64encode(secrets.token_bytes(32)).decode()
    os.environ["DJANGO_SETTINGS_MODULE"] = "huzhu.config.settings"


_own_environment()

# No deadline: a busy machine is not a bug. Random: each run looks elsewhere, and the blob repeats a failure.
hypothesis_settings.register_profile("huzhu", deadline=None, derandomize=False, print_blob=True)
hypothesis_settings.load_profile("huzhu")


WITHOUT_DATABASE = {"core", "rules", "test_house.py"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked `long`")


def pytest_configure(config: pytest.Config) -> None:
    """Load the settings now that the secrets exist; static files are served from their sources."""
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    var = tempfile.TemporaryDirectory(prefix="huzhu-var-")
    config.add_cleanup(var.cleanup)
    settings.VAR_DIR = Path(var.name)  # uploads of the tests lie beside no real ones
    settings.STATIC_ROOT = settings.VAR_DIR / "static"
    settings.STATIC_ROOT.mkdir()
    settings.WHITENOISE_USE_FINDERS = True
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    django.setup()
    config.pluginmanager.import_plugin("factories.cast")
    _lift_guards_before_flush()


def _lift_guards_before_flush() -> None:
    """Tests that commit are cleaned up by emptying every table, which the guards refuse; post_migrate puts them back.

    On PostgreSQL by one statement that hears no other trigger: to truncate all tables takes seconds, though most are empty.
    """
    from django.db import connection  # noqa: PLC0415

    from huzhu.db import guards  # noqa: PLC0415

    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def lifted(self, sql_list: list[str]) -> None:
        if connection.vendor == "postgresql":
            tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
            lift = [f"ALTER TABLE {table} DISABLE TRIGGER {guards.NAME};" for table in guards.APPEND_ONLY]
            empty = [f'DELETE FROM "{table}";' for table in tables]  # noqa: S608  our own names
            deaf = "SET LOCAL session_replication_role = replica;"  # foreign keys are triggers too
            flush(self, [f"DO $$ BEGIN {' '.join([*lift, deaf, *empty])} END $$"])
            return
        acts = [(table, act) for table in guards.APPEND_ONLY for act in ("update", "delete", "insert")]
        flush(
            self, [*(f"DROP TRIGGER IF EXISTS {table}_{guards.NAME}_{act}" for table, act in acts), *sql_list]
        )

    operations.execute_sql_flush = lifted


@pytest.fixture(autouse=True)
def _forms_carry_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser sends the key that stands in the form; the test client sends one where the test names none."""
    from django.test import Client  # noqa: PLC0415

    post = Client.post

    def with_key(self, path, data=None, *args, **kwargs):
        if data is None or isinstance(data, dict):
            data = {"once": str(uuid4()), **(data or {})}
        return post(self, path, data, *args, **kwargs)

    monkeypatch.setattr(Client, "post", with_key)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests are skipped unless they are asked for, and then have no limit of time; no database, no second run."""
    from django.db import connection  # noqa: PLC0415

    mark = (
        pytest.mark.timeout(0) if config.getoption("--long") else pytest.mark.skip("long: run ./test --long")
    )
    is_second, here = connection.vendor == "postgresql", Path(__file__).parent
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(mark)
        if is_second and item.path.relative_to(here).parts[0] in WITHOUT_DATABASE:
            item.add_marker(pytest.mark.skip("knows no database: run once, beside SQLite"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give SQLite a file: in memory, the live server and the test would lock each other out."""
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's browser; without one the tests fail, because a skipped page is an untested page."""
    from django.db import connections  # noqa: PLC0415

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.fail("找不到 Chromium。请安装：sudo apt-get install -y chromium fonts-noto-cjk")
    # Playwright keeps an event loop in this thread. Django would refuse the database beside it, and looks for its
    # connections in another place from here on; one left open in the old place would come to light in a forked child.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    connections.close_all()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Browser, live_server) -> Iterator[Page]:
    """An empty page at the running site; an error in its scripts or a breach of its policy fails the test."""
    errors = []

    def hear(message: ConsoleMessage) -> None:
        # an answer of 404 or 422 is said there too, and may be just what the test is after
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    context = chromium.new_context(base_url=live_server.url, locale="zh-CN")
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", hear)
    yield page
    context.close()
    assert errors == []
