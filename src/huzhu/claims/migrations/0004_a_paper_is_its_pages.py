from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("claims", "0003_pages")]

    operations = [migrations.RemoveField(model_name="evidence", name="file")]
