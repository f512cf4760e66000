"""Kendall's tau-a, rho-a and partial Spearman correlations, from their definitions. See README.md, rsa_*."""
from itertools import permutations, product
from math import factorial

from reference import save

import numpy as np
from scipy import stats


def tau_a(x, y):
    """(concordant - discordant) / all pairs, by looking at every pair."""
    n = len(x)
    total = sum(float(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])) for i in range(n) for j in range(i))
    return total / (n * (n - 1) / 2)


def rho_a(x, y):
    """Schuett et al. 2023, with average ranks."""
    n = len(x)
    r, s = stats.rankdata(x), stats.rankdata(y)
    return 12.0 / (n ** 3 - n) * np.sum(r * s) - 3.0 * (n + 1) / (n - 1)


def broken_ties(x):
    """All rankings that breaking the ties of x allows."""
    ranks = stats.rankdata(x, "min")
    groups = [np.flatnonzero(ranks == value) for value in np.unique(ranks)]
    for orders in product(*(list(permutations(range(len(g)))) for g in groups)):
        out = np.empty(len(x))
        for group, order in zip(groups, orders):
            out[group] = ranks[group] + np.array(order)
        yield out


def expected_rho(x, y):
    """The mean of Spearman's rho over all ways to break the ties: what rho-a is meant to be."""
    return np.mean([np.corrcoef(r, s)[0, 1] for r in broken_ties(x) for s in broken_ties(y)])


def partial_spearman(model, dimensions):
    """Of the model's dissimilarities with each dimension's, the other dimensions held fixed, by the inverse matrix."""
    i, j = np.triu_indices(len(dimensions), 1)
    vectors = [np.abs(column[i] - column[j]) for column in dimensions.T] + [model[i, j]]
    inverse = np.linalg.inv(np.corrcoef([stats.rankdata(v) for v in vectors]))
    diagonal = np.sqrt(np.diag(inverse))
    return -(inverse / np.outer(diagonal, diagonal))[-1, :-1]


def partial_by_residuals(model, dimensions, k):
    """Number k of the same, as the correlation of what is left of both after regression on the others."""
    i, j = np.triu_indices(len(dimensions), 1)
    ranks = np.array([stats.rankdata(np.abs(column[i] - column[j])) for column in dimensions.T])
    others = np.column_stack([np.ones(ranks.shape[1]), np.delete(ranks, k, 0).T])
    left = []
    for v in (ranks[k], stats.rankdata(model[i, j])):
        left.append(v - others @ np.linalg.lstsq(others, v, rcond=None)[0])
    return np.corrcoef(left)[0, 1]


def main():
    random = np.random.RandomState(43)
    x = random.randint(0, 12, (4, 60)) / 4.0                        # many ties, and in row 3 none
    y = np.round(x + random.randn(4, 60), 1)
    x[3], y[3] = random.randn(60), random.randn(60)
    for a, b in zip(x, y):                                          # SciPy's tau-b, brought back to tau-a
        pairs = 60 * 59 / 2
        tied = [pairs - sum(n * (n - 1) / 2 for n in np.unique(v, return_counts=True)[1]) for v in (a, b)]
        assert abs(stats.kendalltau(a, b)[0] * np.sqrt(tied[0] * tied[1]) / pairs - tau_a(a, b)) < 1e-12
    small_x, small_y = np.array([1, 1, 2, 3, 3, 3]), np.array([2, 1, 2, 2, 5, 5])
    assert sum(1 for _ in broken_ties(small_x)) == factorial(2) * factorial(3)
    assert abs(expected_rho(small_x, small_y) - rho_a(small_x, small_y)) < 1e-12
    save("rsa_x.npy", x, "<f8")
    save("rsa_y.npy", y, "<f8")
    save("rsa_tau_a.npy", [tau_a(a, b) for a, b in zip(x, y)], "<f8")
    save("rsa_rho_a.npy", [rho_a(a, b) for a, b in zip(x, y)], "<f8")

    dimensions = np.round(random.gamma(0.5, 0.5, (200, 49)), 2).astype("<f4")      # like THINGS': few large values
    features = (dimensions[:, :10] @ random.randn(10, 12) + random.randn(200, 12)).astype("<f4")
    model = 1 - np.corrcoef(features.astype(float))
    partial = partial_spearman(model, dimensions.astype(float))
    for k in (0, 30):
        assert abs(partial_by_residuals(model, dimensions.astype(float), k) - partial[k]) < 1e-9
    save("rsa_dimensions.npy", dimensions, "<f4")
    save("rsa_features.npy", features, "<f4")
    save("rsa_partial.npy", partial, "<f8")


main()
