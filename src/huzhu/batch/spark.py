"""The generated SQL on Spark: the session of the environment, or local with as many threads as asked for."""

import os
from typing import Any

from huzhu.batch.dialect import SPARK
from huzhu.batch.engines import EngineMissing, Job
from huzhu.batch.files import text
from huzhu.batch.sql import query

_SCHEMA = "since BIGINT, until BIGINT, code STRING, value BIGINT"


def run(job: Job) -> str:
    """The statement that reads the answer's parquet."""
    facts, answer = job.scratch / "spark-facts.parquet", job.scratch / "spark-answer"
    job.con.execute(f"COPY (SELECT * FROM facts) TO {text(facts)} (FORMAT parquet)")
    session = _session(job)
    session.read.parquet(str(facts)).createOrReplaceTempView("facts")
    made = query(job.edition, SPARK, keep=job.keep)
    for table in made.tables:
        session.createDataFrame(list(table.rows), _SCHEMA).createOrReplaceTempView(table.name)
    session.sql(made.text).write.parquet(str(answer))
    return f"SELECT * FROM read_parquet({text(answer / '*.parquet')})"


def _session(job: Job) -> Any:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError:
        raise EngineMissing(
            "没有装 Spark → pip install 'huzhu[batch-spark]'，并装好 Java 17 或更新的版本"
        ) from None
    builder = SparkSession.builder.appName("huzhu").config("spark.sql.ansi.enabled", "true")
    builder = builder.config("spark.ui.enabled", "false")
    if "SPARK_MASTER" not in os.environ:
        builder = builder.master(f"local[{job.threads or '*'}]").config(
            "spark.driver.bindAddress", "127.0.0.1"
        )
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.sql.shuffle.partitions", "8")
    else:
        builder = builder.master(os.environ["SPARK_MASTER"])
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
