"""Tables that only these tests have: each shows one way a sealed column may lie in a table."""

import uuid

from django.db import models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.models import SealedModel


class Person(SealedModel):
    name = models.CharField(max_length=50)
    id_number = EncryptedTextField("身份证号")
    id_number_index = BlindIndexField("身份证号索引", source="id_number")
    id_number_tail = BlindIndexField("身份证号末四位索引", source="id_number", part="last4")
    diagnosis = EncryptedTextField("诊断", null=True, blank=True)

    class Meta:
        app_label = "sealed_tables"


class Visitor(SealedModel):
    """The same column in another table."""

    id_number = EncryptedTextField("身份证号")

    class Meta:
        app_label = "sealed_tables"


class Official(Person):
    """A second table for the same row; what is sealed stays in the first."""

    phone = EncryptedTextField("电话")

    class Meta:
        app_label = "sealed_tables"


class Renamed(models.Model):
    """Once Visitor; its key stands last and is typed by hand."""

    number = EncryptedTextField("身份证号", bound_as=("sealed_tables_visitor", "id_number"))
    code = models.UUIDField(primary_key=True, default=uuid.uuid4)

    class Meta:
        app_label = "sealed_tables"


class Careless(models.Model):
    """What the system check warns of; its key is given by the database."""

    id_number = EncryptedTextField("身份证号", unique=True)
    index = BlindIndexField("索引", source="nothing")

    class Meta:
        app_label = "sealed_tables"


TABLES = [Person, Visitor, Official, Renamed, Careless]
