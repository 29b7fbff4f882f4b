"""Parts of transfers that were recorded before they knew their paper are told it."""

from django.db import migrations


def tell(apps, _):
    receipts, papers = (apps.get_model("contributions", name) for name in ("Receipt", "OfficialReceipt"))
    for paper in papers.objects.iterator():
        parts = receipts.objects.filter(bank_reference=paper.bank_reference)
        first = parts.select_related("share__due__roster").order_by("part").first()
        if first is not None:
            papers.objects.filter(pk=paper.pk).update(employer=first.share.due.roster.employer_id)
            parts.update(paper=paper)


class Migration(migrations.Migration):
    dependencies = [("contributions", "0007_refunds_and_what_binds_them")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
