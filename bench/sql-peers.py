"""What other movers need for one table of a database; prints what it cost.

Arguments: the mover, the database's url, the table and a folder for what it writes.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

mover, url, table, folder = sys.argv[1:5]
out = Path(folder)
scheme = url.split(":", 1)[0]
bare = url.split("://", 1)[1]
schema, name = table.split(".")


def connectorx() -> None:
    import connectorx
    import pyarrow.parquet

    rows = connectorx.read_sql(url, f"SELECT * FROM {table}", return_type="arrow")
    pyarrow.parquet.write_table(rows, out / "rows.parquet", compression="zstd")


def with_dlt(destination: object, **options: object) -> None:
    import dlt
    from dlt.sources.sql_database import sql_table

    driver = {"mysql": "mysql+pymysql", "postgres": "postgresql+psycopg2"}[scheme]
    # Of connectorx's own url dlt makes one itself.
    rows = sql_table(f"{driver}://{bare}", table=name, schema=schema, backend="connectorx", reflection_level="full")
    rows.apply_hints(**options)
    pipeline = dlt.pipeline("bench", pipelines_dir=str(out / "state"), destination=destination, dataset_name="bench")
    pipeline.run(rows, loader_file_format="parquet")


def dlt_parquet() -> None:
    import dlt

    with_dlt(dlt.destinations.filesystem(bucket_url=f"file://{out}/rows"))


def dlt_duckdb() -> None:
    import dlt

    with_dlt(
        dlt.destinations.duckdb(str(out / "target.duckdb")),
        write_disposition="merge",
        primary_key=["l_orderkey", "l_linenumber"],
    )


def ingestr() -> None:
    source = f"mysql+pymysql://{bare}" if scheme == "mysql" else f"postgresql://{bare}"
    target = f"duckdb:///{out}/target.duckdb"
    command = ["ingest", "--source-uri", source, "--source-table", table, "--dest-uri", target, "--dest-table", "bench.lineitem", "--yes"]
    subprocess.run([Path(sys.executable).with_name("ingestr"), *command], check=True, stdout=subprocess.DEVNULL)


def sling() -> None:
    """To CSV: for Parquet it would fetch DuckDB from the network."""
    import sling_linux_amd64

    program = Path(sling_linux_amd64.__file__).parent / "bin/sling-linux-amd64"
    program.chmod(0o755)
    env = {**os.environ, "SOURCE": url, "SLING_HOME_DIR": str(out / "sling")}
    command = ["run", "--src-conn", "SOURCE", "--src-stream", table, "--tgt-object", f"file://{out}/rows.csv"]
    subprocess.run([program, *command], check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DISABLE_TELEMETRY"] = "true"
movers = {"connectorx": connectorx, "dlt-parquet": dlt_parquet, "dlt-duckdb": dlt_duckdb, "ingestr": ingestr, "sling": sling}
begun = time.perf_counter()
movers[mover]()
wall = time.perf_counter() - begun
usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cost = {
    "wallMs": wall * 1000,
    "cpuMs": sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1000,
    "rssMb": max(usage.ru_maxrss for usage in usages) / 1024,
}
print(json.dumps(cost))
