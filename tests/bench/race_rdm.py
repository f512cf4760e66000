"""realnet beside NumPy on this machine: the dissimilarity matrix 1 - r of 200 images x 200,704 features (V1's outputs).

    /usr/bin/python3 tests/bench/race_rdm.py [--threads 2] [--rounds 5]

Timed whole, the same work for both: read X.npy (float32, 160 MB, in the file cache), correlate in float64, write R.npy
(float64). realnet is `./realnet rdm` as a process; NumPy's time is inside a process of its own, without the start of
Python and the import of NumPy, and its corrcoef alone is told too. NumPy runs with the BLAS that the system gives it
and, where it is at hand (README.md says how to get it), with OpenBLAS. The racers take turns; medians over the rounds,
and the medians of each round's ratio, are printed. Both matrices must agree.
"""
import argparse
import glob
import json
import os
import platform
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REALNET = os.path.join(ROOT, "realnet")
FOLDER = os.path.join(ROOT, "build", "bench")
X, OURS, THEIRS = (os.path.join(FOLDER, name) for name in ("rdm_x.npy", "rdm_realnet.npy", "rdm_numpy.npy"))
IMAGES, FEATURES, TOLERANCE = 200, 200704, 1e-10


# ---- NumPy's half, run in a process of its own ---------------------------------------------------------------------

def blas_in_use():
    """The BLAS that this process has loaded: OpenBLAS, or the file's name (Debian's libblas is the reference BLAS)."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as f:
        names = sorted({os.path.basename(line.split()[-1]) for line in f if "blas" in line})
    return "OpenBLAS" if any("openblas" in name for name in names) else ", ".join(names) or "unknown BLAS"


def numpy_times():
    import numpy as np
    began = time.perf_counter()
    x = np.load(X).astype(np.float64)
    loaded = time.perf_counter()
    rdm = 1 - np.corrcoef(x)
    computed = time.perf_counter()
    np.save(THEIRS, rdm)
    ended = time.perf_counter()
    return {"whole": ended - began, "corrcoef": computed - loaded, "blas": blas_in_use()}


# ---- the race ------------------------------------------------------------------------------------------------------

def machine():
    """The processor's name, where Linux tells it."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    except OSError:
        names = []
    return "%s, %d cores, load %.2f" % (names[0] if names else platform.machine(), os.cpu_count(), os.getloadavg()[0])


def openblas_folder():
    """Where a libblas.so.3 that is OpenBLAS lies, out of the system's way; None if nowhere."""
    found = glob.glob(os.path.join(ROOT, "build", "openblas", "**", "libblas.so.3"), recursive=True)
    return os.path.dirname(found[0]) if found else None


def numpy_run(threads, library_folder):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    if library_folder is not None:
        environment["LD_LIBRARY_PATH"] = library_folder
    command = [sys.executable, os.path.abspath(__file__), "--worker"]
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def realnet_seconds(threads):
    began = time.perf_counter()
    command = [REALNET, "rdm", "-q", X, "-o", OURS, "--threads", str(threads)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def largest_difference(np):
    return float(np.abs(np.load(OURS) - np.load(THEIRS)).max())


def race(threads, rounds, np):
    """Each round: seconds of realnet, and what numpy_times tells for each BLAS."""
    folders = [None] + ([openblas_folder()] if openblas_folder() else [])
    results = []
    for r in range(rounds + 1):                             # the first warms the file cache and is not counted
        ours, theirs = realnet_seconds(threads), [numpy_run(threads, folder) for folder in folders]
        if largest_difference(np) > TOLERANCE:
            sys.exit("race_rdm.py: realnet and NumPy disagree by %g" % largest_difference(np))
        if r > 0:
            results.append((ours, theirs))
    return results


def print_table(results):
    print("%-42s %12s %22s" % ("", "median, s", "its time / realnet's"))
    print("%-42s %12.4f" % ("realnet rdm, whole", statistics.median(ours for ours, _ in results)))
    for i, first in enumerate(results[0][1]):
        for key, name in (("whole", "load + corrcoef + save"), ("corrcoef", "corrcoef alone")):
            seconds = [theirs[i][key] for _, theirs in results]
            print("%-42s %12.4f" % (first["blas"] + ": " + name, statistics.median(seconds)), end="")
            ratio = statistics.median(theirs[i][key] / ours for ours, theirs in results)
            print("%23.3f" % ratio if key == "whole" else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="store_true", help="NumPy's half alone, as JSON")
    arguments = parser.parse_args()
    try:
        import numpy as np
    except ImportError:
        print("skipped: %s has no numpy (apt install python3-numpy, and use /usr/bin/python3)" % sys.executable)
        return
    if arguments.worker:
        print(json.dumps(numpy_times()))
        return
    if not os.path.exists(REALNET):
        sys.exit("race_rdm.py: %s is not there (make)" % REALNET)
    print("machine: %s; %d threads for all" % (machine(), arguments.threads))
    print("NumPy %s; %d images x %d features" % (np.__version__, IMAGES, FEATURES))
    os.makedirs(FOLDER, exist_ok=True)
    np.save(X, np.random.default_rng(1).standard_normal((IMAGES, FEATURES), dtype=np.float32))
    print_table(race(arguments.threads, arguments.rounds, np))


main()
