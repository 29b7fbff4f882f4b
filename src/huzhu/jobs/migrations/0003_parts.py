import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_worker_beats"),
    ]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="part_of",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="parts",
                to="jobs.jobrun",
                verbose_name="属于哪项任务",
            ),
        ),
    ]
