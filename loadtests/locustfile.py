"""Everybody at once, run by ``make load``: shoppers, retailers, producers and the office.

``locust --locustfile loadtests/locustfile.py`` needs ``TEM_LOAD`` (see ``locust_run.py``).
"""

from loadtests.locust_consumers import Consumer
from loadtests.locust_office import Office
from loadtests.locust_producers import Producer
from loadtests.locust_retailers import Retailer

__all__ = ["Consumer", "Office", "Producer", "Retailer"]
