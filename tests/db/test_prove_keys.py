from datetime import UTC, datetime

import pytest
from django.db import connection

from huzhu.core.ciphers import BadKeyring
from huzhu.db import keys, services
from huzhu.db.models import KeyProof
from huzhu.db.services import SENTENCE, WrongKey, prove_keys

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_key")]
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def proofs():
    return list(KeyProof.objects.order_by("version").values_list("version", "token", "proved_at"))


def test_the_first_start_leaves_a_proof_that_opens_only_with_its_key():
    prove_keys(at=NOON)
    [(version, token, proved_at)] = proofs()
    assert (version, proved_at) == (1, NOON)
    assert SENTENCE not in token
    assert keys.cipher().open(token, bound_to=("db_keyproof", "token", "1")) == SENTENCE


def test_the_second_start_changes_nothing(django_assert_num_queries):
    prove_keys(at=NOON)
    before = proofs()
    with django_assert_num_queries(3):  # savepoint, one look, release
        prove_keys(at=NOON.replace(year=2027))
    assert proofs() == before


def test_a_new_key_is_proved_beside_the_old_one(rotated):
    prove_keys(at=NOON)
    before = proofs()
    rotated()
    prove_keys(at=NOON)
    assert proofs()[0] == before[0]
    assert proofs()[1][1].startswith("h1.AES-GCM.2.")


def test_a_first_start_with_two_keys_proves_each_with_itself(rotated):
    rotated()
    prove_keys(at=NOON)
    assert [token[:13] for _, token, _ in proofs()] == ["h1.AES-GCM.1.", "h1.AES-GCM.2."]


def test_the_wrong_key_stops_the_start_and_touches_nothing(wrong_key):
    prove_keys(at=NOON)
    before = proofs()
    wrong_key()
    with pytest.raises(WrongKey, match=r"另外的密钥写的.*没有改动任何数据.*原来的 HUZHU_KEYS 放回去"):
        prove_keys(at=NOON)
    assert proofs() == before


def test_a_dropped_key_stops_the_start_though_a_newer_one_is_there(only_second_key):
    prove_keys(at=NOON)
    before = proofs()
    only_second_key()
    with pytest.raises(WrongKey, match="请保留第 1 版"):
        prove_keys(at=NOON)
    assert proofs() == before


def test_another_algorithm_is_no_other_key(settings):
    prove_keys(at=NOON)
    settings.HUZHU_CIPHER = "SM4-GCM"
    prove_keys(at=NOON)
    assert KeyProof.objects.count() == 1


def test_a_proof_copied_to_another_version_proves_nothing(rotated):
    prove_keys(at=NOON)
    rotated()
    KeyProof.objects.create(version=2, token=KeyProof.objects.get(version=1).token, proved_at=NOON)
    with pytest.raises(WrongKey):
        prove_keys(at=NOON)


def test_the_slower_of_two_first_starts_with_different_keys_is_stopped(monkeypatch, wrong_key, settings):
    mine = settings.HUZHU_KEYS
    look = services._opened

    def look_too_early(cipher):
        """Between this process's look and its writing, the other one, with another key, is faster."""
        found = look(cipher)
        monkeypatch.setattr(services, "_opened", look)
        wrong_key()
        prove_keys(at=NOON)
        settings.HUZHU_KEYS = mine
        return found

    monkeypatch.setattr(services, "_opened", look_too_early)
    with pytest.raises(WrongKey):
        prove_keys(at=NOON)


def test_a_ring_that_cannot_be_read_stops_the_start(settings):
    settings.HUZHU_KEYS = "1:c2hvcnQ="
    with pytest.raises(BadKeyring):
        prove_keys(at=NOON)
    assert proofs() == []


def test_the_sentence_is_nowhere_in_the_raw_table():
    prove_keys(at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM db_keyproof")
        assert SENTENCE not in str(cursor.fetchall())
