"""huzhu setup-code: printed for a blank site alone."""

import pytest
from django.utils import timezone

from factories.users import a_user
from huzhu.cli.main import main
from huzhu.users.models import FirstStartCode
from huzhu.users.opening import use_code

pytestmark = pytest.mark.django_db


def test_a_site_with_anybody_gets_no_code(capsys):
    a_user()
    assert main(["setup-code"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "只能开一次" in told.err
    assert not FirstStartCode.objects.exists()


def test_a_blank_site_gets_a_code_alone_on_standard_output(capsys):
    assert main(["setup-code"]) == 0
    told = capsys.readouterr()
    assert "/start/" in told.err
    use_code(code=told.out.strip(), at=timezone.now())
    assert not FirstStartCode.objects.exists()
