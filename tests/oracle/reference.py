"""CORnet-S, the encoder head and the alignment loss in PyTorch, for oracle values (docs/method.md sections 1 to 3).

Needs numpy and torch. Names and order of construction are those of the released checkpoints, so that a state_dict
has the same keys in the same order and a seed draws the same weights.
"""
import ctypes
import json
import math
import os
import subprocess
import tempfile
from collections import OrderedDict, namedtuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)                        # so that the stored values do not depend on the number of cores

HERE = os.path.dirname(os.path.abspath(__file__))
AREAS = ("V1", "V2", "V4", "IT")
HEAD = ("fc_v1", "fc_v2", "fc_v4", "fc_it", "fc")
CONTRASTS = ("pearson", "spearman", "released", "none")
LOSS_PARTS = ("loss", "classification", "generation", "mse", "contrast")
SOFT_RANK_WIDTH = 0.1
IMAGE_MEAN = (0.485, 0.456, 0.406)
IMAGE_SD = (0.229, 0.224, 0.225)

Config = namedtuple("Config", "input_size channels times scale classes encoder_width outputs")
TIMES = (1, 2, 4, 2)
PRESETS = {
    "cornet-s": Config(224, (64, 128, 256, 512), TIMES, 4, 1000, 128, 0),
    "cornet-tiny": Config(32, (8, 16, 32, 64), TIMES, 4, 10, 128, 0),
    "mini": Config(32, (4, 8, 12, 16), TIMES, 4, 10, 8, 24),        # of the stored whole arrays; not in the program
}


# ---- the model -----------------------------------------------------------------------------------------------------

def convolution(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)


class Area1(nn.Module):
    """V1: two convolutions, no recurrence."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = convolution(3, channels, 7, stride=2)
        self.norm1 = nn.BatchNorm2d(channels)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.conv2 = convolution(channels, channels, 3)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, image):
        x = self.pool(F.relu(self.norm1(self.conv1(image))))
        return F.relu(self.norm2(self.conv2(x)))


class Area(nn.Module):
    """V2, V4, IT: one bottleneck, run `times` times with the same convolutions and norms of each step's own."""

    def __init__(self, inputs, channels, times, scale):
        super().__init__()
        wide = scale * channels
        self.times = times
        self.conv_input = convolution(inputs, channels, 1)
        self.skip = convolution(channels, channels, 1, stride=2)
        self.norm_skip = nn.BatchNorm2d(channels)
        self.conv1 = convolution(channels, wide, 1)
        self.conv2 = convolution(wide, wide, 3)
        self.conv3 = convolution(wide, channels, 1)
        for t in range(times):
            for name, width in (("norm1", wide), ("norm2", wide), ("norm3", channels)):
                self.add_module("%s_%d" % (name, t), nn.BatchNorm2d(width))

    def step(self, x, t):
        norm1, norm2, norm3 = (getattr(self, "norm%d_%d" % (i, t)) for i in (1, 2, 3))
        stride = 2 if t == 0 else 1
        residual = self.norm_skip(self.skip(x)) if t == 0 else x
        h = F.relu(norm1(self.conv1(x)))
        h = F.relu(norm2(F.conv2d(h, self.conv2.weight, stride=stride, padding=1)))
        return F.relu(norm3(self.conv3(h)) + residual)

    def steps(self, x):
        """The output of every step."""
        x = self.conv_input(x)
        outputs = []
        for t in range(self.times):
            x = self.step(x, t)
            outputs.append(x)
        return outputs

    def forward(self, x):
        return self.steps(x)[-1]


