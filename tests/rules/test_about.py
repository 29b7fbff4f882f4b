"""What a scheme says of itself: its parameters stand in the text by name, and are filled in for a day."""

from datetime import date

import pytest

from huzhu.rules.about import clashing, filled
from rules.builders import read, tiny
from rules.members import editions

FEES = """\
fee: {label: 会费, unit: money, clause: c1, values: {2020-01-01: 80元, 2022-01-01: 120.50元}}
waiting: {label: 观察期, unit: days, clause: c1, values: {2020-01-01: 30天}}
open: {label: 开放, unit: flag, clause: c1, values: {2020-01-01: "true"}}"""
ABOUT = ('{share: "{rate}"}', '{share: "{rate}，会费{fee}，观察期{waiting}，开放{open}"}')


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2021-12-31", "60%，会费80元，观察期30天，开放是"),
        ("2022-01-01", "60%，会费120.50元，观察期30天，开放是"),
        ("2010-01-01", "60%，会费80元，观察期30天，开放是"),  # before the edition: as on its first day
        ("2100-01-01", "60%，会费120.50元，观察期30天，开放是"),  # after it: as on its last
    ],
)
def test_a_text_is_filled_with_the_values_of_its_day(day, said):
    edition = read(tiny(ABOUT, parameters=FEES))
    assert filled(edition, edition.about["share"], date.fromisoformat(day).toordinal()) == said


def test_a_text_without_parameters_stays_as_it_is():
    assert filled(read(tiny()), "每人每年 {}", 0) == "每人每年 {}"


def test_two_schemes_of_one_kind_clash_and_others_do_not():
    shelf = editions()
    said = clashing([shelf["yichun-120 A"], shelf["harbin-80"], shelf["yichun-women"]])
    assert said.startswith("两个住院方案不能同时参加（")
    assert clashing([shelf["yichun-120 A"], shelf["yichun-women"]]) == ""
