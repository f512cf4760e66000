"""realnet beside scikit-learn on this machine: principal components of 1,200 x 10,000, 1,024 of them (a person's fMRI responses).

    /usr/bin/python3 tests/bench/race_sklearn.py [--threads 2] [--rounds 3]

Timed whole, the same work for both: read X.npy (float64, 96 MB, in the file cache), find the components, write mean, components,
variances and scores. realnet is `./realnet pca` as a process; scikit-learn's time (PCA, full solver, fit_transform) is inside a
process of its own, without the start of Python and the imports, and its fit alone is told too. scikit-learn runs with the LAPACK that
the system gives it and, where it is at hand (README.md says how to get it), with OpenBLAS. The racers take turns; medians are printed.
Each variance must agree within 1e-6, relative, and the scores must reproduce X as closely.
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
X, OURS, THEIRS = (os.path.join(FOLDER, name) for name in ("pca_x.npy", "pca_realnet", "pca_sklearn"))
ITEMS, FEATURES, COMPONENTS, TOLERANCE = 1200, 10000, 1024, 1e-6


# ---- scikit-learn's half, run in a process of its own ----------------------------------------------------------------

def sklearn_times():
    import numpy as np
    from sklearn.decomposition import PCA
    began = time.perf_counter()
    x = np.load(X)
    loaded = time.perf_counter()
    pca = PCA(COMPONENTS, svd_solver="full")
    scores = pca.fit_transform(x)
    fitted = time.perf_counter()
    os.makedirs(THEIRS, exist_ok=True)
    for name, value in (("mean", pca.mean_), ("components", pca.components_), ("scores", scores),
                        ("explained_variance", pca.explained_variance_)):
        np.save(os.path.join(THEIRS, name + ".npy"), value)
    ended = time.perf_counter()
    with open("/proc/self/maps", encoding="ascii", errors="replace") as f:
        openblas = "openblas" in f.read()
    return {"whole": ended - began, "fit": fitted - loaded, "lapack": "OpenBLAS" if openblas else "system's LAPACK"}


# ---- the race --------------------------------------------------------------------------------------------------------

def machine():
    """The processor's name, where Linux tells it."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    except OSError:
        names = []
    return "%s, %d cores, load %.2f" % (names[0] if names else platform.machine(), os.cpu_count(), os.getloadavg()[0])


def openblas_folders():
    """Where libblas.so.3 and liblapack.so.3 that are OpenBLAS lie, out of the system's way; [None] first: the system's own."""
    found = glob.glob(os.path.join(ROOT, "build", "openblas", "**", "liblapack.so.3"), recursive=True)
    return [None] + [os.path.dirname(path) for path in found[:1]]


def sklearn_run(threads, library_folder):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    if library_folder is not None:
        environment["LD_LIBRARY_PATH"] = library_folder
    command = [sys.executable, os.path.abspath(__file__), "--worker"]
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def realnet_seconds(threads):
    began = time.perf_counter()
    command = [REALNET, "pca", "-q", X, "-k", str(COMPONENTS), "-o", OURS, "--threads", str(threads)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def compare(np):
    """The largest relative difference of a variance, and how far each one's scores are from reproducing X (relative L2)."""
    x = np.load(X)
    variance, residual = [], []
    for folder in (OURS, THEIRS):
        read = {name: np.load(os.path.join(folder, name + ".npy"))
                for name in ("mean", "components", "scores", "explained_variance")}
        back = read["scores"] @ read["components"] + read["mean"]
        residual.append(float(np.linalg.norm(x - back) / np.linalg.norm(x)))
        variance.append(read["explained_variance"])
    return float(np.abs(variance[0] / variance[1] - 1).max()), residual


def make_data(np):
    """Responses with a falling spectrum: 100 shared directions, and noise in all."""
    random = np.random.default_rng(1)
    shared = random.standard_normal((ITEMS, 100)) * np.logspace(1, -1, 100)
    np.save(X, shared @ random.standard_normal((100, FEATURES)) + random.standard_normal((ITEMS, FEATURES)) + 5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help="scikit-learn's half alone, as JSON")
    arguments = parser.parse_args()
    try:
        import numpy as np
        import sklearn
    except ImportError:
        print("skipped: %s has no scikit-learn (apt install python3-sklearn, and use /usr/bin/python3)" % sys.executable)
        return
    if arguments.worker:
        print(json.dumps(sklearn_times()))
        return
    if not os.path.exists(REALNET):
        sys.exit("race_sklearn.py: %s is not there (make)" % REALNET)
    print("machine: %s; %d threads for all" % (machine(), arguments.threads))
    print("scikit-learn %s; %d x %d, %d components" % (sklearn.__version__, ITEMS, FEATURES, COMPONENTS))
    os.makedirs(FOLDER, exist_ok=True)
    make_data(np)
    ours, theirs = [], {}
    for _ in range(arguments.rounds):
        ours.append(realnet_seconds(arguments.threads))
        for folder in openblas_folders():
            times = sklearn_run(arguments.threads, folder)
            for part in ("whole", "fit"):
                theirs.setdefault("%s: %s" % (times["lapack"], part), []).append(times[part])
    variance, residual = compare(np)
    print("largest relative difference of a variance %.2g; scores reproduce X to %.15g (realnet), %.15g (scikit-learn)"
          % (variance, residual[0], residual[1]))
    print("%-36s %10s %22s" % ("", "median, s", "realnet's / its time"))
    print("%-36s %10.2f" % ("realnet pca, whole", statistics.median(ours)))
    for name, seconds in theirs.items():
        print("%-36s %10.2f %22.2f" % (name, statistics.median(seconds), statistics.median(o / s for o, s in zip(ours, seconds))))
    if variance > TOLERANCE or abs(residual[0] / residual[1] - 1) > TOLERANCE:
        sys.exit("race_sklearn.py: realnet and scikit-learn disagree")


main()
