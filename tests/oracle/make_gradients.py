"""One training step of `mini`: losses, every gradient, running statistics; and the image gradient of an attack.
See README.md, gradients_* and attack_*."""
from reference import (CONTRASTS, LOSS_PARTS, alignment_loss, flatten_gradients, flatten_values, mini_model,
                       relative_l2, save)

import numpy as np
import torch
from torch.nn import functional as F

BETA = 40.0


def step(kind, images, labels, targets, dtype):
    """Loss values, gradients and running statistics of one forward and backward pass in training mode."""
    model = mini_model().to(dtype).train()
    logits, prediction = model(images.to(dtype))
    parts = alignment_loss(logits, labels, prediction, targets.to(dtype), BETA, kind)
    parts["loss"].backward()
    return [parts[name].item() for name in LOSS_PARTS], flatten_gradients(model), flatten_values(model, True)


def image_gradient(images, labels):
    """Of the cross-entropy, in evaluation mode: what a gradient sign attack follows."""
    model = mini_model().double().eval()
    images = images.double().requires_grad_()
    loss = F.cross_entropy(model(images)[0], labels)
    return loss.item(), torch.autograd.grad(loss, images)[0]


def main():
    generator = torch.Generator().manual_seed(21)
    images = torch.randn(4, 3, 32, 32, generator=generator)
    targets = torch.randn(4, 24, generator=generator)
    labels = torch.tensor([3, 0, 9, 3])
    save("gradients_images.npy", images, "<f4")
    save("gradients_targets.npy", targets, "<f4")
    save("gradients_labels.npy", labels, "<i4")

    losses = {}
    for kind in CONTRASTS:
        losses[kind], gradients, statistics = step(kind, images, labels, targets, torch.float64)
        if kind == "released":
            released = gradients
            continue
        save("gradients_%s.npy" % kind, gradients, "<f4")
        single = step(kind, images, labels, targets, torch.float32)
        print("    float32 PyTorch: gradients differ by %.2e, loss by %.2e" % (
            relative_l2(single[1], gradients), abs(single[0][0] / losses[kind][0] - 1)))
    assert (released == gradients).all()            # of the last kind, "none": what the released code trains
    save("gradients_losses.npy", np.array([losses[kind] for kind in CONTRASTS]), "<f8")
    save("gradients_statistics.npy", statistics, "<f8")

    loss, gradient = image_gradient(images, labels)
    save("attack_loss.npy", [loss], "<f8")
    save("attack_gradient.npy", gradient, "<f8")


main()
