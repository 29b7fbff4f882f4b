"""Claims: looked up with their state and clock, entered as at the counter, handed in."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpResponse
from ninja import Field, Router, Schema, Status

from huzhu.api.answers import ERRORS, Asked, Listed, Refused, Text, Yuan, listed
from huzhu.api.entrance import Bearer, Key, once
from huzhu.claims import counter, facts, queries, services, settlement
from huzhu.claims.checklist import PAPERS
from huzhu.members import consents
from huzhu.members import queries as members
from huzhu.members import services as registering
from huzhu.payouts import arrived

router = Router(tags=["给付申请"], auth=Bearer("claims"))
WRITES = Bearer("claims.write")
Kind = Literal["inpatient", "critical", "women", "accident"]
Received = Literal[
    "form",
    "id_card",
    "bank_card",
    "certificate",
    "discharge",
    "settlement_sheet",
    "receipts",
    "diagnosis_proof",
    "accident_statement",
    "disability_proof",
]
EVENT = (
    "hospital_name",
    "hospital_grade",
    "admitted_on",
    "discharged_on",
    "diagnosed_on",
    "diagnosis",
    "severity",
    "accident_on",
    "disability_grade",
)


class Claim(Schema):
    number: str
    state: str
    member_name: str
    employer: str
    office: str
    is_urgent: bool
    submitted_at: datetime | None
    complete_at: datetime | None
    decided_at: datetime | None
    paid_at: datetime | None
    due_on: date | None
    clock: str = Field(description="时限的一句话")


class Paper(Schema):
    kind: str
    label: str
    state: str


class Event(Schema):
    """What happened; every date as 2022-06-20, what is not known left out."""

    hospital_name: Text = ""
    hospital_grade: Text = ""
    admitted_on: date | None = None
    discharged_on: date | None = None
    diagnosed_on: date | None = None
    diagnosis: Annotated[Text, Field(description="疾病编码，例如 C50.9")] = ""
    severity: Text = ""
    accident_on: date | None = None
    disability_grade: Text = ""


class Sheet(Schema):
    """The settlement sheet of the insurance bureau."""

    setl_id: Text = Field("", description="结算编号：同一张结算单只能申请一次")
    figures: dict[Text, Yuan] = Field(default_factory=dict, description="医保局的字段名 → 元")


class Account(Schema):
    """Where the money goes: an account of the member."""

    bank_name: Annotated[Text, Field(min_length=1, max_length=60)]
    number: Annotated[Text, Field(min_length=1, max_length=40)]


class ClaimInFull(Claim):
    member: UUID
    kinds: list[str]
    event: Event
    settlement: Sheet | None
    account: str | None = Field(description="收款账号，只显示头尾")
    papers: list[Paper]


class NewClaim(Schema):
    member: UUID
    applicant: Literal["self", "relative", "colleague"] = "self"
    applicant_name: Annotated[Text, Field(max_length=40)] = ""
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=4)]
    event: Event = Event()
    settlement: Sheet | None = Field(
        None, description="程序取得的医保数据：会员已同意使用医保数据才收，否则回答 422 consent_needed"
    )
    account: Account | None = None
    papers: list[Received] = Field(
        default_factory=list, max_length=len(PAPERS), description="已经收到的材料；别的还缺"
    )
    submit: bool = Field(False, description="填好就提交；否则留作草稿")


class Entered(Schema):
    number: str
    state: str


def _claim(one: Any, clock: Any, *, opens: bool) -> dict[str, Any]:
    columns = ("number", "state", "is_urgent", "submitted_at", "complete_at", "decided_at", "paid_at")
    return {name: getattr(one, name) for name in columns} | {
        "member_name": one.member.name,
        "employer": one.employer.code,
        "office": one.office.code,
        "due_on": clock.due_on,
        "clock": clock.word if opens else clock.bare,
    }


def _in_full(one: Any, now: Any) -> dict[str, Any]:
    sheet, accounts = facts.settlement_of(one), arrived.of_claim(one).accounts
    return _claim(one, queries.clock(one, now), opens=True) | {
        "member": one.member_id,
        "kinds": one.kinds,
        "event": {name: getattr(one, name) or (None if name.endswith("_on") else "") for name in EVENT},
        "settlement": sheet and {"setl_id": sheet.setl_id, "figures": facts.figures_of(sheet)},
        "account": accounts[-1].number if accounts else None,
        "papers": [
            {"kind": paper.kind, "label": paper.label, "state": paper.state}
            for paper in one.papers.order_by("label")
        ],
    }


def claim(by: Any, number: str) -> Any:
    """A claim whose details this role may read; anything else looks missing."""
    found = queries.visible_to(by).filter(number=number).first() if queries.opens_details(by) else None
    if found is None:
        raise Http404
    return found


@router.get("", response={200: Listed[Claim], ERRORS: Refused}, summary="申请列表")
def list_claims(request: Any, asked: Asked, state: Text = "", member: UUID | None = None) -> Any:
    """新的在前；不含健康资料。单位和县区的令牌只看得到状态。"""
    found = queries.newest_first(queries.visible_to(request.by))
    found = found.filter(member=member) if member else found
    found = found.filter(state=state) if state else found
    opens = queries.opens_details(request.by)
    return listed(
        found,
        asked,
        lambda pair: _claim(*pair, opens=opens),
        lambda rows: queries.timed(rows, request.now),
    )


@router.get("/{number}", response={200: ClaimInFull, ERRORS: Refused}, summary="一件申请")
def get_claim(request: Any, number: Text) -> Any:
    """含健康资料；谁看过会记下来，本人查得到。"""
    found = claim(request.by, number)
    services.opened(claim=found, by=request.by, at=request.now)
    return _in_full(found, request.now)


@router.post("", response={201: Entered, ERRORS: Refused}, auth=WRITES, summary="新建申请")
def enter_claim(request: Any, response: HttpResponse, new: NewClaim, key: Key) -> Any:
    """和柜台受理一样：草稿，或者填好就提交。有一处不对就什么也不留下，并说明每一处。

    带结算单的，会员要先同意使用医保数据（手机“我的”，或在柜台签字），否则回答 422 consent_needed。
    """

    def act() -> dict[str, Any]:
        person = members.visible_to(request.by).filter(pk=new.member).first()
        if person is None:
            raise Http404
        if new.settlement:
            consents.check(person)
        enter = _received if new.submit else _drafted
        made = enter(person, new, by=request.by, at=request.now)
        return {"number": made.number, "state": made.state}

    return Status(201, once(request, response, key, "claims.enter", new.model_dump_json(), act))


def _told(new: NewClaim) -> dict[str, Any]:
    return {name: value for name, value in new.event.model_dump().items() if value not in {None, ""}}


def _marks(new: NewClaim) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(new.papers, ("received", ""))


def _received(person: Any, new: NewClaim, **who: Any) -> Any:
    sheet = new.settlement
    return counter.receive(
        member=person,
        sheet=settlement.Sheet(sheet.setl_id, sheet.figures) if sheet else counter.NO_SHEET,
        account=(new.account.bank_name, new.account.number) if new.account else None,
        marks=_marks(new),
        applicant=new.applicant,
        applicant_name=new.applicant_name,
        kinds=list(new.kinds),
        **_told(new),
        **who,
    )


def _drafted(person: Any, new: NewClaim, **who: Any) -> Any:
    made = services.start(
        member=person,
        channel="counter",
        applicant=new.applicant,
        applicant_name=new.applicant_name,
        **who,
    )
    told = _told(new)
    if new.account:
        holder = {"holder": person.name, **new.account.model_dump()}
        told["account"] = registering.add_account(member=person, **holder, **who)
    services.fill(claim=made, kinds=list(new.kinds), **told, **who)
    if new.settlement:
        services.put_settlement(claim=made, **new.settlement.model_dump(), settled_at=None, **who)
    services.put_papers(claim=made, marks=_marks(new), **who)
    return made


@router.post("/{number}/submit", response={200: Entered, ERRORS: Refused}, auth=WRITES, summary="提交申请")
def submit_claim(request: Any, response: HttpResponse, number: Text, key: Key) -> Any:
    """草稿交上去；材料齐了开始计时。"""

    def act() -> dict[str, Any]:
        done = services.submit(claim=claim(request.by, number), by=request.by, at=request.now)
        return {"number": done.number, "state": done.state}

    return once(request, response, key, "claims.submit", number, act)
