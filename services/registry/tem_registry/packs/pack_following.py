"""Packs made beside the orders: in a thread of its own, so that neither waits for the other."""

import threading
from collections.abc import Callable

from tem.logs import log
from tem_registry.packs.making import Maker

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 5.0  # after what went wrong


def start(maker: Maker) -> Callable[[], None]:
    """Make packs in the background until the function given is called."""
    stopping = threading.Event()
    arguments = (maker, stopping)
    threading.Thread(target=_follow, args=arguments, name="packs", daemon=True).start()
    return stopping.set


def _follow(maker: Maker, stopping: threading.Event) -> None:
    told, wait = "", LOOK_SECONDS
    while not stopping.wait(wait):
        try:
            maker.if_due()
            told, wait = "", LOOK_SECONDS
        # A server that starts anew, a trust list half copied, a pack that a till would refuse:
        # the next try may succeed, and nobody else makes packs meanwhile.
        except Exception as error:
            wait = AGAIN_SECONDS
            if type(error).__name__ != told:
                told = type(error).__name__
                log.error("alarm", alarm="pack_not_made", error=told)
    maker.close()
