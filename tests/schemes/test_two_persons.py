"""An edition is published by two persons: one proposes, another confirms; what was read is what is published."""

import shutil
from datetime import UTC, datetime

import pytest

from factories.organisations import a_city
from factories.schemes import the_women_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.schemes import services
from huzhu.schemes.models import Proposal, SchemeEdition
from huzhu.schemes.queries import engine, proposals
from huzhu.schemes.services import CannotBePublished, ReasonMissing, SamePerson, SettledAlready
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
WOMEN = "yichun-women/2021"


@pytest.fixture
def feng() -> Role:
    return a_role("policy")


@pytest.fixture
def second() -> Role:
    return a_role("policy", name="韩政策")


def proposed(
    by: Role, name: str = WOMEN, variant: str | None = None, note: str = "依据办事处文件"
) -> Proposal:
    return services.propose(name=name, variant=variant, note=note, by=by, at=NOON)


def test_who_is_no_policy_staff_proposes_and_publishes_nothing(feng):
    proposal = proposed(feng)
    for code in set(Role.Code) - {Role.Code.POLICY}:
        by = a_role(code)
        with pytest.raises(NotAllowed):
            proposed(by)
        with pytest.raises(NotAllowed):
            services.confirm(proposal=proposal, by=by, at=NOON)
        with pytest.raises(NotAllowed):
            services.send_back(proposal=proposal, reason="不行", by=by, at=NOON)
        assert not proposals(by).exists()
    with pytest.raises(NotAllowed, match="对所有机构生效"):
        proposed(a_role("policy", a_city()))
    assert not SchemeEdition.objects.exists()


def test_the_author_never_confirms_not_even_in_another_role(feng):
    proposal = proposed(feng)
    again = a_role("policy", user=feng.user)
    for by in (feng, again):
        with pytest.raises(SamePerson):
            services.confirm(proposal=proposal, by=by, at=NOON)
        with pytest.raises(SamePerson):
            services.send_back(proposal=proposal, reason="再想想", by=by, at=NOON)
    assert not SchemeEdition.objects.exists()


def test_another_person_confirms_and_it_is_published(feng, second):
    proposal = proposed(feng)
    row = services.confirm(proposal=proposal, by=second, at=NOON)
    assert engine(row).identity == proposal.identity == row.identity
    proposal.refresh_from_db()
    assert (proposal.state, proposal.settled_by) == ("published", second)
    assert list(Event.objects.order_by("pk").values_list("verb", "actor_id")) == [
        ("schemes.propose", feng.actor_id),
        ("schemes.publish", second.actor_id),
    ]


def test_it_is_settled_once(feng, second):
    proposal = proposed(feng)
    services.confirm(proposal=proposal, by=second, at=NOON)
    for act in (
        lambda: services.confirm(proposal=proposal, by=second, at=NOON),
        lambda: services.send_back(proposal=proposal, reason="晚了", by=second, at=NOON),
        lambda: services.withdraw(proposal=proposal, by=feng, at=NOON),
    ):
        with pytest.raises(SettledAlready):
            act()


def test_sent_back_with_a_reason_it_can_be_proposed_again(feng, second):
    proposal = proposed(feng)
    with pytest.raises(ReasonMissing):
        services.send_back(proposal=proposal, reason=" ", by=second, at=NOON)
    services.send_back(proposal=proposal, reason="会费要核对", by=second, at=NOON)
    with pytest.raises(SamePerson, match="只有提出人"):
        services.withdraw(proposal=proposed(feng), by=second, at=NOON)
    assert [one.state for one in proposals(feng)] == ["waiting", "sent_back"]
    services.withdraw(proposal=proposals(feng).first(), by=feng, at=NOON)
    assert not SchemeEdition.objects.exists()


def test_what_is_published_or_waits_already_is_not_proposed(feng, second):
    proposed(feng)
    with pytest.raises(CannotBePublished, match="正等第二个人"):
        proposed(second)
    Proposal.objects.all().delete()
    the_women_scheme()
    with pytest.raises(CannotBePublished, match="已经公布了"):
        proposed(feng)


@pytest.mark.parametrize("name", ["nobody/2021", "yichun-women/1999", "../../etc/passwd", "common/cover"])
def test_what_is_not_on_the_shelf_is_not_proposed(feng, name):
    with pytest.raises(CannotBePublished):
        proposed(feng, name)
    with pytest.raises(CannotBePublished):
        proposed(feng, "yichun-120/2021", variant="Z")
    with pytest.raises(ReasonMissing, match="说明"):
        proposed(feng, note="")


@pytest.fixture
def own_shelf(settings, tmp_path):
    settings.HUZHU_SCHEMES = shutil.copytree(settings.HUZHU_SCHEMES, tmp_path / "schemes")
    return settings.HUZHU_SCHEMES / f"{WOMEN}.yaml"


def test_a_file_changed_after_it_was_proposed_is_not_published(own_shelf, feng, second):
    proposal = proposed(feng)
    own_shelf.write_text(own_shelf.read_text().replace("title:", "title: 改过的", 1))
    with pytest.raises(CannotBePublished, match="文件改过了"):
        services.confirm(proposal=proposal, by=second, at=NOON)
    assert Proposal.objects.get().state == "waiting"


def test_an_edition_whose_examples_fail_is_not_proposed(own_shelf, feng):
    for case in (own_shelf.parent / "cases").glob("*.yaml"):
        case.unlink()
    with pytest.raises(CannotBePublished, match="没有例题"):
        proposed(feng)


def test_an_edition_put_on_the_shelf_while_the_site_runs_is_read(own_shelf, feng, second):
    services.confirm(proposal=proposed(feng), by=second, at=NOON)
    text = own_shelf.read_text()
    own_shelf.write_text(text.replace("title:", "title: 新的", 1))
    row = services.confirm(proposal=proposed(feng), by=second, at=NOON)
    assert row.title.startswith("新的")
    assert engine(row).identity == row.identity
