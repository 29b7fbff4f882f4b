"""What stands in the parts no longer stands in the refund."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0009_refund_parts"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="refund",
            name="bank_name",
        ),
        migrations.RemoveField(
            model_name="refund",
            name="number",
        ),
        migrations.RemoveField(
            model_name="refund",
            name="payee",
        ),
    ]
