"""Answers each line of input, the path of a Parquet file, with its cells and statistics as pyarrow reads them."""

import json
import struct
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def cell_text(value, kind):
    if value is None:
        return None
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if pa.types.is_float32(kind):
        return struct.pack(">f", value).hex()
    if pa.types.is_float64(kind):
        return struct.pack(">d", value).hex()
    if pa.types.is_binary(kind):
        return value.hex()
    if pa.types.is_decimal(kind):
        return format(value, "f")
    return str(value)


def column_texts(column):
    kind = column.type
    if pa.types.is_date32(kind):
        column = column.cast(pa.int32())
    elif pa.types.is_time64(kind) or pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    elif isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
    return [cell_text(value, column.type) for value in column.to_pylist()]


def bound(value):
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    return value.hex() if isinstance(value, bytes) else str(value)


def statistics(chunk):
    known = chunk.statistics
    if known is None:
        return None
    try:
        bounds = [bound(known.min), bound(known.max)] if known.has_min_max else None
    except OverflowError:
        bounds = ["beyond Python's calendar"] * 2
    return {"nulls": known.null_count, "bounds": bounds}


def answer(path):
    file = pq.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    table.validate(full=True)
    groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
    return {
        "types": [str(field.type) for field in table.schema],
        "columns": [column_texts(column) for column in table.columns],
        "groupRows": [group.num_rows for group in groups],
        "statistics": [[statistics(group.column(index)) for index in range(group.num_columns)] for group in groups],
    }


for line in sys.stdin:
    print(json.dumps(answer(line.rstrip("\n"))), flush=True)
