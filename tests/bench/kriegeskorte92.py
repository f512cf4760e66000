"""Real data at full size: human IT response geometry of 92 photographs (../shared/data/kriegeskorte92).

    /usr/bin/python3 tests/bench/kriegeskorte92.py [--epochs 5] [--beta 40] [--seed 1] [-o DIR]

Trains cornet-s (fresh weights: no ImageNet checkpoint is at hand) on the 60 training photographs with the patterns of each
subject, ReAlnet and control (beta 0); then RSA of the 32 held-out photographs against that subject's human IT RDM, for the
start, the control and ReAlnet. Prints the table, seconds a step and peak memory. Needs numpy; skips, saying so, without the data.
"""
import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data", "kriegeskorte92")
AREAS = ["V1", "V2", "V4", "IT"]


def realnet(*words):
    return subprocess.run(["./realnet", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def best_area(weights, images, brain, folder):
    """Similarity of each area's RDM to the brain's, and the best."""
    realnet("features", "-q", "-w", weights, "--images", images, "--layers", ",".join(AREAS), "-o", folder)
    for area in AREAS:
        realnet("rdm", "-q", f"{folder}/{area}.npy", "-o", f"{folder}/{area}_rdm.npy")
    models = ",".join(f"{folder}/{area}_rdm.npy" for area in AREAS)
    pairs = json.loads(realnet("rsa", "--json", "--model", models, "--brain", brain))["pairs"]
    return [pair["spearman"] for pair in pairs]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", default="5")
    parser.add_argument("--beta", default="40")
    parser.add_argument("--seed", default="1")
    parser.add_argument("-o", "--output", default="build/kriegeskorte92")
    options = parser.parse_args()
    if not os.path.isdir(DATA):
        sys.exit("skipped: ../shared/data/kriegeskorte92 is not here")
    try:
        import numpy as np
    except ImportError:
        sys.exit("skipped: numpy is not installed (apt install python3-numpy, and use /usr/bin/python3)")
    out = options.output
    os.makedirs(out, exist_ok=True)
    split = {line.split()[0]: [int(n) for n in line.split()[1:]] for line in open(f"{DATA}/split.txt")}
    for part, rows in split.items():
        with open(f"{out}/{part}.txt", "w") as f:
            f.writelines(os.path.abspath(f"{DATA}/images/{n + 1:02d}.png") + "\n" for n in rows)
    rdms = np.load(f"{DATA}/human_it_rdms.npy").mean(axis=1)
    start = f"{out}/start.safetensors"
    realnet("init", "--model", "cornet-s", "--seed", options.seed, "-o", start)
    steps = -(-len(split["train"]) // 16) * int(options.epochs)
    table, seconds = {}, []
    for subject in range(1, 5):
        patterns = np.load(f"{DATA}/patterns_sub-{subject}.npy")
        np.save(f"{out}/targets.npy", patterns[split["train"]])
        np.save(f"{out}/brain.npy", rdms[subject - 1][np.ix_(split["test"], split["test"])])
        models = {"start": start}
        for name, beta in (("control", "0"), ("ReAlnet", options.beta)):
            run = f"{out}/sub-{subject}-{name}"
            subprocess.run(["rm", "-rf", run], check=True)
            began = time.time()
            realnet("train", "-q", "-w", start, "--images", f"{out}/train.txt", "--targets", f"{out}/targets.npy", "--beta", beta,
                    "--epochs", options.epochs, "--seed", options.seed, "--checkpoint-minutes", "1000", "-o", run)
            seconds.append((time.time() - began) / steps)
            models[name] = f"{run}/realnet.safetensors"
        for name, weights in models.items():
            table[subject, name] = best_area(weights, f"{out}/test.txt", f"{out}/brain.npy", f"{out}/features")
        for name in models:
            os.remove(f"{out}/sub-{subject}-{name}/checkpoint") if name != "start" else None
        print(f"sub-{subject}: " + "  ".join(f"{name} {max(table[subject, name]):.4f}" for name in models), flush=True)
    print("\nSpearman with the subject's human IT RDM, 32 held-out photographs (496 pairs)\n")
    print("| subject | model | V1 | V2 | V4 | IT | best |\n|---|---|---|---|---|---|---|")
    for (subject, name), rho in table.items():
        print(f"| sub-{subject} | {name} | " + " | ".join(f"{r:.4f}" for r in rho) + f" | {max(rho):.4f} |")
    print(f"\nseconds a step, all of a run divided by its {steps} steps: median {sorted(seconds)[len(seconds) // 2]:.2f}")
    print(f"peak memory of the largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6:.2f} GB")
    processor = [re.sub(r".*: ", "", line).strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    print(f"machine: {processor[0] if processor else 'unknown'}, {os.cpu_count()} processors")


main()
