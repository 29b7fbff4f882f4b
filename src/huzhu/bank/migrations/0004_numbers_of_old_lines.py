"""Lines that were taken in before they kept the bank's own number are told it: their key has it, behind the day."""

from django.db import migrations
from django.db.models import F, Value
from django.db.models.functions import Concat, Replace, StrIndex, Substr, Upper

TABLE = "bank_statementline"


def tell(apps, schema_editor):
    # no row may be changed otherwise; after every migration the guard is put back
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS append_only ON {TABLE}")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_append_only_update")
    # the first of the numbers that were kept together, without what counts equal ones of a day
    said = Concat(Replace(Upper(Substr(F("key"), 10)), Value(":"), Value(" ")), Value(" "))
    StatementLine = apps.get_model("bank", "StatementLine")
    StatementLine.objects.update(serial=Substr(said, 1, StrIndex(said, Value(" ")) - 1))


class Migration(migrations.Migration):
    dependencies = [("bank", "0003_the_banks_own_number")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
