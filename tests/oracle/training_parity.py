"""The run of `realnet train` in PyTorch, for comparing loss.csv and weights (compare.py).

    training_parity.py START.safetensors IMAGES.npy TARGETS.npy [TEST_IMAGES.npy TEST_TARGETS.npy] -o DIR

START is what `realnet init` wrote: a CORnet-S, with or without a head. IMAGES are uint8 (N,S,S,3), S the model's input
size; TARGETS float (N,D). Writes DIR/loss.csv and DIR/encoder.safetensors.
"""
from reference import (AREAS, Config, CORnet, Encoder, draw_head, named_values, normalise_images, read_safetensors,
                       write_safetensors)
from training import Settings, train, write_loss_csv

import argparse
import os

import numpy as np
import torch


def config_of(tensors, input_size, outputs, width):
    """The configuration that a set of CORnet-S tensors has."""
    channels = [tensors["V1.conv1.weight"].shape[0]] + [tensors[a + ".conv3.weight"].shape[0] for a in AREAS[1:]]
    times = [1] + [sum(name.startswith(a + ".norm1_") and name.endswith(".weight") for name in tensors)
                   for a in AREAS[1:]]
    scale = tensors["V2.conv1.weight"].shape[0] // channels[1]
    return Config(input_size, channels, times, scale, tensors["decoder.linear.weight"].shape[0], width, outputs)


def start_model(tensors, config, seed):
    """CORnet-S from the file; the head drawn after the seed, then replaced where the file has one."""
    cornet = CORnet(config)
    torch.manual_seed(seed)
    model = Encoder(cornet, draw_head(config))
    for name, value in named_values(model):
        if name in tensors:
            value.copy_(torch.from_numpy(tensors[name].copy()))
        elif not name.startswith("fc"):
            raise SystemExit("training_parity.py: the start has no tensor %s" % name)
    return model


def load_pair(images, targets, dtype):
    return normalise_images(np.load(images)).to(dtype), torch.from_numpy(np.load(targets).astype("<f4")).to(dtype)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start")
    parser.add_argument("arrays", nargs="+", metavar="ARRAY.npy")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--beta", type=float, default=40.0)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--contrast", default="pearson", choices=("pearson", "spearman", "released", "none"))
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--width", type=int, default=128, help="outputs of each area's encoder")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if len(arguments.arrays) not in (2, 4):
        parser.error("give images and targets, and both again for a test set")
    return arguments


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    dtype = getattr(torch, arguments.dtype)
    images, targets = load_pair(*arguments.arrays[:2], dtype)
    test = load_pair(*arguments.arrays[2:], dtype) if len(arguments.arrays) == 4 else None
    tensors = read_safetensors(arguments.start)
    config = config_of(tensors, images.shape[2], targets.shape[1], arguments.width)
    model = start_model(tensors, config, arguments.seed).to(dtype)
    settings = Settings(arguments.epochs, arguments.batch, arguments.lr, arguments.beta, arguments.contrast)
    table, _ = train(model, images, targets, test, settings)
    os.makedirs(arguments.output, exist_ok=True)
    write_loss_csv(os.path.join(arguments.output, "loss.csv"), table)
    weights = {name: value.float().numpy() for name, value in named_values(model)}
    write_safetensors(os.path.join(arguments.output, "encoder.safetensors"), weights)


main()
