"""CORnet-S of tests/oracle/reference.py as ONNX, for race_onnx.mjs.

    /usr/bin/python3 tests/bench/export_onnx.py DIR

Writes into DIR cornet_1.onnx and cornet_16.onnx (a fixed batch each, opset 13, evaluation mode), the same weights for
realnet as weights.safetensors, 16 made-up images as images.npy (uint8), and what PyTorch makes of them: input.f32 (the
normalised images) and logits.f32, raw little-endian floats. Weights and running statistics are random and fixed.
"""
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
from reference import PRESETS, build_cornet, named_values, normalise_images, randomise, write_safetensors

SEED, BATCHES, OPSET = 61, (1, 16), 13


def fixed_model():
    model = build_cornet(PRESETS["cornet-s"], SEED)
    randomise(model, torch.Generator().manual_seed(SEED))
    return model.eval()


def export(model, batch, path):
    torch.onnx.export(model, torch.zeros(batch, 3, 224, 224), path, opset_version=OPSET,
                      input_names=["images"], output_names=["logits"])


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: export_onnx.py DIR")
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(os.cpu_count())
    model = fixed_model()
    images = np.random.RandomState(SEED).randint(0, 256, (max(BATCHES), 224, 224, 3)).astype(np.uint8)
    normalised = normalise_images(images)
    with torch.no_grad():
        logits = model(normalised)
    np.save(os.path.join(folder, "images.npy"), images)
    normalised.numpy().astype("<f4").tofile(os.path.join(folder, "input.f32"))
    logits.numpy().astype("<f4").tofile(os.path.join(folder, "logits.f32"))
    write_safetensors(os.path.join(folder, "weights.safetensors"),
                      {name: value.numpy() for name, value in named_values(model)})
    for batch in BATCHES:
        export(model, batch, os.path.join(folder, "cornet_%d.onnx" % batch))
    print("torch %s wrote %s" % (torch.__version__, folder))


main()
