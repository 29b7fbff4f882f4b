from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="KeyProof",
            fields=[
                (
                    "version",
                    models.PositiveIntegerField(primary_key=True, serialize=False, verbose_name="密钥版本"),
                ),
                ("token", models.TextField(verbose_name="密文")),
                ("proved_at", models.DateTimeField(verbose_name="首次验证时间")),
            ],
            options={"verbose_name": "密钥凭证", "verbose_name_plural": "密钥凭证"},
        ),
    )
