from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery


def told(apps, schema_editor):  # noqa: ARG001  the signature is Django's
    """Who proposed a refund has told its accounts; what was released went to the bank."""
    Refund = apps.get_model("contributions", "Refund")
    RefundPart = apps.get_model("contributions", "RefundPart")
    RefundList = apps.get_model("contributions", "RefundList")
    by = Refund.objects.filter(pk=OuterRef("refund")).values("proposed_by")
    RefundPart.objects.update(proposed_by=Subquery(by))
    RefundList.objects.filter(state="released").update(handed_at=F("released_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0015_parts_go_on_lists_alone"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="refund",
            name="one_refund_of_a_rest_under_way",
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("paper__isnull", True), ("state__in", ("proposed", "listed"))),
                fields=("prepaid",),
                name="one_refund_of_a_rest_under_way",
            ),
        ),
        migrations.AddField(
            model_name="refundlist",
            name="handed_at",
            field=models.DateTimeField(null=True, verbose_name="第一次取走"),
        ),
        migrations.AddField(
            model_name="refundpart",
            name="proposed_by",
            field=models.CharField(default="", max_length=60, verbose_name="提出人编号"),
            preserve_default=False,
        ),
        migrations.RunPython(told, migrations.RunPython.noop),
    ]
