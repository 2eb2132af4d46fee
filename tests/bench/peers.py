"""Python's process pools, measured on request: a line with what to do comes in, a line with a figure goes out.

Rates are per second, round trips in microseconds. Two workers, all up before the clock starts."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

WORKERS = 2


def noop(n):
    return n


def futures():
    executor = ProcessPoolExecutor(WORKERS)
    list(executor.map(noop, range(1000)))
    return executor


def pool():
    pool = Pool(WORKERS)
    pool.map(noop, range(1000), 1)
    return pool


def rate(count, work):
    started = time.perf_counter()
    assert work() == count * (count - 1) // 2
    return count / (time.perf_counter() - started)


def trip(count, call):
    started = time.perf_counter()
    for n in range(count):
        assert call(n) == n
    return (time.perf_counter() - started) * 1e6 / count


def submit(count):
    with futures() as executor:
        return rate(count, lambda: sum(f.result() for f in [executor.submit(noop, n) for n in range(count)]))


def apply_async(count):
    with pool() as workers:
        return rate(count, lambda: sum(r.get() for r in [workers.apply_async(noop, (n,)) for n in range(count)]))


def futures_map(count, chunksize):
    with futures() as executor:
        return rate(count, lambda: sum(executor.map(noop, range(count), chunksize=chunksize)))


def pool_map(count, chunksize):
    with pool() as workers:
        return rate(count, lambda: sum(workers.map(noop, range(count), chunksize)))


def futures_trip(count):
    with futures() as executor:
        return trip(count, lambda n: executor.submit(noop, n).result())


def pool_trip(count):
    with pool() as workers:
        return trip(count, lambda n: workers.apply(noop, (n,)))


if __name__ == "__main__":
    for line in sys.stdin:
        what, *numbers = line.split()
        if what == "end":
            break
        print(globals()[what](*map(int, numbers)), flush=True)
