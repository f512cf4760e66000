"""Fresh weights: what torch.manual_seed(S) and building CORnet-S, and the head, give. See README.md, init_*."""
from reference import (PRESETS, build_cornet, draw_head, flatten_values, fnv1a, named_values, save, save_text)

import numpy as np
import torch

ENDS = 64


def sample(values, stride):
    """The first and last 64 values and every stride-th one."""
    return [values[:ENDS], values[-ENDS:], values[::stride]]


class Samples:
    """Collects the index lines and the sampled values of one model."""

    def __init__(self):
        self.lines, self.parts, self.count = [], [], 0

    def add_hash(self, name, values):
        self.lines.append("hash %s %d %016x" % (name, values.size, fnv1a(values)))

    def add_values(self, name, values, stride):
        parts = sample(values, stride)
        self.lines.append("values %s %d %d %d %d %d %d" % (
            name, values.size, self.count, len(parts[0]), len(parts[1]), len(parts[2]), stride))
        self.parts += parts
        self.count += sum(len(p) for p in parts)

    def save(self, name):
        save_text("init_%s.txt" % name, self.lines)
        save("init_%s.npy" % name, np.concatenate(self.parts), "<f4")


def sample_model(name, seed, outputs, conv_stride, head_stride):
    samples = Samples()
    for key, value in named_values(build_cornet(PRESETS[name], seed)):
        flat = value.numpy().reshape(-1)
        if value.dim() == 4:
            samples.add_values(key, flat, conv_stride)
        elif key.startswith("decoder"):
            samples.add_hash(key, flat)
    torch.manual_seed(seed)
    for layer, linear in draw_head(PRESETS[name]._replace(outputs=outputs)).items():
        for part in ("weight", "bias"):
            flat = getattr(linear, part).detach().numpy().reshape(-1)
            samples.add_hash("%s.%s" % (layer, part), flat)
            samples.add_values("%s.%s" % (layer, part), flat, head_stride)
    samples.save(name)


def main():
    save("init_mini_parameters.npy", flatten_values(build_cornet(PRESETS["mini"], 7), False), "<f4")
    sample_model("cornet-tiny", 7, 64, 16, 1009)
    sample_model("cornet-s", 2024, 1024, 100003, 1000003)


main()
