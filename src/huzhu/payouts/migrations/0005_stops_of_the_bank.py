"""The brake stands in the bank room; its table went there with its rows."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("bank", "0002_stops"),
        ("payouts", "0004_differences_and_receivables"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="PayoutStop")]),
    ]
