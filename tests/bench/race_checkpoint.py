"""Reading a checkpoint of the full encoder (102,111,400 parameters): realnet's reader against torch.load.
/usr/bin/python3 tests/bench/race_checkpoint.py [FOLDER] [REPEATS], from the project's folder, after make; 900 MB of disk in FOLDER (/tmp).
Checks that every tensor has the same bits, then alternates the two readers; the smallest time of each counts."""
import collections, json, os, subprocess, sys
import numpy as np

folder = sys.argv[1] if len(sys.argv) > 1 else "/tmp"
repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5

TORCH = """
import sys, time, torch
start = time.perf_counter()
torch.load(sys.argv[1], map_location="cpu")
print("seconds", time.perf_counter() - start)
"""

def build():
    objects = [f"build/cli/{n[:-2]}.o" for n in os.listdir("cli") if n.endswith(".c") and n != "main.c"] + ["build/realnet.o"]
    hdf5 = ["-lhdf5_serial"] if os.path.exists("/usr/include/hdf5/serial/hdf5.h") else []
    subprocess.check_call(["cc", "-std=c99", "-O2", "-fopenmp", "-D_POSIX_C_SOURCE=200809L", "tests/bench/load_checkpoint.c", *objects, *hdf5, "-lm", "-o",
                           "build/load_checkpoint"])

def facts(command):
    words = subprocess.check_output(command, text=True).split()
    return float(words[1]), int(words[3]) if len(words) > 3 else 0

def make(start):
    """The released encoder's state_dict with weights that realnet draws, saved by torch.save in both forms."""
    import torch
    subprocess.check_call(["./realnet", "init", "--model", "cornet-s", "--outputs", "1024", "--seed", "1", "-o", start], stdout=subprocess.DEVNULL)
    with open(start, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        begin = f.tell()
    data = np.memmap(start, mode="r", offset=begin)
    state = collections.OrderedDict()
    for name, t in header.items():
        if name == "__metadata__":
            continue
        low, high = t["data_offsets"]
        kind = {"F32": "<f4", "I64": "<i8"}[t["dtype"]]
        prefix = "" if name.startswith("fc") else "realnet.module."
        state[prefix + name] = torch.from_numpy(np.frombuffer(data[low:high].tobytes(), kind).reshape(t["shape"]).copy())
    order = [n for n in state if "running_" not in n and not n.endswith("num_batches_tracked")] + [n for n in state if "running_" in n]
    parameters = sum(v.numel() for n, v in state.items() if "running" not in n and "num_batches" not in n)
    files = {}
    for form, zipped in (("zip", True), ("legacy", False)):
        files[form] = os.path.join(folder, f"realnet-race-{form}.pth")
        torch.save(state, files[form], _use_new_zipfile_serialization=zipped)
    flat = np.concatenate([state[n].numpy().ravel() for n in order])
    return files, flat, parameters

def main():
    build()
    start, out = os.path.join(folder, "realnet-race.safetensors"), os.path.join(folder, "realnet-race.bin")
    files, flat, parameters = make(start)
    print(f"{parameters} parameters")
    for form, path in files.items():
        size = os.path.getsize(path)
        subprocess.check_call(["build/load_checkpoint", path, out], stdout=subprocess.DEVNULL)
        got = np.fromfile(out, "<u4")
        same = "the same bits" if np.array_equal(got, flat.view("<u4")) else "OTHER BITS"
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(facts(["build/load_checkpoint", path]))
            theirs.append(facts(["/usr/bin/python3", "-c", TORCH, path]))
        a, b = min(o[0] for o in ours), min(t[0] for t in theirs)
        print(f"{form}: {size} bytes, {same}; realnet {a:.3f} s, torch.load {b:.3f} s, ratio {a / b:.2f}; peak memory {ours[0][1] / size:.3f} of the file")
    for path in (start, out, *files.values()):
        os.remove(path)

main()
