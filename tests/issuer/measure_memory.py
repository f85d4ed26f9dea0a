"""Sign and stream batches of the sizes given, and print the peak memory after each, as JSON."""

import json
import os
import resource
import sys

from tem.clock import system_clock
from tem.databases.database import reading, writing
from tem.installation import Installation
from tem_issuer import issuance, prints, settings, signing_run, storage
from tem_issuer.store import open_store


def measure(data: str, quantity: int) -> None:
    config = settings.read(os.environ, Installation.at(data))
    engine = open_store(config)
    with writing(engine) as connection:
        number = issuance.reserve(
            connection,
            config,
            system_clock(),
            "test",
            product_id="p",
            producer_id="q",
            quantity=quantity,
        ).number
    signing_run.run(engine, config, system_clock, number, processes=2)
    with reading(engine) as connection:
        batch = storage.find_batch(connection, number)
    assert batch is not None
    with prints.open_codes(config, batch) as reader:
        rows = sum(piece.count("\r\n") for piece in prints.csv_pieces(reader, batch))
    peaks = {
        "own_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "helpers_kib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    }
    print(json.dumps({"rows": rows, **peaks}))
    engine.dispose()


if __name__ == "__main__":
    for size in sys.argv[2:]:
        measure(sys.argv[1], int(size))
