"""PyTorch's CPU generator: words, uniforms, normals, permutations, the DataLoader's order. See README.md, rng_*."""
from reference import PRESETS, draw_head, save

import numpy as np
import torch
from torch.utils.data import DataLoader

SEEDS = (0, 5, 2024, 2**32 - 1, 2**32 + 7)
PERMUTED = (1, 2, 10, 100)
EPOCHS, ITEMS, TEST_ITEMS, BATCH = 3, 48, 16, 16


def after_seed(draw):
    """draw() after each seed, stacked."""
    rows = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        rows.append(np.asarray(draw()))
    return np.stack(rows)


def words():
    """random_ below 2^32-1 returns the word modulo 2^32-1: the word itself, unless it is 2^32-1."""
    return torch.empty(10, dtype=torch.int64).random_(0, 2**32 - 1)


def check_words(drawn):
    """NumPy's own MT19937 must agree, so that the modulo above cannot have changed a word."""
    for seed, row in zip(SEEDS, drawn):
        assert (np.random.RandomState(seed % 2**32).randint(0, 2**32, 10, dtype=np.uint32) == row).all()


def permutations():
    """One after another from the same stream, so that the words each one uses up count too."""
    return torch.cat([torch.randperm(n) for n in PERMUTED])


def loader_order(with_test):
    """Training indices of every epoch, the head of cornet-tiny with 64 outputs having been drawn from the generator."""
    torch.manual_seed(5)
    draw_head(PRESETS["cornet-tiny"]._replace(outputs=64))
    train = DataLoader(range(ITEMS), batch_size=BATCH, shuffle=True)
    test = DataLoader(range(TEST_ITEMS), batch_size=BATCH, shuffle=False)
    epochs = []
    for _ in range(EPOCHS):
        epochs.append(torch.cat(list(train)).numpy())
        if with_test:
            list(test)
    return np.stack(epochs)


def main():
    save("rng_seeds.npy", SEEDS, "<i8")
    drawn = after_seed(words)
    check_words(drawn)
    save("rng_words.npy", drawn, "<u4")
    save("rng_random64.npy", after_seed(lambda: torch.empty(5, dtype=torch.int64).random_()), "<i8")
    save("rng_uniform.npy", after_seed(lambda: torch.empty(20).uniform_(-0.3, 0.7)), "<f4")
    for n in (16, 20, 100):
        save("rng_normal_%d.npy" % n, after_seed(lambda: torch.empty(n).normal_(0, 0.05)), "<f4")
    save("rng_permutations.npy", after_seed(permutations), "<i4")
    save("rng_order.npy", np.stack([loader_order(False), loader_order(True)]), "<i4")


main()
