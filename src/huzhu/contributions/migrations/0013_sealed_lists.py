from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contributions", "0012_sent_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="refundlist",
            name="form",
            field=models.CharField(default="neutral-csv", max_length=40, verbose_name="代发格式"),
        ),
        migrations.AddField(
            model_name="refundlist",
            name="sha256",
            field=models.CharField(blank=True, max_length=64, default="", verbose_name="文件摘要"),
            preserve_default=False,
        ),
    ]
