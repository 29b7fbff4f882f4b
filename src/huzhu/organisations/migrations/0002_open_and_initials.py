from django.db import migrations, models

from huzhu.core.pinyin import initials


def spell(apps, _):
    """Places that stood before the column get their initials."""
    organisations = apps.get_model("organisations", "Organisation").objects
    for one in organisations.only("pk", "name").iterator():
        organisations.filter(pk=one.pk).update(initials=initials(one.name))


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="initials",
            field=models.CharField(blank=True, max_length=20, verbose_name="拼音首字母"),
        ),
        migrations.AddField(
            model_name="organisation",
            name="is_open",
            field=models.BooleanField(default=True, verbose_name="启用"),
        ),
        migrations.RunPython(spell, migrations.RunPython.noop),
    ]
