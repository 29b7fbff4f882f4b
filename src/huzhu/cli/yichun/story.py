"""The whole demonstration, told in order; deterministic but for keys and codes, printed as it goes."""

from collections.abc import Callable
from datetime import date
from random import Random

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.cli.yichun import (
    applying,
    banking,
    cast,
    keeping,
    places,
    programs,
    purses,
    renewing,
    rosters,
    today,
    visiting,
)
from huzhu.cli.yichun.claiming import Walk
from huzhu.cli.yichun.people import Registry
from huzhu.cli.yichun.year import Year
from huzhu.ledger import services as ledger
from huzhu.schemes import queries as shelf
from huzhu.schemes import services as schemes
from huzhu.worktime import services as worktime

SEED = 20221130


@transaction.atomic
def tell(password: str, say: Callable[[str], None]) -> None:
    """All of it or nothing."""
    seed = Random(SEED)  # noqa: S311  the same people every time is the point
    say("· 工作日历、科目、方案")
    opening = rosters.moment(date(2021, 12, 10), 9, 0)
    worktime.seed(years=range(2021, 2028))
    ledger.ensure_chart()
    editions = {one.slug: schemes.publish(edition=one, at=opening) for one in shelf.shelf().editions()}
    say("· 机构树和登录名")
    tree = places.plant(seed)
    people = cast.hire(tree, password)
    say(f"· 名册：{sum(place.enrolled for place in tree.employers):,} 人")
    joining = rosters.Joining(tree, people, editions, Registry(seed), seed, say)
    joining.run()
    today.hard_times(tree, joining.with_account, joining.registry, seed, people.sun)
    say("· 一年的给付")
    walk = Walk(people, seed)
    year = Year(walk, joining.with_account, seed, say)
    waiting = year.run()
    say("· 今天桌上的事")
    today.Today(walk, year, waiting, seed).run()
    today.another_reading(people.feng)
    today.beside_claims(joining.with_account, people)
    applying.individuals(tree, people, editions["yichun-flex"], joining.registry)
    renewing.asks_for_approval(tree, people)
    renewing.at_the_county(today.rosters(tree, people, editions, joining.registry), people)
    renewing.issued_anew(tree, people)
    renewing.arriving(tree, people)
    renewing.begun(tree, people, joining.registry)
    say("· 走访和医保统计")
    visiting.tell(tree, people)
    applying.platform(tree, people, editions["yichun-flex"], joining.registry)
    programs.with_tokens(tree, people)
    say("· 银行对账单")
    purses.tell(people)
    keeping.tell(people)
    banking.statements(tree, people)  # last: the bank tells of all that the books have moved
    today.not_paid_back(people.sun)
    audit.seal(at=rosters.moment(today.TODAY, 8, 50))
