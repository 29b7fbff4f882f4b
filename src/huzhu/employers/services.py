"""Verbs on an employer's record: profile, head counts and their proof, contacts, what it said of joining."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from huzhu.audit.services import record
from huzhu.employers.models import Contact, Front, HeadCount, Industry, Profile, Stance
from huzhu.files import services as files
from huzhu.files.models import StoredFile
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role
from huzhu.users.permissions import check_may, may

FIRST_YEAR = 2000
MOST_STAFF = 1_000_000


class RecordRefused(ValueError):
    """Something about an employer cannot be written down so; the message says what and why."""


class NotAnEmployer(LookupError):
    """The organisation is no employer."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one employer said of joining on a day."""

    employer: Organisation
    willing: str
    said_on: date
    willing_count: int | None = None
    cause: str = ""
    cause_note: str = ""


@transaction.atomic
def set_profile(*, employer: Organisation, industry: str, front: str, by: Role, at: datetime) -> Profile:
    """Write down the industry (a section of GB/T 4754) and the front of work."""
    _check(by, "employers.record", employer)
    if industry not in ("", *Industry.values):
        raise RecordRefused("请从列表里选一个行业门类（A 到 T），或留空。")
    if front not in Front.values:
        raise RecordRefused("领域请选单位、行业或社会面。")
    profile, _ = Profile.objects.update_or_create(
        employer=employer, defaults={"industry": industry, "front": front}
    )
    detail = {"industry": industry, "front": front}
    record(by=by, verb="employers.set_profile", on=employer, at=at, detail=detail)
    return profile


@transaction.atomic
def set_profiles(*, profiles: dict[int, tuple[str, str]], place: Organisation, by: Role, at: datetime) -> int:
    """Industry and front of many employers of one place that have no profile yet, in one act; how many there were."""
    check_may(by, "employers.record", within=place)
    mine = set(Organisation.objects.under(place).employers().values_list("pk", flat=True))
    made = [
        Profile(employer_id=pk, industry=industry, front=front)
        for pk, (industry, front) in profiles.items()
        if pk in mine
    ]
    Profile.objects.bulk_create(made, ignore_conflicts=True)
    record(by=by, verb="employers.set_profiles", on=place, at=at, detail={"employers": len(made)})
    return len(made)


@transaction.atomic
def tell_count(  # noqa: PLR0913  a number, the paper behind it, by whom and when
    *,
    employer: Organisation,
    year: int,
    count: int,
    source: str,
    name: str = "",
    data: bytes = b"",
    by: Role,
    at: datetime,
    on: date,
) -> HeadCount:
    """Write down a year's head count with its paper; a clerk of the union proves it by doing so, an employer does not.

    Raises RecordRefused, or files.contents.NotAccepted for the paper.
    """
    _check(by, "employers.count", employer)
    if not FIRST_YEAR <= year <= on.year:
        raise RecordRefused(f"年度要在 {FIRST_YEAR} 到 {on.year} 之间，填的是 {year}。")
    if not 0 < count <= MOST_STAFF:
        raise RecordRefused(f"职工人数要在 1 到 {MOST_STAFF:,} 之间。")
    if source not in HeadCount.Source.values:
        raise RecordRefused("请选择人数的来源：工资表、社保缴费名单、单位证明或上报。")
    if source != HeadCount.Source.REPORTED and not data:
        raise RecordRefused(
            "这个来源要附上证明文件（照片、PDF 或表格）；没有文件请选“上报”，不作为核实人数。"
        )
    kept = files.store(name=name, data=data, purpose="head_count", by=by, at=at) if data else None
    found = HeadCount(employer=employer, year=year, count=count, source=source, file=kept, told_at=at)
    found.told_by, found.told_by_name = by.actor_id, by.actor_name
    proves = source != HeadCount.Source.REPORTED and may(by, "employers.prove", employer)
    if proves:
        found.proved_on, found.proved_by, found.proved_by_name = on, by.actor_id, by.actor_name
    found.save(force_insert=True)
    detail = {"year": year, "count": count, "source": source, "proven": proves}
    record(by=by, verb="employers.tell_count", on=employer, at=at, detail=detail)
    return found


@transaction.atomic
def prove_count(*, count: HeadCount, by: Role, at: datetime, on: date) -> None:
    """A clerk of the union has looked at the paper and the number stands in it; twice is the same as once."""
    _check(by, "employers.prove", count.employer)
    if count.source == HeadCount.Source.REPORTED or count.file_id is None:
        raise RecordRefused("上报的人数没有证明文件，不能核实。请单位补交工资表、社保缴费名单或单位证明。")
    if count.told_by == by.actor_id:
        raise RecordRefused("自己登记的人数要由别人核实。")
    fields = {"proved_on": on, "proved_by": by.actor_id, "proved_by_name": by.actor_name}
    if HeadCount.objects.filter(pk=count.pk, proved_on__isnull=True).update(**fields):
        detail = {"year": count.year, "count": count.count}
        record(by=by, verb="employers.prove_count", on=count.employer, at=at, detail=detail)


@transaction.atomic
def open_proof(*, count: HeadCount, by: Role, at: datetime) -> StoredFile:
    """The paper behind a head count; it may name people, so that whoever looks is written down."""
    _check(by, "employers.count", count.employer)
    if count.file is None:
        raise RecordRefused("这个人数没有证明文件。")
    record(
        by=by, verb="employers.open_proof", on=count.employer, at=at, kind="read", detail={"year": count.year}
    )
    return count.file


