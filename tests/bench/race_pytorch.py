"""realnet beside PyTorch on this machine: forward pass of CORnet-S at batch 16 and 1, and one training step.

    /usr/bin/python3 tests/bench/race_pytorch.py [--threads 2] [--rounds 3]

The two take turns, each round in processes of its own, so that both meet the same state of the machine; the medians
over the rounds and their ratios are printed. The training step is batch 16, 1024 targets, Adam, with the head.
realnet's half is `./realnet bench --json` in the project's root, with OMP_NUM_THREADS set to the same threads.

The last rows are a step of an epoch of alignment training: PyTorch does as the authors' released code, two backbone passes on
the batch, both trained through, and a pass of the teacher; realnet does one pass, and the teacher's labels, which are made
once per image and run, are counted whole in this epoch.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REALNET = os.path.join(ROOT, "realnet")
KEYS = ("forward_16_seconds", "forward_1_seconds", "step_seconds", "epoch_step_seconds", "peak_bytes")
BATCH, OUTPUTS = 16, 1024


# ---- PyTorch's half, run in a process of its own -------------------------------------------------------------------

def seconds(work, repetitions):
    """Median time of work() after one run that warms up."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def pytorch_times(threads):
    sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
    import torch
    from reference import PRESETS, alignment_loss, build_cornet, build_encoder
    torch.set_num_threads(threads)
    model = build_encoder(PRESETS["cornet-s"]._replace(outputs=OUTPUTS), 1)
    images, targets = torch.randn(BATCH, 3, 224, 224), torch.randn(BATCH, OUTPUTS)
    labels = torch.arange(BATCH)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-5)

    def forward(batch):
        with torch.no_grad():
            model.realnet(batch)

    def step():
        optimiser.zero_grad()
        logits, prediction = model(images)
        alignment_loss(logits, labels, prediction, targets, 40.0, "pearson")["loss"].backward()
        optimiser.step()

    def released_step():
        optimiser.zero_grad()
        with torch.no_grad():
            answers = teacher(images).argmax(1)
        logits, _ = model(images)
        _, prediction = model(images)
        alignment_loss(logits, answers, prediction, targets, 40.0, "pearson")["loss"].backward()
        optimiser.step()

    teacher = build_cornet(PRESETS["cornet-s"], 1).train()
    model.eval()
    times = [seconds(lambda: forward(images), 1), seconds(lambda: forward(images[:1]), 5)]
    model.train()
    return dict(zip(KEYS, times + [seconds(step, 1), seconds(released_step, 1)]))


# ---- the race ------------------------------------------------------------------------------------------------------

def measure(command, threads):
    """Run a command that prints JSON; its numbers, with peak_bytes as the system saw it, the same way for both."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit("race_pytorch.py: %s failed" % " ".join(command))
    numbers = json.loads(text)
    numbers["peak_bytes"] = usage.ru_maxrss * 1024
    numbers.setdefault("epoch_step_seconds", numbers["step_seconds"] + numbers["forward_16_seconds"])
    return numbers


def race(threads, rounds):
    """name -> list of measurements, the racers taking turns."""
    racers = {"PyTorch": [sys.executable, os.path.abspath(__file__), "--worker", "--threads", str(threads)]}
    if os.path.exists(REALNET):
        racers["realnet"] = [REALNET, "bench", "--json"]
    results = {name: [] for name in racers}
    for _ in range(rounds):
        for name, command in racers.items():
            results[name].append(measure(command, threads))
    return results


def print_table(results):
    """A line a measurement: median and range over the rounds, and the ratio of the medians."""
    print("%-20s %-10s %12s %12s %12s %16s" % ("", "", "median", "lowest", "highest", "realnet/PyTorch"))
    for key in KEYS:
        medians = {}
        for name, rounds in results.items():
            values = [r[key] for r in rounds]
            medians[name] = statistics.median(values)
            ratio = "%16.3f" % (medians[name] / medians["PyTorch"]) if name == "realnet" else ""
            print("%-20s %-10s %12.6g %12.6g %12.6g %s" % (key, name, medians[name], min(values), max(values), ratio))
    if "realnet" not in results:
        print("%s is not there: only PyTorch was measured" % REALNET)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", action="store_true", help="PyTorch's half alone, as JSON")
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(pytorch_times(arguments.threads)))
        return
    try:
        import torch
    except ImportError:
        print("skipped: torch is not installed (apt install python3-torch, and use /usr/bin/python3)")
        return
    subprocess.run(["sh", os.path.join(ROOT, "tests", "bench", "machine.sh")], check=False)
    print("PyTorch %s" % torch.__version__, flush=True)
    print_table(race(arguments.threads, arguments.rounds))


main()
