"""What dlt needs to read the same API into Parquet files; prints what it cost. Arguments: the address and a folder."""

import json
import resource
import sys
import time

import dlt
from dlt.sources.rest_api import rest_api_source

base_url, folder = sys.argv[1:3]
paginator = {"type": "page_number", "base_page": 1, "page_param": "page", "total_path": None}
endpoint = {"path": "", "data_selector": "data.products", "paginator": paginator}
source = rest_api_source({"client": {"base_url": base_url}, "resources": [{"name": "products", "endpoint": endpoint}]})
pipeline = dlt.pipeline(
    pipeline_name="bench",
    pipelines_dir=f"{folder}/state",
    destination=dlt.destinations.filesystem(bucket_url=f"file://{folder}/out"),
    dataset_name="bench",
)
begun, cpu = time.perf_counter(), time.process_time()
pipeline.run(source, loader_file_format="parquet")
cost = {
    "wallMs": (time.perf_counter() - begun) * 1000,
    "cpuMs": (time.process_time() - cpu) * 1000,
    "rssMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print(json.dumps(cost))
