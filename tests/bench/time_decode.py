"""The decoding RDM of 200 images, 80 trials, 17 channels, 20 time points with NeuroRA's settings: 3,980,000 fits, timed.

    /usr/bin/python3 tests/bench/time_decode.py [--threads 2] [--images 200]

Runs `./realnet decode` on two made-up data sets, whole, with reading and writing, and prints the time on the clock, the
processor time (the fairer one on a machine that others use too) and microseconds a fit. "white": unit-variance noise,
independent from sample to sample, so that a pseudo-trial (5 trials, 5 samples) has a standard deviation of 0.2. "slow":
noise that is the same through a window, so 0.45: the SVM then needs several times as many steps. The images differ by
0.3 standard deviations a channel.
"""
import argparse
import os
import resource
import subprocess
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRIALS, CHANNELS, POINTS, WINDOW, REPEATS, FOLDS = 80, 17, 20, 5, 2, 5


def responses(path, images, slow):
    random = np.random.default_rng(1)
    x = np.lib.format.open_memmap(path, "w+", "<f4", (images, TRIALS, CHANNELS, POINTS * WINDOW))
    for image in x:
        noise = random.standard_normal((TRIALS, CHANNELS, POINTS if slow else POINTS * WINDOW), np.float32)
        image[:] = np.repeat(noise, WINDOW, 2) if slow else noise
        image += 0.3 * random.standard_normal((1, CHANNELS, 1), np.float32)
    x.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=200)
    args = parser.parse_args()
    fits = args.images * (args.images - 1) // 2 * POINTS * REPEATS * FOLDS
    with tempfile.TemporaryDirectory() as folder:
        path, out = os.path.join(folder, "e.npy"), os.path.join(folder, "r.npy")
        for name, slow in (("white", False), ("slow", True)):
            responses(path, args.images, slow)
            for classifier in ("svm", "lda"):
                before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
                subprocess.check_call([os.path.join(ROOT, "realnet"), "decode", path, "-o", out, "--threads", str(args.threads), "--quiet",
                                       "--classifier", classifier], stdout=subprocess.DEVNULL)
                clock, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
                used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                print("%s, %s: %d fits, %d threads: %.1f s on the clock, %.1f s of processor time, %.2f us a fit; mean accuracy %.4f" %
                      (name, classifier, fits, args.threads, clock, used, 1e6 * used / fits, np.load(out)[:, ~np.eye(args.images, dtype=bool)].mean()),
                      flush=True)


if __name__ == "__main__":
    main()
