"""Dues that stand are told the terms they were made of: those of that day, where they give the due's own shares to the fen."""

from collections import Counter

from django.db import migrations

from huzhu.contributions.splits import WORKER, Rule, SplitOverFee, split


def tell(apps, _):
    dues, terms, enrolments = (
        apps.get_model(*name.split("."))
        for name in ("contributions.ContributionDue", "contributions.SplitTerms", "enrolment.Enrolment")
    )
    slugs = set(terms.objects.values_list("scheme_slug", flat=True))
    for due in (
        dues.objects.filter(edition__slug__in=slugs, units__gt=0)
        .select_related("roster__employer", "edition")
        .iterator()
    ):
        found = _of_that_day(terms, due)
        if found is not None and _gives(found, due, enrolments):
            dues.objects.filter(pk=due.pk).update(terms=found)


def _of_that_day(terms, due):
    """As they stood when the roster was confirmed: of the nearest at or above its employer that had its own."""
    roster = due.roster
    above = [int(pk) for pk in roster.employer.path.split("/") if pk]
    held = terms.objects.filter(
        employer__in=above,
        scheme_slug=due.edition.slug,
        valid_from__lte=roster.cover_starts_on,
        set_at__lte=roster.settled_at,
    )
    newest = {one.employer_id: one for one in held.order_by("valid_from", "pk")}
    near = (newest[pk] for pk in reversed(above) if pk in newest)
    return next((one for one in near if not one.inherits), None)


def _gives(terms, due, enrolments):
    """Whether everybody who stands on the due, by these terms, comes to its shares; what was pledged is the workers'."""
    rules = [
        Rule(one.payer, one.payer_name, one.basis, one.basis_points, one.fixed_fen)
        for one in terms.rules.order_by("pk")
    ]
    people = enrolments.objects.filter(roster=due.roster_id, edition=due.edition_id).exclude(state="void")
    sums: Counter[tuple[str, str, str]] = Counter()
    fee = due.amount_fen // due.units
    for shares, heads in Counter(people.values_list("shares", flat=True)).items():
        try:
            parts = split(fee * shares, rules, terms.least_own_fen)
        except SplitOverFee:
            return False
        for part in parts:
            sums[part.payer, part.payer_name, "fee"] += part.amount_fen * heads
            sums[part.payer, part.payer_name, "back"] += part.cash_back_fen * heads
    for share in due.shares.all():
        who = (WORKER, "职工") if share.pledge_id else (share.payer, share.payer_name)
        sums[*who, "fee"] -= share.amount_fen
        sums[*who, "back"] -= share.cash_back_fen
    return not any(sums.values())


class Migration(migrations.Migration):
    dependencies = [("contributions", "0018_terms_of_a_due"), ("enrolment", "0012_one_index_less")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
