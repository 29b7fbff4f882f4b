"""Addresses in templates of the desks: {% load desk %} {% page_at "web:rosters" as where %}, empty where there is no such page."""

import re

from django import template

from huzhu.web.desks.tiles import address
from huzhu.web.desks.verbs import in_words

# a key without a name of its own: its first eight letters tell it from its neighbours
_LONG = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
register = template.Library()
register.simple_tag(address, name="page_at")
register.filter("done", in_words)
register.filter("named", lambda code, names: names.get(code, code))
register.filter("short", lambda name: _LONG.sub(lambda found: found[0][:8], name))
