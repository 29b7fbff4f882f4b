"""Lines of the bureau's settlement file, and claims made from them."""

from datetime import date, datetime
from itertools import count

from factories.claims import WEDNESDAY, Yichun
from huzhu.adjudication import bureau
from huzhu.claims.bureau import Record
from huzhu.claims.models import Claim
from huzhu.members import consents
from huzhu.members.models import Member
from huzhu.rules.units import SHANGHAI

SMALL = {"inscp_scp_amt": "12000.00", "act_pay_dedc": "0.00", "hifp_pay": "10000.00"}
_numbers = count(1)


def a_record(member: Member, **changes) -> Record:
    """A stay of ten days that pays 1,200 yuan under the 120-yuan scheme."""
    number = next(_numbers)
    wanted = {
        "row": number + 1,
        "setl_id": f"B{number:09d}",
        "certno": member.id_number,
        "name": member.name,
        "admitted_on": date(2022, 6, 20),
        "discharged_on": date(2022, 6, 30),
        "settled_at": datetime(2022, 6, 30, 10, tzinfo=SHANGHAI),
        "hospital": "伊春林业中心医院",
        "figures": SMALL,
    }
    return Record(**wanted | changes)


def consenting(*members: Member, at=WEDNESDAY) -> None:
    """Those who have not yet said so agree on the phone that the bureau's data may be used."""
    said = consents.standing(member.pk for member in members)
    for member in members:
        if member.pk not in said:
            consents.agree(member=member, edition=consents.EDITION, at=at)


def taken_in(place: Yichun, *records: Record, by=None, at=WEDNESDAY, agreed=True) -> dict:
    if agreed:
        numbers = {one.certno for one in records if one.certno}
        consenting(*Member.objects.filter(id_number_index__in=numbers))
    return bureau.take_in(found=records, by=by or place.agency("周导入"), at=at, tell=quietly)


def a_bureau_claim(place: Yichun, member: Member, **changes) -> Claim:
    record = a_record(member, **changes)
    said = taken_in(place, record)
    assert said["refused"] == []
    return Claim.objects.get(settlement__setl_id_index=record.setl_id)


def quietly(done: int, total: int, words: str = "") -> None:
    pass
