"""Ranks, correlations and dissimilarity matrices by SciPy and NumPy. See README.md, analysis_*."""
from reference import save

import numpy as np
from scipy import stats
from scipy.spatial import distance


def main():
    random = np.random.RandomState(41)
    x = random.randint(0, 12, (4, 40)) / 4.0                        # many ties
    y = np.round(x + random.randn(4, 40), 1)
    save("analysis_x.npy", x, "<f8")
    save("analysis_y.npy", y, "<f8")
    save("analysis_ranks.npy", [stats.rankdata(row) for row in x], "<f8")
    save("analysis_pearson.npy", [stats.pearsonr(a, b)[0] for a, b in zip(x, y)], "<f8")
    save("analysis_spearman.npy", [stats.spearmanr(a, b)[0] for a, b in zip(x, y)], "<f8")

    rdms = []
    for name in ("features_a", "features_b"):
        features = (random.randn(9, 30) + random.randn(9, 1) + 1).astype("<f4")
        save("analysis_%s.npy" % name, features, "<f4")
        rdms.append(1 - np.corrcoef(features.astype(float)))
        np.fill_diagonal(rdms[-1], 0)
        if name == "features_a":
            save("analysis_rdm_pearson.npy", rdms[-1], "<f8")
            for metric in ("cosine", "euclidean"):
                matrix = distance.squareform(distance.pdist(features.astype(float), metric))
                save("analysis_rdm_%s.npy" % metric, matrix, "<f8")
    upper = np.triu_indices(9, 1)
    save("analysis_rsa.npy", [stats.spearmanr(rdms[0][upper], rdms[1][upper])[0]], "<f8")


main()
