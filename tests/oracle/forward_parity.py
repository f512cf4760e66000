"""The whole CORnet-S at 224 against float64 PyTorch.

    forward_parity.py prepare DIR             writes DIR/weights.safetensors and DIR/images.npy (uint8 (5,224,224,3))
    realnet features -w DIR/weights.safetensors --images DIR/images.npy --layers V1,V2,V4,IT,logits -o FEATURES
    forward_parity.py compare DIR FEATURES    prints each layer's relative L2 from float64, realnet's and PyTorch's
"""
from reference import (AREAS, CORnet, PRESETS, build_cornet, named_values, normalise_images, randomise,
                       read_safetensors, relative_l2, write_safetensors)

import os
import sys

import numpy as np
import torch
from torch.nn import functional as F

SEED = 61
LAYERS = AREAS + ("logits",)


def prepare(folder):
    """Random weights, random statistics; images that are smooth in parts, as photographs are."""
    os.makedirs(folder, exist_ok=True)
    generator = torch.Generator().manual_seed(SEED)
    model = build_cornet(PRESETS["cornet-s"], SEED)
    randomise(model, generator)
    weights = {name: value.numpy() for name, value in named_values(model)}
    write_safetensors(os.path.join(folder, "weights.safetensors"), weights)
    coarse = torch.rand(5, 3, 14, 14, generator=generator)
    images = F.interpolate(coarse, size=224, mode="bilinear", align_corners=False) * 200
    images = images + torch.rand(5, 3, 224, 224, generator=generator) * 55
    np.save(os.path.join(folder, "images.npy"), images.permute(0, 2, 3, 1).to(torch.uint8).contiguous().numpy())


def layer_outputs(model, images):
    """(images, features) of each layer, one image at a time to keep memory small."""
    found = {name: [] for name in LAYERS}
    with torch.no_grad():
        for image in images.split(1):
            areas = model.areas(image)
            for name, value in zip(LAYERS, areas + [model.decoder(areas[-1])]):
                found[name].append(value.flatten(1).numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}


def compare(folder, features):
    tensors = read_safetensors(os.path.join(folder, "weights.safetensors"))
    model = CORnet(PRESETS["cornet-s"]).eval()
    for name, value in named_values(model):
        value.copy_(torch.from_numpy(tensors[name].copy()))
    images = normalise_images(np.load(os.path.join(folder, "images.npy")))
    single = layer_outputs(model, images)
    double = layer_outputs(model.double(), images.double())
    print("%-8s %12s %12s %8s" % ("layer", "realnet", "PyTorch", "ratio"))
    for name in LAYERS:
        ours = relative_l2(np.load(os.path.join(features, name + ".npy")), double[name])
        theirs = relative_l2(single[name], double[name])
        print("%-8s %12.3e %12.3e %8.3f" % (name, ours, theirs, ours / theirs))


def main():
    torch.set_num_threads(2)
    if sys.argv[1:2] == ["prepare"] and len(sys.argv) == 3:
        prepare(sys.argv[2])
    elif sys.argv[1:2] == ["compare"] and len(sys.argv) == 4:
        compare(sys.argv[2], sys.argv[3])
    else:
        raise SystemExit(__doc__)


main()
