"""Individuals who apply, for tests."""

from datetime import UTC, datetime

from factories.members import an_id_number
from factories.schemes import the_flexible_scheme
from huzhu.enrolment import applications
from huzhu.enrolment.models import Application
from huzhu.notices.models import Notice
from huzhu.organisations.models import Organisation

APPLIED_AT = datetime(2022, 1, 20, 2, 0, tzinfo=UTC)


def the_code(phone: str) -> str:
    """The newest code that was sent to a phone."""
    text = Notice.objects.filter(phone_index=phone, purpose="sign_in").latest("created_at").text
    return text.split("验证码 ")[1][:6]


def a_draft(
    *, number: str = "", name: str = "王骑手", phone: str = "13900001111", at=APPLIED_AT
) -> Application:
    """Begun, and the phone proved."""
    found = applications.start(
        edition=the_flexible_scheme(), name=name, id_number=number or an_id_number(), phone=phone, at=at
    )
    applications.prove(application=found, code=the_code(phone), at=at)
    return found


def an_application(agency: Organisation, *, at=APPLIED_AT, **told) -> Application:
    """Filled and handed in; what is told replaces an answer, or the draft's name, number and phone."""
    draft = a_draft(**{key: told.pop(key) for key in ("number", "name", "phone") if key in told}, at=at)
    answers = {
        "occupation": "rider",
        "platform": "外卖平台",
        "insured": "yes",
        "already_ill": False,
        "bank_name": "工商银行伊春支行",
        "account": "6222020903000012345",
    }
    applications.fill(application=draft, at=at, agency=agency, **answers | told)
    return applications.submit(application=draft, at=at)
