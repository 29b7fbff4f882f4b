from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bank", "0002_stops"),
    ]

    operations = [
        migrations.AddField(
            model_name="statementline",
            name="serial",
            field=models.CharField(blank=True, db_index=True, max_length=60, verbose_name="银行给的流水号"),
        ),
        migrations.AlterField(
            model_name="statementline",
            name="reference",
            field=models.CharField(db_index=True, max_length=60, verbose_name="银行流水号"),
        ),
    ]
