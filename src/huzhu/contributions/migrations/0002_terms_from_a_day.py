"""Ways of sharing get a first day and a history: one row of terms, and the payers below it."""

import datetime as dt

import django.db.models.deletion
from django.db import migrations, models

ALWAYS = dt.date(2000, 1, 1)


def gather(apps, editor):
    """Payers that were set one by one become the terms of their employer and scheme, which held ever since."""
    rules, terms = (apps.get_model("contributions", name) for name in ("SplitRule", "SplitTerms"))
    made = {}
    for rule in rules.objects.order_by("pk"):
        key = (rule.employer_id, rule.scheme_slug)
        if key not in made:
            made[key] = terms.objects.create(
                employer_id=rule.employer_id,
                scheme_slug=rule.scheme_slug,
                valid_from=ALWAYS,
                set_by="system",
                set_by_name="系统",
                set_at=dt.datetime.combine(ALWAYS, dt.time(), tzinfo=dt.UTC),
            )
        rule.terms = made[key]
        rule.save(update_fields=["terms"])
    editor.connection.check_constraints()  # PostgreSQL alters no table that has checks still to do


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SplitTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scheme_slug", models.CharField(max_length=40, verbose_name="方案")),
                ("valid_from", models.DateField(verbose_name="起用日")),
                ("inherits", models.BooleanField(default=False, verbose_name="恢复沿用上级")),
                ("least_own_fen", models.PositiveIntegerField(default=0, verbose_name="职工至少缴（分）")),
                ("set_by", models.CharField(max_length=60, verbose_name="设定人编号")),
                ("set_by_name", models.CharField(max_length=80, verbose_name="设定人")),
                ("set_at", models.DateTimeField(verbose_name="设定时间")),
                (
                    "employer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                        verbose_name="单位（及下属）",
                    ),
                ),
            ],
            options={
                "verbose_name": "分担办法",
                "verbose_name_plural": "分担办法",
                "indexes": [models.Index(fields=["employer", "scheme_slug"], name="terms_of_an_employer")],
            },
        ),
        migrations.AddField(
            model_name="splitrule",
            name="terms",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="contributions.splitterms",
                verbose_name="分担办法",
            ),
        ),
        migrations.RunPython(gather, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="splitrule", name="a_payer_once_a_scheme"),
        migrations.RemoveField(model_name="splitrule", name="employer"),
        migrations.RemoveField(model_name="splitrule", name="scheme_slug"),
        migrations.AlterField(
            model_name="splitrule",
            name="terms",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="contributions.splitterms",
                verbose_name="分担办法",
            ),
        ),
        migrations.AlterModelOptions(
            name="splitrule",
            options={"verbose_name": "分担办法的缴费方", "verbose_name_plural": "分担办法的缴费方"},
        ),
        migrations.AddConstraint(
            model_name="splitrule",
            constraint=models.UniqueConstraint(
                fields=("terms", "payer", "payer_name"), name="a_payer_once_in_terms"
            ),
        ),
        migrations.RemoveConstraint(model_name="share", name="a_payer_once_a_due"),
        migrations.AddConstraint(
            model_name="share",
            constraint=models.UniqueConstraint(
                fields=("due", "payer", "payer_name"), name="a_payer_once_a_due"
            ),
        ),
    ]
