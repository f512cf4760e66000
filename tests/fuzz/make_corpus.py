"""Seeds of the fuzzers: tiny files of every kind the readers know. Run by hand: /usr/bin/python3 tests/fuzz/make_corpus.py"""
import collections, io, os, struct, json
import numpy as np, torch
from PIL import Image

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")

def path(kind, name):
    os.makedirs(os.path.join(here, kind), exist_ok=True)
    return os.path.join(here, kind, name)

x = np.arange(6.0).reshape(2, 3)
for name, a in {"f8": x, "f4f": np.asfortranarray(x.astype("f4")), "big": x.astype(">f4"), "half": x.astype("f2"), "bool": x > 2, "scalar": np.float32(1)}.items():
    np.save(path("npy", name + ".npy"), a)
np.save(path("npy", "dict.npy"), {"data": x, "ch_names": ["O1", "Oz"], "times": np.linspace(0, 1, 3), "n": 3, "r": 0.5})
np.save(path("npy", "big_dict.npy"), {"data": x.astype(">i2"), "f": np.float64(2)})

header = json.dumps({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                     "b": {"dtype": "BF16", "shape": [1, 1], "data_offsets": [8, 10]}}).encode()
with open(path("safetensors", "two.safetensors"), "wb") as f:
    f.write(struct.pack("<Q", len(header)) + header + bytes(10))

base = torch.arange(12.0).reshape(3, 4)
state = collections.OrderedDict(a=base, view=base[1:, ::2], t=base.t(), h=base.half(), b=base.bfloat16(), i=torch.arange(2), p=torch.nn.Parameter(base[0]))
for zipped in (True, False):
    kind = "zip" if zipped else "legacy"
    torch.save(state, path("checkpoint", kind + ".pth"), _use_new_zipfile_serialization=zipped)
    torch.save({"epoch": 1, "state_dict": {"w": base}, "note": "x"}, path("checkpoint", kind + "_wrapped.pth"), _use_new_zipfile_serialization=zipped)
torch.save(state, path("checkpoint", "protocol4.pth"), pickle_protocol=4, _use_new_zipfile_serialization=False)

np.savez(path("archive", "stored.npz"), x=x, y=np.arange(3))
np.savez_compressed(path("archive", "deflated.npz"), x=np.zeros((20, 20)), y=np.arange(3))

picture = Image.fromarray((np.arange(8 * 9 * 3) % 251).astype("u1").reshape(8, 9, 3))
for name in ("a.png", "a.jpg", "a.bmp", "a.ppm"):
    picture.save(path("image", name))
picture.convert("L").save(path("image", "grey.pgm"))
picture.convert("P").save(path("image", "palette.png"))
picture.save(path("image", "progressive.jpg"), progressive=True, subsampling=2, quality=80)

with open(path("csv", "quoted.csv"), "w") as f:
    f.write('name,value\n"a, b",1.5\n"say ""x""",-2e3\r\n,\n')
