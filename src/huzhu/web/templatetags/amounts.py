"""Amounts in templates: {% load amounts %} {{ batch.total_fen|yuan }} {{ due|daxie }} {{ heads|many }}."""

from django import template

from huzhu.core import money
from huzhu.web.desks.spoken import in_words

register = template.Library()
register.filter("yuan", lambda fen: "" if fen is None else money.spoken(int(fen)))
register.filter("daxie", lambda fen: "" if fen is None else in_words(int(fen)))
register.filter("many", lambda number: "" if number is None else f"{int(number):,}")
