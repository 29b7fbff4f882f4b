"""Who gets a refund becomes a row of its own; every refund so far has one payee."""

import django.db.models.deletion
import huzhu.db.fields
import uuid
from django.db import migrations, models


def _each_has_one(apps, _):
    part_of = apps.get_model("contributions", "RefundPart")
    for one in apps.get_model("contributions", "Refund").objects.order_by("pk"):
        part_of.objects.create(
            refund=one,
            place=1,
            amount_fen=one.amount_fen,
            payee=one.payee,
            bank_name=one.bank_name,
            number=one.number,
            state="paid" if one.state == "paid" else "waiting",
            list=one.list,
            paid_on=one.paid_on if one.state == "paid" else None,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0008_papers_of_old_transfers"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefundPart",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="编号",
                    ),
                ),
                ("place", models.PositiveSmallIntegerField(verbose_name="序号")),
                ("amount_fen", models.BigIntegerField(verbose_name="金额（分）")),
                ("payee", models.CharField(max_length=80, verbose_name="收款户名")),
                ("bank_name", models.CharField(max_length=80, verbose_name="开户行")),
                ("number", huzhu.db.fields.EncryptedTextField(verbose_name="收款账号")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "待付"), ("paid", "已付"), ("returned", "被银行退回")],
                        default="waiting",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("paid_on", models.DateField(null=True, verbose_name="付出日")),
                (
                    "list",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="contributions.refundlist",
                        verbose_name="清单",
                    ),
                ),
                (
                    "paid_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="paid_parts",
                        to="contributions.lineuse",
                        verbose_name="付出的流水",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="contributions.refund",
                        verbose_name="退费",
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="contributions.refundpart",
                        verbose_name="代替哪一笔",
                    ),
                ),
                (
                    "returned_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returned_parts",
                        to="contributions.lineuse",
                        verbose_name="退回的流水",
                    ),
                ),
            ],
            options={
                "verbose_name": "退费的收款人",
                "verbose_name_plural": "退费的收款人",
                "ordering": ("refund", "place"),
                "constraints": [
                    models.UniqueConstraint(fields=("refund", "place"), name="a_place_of_a_refund_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_fen__gt", 0)), name="a_part_is_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_on__isnull", True), ("state", "waiting")),
                            models.Q(
                                models.Q(("state", "waiting"), _negated=True),
                                ("list__isnull", False),
                                ("paid_on__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_paid_part_has_its_day_and_list",
                    ),
                ],
            },
        ),
        migrations.RunPython(_each_has_one, migrations.RunPython.noop),
    ]
