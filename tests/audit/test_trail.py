"""What is written to the trail, when, and what never is."""

import pytest
from django.db import transaction

from factories.audit import NOON, an_event
from factories.organisations import an_employer
from factories.users import a_role
from huzhu.audit import queries, services
from huzhu.audit.models import Event
from huzhu.audit.services import SYSTEM, RecordedApart, record
from huzhu.core.hashing import NotCanonical
from huzhu.organisations.models import Organisation
from huzhu.users.models import SignInTries

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_change_cannot_be_recorded_apart_from_its_transaction():
    employer = an_employer()
    with pytest.raises(RecordedApart, match="不在变更的事务里"):
        record(by=SYSTEM, verb="organisations.rename", on=employer, at=NOON)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_look_needs_no_transaction():
    record(by=SYSTEM, verb="members.see", on=an_employer(), at=NOON, kind="read")
    assert Event.objects.get().kind == "read"


@pytest.mark.django_db(transaction=True)
def test_a_change_and_its_event_stand_and_fall_together():
    employer = an_employer(name="旧名")

    def rename(*, fails: bool) -> None:
        with transaction.atomic():
            Organisation.objects.filter(pk=employer.pk).update(name="新名")
            record(by=SYSTEM, verb="organisations.rename", on=employer, at=NOON)
            if fails:
                raise ConnectionError

    with pytest.raises(ConnectionError):
        rename(fails=True)
    employer.refresh_from_db()
    assert (employer.name, Event.objects.count()) == ("旧名", 0)
    rename(fails=False)
    employer.refresh_from_db()
    assert (employer.name, Event.objects.count()) == ("新名", 1)


def test_an_event_says_who_did_what_to_whom_and_when():
    by, employer = a_role("county_clerk"), an_employer(name="美溪林业局公司")
    record(by=by, verb="contributions.split", on=employer, at=NOON, detail={"basis_points": 7500})
    event = Event.objects.latest("pk")
    assert (event.at, event.kind, event.verb) == (NOON, "change", "contributions.split")
    assert (event.actor_id, event.actor_name) == (f"user:{by.user_id}", "孙县工会（县区工会经办）")
    assert event.object_type == "organisations.organisation"
    assert (event.object_id, event.object_name) == (str(employer.pk), "美溪林业局公司")
    assert event.detail == {"basis_points": 7500}


def test_a_thing_without_a_name_of_its_own_is_called_by_its_kind():
    assert an_event(SignInTries(username="sun", last_at=NOON)).object_name == "登录失败 sun"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("核对 230703198001011234 本人", "核对 230703********1234 本人"),
        ("230703 198001011234", "230703 198001011234"),
        ("23070319800101123X", "230703********123X"),
        ("电话13904581234。", "电话139****1234。"),
        ("卡 6228480402564890018", "卡 622848*********0018"),
        ("流水 20220715000012345678", "流水 20220715000012345678"),
        ("d" * 20 + "230703198001011234" + "a" * 26, "d" * 20 + "230703198001011234" + "a" * 26),
    ],
)
def test_numbers_of_persons_never_enter_the_trail_though_a_reason_holds_them(typed, kept):
    detail = {"reason": typed, "more": [{"again": typed}], "fen": 13904581234}
    event = an_event(an_employer(name=typed), **detail)
    event.refresh_from_db()
    assert event.detail == {"reason": kept, "more": [{"again": kept}], "fen": 13904581234}
    assert event.object_name == kept


def test_what_has_no_single_spelling_is_refused():
    with pytest.raises(NotCanonical):
        an_event(an_employer(), amount=0.5)
    with pytest.raises(ValueError, match="peek"):
        record(by=SYSTEM, verb="x", on=an_employer(), at=NOON, kind="peek")


def test_long_names_are_cut_and_not_refused():
    actor = services.System()
    actor.actor_name = "名" * 200
    record(by=actor, verb="x", on=SignInTries(username="sun"), at=NOON)
    assert len(Event.objects.latest("pk").actor_name) == 80


def test_the_trail_of_an_object_is_its_own_and_in_order():
    mine, yours = an_employer(), an_employer()
    for one, verb in ((mine, "first"), (yours, "other"), (mine, "second")):
        an_event(one, verb=verb)
    assert [event.verb for event in queries.trail_of(mine)] == ["first", "second"]
    both = queries.events_on("organisations.organisation", [mine.pk, yours.pk])
    assert [event.verb for event in both] == ["first", "other", "second"]
