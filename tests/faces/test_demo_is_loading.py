"""While ./run loads the demo beside the running server, nobody can sign in yet, and the page says so."""

import pytest
from django.test import Client

from huzhu.users.models import SignInTries

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/desk/sign-in/", "/my/sign-in/"])
def test_signing_in_waits_for_the_demo_and_writes_nothing(settings, address):
    settings.HUZHU_DEMO = True
    typed = {
        "username": "zhao",
        "password": "x" * 10,
        "id_number": "990000197001010017",
        "phone": "14000000000",
    }
    for answer in (Client().get(address), Client().post(address, typed)):
        assert answer.status_code in {422, 503}
        assert "演示数据正在装入" in answer.content.decode()
    assert not SignInTries.objects.exists()


def test_a_site_without_the_demo_asks_for_the_password_at_once():
    answer = Client().get("/desk/sign-in/")
    assert answer.status_code == 200
    assert "正在装入" not in answer.content.decode()
