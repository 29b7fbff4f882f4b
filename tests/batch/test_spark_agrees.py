"""Spark for real, on two local threads; runs with --long where the extra is installed."""

from collections.abc import Iterator
from random import Random

import pytest

from batch.agreeing import answer, differences
from batch.random_claims import Claims, write
from batch.random_schemes import scheme
from batch.test_engines_agree import SHELF
from rules.builders import read
from rules.every_node import EVERY_NODE

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]
sql = pytest.importorskip("pyspark.sql", reason="Spark is an extra: pip install 'huzhu[batch-spark]'")


@pytest.fixture(scope="module", autouse=True)
def one_session() -> Iterator[None]:
    yield
    if session := sql.SparkSession.getActiveSession():
        session.stop()


SCHEMES = {
    **SHELF,
    "every step": read(EVERY_NODE),
    **{f"at random {seed}": scheme(seed)[1] for seed in range(10)},
}


@pytest.mark.parametrize("name", SCHEMES)
def test_spark_pays_every_claim_as_python_does(name, tmp_path):
    edition = SCHEMES[name]
    table = write(Claims(edition, Random(name)).rows(members=40, most=9), tmp_path / "claims.csv")
    assert differences(answer(edition, table, "python"), answer(edition, table, "spark")) == []
