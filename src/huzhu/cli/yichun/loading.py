"""Loads the demonstration once, and keeps beside the database what belongs to this loading: clock and password."""

import json
import os
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from huzhu.cli.yichun import story
from huzhu.cli.yichun.cast import CAST
from huzhu.cli.yichun.rosters import moment
from huzhu.cli.yichun.today import TODAY
from huzhu.insight import people
from huzhu.users import queries as users

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


class DemoRefused(RuntimeError):
    """The demonstration cannot be loaded here."""


def make_tables() -> None:
    """Brings the tables up to date, as ./run does."""
    call_command("migrate", interactive=False, verbosity=0)


def load_once(at: datetime, say: Callable[[str], None] = print) -> None:
    """Loads it into an empty database; where it lies already, only says the logins. Raises DemoRefused elsewhere."""
    if not settings.HUZHU_DEMO:
        raise DemoRefused(
            "没有打开演示，所以没有装入演示数据。要试用请设环境变量 HUZHU_DEMO=1 再运行；正式使用请不要装入。"
        )
    if people.are_real():
        raise DemoRefused(
            "数据库里有真实的会员，不能装入演示数据，也不能打开演示：演示里人人可以“以别人的身份”操作。"
            "请去掉 HUZHU_DEMO=1，或换一个空的数据库（DATABASE_URL）。"
        )
    if people.heroine() is None:
        _load(at, say)
    said = _kept() or _keep(at, "（已装入，密码没有留下）")
    say(
        f"演示的登录名：{'、'.join(f'{name} {login}' for login, name, *_ in CAST)}。密码都是 {said['password']}"
    )


def _load(at: datetime, say: Callable[[str], None]) -> None:
    if not users.nobody_is_here():
        raise DemoRefused(
            "数据库里已经有机构或登录名，不是空的，所以没有装入演示数据。请换一个空的数据库（DATABASE_URL）。"
        )
    say("正在装入演示数据（伊春的机构、生成的职工、一年的给付），大约一分钟：")
    began = time.perf_counter()
    password = "".join(secrets.choice(LETTERS) for _ in range(10))
    story.tell(password, say)
    _keep(at, password)
    say(f"演示数据装好了，用了 {time.perf_counter() - began:.0f} 秒。")


def _place() -> Path:
    return Path(settings.VAR_DIR) / "demo.json"


def _kept() -> dict[str, Any] | None:
    return json.loads(_place().read_text(encoding="utf-8")) if _place().is_file() else None


def _keep(at: datetime, password: str) -> dict[str, Any]:
    """Real loading time against the business date it stands for; only the owner may read the password."""
    said = {
        "loaded_at": at.astimezone(timezone.get_default_timezone()).isoformat(),
        "stands_for": moment(TODAY, 9, 0).isoformat(),
        "password": password,
    }
    _place().parent.mkdir(parents=True, exist_ok=True)
    mine_alone = os.open(_place(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(mine_alone, "w", encoding="utf-8") as out:
        json.dump(said, out, ensure_ascii=False)
    return said
