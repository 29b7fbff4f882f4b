"""Published editions for tests: the product's own shelf."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from huzhu.schemes.library import SHELF
from huzhu.schemes.models import SchemeEdition
from huzhu.schemes.queries import shelf
from huzhu.schemes.services import publish

# the smallest scheme that pays by the class of the illness, lightest first
BY_CLASS = """\
format: huzhu-scheme/1
slug: by-class
edition: "2021"
title: 分轻重的重疾小方案
extends: common/cover
about: {place: "9", short: 分轻重的重疾, office: 试验, fee: "{fee}", term: 一年, joins: 试验, source: 试验}
opens_on: 2021-12-10
closes_on: 2030-01-01
version_by: cover_starts_on
rounding: 四舍五入到分
facts:
  event:
    severity: {label: 病情类别, unit: code, missing: true, codes: {mild: 轻症, moderate: 中症, severe: 重症}}
clauses:
  c1: {label: 第一条, text: 按病情轻重给付, source: 试验}
  joins: {label: 参加条款, text: 随单位参加, source: 试验}
parameters:
  fee: {label: 会费, unit: money, clause: c1, values: {2021-12-10: 10元}}
  entry_ways: {label: 可以参加的方式, unit: code, shape: list, clause: joins, values: {2021-12-10: [group]}}
  amounts:
    {label: 各类别的金额, unit: money, shape: table, clause: c1, values: {2021-12-10: {mild: 3000元, moderate: 5000元, severe: 10000元}}}
benefits:
  critical:
    label: 重大疾病互助金
    clause: c1
    plain: 按病情轻重给付
    when:
      classed: {label: 已写明病情类别, clause: c1, is: severity is not none}
    pays: lookup(amounts, severity)
"""
PUBLISHED_AT = datetime(2021, 12, 10, 1, 0, tzinfo=UTC)


def a_published(slug="yichun-120", variant=None) -> SchemeEdition:
    """The newest edition of a scheme on the shelf, published."""
    return publish(edition=shelf().edition(slug, variant), at=PUBLISHED_AT)


def the_inpatient_scheme() -> SchemeEdition:
    """120 yuan: inpatient, critical illness, accident."""
    return a_published("yichun-120")


def the_women_scheme() -> SchemeEdition:
    """25 yuan: special illnesses of women."""
    return a_published("yichun-women")


def the_capped_scheme() -> SchemeEdition:
    """80 yuan: inpatient up to 8,000 yuan and two claims a period."""
    return a_published("harbin-80")


def the_flexible_scheme() -> SchemeEdition:
    """A demonstration: individuals pay 140 yuan, platforms 120 a head."""
    return a_published("yichun-flex")


def the_scheme_by_class(settings, folder: Path) -> SchemeEdition:
    """Mild 3,000, moderate 5,000, severe 10,000 yuan; on a shelf of this test beside the product's own schemes."""
    shelf_here = folder / "schemes"
    if not shelf_here.exists():
        shutil.copytree(SHELF, shelf_here)
        (shelf_here / "by-class").mkdir()
        (shelf_here / "by-class" / "2021.yaml").write_text(BY_CLASS, encoding="utf-8")
    settings.HUZHU_SCHEMES = shelf_here
    return a_published("by-class")