class CORnet(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels = config.channels
        self.V1 = Area1(channels[0])
        for i in (1, 2, 3):
            self.add_module(AREAS[i], Area(channels[i - 1], channels[i], config.times[i], config.scale))
        self.decoder = nn.Sequential(OrderedDict([
            ("avgpool", nn.AdaptiveAvgPool2d(1)),
            ("flatten", nn.Flatten()),
            ("linear", nn.Linear(channels[3], config.classes))]))
        self.draw_convolutions()

    def draw_convolutions(self):
        """The second drawing: every convolution anew, in order. Linear layers and norms keep PyTorch's defaults."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                count = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                module.weight.data.normal_(0, math.sqrt(2.0 / count))

    def areas(self, image):
        """The outputs of V1, V2, V4, IT."""
        outputs = [self.V1(image)]
        for name in AREAS[1:]:
            outputs.append(getattr(self, name)(outputs[-1]))
        return outputs

    def forward(self, image):
        return self.decoder(self.areas(image)[-1])


def area_inputs(config):
    """Elements of each area's output: what its encoder reads."""
    side = config.input_size
    for _ in range(2):
        side = (side - 1) // 2 + 1                  # conv 7/2 pad 3 and pool 3/2 pad 1 halve, rounding up
    elements = []
    for i, channels in enumerate(config.channels):
        if i > 0:
            side = (side - 1) // 2 + 1
        elements.append(channels * side * side)
    return elements


def draw_head(config):
    """The five linear layers of the encoder, drawn in their order from torch's generator."""
    widths = [(n, config.encoder_width) for n in area_inputs(config)]
    widths.append((4 * config.encoder_width, config.outputs))
    return OrderedDict((name, nn.Linear(*width)) for name, width in zip(HEAD, widths))


class Encoder(nn.Module):
    """CORnet-S with a head that predicts brain responses from all four areas."""

    def __init__(self, cornet, head):
        super().__init__()
        self.realnet = cornet
        for name, layer in head.items():
            self.add_module(name, layer)

    def encoding(self, areas):
        parts = [F.relu(getattr(self, name)(x.flatten(1))) for name, x in zip(HEAD, areas)]
        return torch.cat(parts, dim=1)

    def forward(self, image):
        areas = self.realnet.areas(image)
        return self.realnet.decoder(areas[-1]), self.fc(self.encoding(areas))


def build_cornet(config, seed):
    torch.manual_seed(seed)
    return CORnet(config)


def build_encoder(config, seed):
    """CORnet and head, each from a generator of its own with the same seed; the head's generator goes on."""
    cornet = build_cornet(config, seed)
    torch.manual_seed(seed)
    return Encoder(cornet, draw_head(config))


# ---- its values as flat arrays -------------------------------------------------------------------------------------

def is_statistic(name):
    return name.endswith(("running_mean", "running_var"))


def named_values(model):
    """(name, tensor) in state_dict order, names as in the released checkpoints, without num_batches_tracked."""
    prefix = "realnet."
    for name, value in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            yield name[len(prefix):] if name.startswith(prefix) else name, value


def flatten_values(model, statistics):
    """All trainable parameters, or all running statistics, in state_dict order."""
    parts = [v.detach().reshape(-1) for name, v in named_values(model) if is_statistic(name) == statistics]
    return torch.cat(parts).numpy()


def fill_values(model, flat, statistics):
    """The inverse of flatten_values."""
    flat, place = torch.from_numpy(np.asarray(flat)), 0
    for name, value in named_values(model):
        if is_statistic(name) == statistics:
            value.copy_(flat[place:place + value.numel()].reshape(value.shape))
            place += value.numel()
    assert place == flat.numel()


def flatten_gradients(model):
    """Gradients in the order of flatten_values(model, False). A parameter that the loss does not reach has zeros."""
    parts = [p.grad if p.grad is not None else torch.zeros_like(p) for p in model.parameters()]
    return torch.cat([g.reshape(-1) for g in parts]).numpy()


def randomise(model, generator):
    """Weights as drawn, norms and running statistics random too, so that no factor is 1 and no summand is 0."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.2, generator=generator)
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)


def mini_model():
    """The model `mini` with the stored values of make_forward.py, in float32."""
    model = build_encoder(PRESETS["mini"], 0)
    fill_values(model, np.load(stored("mini_parameters.npy")), False)
    fill_values(model, np.load(stored("mini_statistics.npy")), True)
    return model


def normalise_images(images):
    """uint8 (N,H,W,3) to float32 (N,3,H,W), as torchvision's ToTensor and Normalize do."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float().div(255)
    mean, sd = (torch.tensor(v, dtype=torch.float32).view(1, 3, 1, 1) for v in (IMAGE_MEAN, IMAGE_SD))
    return x.sub_(mean).div_(sd)


# ---- the alignment loss --------------------------------------------------------------------------------------------

def average_ranks(y):
    """Ranks 1..D of each row; ties get their mean."""
    less = (y[:, None, :] < y[:, :, None]).sum(2)
    equal = (y[:, None, :] == y[:, :, None]).sum(2)
    return less.to(y.dtype) + (equal.to(y.dtype) + 1) / 2


def centred_unit_rows(x):
    """Rows less their mean, divided by their norm; a row without variance becomes zeros, so that its r is 0."""
    x = x - x.mean(dim=1, keepdim=True)
    square = (x * x).sum(dim=1, keepdim=True)
    varies = square > 0
    return torch.where(varies, x / torch.where(varies, square, torch.ones_like(square)).sqrt(), torch.zeros_like(x))


def soft_ranks(p):
    z = centred_unit_rows(p) * math.sqrt(p.shape[1])           # population sd: norm / sqrt(D)
    return 0.5 + torch.sigmoid((z[:, :, None] - z[:, None, :]) / SOFT_RANK_WIDTH).sum(dim=2)


def contrast_loss(kind, prediction, target):
    """1 - mean_i r(p_i, y_i) + mean_{i != j} r(p_i, y_j); the last is 0 for one image."""
    if kind == "none":
        return prediction.new_zeros(())
    if kind == "released":
        return contrast_loss("pearson", prediction.detach(), target)
    if kind == "spearman":
        prediction, target = soft_ranks(prediction), average_ranks(target)
    r = centred_unit_rows(prediction) @ centred_unit_rows(target).t()
    count = len(r)
    positive = r.diagonal().mean()
    negative = (r.sum() - r.diagonal().sum()) / max(1, count * (count - 1))
    return 1 - positive + negative


def alignment_loss(logits, labels, prediction, target, beta, kind):
    """A dictionary of LOSS_PARTS."""
    classification = F.cross_entropy(logits, labels)
    mse = F.mse_loss(prediction, target)
    contrast = contrast_loss(kind, prediction, target)
    generation = mse + contrast
    loss = classification + beta * generation
    return dict(zip(LOSS_PARTS, (loss, classification, generation, mse, contrast)))


# ---- files ---------------------------------------------------------------------------------------------------------

def stored(name):
    return os.path.join(HERE, name)


def save(name, values, dtype):
    """Write one array beside this script, and say so."""
    if isinstance(values, torch.Tensor):
        values = values.detach().numpy()
    values = np.ascontiguousarray(values, dtype=dtype)
    np.save(stored(name), values)
    print("%-34s %-8s %s" % (name, values.dtype, values.shape))


def save_text(name, lines):
    with open(stored(name), "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    print("%-34s text     %d lines" % (name, len(lines)))


def write_safetensors(path, tensors):
    """tensors: name -> float32 array. Eight bytes of header length, a JSON header, the data."""
    header, place = {}, 0
    arrays = {name: np.ascontiguousarray(v, dtype="<f4") for name, v in tensors.items()}
    for name, values in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [place, place + values.nbytes]}
        place += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for values in arrays.values():
            f.write(values.tobytes())


def read_safetensors(path):
    """name -> float32 array; prefixes of the released checkpoints are taken off."""
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or name.endswith("num_batches_tracked"):
            continue
        assert entry["dtype"] == "F32", "%s: only F32 is read here" % name
        begin, end = entry["data_offsets"]
        for prefix in ("realnet.", "module."):
            name = name[len(prefix):] if name.startswith(prefix) else name
        tensors[name] = np.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
    return tensors


# ---- hashes and distances ------------------------------------------------------------------------------------------

FNV_SOURCE = """
#include <stddef.h>
#include <stdint.h>
uint64_t fnv1a(const unsigned char *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}
"""
_fnv = None


def fnv1a(values):
    """FNV-1a, 64 bits, of the little-endian bytes of a float32 array, by a C helper because it is sequential."""
    global _fnv
    if _fnv is None:
        with tempfile.TemporaryDirectory() as folder:
            source, library = os.path.join(folder, "fnv.c"), os.path.join(folder, "fnv.so")
            with open(source, "w", encoding="ascii") as f:
                f.write(FNV_SOURCE)
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
            _fnv = ctypes.CDLL(library).fnv1a
        _fnv.restype, _fnv.argtypes = ctypes.c_uint64, (ctypes.c_char_p, ctypes.c_size_t)
    data = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return _fnv(data, len(data))


def relative_l2(got, want):
    got, want = (np.asarray(x, dtype=np.float64).reshape(-1) for x in (got, want))
    return float(np.linalg.norm(got - want) / np.linalg.norm(want))
