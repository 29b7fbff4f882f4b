from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0019_terms_of_old_dues"),
    ]

    operations = [
        migrations.AddField(
            model_name="lineuse",
            name="by_hand_fen",
            field=models.BigIntegerField(default=0, verbose_name="先前手工登记的（分）"),
        ),
    ]
