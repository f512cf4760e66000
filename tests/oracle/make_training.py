"""Three epochs of alignment training of `mini` in float64, on 20 images in batches of 8, 8 and 4.
See README.md, training_*."""
from reference import PRESETS, draw_head, flatten_values, mini_model, relative_l2, save
from training import Settings, teacher_labels, train

import numpy as np
import torch

SEED = 2024
# At the rate 1e-3 float32 PyTorch itself ends 5e-3 from the float64 losses; at 3e-4, 7e-4, and the losses move as much.
SETTINGS = Settings(epochs=3, batch=8, lr=3e-4, beta=40.0, contrast="pearson")


def run(dtype, images, targets, test_images, test_targets):
    """The seed, a head drawn from the generator (its values then replaced by the stored ones), and the training."""
    model = mini_model().to(dtype)
    torch.manual_seed(SEED)
    draw_head(PRESETS["mini"])
    test = (test_images.to(dtype), test_targets.to(dtype))
    table, batches = train(model, images.to(dtype), targets.to(dtype), test, SETTINGS)
    return table, batches, flatten_values(model, False), flatten_values(model, True)


def main():
    generator = torch.Generator().manual_seed(51)
    images, targets = torch.randn(20, 3, 32, 32, generator=generator), torch.randn(20, 24, generator=generator)
    test_images, test_targets = torch.randn(6, 3, 32, 32, generator=generator), torch.randn(6, 24, generator=generator)
    data = (images, targets, test_images, test_targets)
    for name, value in zip(("images", "targets", "test_images", "test_targets"), data):
        save("training_%s.npy" % name, value, "<f4")
    for name, value in (("labels", images), ("test_labels", test_images)):
        save("training_%s.npy" % name, teacher_labels(mini_model().realnet, value), "<i4")

    table, batches, parameters, statistics = run(torch.float64, *data)
    save("training_losses.npy", table, "<f8")
    save("training_batch_losses.npy", batches, "<f8")
    save("training_parameters.npy", parameters, "<f4")
    save("training_statistics.npy", statistics, "<f4")
    report_single_precision(data, table, parameters, statistics)


def report_single_precision(data, table, parameters, statistics):
    """How far float32 PyTorch ends from the float64 run: the measure for the tolerance of a float32 program."""
    single = run(torch.float32, *data)
    print("    float32 PyTorch: losses differ by at most %.2e, parameters by %.2e, statistics by %.2e" % (
        np.abs(single[0] / table - 1).max(), relative_l2(single[2], parameters), relative_l2(single[3], statistics)))


main()
