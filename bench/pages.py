"""How long every page takes with the full demo: python bench/pages.py [milliseconds [part of an address …]]

In-process, through the whole stack of middleware. From each role's desk (and the member's phone) the pages are
walked by their own links, so that every address is one that a person could click. Prints a row for each role and
page: calls, median, p95, queries; pages that no link reached; and what this machine needs for a fixed piece of
work and for a page without a database, so that two runs can be compared. Fails when a p95 is over the limit (150).
"""

import os
import re
import statistics
import sys
import time
from collections import defaultdict
from html import unescape

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")

import django

django.setup()

from django.db import connection  # noqa: E402  Django first
from django.test import Client  # noqa: E402  Django first
from django.test.utils import CaptureQueriesContext  # noqa: E402  Django first
from django.urls import Resolver404, get_resolver, resolve  # noqa: E402  Django first
from machine import fixed_work  # noqa: E402  Django first

import huzhu.config.wsgi  # noqa: E402, F401  Django first; memory is kept as the server keeps it
from huzhu.insight import people  # noqa: E402  Django first

LIMIT_MS = int(sys.argv[1]) if len(sys.argv) > 1 else 150
ONLY = sys.argv[2:]  # pages that are measured; all are walked
EACH, REPEATS, DEEP = 3, 20, 3  # addresses of one page, calls of one address, links from the desk
LINK = re.compile(r'<a\b[^>]*?\bhref="([^"#]+)')
TYPED = ("/desk/search/?q=王", "/desk/search/?q=lns", "/desk/search/?q=2022-0001")
BROKEN: list[str] = []
FILES: set[str] = set()  # documents to download: measured, and not held to the limit of pages


def browser(**held: object) -> Client:
    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    if "role" in held:
        client.force_login(held["role"].user)
        held["role"] = held["role"].pk
    session = client.session
    seconds = int(time.time())
    session.update({"since": seconds, "seen": seconds, **held})
    session.save()
    return client


def fetch(client: Client, address: str) -> tuple[float, str, int]:
    """Milliseconds, the page, the status."""
    began = time.perf_counter()
    answer = client.get(address)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    took = (time.perf_counter() - began) * 1000
    is_page = answer.get("Content-Type", "").startswith("text/html")
    if not is_page:
        FILES.add(page_of(address))
    return took, body.decode() if is_page else "", answer.status_code


def page_of(address: str) -> str:
    try:
        return resolve(address.split("?", maxsplit=1)[0]).route
    except Resolver404:
        return ""


def walk(client: Client, start: str) -> dict[str, list[str]]:
    """Page → a few addresses of it, found by following links; what is only typed is added."""
    found: dict[str, list[str]] = defaultdict(list)
    edge = [start, *TYPED]
    for _ in range(DEEP + 1):
        following = []
        for address in edge:
            page = page_of(address)
            if not page or address in found[page] or len(found[page]) >= EACH:
                continue
            _, body, status = fetch(client, address)
            if status >= 500:
                BROKEN.append(address)
            if status != 200:
                continue
            found[page].append(address)
            links = [unescape(link) for link in LINK.findall(body) if "as=xlsx" not in link]
            following += [relative(link, address) for link in links]
        edge = following
    return {page: addresses for page, addresses in found.items() if addresses}


def relative(link: str, base: str) -> str:
    return base.split("?", maxsplit=1)[0] + link if link.startswith("?") else link


def measured(client: Client, addresses: list[str]) -> tuple[list[float], int]:
    times = [fetch(client, address)[0] for address in addresses for _ in range(REPEATS)]
    with CaptureQueriesContext(connection) as queries:
        fetch(client, addresses[0])
    return times, len(queries)


def p95(times: list[float]) -> float:
    return sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]


def main() -> int:
    heroine = people.heroine()
    if heroine is None:
        print("没有演示数据：先运行 HUZHU_DEMO=1 huzhu demo load")
        return 2
    visitors = [(role.user.name, browser(role=role), "/desk/") for role in people.cast()]
    visitors.append((heroine.name, browser(member=str(heroine.pk)), "/my/"))
    plain = [fetch(Client(SERVER_NAME="localhost"), "/estimate/")[0] for _ in range(10)]
    print(
        f"基准：固定的一段计算 {fixed_work():.0f} ms；不碰数据库的试算页 {statistics.median(plain):.1f} ms\n"
    )
    print(f"{'页':<52}{'谁':<8}{'次':>4}{'中位':>9}{'p95':>9}{'查询':>6}")
    every, reached, slow = [], set(), []
    for name, client, start in visitors:
        for page, addresses in sorted(walk(client, start).items()):
            reached.add(page)
            if ONLY and not any(part in page for part in ONLY):
                continue
            times, queries = measured(client, addresses)
            worst = p95(times)
            mark = " 文件" if page in FILES else " ✕" if worst > LIMIT_MS else ""
            slow += [page] if mark == " ✕" else []
            every += times if page not in FILES else []
            median = statistics.median(times)
            print(f"{page:<52}{name:<8}{len(times):>4}{median:>9.1f}{worst:>9.1f}{queries:>6}{mark}")
    missed = sorted({str(one) for one in routes()} - reached)
    print(
        f"\n合计 {len(every)} 次，中位 {statistics.median(every):.1f} ms，p95 {p95(every):.1f} ms，限 {LIMIT_MS} ms"
    )
    print(f"没有链接走到的地址（多为只收 POST 的）：{'、'.join(missed)}")
    print(f"基准再量一次：固定的一段计算 {fixed_work():.0f} ms")
    if BROKEN:
        print(f"打不开的地址（500）：{'、'.join(BROKEN)}")
    return 1 if slow or BROKEN else 0


def routes() -> list[str]:
    return [str(pattern.pattern) for part in get_resolver().url_patterns for pattern in part.url_patterns]


if __name__ == "__main__":
    sys.exit(main())
