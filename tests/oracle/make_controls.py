"""One training step of `mini` under each control of docs/method.md 5.7, and the sign attack of 5.6, in float64.
See README.md, controls_* and attack_*."""
from reference import (LOSS_PARTS, PRESETS, Encoder, alignment_loss, area_inputs, flatten_gradients, flatten_values,
                       mini_model, normalise_images, relative_l2, save, stored)

from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BETA, RATE, HEAD_SEED = 40.0, 1e-3, 77
WIDTHS = (10, 14)                                       # responses of the two people
EPS = (0.0, 0.001, 0.004, 0.03)


class SomeAreas(Encoder):
    """The head reads V1 and IT alone."""

    def encoding(self, areas):
        return torch.cat([F.relu(self.fc_v1(areas[0].flatten(1))), F.relu(self.fc_it(areas[3].flatten(1)))], dim=1)


def some_areas_model():
    config = PRESETS["mini"]
    inputs = area_inputs(config)
    cornet = mini_model().realnet
    torch.manual_seed(HEAD_SEED)
    head = OrderedDict([("fc_v1", nn.Linear(inputs[0], config.encoder_width)), ("fc_it", nn.Linear(inputs[3], config.encoder_width)),
                        ("fc", nn.Linear(2 * config.encoder_width, config.outputs))])
    return SomeAreas(cornet, head)


def head_values(model):
    return torch.cat([p.detach().reshape(-1) for name, p in model.named_parameters() if name.startswith("fc")]).numpy()


def people_loss(logits, labels, prediction, targets):
    """The mean over people of mse and of contrast, each over that person's columns."""
    own = [alignment_loss(logits, labels, p, y, BETA, "pearson") for p, y in zip(prediction.split(WIDTHS, 1), targets.split(WIDTHS, 1))]
    mse, contrast = (sum(parts[name] for parts in own) / len(own) for name in ("mse", "contrast"))
    generation = mse + contrast
    loss = own[0]["classification"] + BETA * generation
    return dict(zip(LOSS_PARTS, (loss, own[0]["classification"], generation, mse, contrast)))


def step(control, dtype):
    """Losses, gradients, the head after Adam's step, running statistics."""
    images, targets = (torch.from_numpy(np.load(stored("gradients_%s.npy" % name))).to(dtype) for name in ("images", "targets"))
    labels = torch.from_numpy(np.load(stored("gradients_labels.npy"))).long()
    model = (some_areas_model() if control == "areas" else mini_model()).to(dtype).train()
    parameters = model.parameters()
    if control == "frozen":
        model.realnet.eval()
        for p in model.realnet.parameters():
            p.requires_grad_(False)
        parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr=RATE)
    logits, prediction = model(images)
    parts = people_loss(logits, labels, prediction, targets) if control == "people" else alignment_loss(
        logits, labels, prediction, targets, BETA, "pearson")
    parts["loss"].backward()
    gradients = flatten_gradients(model)
    optimiser.step()
    return [parts[name].item() for name in LOSS_PARTS], gradients, head_values(model), flatten_values(model, True)


def attacks():
    """Pictures of noise around a colour, and the gradient of each one's cross-entropy to its pixels in 0..1. The untrained
    network gives every picture the same class, so the decoder's bias is moved by the mean logits of 200 of them."""
    model = mini_model().double().eval().realnet
    rng = np.random.RandomState(5)
    pixels = np.clip(rng.randint(0, 256, (200, 1, 1, 3)) + rng.randint(-60, 61, (200, 32, 32, 3)), 0, 255).astype(np.uint8)
    with torch.no_grad():
        model.decoder.linear.bias -= model(normalise_images(pixels).double()).mean(0)
        model.decoder.linear.bias.copy_(model.decoder.linear.bias.float())
    save("attack_bias.npy", model.decoder.linear.bias, "<f4")
    pixels = pixels[:24]
    mean, sd = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).double() / 255).requires_grad_()
    assert abs((x.detach() - mean) / sd - normalise_images(pixels).double()).max() < 1e-6
    clean = model((x - mean) / sd)
    labels = clean.argmax(1).detach()
    labels[::3] = (labels[::3] + 1) % 10                # a third of the labels are not the model's answers
    gradient, = torch.autograd.grad(F.cross_entropy(clean, labels, reduction="sum"), x)
    table = []
    for eps in EPS:
        attacked = (x.detach() + eps * gradient.sign()).clamp(0, 1)
        logits = model((attacked - mean) / sd).detach()
        best = logits.topk(2, dim=1).values
        now = logits.argmax(1)
        table.append([eps, (now == labels).double().mean().item(), (now == clean.argmax(1)).double().mean().item()])
        print("    eps %g: accuracy %g, agreement %g; the smallest margin %.2e" % (*table[-1], (best[:, 0] - best[:, 1]).min()))
    save("attack_pixels.npy", pixels, "|u1")
    save("attack_pixel_labels.npy", labels, "<i4")
    save("attack_pixel_gradient.npy", gradient, "<f4")
    save("attack_table.npy", table, "<f8")


def main():
    save("controls_areas_head.npy", head_values(some_areas_model()), "<f4")
    losses = []
    for control in ("areas", "frozen", "people"):
        values, gradients, head, statistics = step(control, torch.float64)
        head_count = head.size
        losses.append(values)
        save("controls_%s_gradients.npy" % control, gradients[-head_count:] if control == "frozen" else gradients, "<f4")
        save("controls_%s_after.npy" % control, head, "<f4")
        single = step(control, torch.float32)
        print("    float32 PyTorch: gradients differ by %.2e, the head after the step by %.2e" % (
            relative_l2(single[1], gradients), relative_l2(single[2], head)))
        if control == "frozen":
            assert not gradients[:-head_count].any() and (statistics == flatten_values(mini_model().double(), True)).all()
    save("controls_losses.npy", losses, "<f8")
    attacks()


main()
