"""Principal components by scikit-learn's full solver in float64. See README.md, pca_*."""
from reference import save

import numpy as np
from sklearn.decomposition import PCA


def fixed_signs(components, scores):
    """Largest |loading| positive, first of equals."""
    sign = np.sign([row[np.argmax(np.abs(row))] for row in components])
    return components * sign[:, None], scores * sign


def save_case(name, x, count, fresh):
    pca = PCA(count, svd_solver="full").fit(x)
    components, scores = fixed_signs(pca.components_, pca.transform(x))
    save("pca_%s_x.npy" % name, x, "<f8")
    save("pca_%s_mean.npy" % name, pca.mean_, "<f8")
    save("pca_%s_components.npy" % name, components, "<f8")
    save("pca_%s_variance.npy" % name, pca.explained_variance_, "<f8")
    save("pca_%s_ratio.npy" % name, pca.explained_variance_ratio_, "<f8")
    save("pca_%s_scores.npy" % name, scores, "<f8")
    save("pca_%s_fresh.npy" % name, fresh, "<f8")
    save("pca_%s_projected.npy" % name, (fresh - pca.mean_) @ components.T, "<f8")


def spectrum(random, items, features, values):
    """A matrix with these singular values after centring, around a mean far from 0."""
    left = random.randn(items, len(values))
    left = np.linalg.qr(left - left.mean(0))[0]
    right = np.linalg.qr(random.randn(features, len(values)))[0]
    return (left * values) @ right.T + 3 * random.randn(features)


def main():
    random = np.random.RandomState(43)
    even = 1 / np.arange(1.0, 12.0)                                 # apart enough for plain power iteration
    cases = (("wide", spectrum(random, 12, 30, even), 11), ("tall", spectrum(random, 30, 8, even[:8]), 8),
             ("rank", spectrum(random, 14, 20, even[:4]), 4), ("steep", spectrum(random, 9, 15, np.logspace(0, -7, 8)), 8))
    for name, x, count in cases:
        if name == "rank":
            x[:, ::5] = 0.1                                         # columns without variance; their mean is not exact
        save_case(name, x, count, random.randn(3, x.shape[1]))


main()
