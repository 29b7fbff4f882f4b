"""The brake came down a floor, from payouts, with its rows: fees that are given back wait as aid does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bank", "0001_initial"),
        ("payouts", "0004_differences_and_receivables"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE payouts_payoutstop RENAME TO bank_stop",
                    "ALTER TABLE bank_stop RENAME TO payouts_payoutstop",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Stop",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("reason", models.CharField(max_length=400, verbose_name="为什么停")),
                        ("source", models.CharField(blank=True, max_length=80, verbose_name="由什么发现")),
                        ("stopped_id", models.CharField(max_length=60, verbose_name="停发人编号")),
                        ("stopped_name", models.CharField(max_length=80, verbose_name="停发人")),
                        ("stopped_at", models.DateTimeField(verbose_name="停发时间")),
                        (
                            "resumed_id",
                            models.CharField(blank=True, max_length=60, verbose_name="恢复人编号"),
                        ),
                        ("resumed_name", models.CharField(blank=True, max_length=80, verbose_name="恢复人")),
                        ("resumed_at", models.DateTimeField(null=True, verbose_name="恢复时间")),
                        (
                            "resumed_reason",
                            models.CharField(blank=True, max_length=400, verbose_name="恢复的理由"),
                        ),
                    ],
                    options={
                        "verbose_name": "停发",
                        "verbose_name_plural": "停发",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("resumed_at__isnull", True), models.Q(("source", ""), _negated=True)
                                ),
                                fields=("source",),
                                name="one_open_stop_a_source",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("resumed_at__isnull", True),
                                        ("resumed_id", ""),
                                        ("resumed_reason", ""),
                                    ),
                                    models.Q(
                                        ("resumed_at__isnull", False),
                                        models.Q(("resumed_id", ""), _negated=True),
                                        models.Q(("resumed_reason", ""), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="what_was_resumed_has_a_person_and_a_reason",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("stopped_id", "system"),
                                    models.Q(("resumed_id", models.F("stopped_id")), _negated=True),
                                    _connector="OR",
                                ),
                                name="another_person_resumes",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
