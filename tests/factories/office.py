"""An agency that collects: what it is owed, what its bank says, and the people who deal with it."""

from datetime import date, datetime

from django.utils import timezone

from factories.bank import TAKEN_AT, a_statement, an_own_account, as_csv, rows_of, told
from factories.contributions import a_split, an_accepted_roster
from factories.enrolment import UPLOADED_AT, some_workers
from factories.organisations import a_city, a_province, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.bank.services import Typed, take
from huzhu.contributions import claiming
from huzhu.contributions.models import Share
from huzhu.contributions.services import Money
from huzhu.core.money import yuan
from huzhu.ledger.queries import balances

START = date(2022, 12, 20)
AT = datetime(2022, 12, 1, 10, tzinfo=timezone.get_default_timezone())


class Office:
    """An agency with its collecting account, two people who work there, and the two who pay."""

    def __init__(self, province=None):
        self.province = province or a_province()
        self.city = a_city(self.province)
        self.agency = a_role("agency_clerk", self.city)
        self.maker = a_role("payment_maker", self.province)
        self.releaser = a_role("payment_releaser", self.province)
        self.account = an_own_account(self.city, by=self.maker)

    def owes(self, heads=3, name="", starts_on=START, employer=None, by=None, **split):
        """A roster that waits for its money: 120.00 a head."""
        employer = employer or an_employer(self.city, **({"name": name} if name else {}))
        if split:
            a_split(employer, by=self.agency, **split)
        return an_accepted_roster(
            employer,
            [the_inpatient_scheme()],
            some_workers(heads),
            by=by or self.agency,
            starts_on=starts_on,
            at=UPLOADED_AT,
        )

    def bank(self, *lines):
        a_statement(self.account, *lines, by=self.maker)
        return [self.account.lines.get(reference=one[1]) for one in lines]

    def bank_more(self, *lines):
        """Further lines of the same account."""
        last = self.account.lines.order_by("-position").first()
        data = as_csv(rows_of(lines, yuan(last.balance_fen)))
        take(account=self.account, name="a.csv", data=data, typed=Typed(), by=self.maker, at=TAKEN_AT)
        return [self.account.lines.get(reference=one[1]) for one in lines]


def shares(*rosters):
    return list(Share.objects.filter(due__roster__in=rosters, amount_fen__gt=0).order_by("pk"))


def all_of(*rosters):
    return [Money(one, one.left_fen) for one in shares(*rosters)]


def states(roster):
    return set(roster.enrolments.values_list("state", flat=True))


def held(code):
    return next(one.balance_fen for one in balances() if one.line.code == code)


def paid(office, roster, reference="A1", extra=0):
    fen = sum(one.left_fen for one in shares(roster)) + extra
    [line] = office.bank(told("2022-11-28", reference, f"{fen // 100}.{fen % 100:02d}"))
    claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
