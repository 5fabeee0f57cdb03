"""Processes that end while somebody looks at them."""

import psutil


def runs(process: psutil.Process) -> bool:
    """One that has ended and was not yet collected does not, nor one that ends between two questions."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
