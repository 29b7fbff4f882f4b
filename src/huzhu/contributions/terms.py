"""Verbs on the ways of sharing a fee: set one from a day on, or take up again what stands above."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.contributions.models import Payer, SplitRule, SplitTerms
from huzhu.contributions.splits import Rule, split
from huzhu.enrolment.models import Way
from huzhu.organisations.models import Organisation
from huzhu.schemes.queries import published
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class SplitRefused(ValueError):
    """The way of sharing a fee does not hold together."""


@transaction.atomic
def set_split(  # noqa: PLR0913  the columns of the terms
    *,
    employer: Organisation,
    scheme_slug: str,
    rules: Sequence[Rule],
    valid_from: date,
    least_own_fen: int = 0,
    by: Role,
    at: datetime,
) -> SplitTerms:
    """All payers of an employer and everyone below it, for rosters whose cover starts on the day or later.

    Without payers the worker pays all. SplitRefused, SplitOverFee; dues that exist already stay as they are.
    """
    check_may(by, "contributions.split", within=employer)
    named = [replace(rule, payer_name=_name_of(rule, employer)) for rule in rules]
    _refuse_rules(named, least_own_fen)
    for edition in published().filter(slug=scheme_slug):
        for fee_fen in {edition.fee_for(way) for way in _ways(employer)}:
            split(fee_fen, named, least_own_fen)
    terms = _kept(employer, scheme_slug, valid_from, by, at, least_own_fen=least_own_fen)
    SplitRule.objects.bulk_create(
        SplitRule(
            terms=terms,
            payer=rule.payer,
            payer_name=rule.payer_name,
            basis=rule.basis,
            basis_points=rule.basis_points,
            fixed_fen=rule.fixed_fen,
        )
        for rule in named
    )
    payers = [
        {"payer": one.payer, "basis": one.basis, "basis_points": one.basis_points, "fixed_fen": one.fixed_fen}
        for one in named
    ]
    detail = {"scheme": scheme_slug, "from": valid_from.isoformat(), "least_own_fen": least_own_fen}
    audit.record(by=by, verb="contributions.split", on=employer, at=at, detail=detail | {"payers": payers})
    return terms


@transaction.atomic
def inherit(
    *, employer: Organisation, scheme_slug: str, valid_from: date, by: Role, at: datetime
) -> SplitTerms:
    """From the day on the employer shares the fee again as whoever stands above it does."""
    check_may(by, "contributions.split", within=employer)
    terms = _kept(employer, scheme_slug, valid_from, by, at, inherits=True)
    detail = {"scheme": scheme_slug, "from": valid_from.isoformat(), "inherits": True}
    audit.record(by=by, verb="contributions.split", on=employer, at=at, detail=detail)
    return terms


def _kept(
    employer: Organisation, scheme_slug: str, valid_from: date, by: Role, at: datetime, **more: int
) -> SplitTerms:
    return SplitTerms.objects.create(
        employer=employer,
        scheme_slug=scheme_slug,
        valid_from=valid_from,
        set_by=by.actor_id,
        set_by_name=by.actor_name[:80],
        set_at=at,
        **more,
    )


def _ways(place: Organisation) -> list[str]:
    """How people may come in below a place; below an employer no individuals, unless it holds those of an agency."""
    alone = place.kind == Organisation.Kind.EMPLOYER and place.sector != Organisation.Sector.FLEXIBLE
    return [Way.GROUP] if alone else list(Way.values)


def _refuse_rules(rules: Sequence[Rule], least_own_fen: int) -> None:
    if least_own_fen < 0:
        raise SplitRefused("职工至少缴的金额不能是负数：请改正，没有下限就写 0。")
    seen = set()
    for rule in rules:
        _refuse_rule(rule)
        if (rule.payer, rule.payer_name) in seen:
            raise SplitRefused(f"“{rule.payer_name}”写了两次：请合成一行，或写明是两个不同的缴费方。")
        seen.add((rule.payer, rule.payer_name))


def _refuse_rule(rule: Rule) -> None:
    if rule.payer == Payer.WORKER or rule.payer not in Payer.values:
        raise SplitRefused("职工承担其余的部分，不用设定：请选择单位、上级工会或资助人。")
    if not rule.payer_name:
        raise SplitRefused(
            f"没有写明是哪一个{Payer(rule.payer).label}：缴费通知单和收据上要写它的名称，请填写。"
        )
    if rule.basis not in SplitRule.Basis.values:
        raise SplitRefused("分担方式只有按比例、每人定额、先缴后补现金三种：请选一种。")
    if (
        not 0 <= rule.basis_points <= 10_000
        or rule.fixed_fen < 0
        or not (rule.basis_points or rule.fixed_fen)
    ):
        raise SplitRefused("分担的比例要在 0 到 100% 之间，定额不能是负数，两者不能都为空：请改正。")
    if rule.basis == SplitRule.Basis.PERCENT and rule.fixed_fen:
        raise SplitRefused("按比例分担不能再写定额：请只填一样。")


def _name_of(rule: Rule, employer: Organisation) -> str:
    """Who pays, as papers name them: what was written, the unit itself, or the group whose terms they are."""
    named = rule.payer == Payer.EMPLOYER or (
        rule.payer == Payer.UPPER_UNION and employer.kind != Organisation.Kind.EMPLOYER
    )
    return rule.payer_name.strip() or (employer.name if named else "")