@transaction.atomic
def add_contact(  # noqa: PLR0913  what stands on a calling card, by whom and when
    *,
    employer: Organisation,
    name: str,
    post: str = "",
    phone: str = "",
    wechat: str = "",
    is_main: bool = False,
    by: Role,
    at: datetime,
) -> Contact:
    """Write down whom to call; the first one is the main one, and a new main one takes its place."""
    _check(by, "employers.contacts", employer)
    if not name:
        raise RecordRefused("请填联系人的姓名。")
    if phone and not _is_phone(phone):
        raise RecordRefused("电话要写成 11 位手机号，或带区号的座机，例如 0458-3871234。")
    if not (phone or wechat):
        raise RecordRefused("电话和微信至少填一个，否则联系不上。")
    current = Contact.objects.filter(employer=employer, is_current=True)
    main = is_main or not current.filter(is_main=True).exists()
    if main:
        current.filter(is_main=True).update(is_main=False)
    made = Contact.objects.create(
        employer=employer,
        name=name[:40],
        post=post[:40],
        phone=phone or None,
        wechat=wechat[:40] or None,
        is_main=main,
    )
    record(by=by, verb="employers.add_contact", on=employer, at=at, detail={"name": made.name, "main": main})
    return made


def _is_phone(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    return digits.isascii() and digits.isdecimal() and 7 <= len(digits) <= 12


@transaction.atomic
def make_main(*, contact: Contact, by: Role, at: datetime) -> None:
    """This one is called first."""
    _check(by, "employers.contacts", contact.employer)
    current = Contact.objects.select_for_update().filter(employer=contact.employer, is_current=True)
    current.filter(is_main=True).exclude(pk=contact.pk).update(is_main=False)
    if current.filter(pk=contact.pk).update(is_main=True):
        record(by=by, verb="employers.make_main", on=contact.employer, at=at, detail={"name": contact.name})


@transaction.atomic
def drop_contact(*, contact: Contact, by: Role, at: datetime) -> None:
    """This person is no longer called; what was written stays. Twice is the same as once."""
    _check(by, "employers.contacts", contact.employer)
    if Contact.objects.filter(pk=contact.pk, is_current=True).update(is_current=False, is_main=False):
        detail = {"name": contact.name}
        record(by=by, verb="employers.drop_contact", on=contact.employer, at=at, detail=detail)


@transaction.atomic
def show_contact(*, contact: Contact, by: Role, at: datetime) -> tuple[str, str]:
    """Phone and WeChat in full; that somebody looked is written down."""
    _check(by, "employers.contacts", contact.employer)
    record(
        by=by,
        verb="employers.show_contact",
        on=contact.employer,
        at=at,
        kind="reveal",
        detail={"name": contact.name},
    )
    return contact.phone or "", contact.wechat or ""


@transaction.atomic
def say(*, said: Said, by: Role, at: datetime) -> Stance:
    """Write down what an employer said of joining; the history stays, the newest counts."""
    _check(by, "employers.record", said.employer)
    check_said(said)
    stance = _stance(said, by, at)
    stance.save(force_insert=True)
    detail = {"willing": said.willing, "willing_count": said.willing_count, "cause": said.cause}
    record(by=by, verb="employers.say", on=said.employer, at=at, detail=detail)
    return stance


@transaction.atomic
def say_all(*, said: Iterable[Said], place: Organisation, by: Role, at: datetime) -> int:
    """What many employers of one place said, in one act; how many there were."""
    check_may(by, "employers.record", within=place)
    rows = []
    for one in said:
        if not place.contains(one.employer):
            raise NotAnEmployer(f"{one.employer.name}不属于{place.name}，请分开登记。")
        check_said(one)
        rows.append(_stance(one, by, at))
    Stance.objects.bulk_create(rows)
    record(by=by, verb="employers.say_all", on=place, at=at, detail={"employers": len(rows)})
    return len(rows)


def check_said(said: Said) -> None:
    """Raise RecordRefused where it cannot be so."""
    if said.willing not in Stance.Willing.values:
        raise RecordRefused("请选择单位的意愿：未联系、愿意、观望或不愿意。")
    if said.cause not in ("", *Stance.Cause.values):
        raise RecordRefused("请从列表里选没有参加的原因。")
    if said.cause == Stance.Cause.OTHER and not said.cause_note:
        raise RecordRefused("原因选了“其他”，请用几个字写明是什么。")
    if said.willing == Stance.Willing.NO and not said.cause:
        raise RecordRefused("不愿意的单位请选一个原因，以后才知道怎么做工作。")
    if said.willing_count is not None and not 0 <= said.willing_count <= MOST_STAFF:
        raise RecordRefused(f"愿意参加的人数要在 0 到 {MOST_STAFF:,} 之间。")


def _stance(said: Said, by: Role, at: datetime) -> Stance:
    return Stance(
        employer=said.employer,
        willing=said.willing,
        willing_count=said.willing_count,
        cause=said.cause,
        cause_note=said.cause_note[:100],
        said_on=said.said_on,
        told_at=at,
        told_by=by.actor_id,
        told_by_name=by.actor_name[:80],
    )


def _check(by: Role, verb: str, employer: Organisation) -> None:
    check_may(by, verb, within=employer)
    if employer.kind != Organisation.Kind.EMPLOYER:
        raise NotAnEmployer(f"{employer.name}不是参保单位，没有单位档案。")
