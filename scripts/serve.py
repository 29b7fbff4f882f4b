"""The second half of ./run: bring database and static files up to date, then serve them with waitress.

One process does it all, because loading Django is most of the time a start takes.
"""

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import waitress
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone


def say(text: str) -> None:
    print(text, flush=True)  # a pipe would otherwise hold the address back


def static_fingerprint() -> str:
    """Name, size and age of every static source: when none changed, the collected copy is still right."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415  (needs django.setup)

    digest = hashlib.sha256(repr(settings.STORAGES).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static() -> None:
    stamp = Path(settings.STATIC_ROOT).with_name("static.stamp")
    fingerprint = static_fingerprint()
    if stamp.is_file() and stamp.read_text() == fingerprint and Path(settings.STATIC_ROOT).is_dir():
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(fingerprint)


def load_demo() -> None:
    """The demonstration, where it is switched on: a first time beside the running server, then only its logins."""
    from huzhu.users.queries import nobody_is_here  # noqa: PLC0415  (reads tables)

    if settings.HUZHU_DEMO and nobody_is_here():
        say("演示数据在后台装入，大约一分钟；方案和试算现在就能看，装好后这里会给出登录名。")
        subprocess.Popen([sys.executable, "-m", "huzhu.cli.main", "demo", "load"])
    elif settings.HUZHU_DEMO:
        from huzhu.cli.yichun.loading import DemoRefused, load_once  # noqa: PLC0415  (reads tables)

        try:
            load_once(timezone.now(), say=say)
        except DemoRefused as refusal:
            raise CommandError(str(refusal)) from None


@contextmanager
def worker() -> Iterator[None]:
    """Long work is done beside the server by a process of its own, large work by two where there are cores; they end with it."""
    command = [sys.executable, "-m", "huzhu.config.worker", "--with-parent"]
    more = [[*command, "--parts"]] if (os.cpu_count() or 1) > 1 else []
    beside = [subprocess.Popen(words) for words in (command, *more)]  # noqa: S603  our own command
    try:
        yield
    finally:
        for one in beside:
            one.terminate()
        for one in beside:
            one.wait(timeout=60)


def say_setup_code(port: int) -> None:
    """A blank site without the demonstration is opened by whoever reads this window: a new code at each start."""
    from huzhu.users import opening  # noqa: PLC0415  (reads tables)
    from huzhu.users.queries import nobody_is_here  # noqa: PLC0415

    if not settings.HUZHU_DEMO and nobody_is_here():
        say(
            f"  这里还没有开业。打开 http://127.0.0.1:{port}/start/ ，填开业码：\n\n"
            f"      {opening.new_code(at=timezone.now())}\n\n"
            "  24 小时内有效，只能用一次；重新启动会换一个。\n"
        )


def banner(port: int) -> str:
    where = connection.display_name if os.environ.get("DATABASE_URL") else "var/huzhu.sqlite3"
    line = "─" * 56
    return "\n".join(
        [
            "",
            line,
            "  互助已经启动。请在浏览器中打开：",
            "",
            f"      http://127.0.0.1:{port}/",
            "",
            f"  数据保存在 {where}。",
            "  按 Ctrl+C 停止。",
            line,
            "",
        ]
    )


def serve(port: int) -> None:
    from huzhu.config.wsgi import application  # noqa: PLC0415  (whitenoise reads the collected files here)

    server = waitress.create_server(
        application, host="127.0.0.1", port=port
    )  # bound and listening from here on
    say(banner(port))
    say_setup_code(port)
    load_demo()
    with worker():
        server.run()
    say("互助已经停止。")


def main() -> int:
    # a shell that starts us in the background makes us deaf to Ctrl-C; TERM shall be as clean as Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["DJANGO_SETTINGS_MODULE"] = "huzhu.config.settings"
    try:
        django.setup()
        call_command("check", stdout=io.StringIO())  # silent when there is nothing to say
        call_command("migrate", interactive=False, verbosity=0)  # puts the guards of its tables back, too
        collect_static()
        serve(int(sys.argv[1]))
    except (ImproperlyConfigured, CommandError) as problem:
        say(f"\n{problem}")
        return 1
    except DatabaseError as problem:
        say(f"\n数据库不能使用：{problem}请检查数据库是否在运行、DATABASE_URL 是否正确，然后重新运行 ./run。")
        return 1
    except OSError as problem:
        say(f"\n系统不能启动：{problem}。请检查文件夹 var 是否可写、端口 {sys.argv[1]} 是否被占用。")
        return 1
    except KeyboardInterrupt:
        say("\n已中断。")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
