"""What `realnet prepare` must make of small recordings, by NumPy in float64. See README.md, prepare_*."""
import os

from reference import save

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def write_lines(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


def fmri(random):
    images = ["b.png", "a.png", "d.png", "c.png"]
    shown = np.array([0, 1, 0, 2, 3, 1, 0, 2, 3, 3, 0])             # 4, 2, 2 and 3 trials
    trials = (random.randn(len(shown), 9) * 3 + 50).astype("<f2")
    trials[5, 4] = np.nan                                           # in neither region
    masks = np.zeros((2, 9), bool)
    masks[0, [0, 2, 3]] = masks[1, [3, 7, 8]] = True
    save("prepare_trials.npy", trials, "<f2")
    write_lines("prepare_labels.txt", ["# one a trial"] + [images[i] for i in shown])
    write_lines("prepare_order.txt", sorted(images))
    for m in range(2):
        save("prepare_mask%d.npy" % m, masks[m], "|b1")
    mean = np.array([trials[shown == i].astype(float).mean(0) for i in range(4)])
    z = (mean - mean.mean(0)) / mean.std(0)
    alphabetic = [1, 0, 3, 2]
    save("prepare_first.npy", mean[:, masks[0]], "<f8")             # in order of first appearance
    save("prepare_union.npy", z[alphabetic][:, masks[0] | masks[1]], "<f8")


def eeg(random):
    train = (random.randn(6, 4, 5, 12) * 1e-5 + 2e-6).astype("<f4")
    test = random.randn(3, 7, 5, 12) * 1e-5
    save("prepare_eeg_train.npy", train, "<f4")
    save("prepare_eeg_test.npy", test, "<f8")
    write_lines("prepare_channels.txt", ["O1", "Oz", "O2", "Pz", "P3"])
    chosen, window = [4, 1, 2], slice(4, 9)                         # P3, Oz, O2; -40 ms on at 100 Hz: 0 <= t < 50
    flat = [x.astype(float)[:, :, chosen][..., window].mean(1).reshape(len(x), -1) for x in (train, test)]
    mean, sd = flat[0].mean(), flat[0].std()
    save("prepare_eeg_rows.npy", np.concatenate([(x - mean) / sd for x in flat]), "<f8")
    write_lines("prepare_nine.txt", [str(i) for i in range(9)])     # the rows as nine trials of nine images
    save("prepare_eeg_trials.npy", test[:, :, chosen], "<f8")


def main():
    random = np.random.RandomState(44)
    fmri(random)
    eeg(random)


main()
