"""compare.py A B: how far two loss.csv (largest relative difference of each column) or two .safetensors files
(relative L2 of each tensor, B being the reference) are apart. Exit status 1 when they do not have the same shape."""
from reference import read_safetensors, relative_l2

import csv
import sys

import numpy as np


def read_csv(path):
    with open(path, encoding="ascii") as f:
        rows = list(csv.reader(f))
    return rows[0], np.array(rows[1:], dtype=float)


def compare_csv(a, b):
    (header_a, values_a), (header_b, values_b) = read_csv(a), read_csv(b)
    if header_a != header_b or values_a.shape != values_b.shape:
        raise SystemExit("compare.py: the tables differ in columns or rows: %s %s, %s %s" % (
            header_a, values_a.shape, header_b, values_b.shape))
    for i, name in enumerate(header_a):
        difference = np.abs(values_a[:, i] - values_b[:, i])
        scale = np.maximum(np.abs(values_b[:, i]), np.finfo(float).tiny)        # 0 against 0 is no difference
        print("%-24s %.3e" % (name, (difference / scale).max()))


def compare_tensors(a, b):
    got, want = read_safetensors(a), read_safetensors(b)
    if set(got) != set(want):
        raise SystemExit("compare.py: only one of the files has %s" % ", ".join(sorted(set(got) ^ set(want))))
    for name in want:
        print("%-32s %.3e" % (name, relative_l2(got[name], want[name])))
    everything = [np.concatenate([t[name].reshape(-1) for name in want]) for t in (got, want)]
    print("%-32s %.3e" % ("all", relative_l2(*everything)))


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    (compare_csv if sys.argv[1].endswith(".csv") else compare_tensors)(*sys.argv[1:])


main()
