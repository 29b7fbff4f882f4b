"""The one-time code that lets one person set up a blank site: printed in the shell, kept as a keyed digest."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from huzhu.db import keys
from huzhu.users.models import FirstStartCode
from huzhu.users.queries import nobody_is_here

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike
GROUPS, GROUP = 4, 4  # 31 ** 16: nobody guesses it within its day
GOOD_FOR = timedelta(days=1)


class SetUpAlready(ValueError):
    """Somebody is here; a site is set up once."""


class WrongStartCode(ValueError):
    """Not the code that was printed last, or it is too old."""


@transaction.atomic
def new_code(*, at: datetime) -> str:
    """A new code for a blank site, as a person types it; the one before is void. Raises SetUpAlready."""
    refuse_second()
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
    code = "-".join(groups)
    FirstStartCode.objects.all().delete()
    FirstStartCode.objects.create(digest=_digests(code)[0], made_at=at)
    return code


def use_code(*, code: str, at: datetime) -> None:
    """Take the code away, in the caller's transaction; raises WrongStartCode or SetUpAlready.

    Of two persons at once one deletes the row, and the other finds it gone.
    """
    refuse_second()
    good = FirstStartCode.objects.filter(digest__in=_digests(code), made_at__gt=at - GOOD_FOR)
    if not good.delete()[0]:
        raise WrongStartCode(
            "开业码不对，或者已经过了 24 小时。请照启动窗口里最近一次印出的填；"
            "没有了，请在服务器上运行 huzhu setup-code 印一个新的。"
        )


def refuse_second() -> None:
    """Raise SetUpAlready where there is anybody or any place."""
    if not nobody_is_here():
        raise SetUpAlready("这里已经开业了，只能开一次。请用登录名登录；没有登录名，请找系统管理员。")


def _digests(code: str) -> list[str]:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return keys.cipher().blind_indexes(plain, purpose="users.first_start")
