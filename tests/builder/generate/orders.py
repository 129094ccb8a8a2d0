"""The shipped records, and orders of candidates like some of them."""

from builder.generate.plan import Order, topics_of
from builder.shipped import RECORDS
from builder.source.read import read_folder

RECORDED = read_folder(RECORDS)[0]


def order(**changes: object) -> Order:
    made = Order(["definition"], False, "safe", 20, 0, topics_of(RECORDED, "safe"))
    return made._replace(**changes)  # type: ignore[arg-type]
