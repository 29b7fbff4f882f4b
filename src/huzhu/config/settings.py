"""The one settings file: the environment comes in, and what is wrong with it is said at once.

No secret has a default here. `./run` writes a private file of them for trying the product out;
docs/production.md says where a real site keeps them.
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from huzhu.core.ciphers import Cipher, Keyring

BASE_DIR = Path(__file__).resolve().parents[3]
# What the site writes beside the database: sealed uploads, collected static files, backups.
VAR_DIR = Path(os.environ.get("HUZHU_VAR", "").strip() or BASE_DIR / "var").resolve()

# The writer gate orders our own writers; this is the patience with everything else (a backup, a shell).
SQLITE_BUSY_MS = 10_000


def _required(name: str, remedy: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"环境变量 {name} 没有设置，系统不能启动。{remedy}")
    return value


def _switch(name: str) -> bool:
    value = os.environ.get(name, "").strip()
    if value not in {"", "0", "1"}:
        raise ImproperlyConfigured(
            f"环境变量 {name} 只能是 1（开）或 0（关），现在两者都不是。请改正后重新启动。"
        )
    return value == "1"


def _whole(name: str, otherwise: int) -> int:
    value = os.environ.get(name, "").strip() or str(otherwise)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"环境变量 {name} 要写成整数（分），例如 {otherwise}。请改正后重新启动。")
    return int(value)


def _secret_key() -> str:
    remedy = "试用请运行 ./run，它会自动生成；正式部署请设为 50 个以上的随机字符，并另行保管。"
    key = _required("HUZHU_SECRET_KEY", remedy)
    if len(key) < 32:
        raise ImproperlyConfigured(
            f"环境变量 HUZHU_SECRET_KEY 太短（{len(key)} 个字符），容易被猜中。{remedy}"
        )
    return key


def _sqlite(database: dict[str, Any]) -> dict[str, Any]:
    """Make SQLite safe: WAL, every commit on the disk, a write lock taken at the start of a transaction."""
    if database["NAME"] != ":memory:":
        # an absolute path stays as it is; a relative one means the clone, wherever the process was started
        path = BASE_DIR / database["NAME"]
        path.parent.mkdir(parents=True, exist_ok=True)
        database["NAME"] = str(path)
    # kept as long as its thread lives: to open one takes 2.4 ms, a page asks for less
    database |= {"ENGINE": "huzhu.db.sqlite", "CONN_MAX_AGE": None}
    database["OPTIONS"] = {
        **database.get("OPTIONS", {}),
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            f"PRAGMA busy_timeout={SQLITE_BUSY_MS};"
            "PRAGMA journal_mode=WAL;"
            "PRAGMA synchronous=FULL;"
            "PRAGMA wal_autocheckpoint=10000;"  # pages: a large run writes the same index pages again and again
            "PRAGMA foreign_keys=ON;"
            "PRAGMA temp_store=MEMORY;"  # what one statement may have to undo, or each would open a file for it
        ),
    }
    return database


def _database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL", "").strip()
    if not url:
        return _sqlite({"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "huzhu.sqlite3")})
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        database = {"ENGINE": ""}
    if database["ENGINE"].endswith(".sqlite3"):
        return _sqlite(database)
    if database["ENGINE"].endswith(".postgresql"):
        # a statement sent the fifth time is planned once for the connection: a third of the server's work (docs/adr/0049)
        options = {**database.get("OPTIONS", {}), "server_side_binding": True, "prepare_threshold": 5}
        return {**database, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
    # the address may hold a password: say what it should look like, never what it is
    raise ImproperlyConfigured(
        "环境变量 DATABASE_URL 不是可用的数据库地址。请写成 sqlite:////完整路径/huzhu.sqlite3 "
        "或 postgresql://用户:密码@主机:5432/库名（密码中的特殊字符须按网址规则转义）；"
        "不设置则使用 var/huzhu.sqlite3。"
    )


DEBUG = _switch("HUZHU_DEBUG")
HTTPS = _switch("HUZHU_HTTPS")
if DEBUG and HTTPS:
    raise ImproperlyConfigured(
        "HUZHU_DEBUG 和 HUZHU_HTTPS 同时为 1：调试页面会泄露数据，不能对外提供。请去掉其中一个。"
    )

# A site to look around in, with generated people and a business date of its own; refused beside real people.
HUZHU_DEMO = _switch("HUZHU_DEMO")
if HUZHU_DEMO and HTTPS:
    raise ImproperlyConfigured(
        "HUZHU_DEMO 和 HUZHU_HTTPS 同时为 1：演示里人人可以“以别人的身份”操作，不能对外提供。请去掉其中一个。"
    )
# Above this sum a decision needs a second person.
HUZHU_SECOND_DECISION_FEN = _whole("HUZHU_SECOND_DECISION_FEN", 2_000_000)
# So many days after approval an individual's application lapses where no money has come.
HUZHU_PAY_WITHIN_DAYS = _whole("HUZHU_PAY_WITHIN_DAYS", 15)

SECRET_KEY = _secret_key()
HUZHU_KEYS = _required(
    "HUZHU_KEYS",
    "它是加密身份证号、银行账号等信息的密钥，格式为“版本:Base64 密钥”。试用请运行 ./run，它会自动生成；"
    "已有数据时必须找回原来的密钥，换成新的将无法读出旧数据。",
)
HUZHU_CIPHER = os.environ.get("HUZHU_CIPHER", "").strip() or "AES-GCM"
try:  # read here only to refuse them before anything is written
    Cipher(Keyring.parse(HUZHU_KEYS), algorithm=HUZHU_CIPHER)
except ValueError as problem:
    raise ImproperlyConfigured(f"环境变量 HUZHU_KEYS 或 HUZHU_CIPHER 有误。{problem}") from None
HUZHU_SCHEMES = Path(os.environ.get("HUZHU_SCHEMES", "").strip() or BASE_DIR / "schemes").resolve()
if not HUZHU_SCHEMES.is_dir():
    raise ImproperlyConfigured(
        f"找不到保障计划文件夹 {HUZHU_SCHEMES}。"
        "请把环境变量 HUZHU_SCHEMES 设为它所在的位置，或不设置以使用自带的 schemes。"
    )

ALLOWED_HOSTS = [
    host.strip()
    for host in os.environ.get("HUZHU_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
    if host.strip()
]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "huzhu.db",
    "huzhu.audit",
    "huzhu.organisations",
    "huzhu.users",
    "huzhu.notices",
    "huzhu.files",
    "huzhu.jobs",
    "huzhu.worktime",
    "huzhu.schemes",
    "huzhu.members",
    "huzhu.ledger",
    "huzhu.bank",
    "huzhu.employers",
    "huzhu.enrolment",
    "huzhu.contributions",
    "huzhu.claims",
    "huzhu.adjudication",
    "huzhu.payouts",
    "huzhu.reconciliation",
    "huzhu.outreach",
    "huzhu.disclosure",
    "huzhu.web",
]
AUTH_USER_MODEL = "users.User"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "huzhu.web.middleware.content_security_policy",
    "huzhu.web.middleware.opened_from_its_page",
    "huzhu.web.middleware.without_nul",
    "huzhu.web.middleware.told_when_busy",
    "huzhu.web.middleware.business_time",
]

ROOT_URLCONF = "huzhu.config.urls"
WSGI_APPLICATION = "huzhu.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["huzhu.web.templatetags.once"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LOGIN_URL = "web:sign-in"
# At most twelve hours; web/access.py ends a session after thirty idle minutes as well.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "huzhu_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
if HTTPS:
    # set only behind a proxy that overwrites this header on every request (docs/production.md)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Django's own handlers would print each line twice and try to mail the admins, of whom there are none
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
