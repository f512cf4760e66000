"""realnet beside NumPy and SciPy: squared partial Spearman of an RDM of 200 conditions with each of 49 dimensions.

    /usr/bin/python3 tests/bench/race_partial.py [--threads 2] [--rounds 5]

realnet is `./realnet partial` as a process, reading its two files and printing the table; the other's time is that of the
ranks, the correlation matrix and its inverse alone, without the start of Python. Medians over the rounds and the largest
difference of the two are printed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
from scipy import stats

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "build", "bench")
MODEL, DIMENSIONS = (os.path.join(FOLDER, name) for name in ("partial_model.npy", "partial_dimensions.npy"))


def theirs():
    began = time.perf_counter()
    model, f = np.load(MODEL), np.load(DIMENSIONS).astype(float)
    i, j = np.triu_indices(len(f), 1)
    vectors = [np.abs(column[i] - column[j]) for column in f.T] + [model[i, j]]
    inverse = np.linalg.inv(np.corrcoef([stats.rankdata(v) for v in vectors]))
    diagonal = np.sqrt(np.diag(inverse))
    partial = -(inverse / np.outer(diagonal, diagonal))[-1, :-1]
    return time.perf_counter() - began, partial


def ours(threads):
    began = time.perf_counter()
    command = [os.path.join(ROOT, "realnet"), "partial", "-m", "IT=" + MODEL, "-d", DIMENSIONS, "--json", "--threads", str(threads)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return time.perf_counter() - began, np.array([row["partial"] for row in told["partial"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(ROOT, "realnet")):
        sys.exit("race_partial.py: realnet is not there (make)")
    os.makedirs(FOLDER, exist_ok=True)
    random = np.random.default_rng(1)
    dimensions = random.gamma(0.5, 0.5, (200, 49)).astype("f4")
    np.save(DIMENSIONS, dimensions)
    np.save(MODEL, 1 - np.corrcoef(dimensions[:, :10] @ random.standard_normal((10, 64)) + random.standard_normal((200, 64))))
    rounds = [(ours(arguments.threads), theirs()) for _ in range(arguments.rounds)]
    print("load %.2f, %d threads" % (os.getloadavg()[0], arguments.threads))
    print("realnet partial, whole   %.4f s" % statistics.median(a[0] for a, _ in rounds))
    print("NumPy and SciPy          %.4f s" % statistics.median(b[0] for _, b in rounds))
    print("largest difference       %.3g" % max(np.abs(a[1] - b[1]).max() for a, b in rounds))


main()
