from django.db import migrations, models


def fill(apps, _):
    """Months that were locked before: nothing has been booked in them since, so their own last voucher."""
    period, entry = apps.get_model("ledger", "Period"), apps.get_model("ledger", "LedgerEntry")
    for one in period.objects.exclude(state="open").select_related("book"):
        entries = entry.objects.filter(office__path__startswith=one.book.path, month=one.month)
        one.upto = entries.aggregate(last=models.Max("voucher"))["last"]
        one.save(update_fields=["upto"])


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_vouchers_by_hand")]

    operations = [
        migrations.AddField(
            model_name="period",
            name="upto",
            field=models.BigIntegerField(null=True, verbose_name="锁账前最后一张凭证"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
