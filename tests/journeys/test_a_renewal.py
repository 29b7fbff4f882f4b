"""An employer of thirty renews in a real browser: two leave, three join; pages and clicks are counted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from factories.enrolment import an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.core.periods import a_year_after
from huzhu.enrolment.models import Enrolment
from journeys.walk import Walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_files")]
MOST = {"续保": {"pages": 4, "clicks": 12, "boxes": 3}}


def test_thirty_renew_two_leave_three_join(page):
    employer = an_employer(a_city())
    clerk = a_role("employer_clerk", employer)
    starts_on = timezone.localdate() - timedelta(days=335)
    ends_on = a_year_after(starts_on)
    scheme = the_inpatient_scheme()
    for name, number, phone in some_workers(30):
        member = a_member(name, employer=employer, id_number=number, phone=phone)
        an_enrolment(member, scheme, starts_on=starts_on)
    leaving = list(Enrolment.objects.order_by("certificate_no").values_list("member__name", flat=True)[:2])
    walk = Walk(page)
    walk.staff(clerk.user)
    with walk.part("续保"):
        walk.press_button("续保")
        walk.choose(f"{leaving[0]}续不续", "不续：退休")
        walk.choose(f"{leaving[1]}续不续", "不续：离职")
        joining = "\n".join(" ".join(row) for row in some_workers(3))
        walk.fill("一人一行：姓名 身份证号 手机（手机可以不写）", joining)
        walk.press_button("保存并看变化")
        assert "续保 28 人 · 新增 3 · 退出 2 · 变更 0" in walk.text
        assert walk.fits()
        walk.press_button("提交，生成名册")
        walk.press_button("确认 31 人参加")
    assert "3,720.00" in walk.text
    new = Enrolment.objects.filter(cover_starts_on=ends_on)
    assert new.count() == 31
    assert new.filter(covered_since_on=starts_on).count() == 28
    walk.told(MOST)
