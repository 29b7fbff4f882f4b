"""{% once %}: the key of a form, new each time the form is shown; every template knows it."""

from uuid import uuid4

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def once() -> SafeString:
    """The hidden field that `web/once.py` reads."""
    return format_html('<input type="hidden" name="once" value="{}">', uuid4())
