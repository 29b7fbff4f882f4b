from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0013_sealed_lists"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("proposed", "listed"))),
                fields=("prepaid",),
                name="one_refund_of_a_rest_under_way",
            ),
        ),
    ]
