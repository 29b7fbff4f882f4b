"""The API as a whole: its routers, and every refusal of the rooms in the one shape, with the sentence of the room."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.renderers import JSONRenderer

from huzhu.api import claims, contributions, decisions, ledger, payouts, persons, places, rosters
from huzhu.api.answers import NOT_FOUND, problem
from huzhu.audit import idempotency
from huzhu.claims import services as claiming
from huzhu.contributions import services as receiving
from huzhu.core.money import NotMoney
from huzhu.db.engines import is_busy
from huzhu.enrolment import services as enrolling
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.members.accounts import NotAnAccount
from huzhu.members.consents import NotAgreed
from huzhu.rules.facts import FactsRefused
from huzhu.users.permissions import NotAllowed

ABOUT = """
互助的程序接口。每个请求带 `Authorization: Bearer 令牌`；令牌由系统管理员在“接口令牌”里做，
只能办勾选的事，只看得到它所在机构及下属的资料。

金额是以元为单位的小数文本，日期是 2022-06-20，时刻带时区。列表用 page 和 size 翻页。

会产生或移动钱的请求必须带 Idempotency-Key：重发不会办两次，回答里有 Idempotent-Replayed: true；
同一个键内容不同时回答 409。

医保的结算数据由程序送来的，会员要先同意（422 consent_needed）。

503 busy 是数据库里撞上了别人，没有生效：用同一个键再发一次。

出错时都是同一个样子：error.code 给程序看，error.message 给人看，error.fields 逐个字段说明。
"""
# the first that fits, with its status and its word for programs
REFUSALS: tuple[tuple[type[Exception], int, str], ...] = (
    (AuthenticationError, 401, "no_token"),
    (claiming.NotYours, 404, "not_found"),
    (NotAllowed, 403, "not_allowed"),
    (idempotency.KeyUsedOtherwise, 409, "key_used_otherwise"),
    (idempotency.NotAKey, 422, "not_a_key"),
    (receiving.RecordedBefore, 409, "recorded_before"),
    (claiming.ClaimedBefore, 409, "claimed_before"),
    (claiming.CannotMove, 409, "not_in_this_state"),
    (claiming.FieldsNeedWork, 422, "fields_need_work"),
    (claiming.OutsideCover, 422, "outside_cover"),
    (NotAgreed, 422, "consent_needed"),
    (claiming.PapersMissing, 422, "papers_missing"),
    (FactsRefused, 422, "facts_refused"),
    (receiving.ReceiptRefused, 422, "receipt_refused"),
    (enrolling.RosterRefused, 422, "roster_refused"),
    (rosters.TooLarge, 422, "file_refused"),
    (TableRefused, 422, "file_refused"),
    (NotAccepted, 422, "file_refused"),
    (NotAnAccount, 422, "account_refused"),
    (NotMoney, 422, "not_money"),
)
WORDS = {
    AuthenticationError: "没有令牌，或者令牌不对、已到期、已停用。请在 Authorization 里写 Bearer 和令牌。",
}


class Chinese(JSONRenderer):
    """Sentences as people read them."""

    json_dumps_params: Mapping[str, Any] = MappingProxyType({"ensure_ascii": False})


def made() -> NinjaAPI:
    """The API with its resources; no page of documents, since that would fetch from elsewhere."""
    api = NinjaAPI(
        title="互助接口", version="1", description=ABOUT.strip(), docs_url=None, urls_namespace="api"
    )
    for prefix, router in (
        ("/employers", places.router),
        ("/members", persons.members),
        ("/enrolments", persons.covers),
        ("/rosters", rosters.router),
        ("/contributions", contributions.router),
        ("/claims", claims.router),
        ("/decisions", decisions.router),
        ("/payouts", payouts.router),
        ("/ledger", ledger.router),
    ):
        api.add_router(prefix, router)
    _answer_refusals(api)
    return api


def _answer_refusals(api: NinjaAPI) -> None:
    def say(request: HttpRequest, status: int, code: str, words: str, fields: Any = None) -> HttpResponse:
        return api.create_response(request, problem(code, words, fields), status=status)

    for kind, status, code in REFUSALS:

        def refused(request: Any, error: Any, status: int = status, code: str = code) -> HttpResponse:
            words = NOT_FOUND if status == 404 else WORDS.get(type(error)) or str(error)
            return say(request, status, code, words, getattr(error, "problems", None))

        api.add_exception_handler(kind, refused)
    api.add_exception_handler(Http404, lambda request, _: say(request, 404, "not_found", NOT_FOUND))
    api.add_exception_handler(
        HttpError,
        lambda request, _: say(request, 400, "unreadable", "请求读不出来：请检查是不是完整的 JSON 或表单。"),
    )
    api.add_exception_handler(
        SuspiciousOperation,
        lambda request, _: say(request, 400, "unreadable", "请求太大或写法不对，没有处理。"),
    )

    def crowded(request: Any, problem: Any) -> HttpResponse:
        if not is_busy(problem):
            raise problem
        return say(request, 503, "busy", "系统正忙，这一次没有生效：请稍后用同一个幂等键再发一次。")

    api.add_exception_handler(OperationalError, crowded)
    api.add_exception_handler(
        ValidationError,
        lambda request, error: say(
            request, 422, "fields_need_work", "有字段要改，见 fields。什么也没有改变。", _fields(error)
        ),
    )


def _fields(error: Any) -> dict[str, str]:
    """Each field by its path, with a sentence; what was sent is never repeated."""
    return {".".join(map(str, one["loc"][1:])) or str(one["loc"][0]): _sentence(one) for one in error.errors}


def _sentence(one: dict[str, Any]) -> str:
    said = {
        "missing": "要填",
        "string_too_long": "太长",
        "string_too_short": "太短",
        "too_short": "太少",
        "too_long": "太多",
        "string_pattern_mismatch": "写法不对",
        "greater_than_equal": "太小",
        "less_than_equal": "太大",
        "literal_error": "不在可选的值里",
        "enum": "不在可选的值里",
    }
    kind = str(one["type"])
    if kind in said:
        return said[kind]
    shapes = (("date", "不是日期，请写成 2022-06-20"), ("int", "不是整数"), ("bool", "不是 true 或 false"))
    return next((words for begin, words in shapes if kind.startswith(begin)), "类型或写法不对")
