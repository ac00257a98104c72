"""A program of its own: reads each Parquet file that it is told to its end.

A line of standard input is a path, as JSON. The answer is a line of JSON: what is wrong, or null; and whether polars
panicked, after which it may not recover.
"""

import json
import sys

import polars as pl


def main() -> None:
    for line in sys.stdin:
        wrong: BaseException | None = None
        try:
            table = pl.scan_parquet(json.loads(line), glob=False)
            table.select(pl.len()).collect()
            for _ in table.collect_batches(chunk_size=1 << 16, maintain_order=True, lazy=True):
                pass
        except BaseException as error:
            wrong = error
        panicked = not isinstance(wrong, Exception | None)
        print(json.dumps([wrong and str(wrong).partition("\n")[0], panicked]), flush=True)


if __name__ == "__main__":
    main()
