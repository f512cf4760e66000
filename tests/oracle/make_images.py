#!/usr/bin/python3
"""Makes tests/oracle/images/: small images of every kind, and expected.txt with what Pillow and PyTorch make of them.

Run with Debian 12's python3 (Pillow 9.4, torch 1.13): /usr/bin/python3 tests/oracle/make_images.py
A line of expected.txt is
    NAME HEIGHT WIDTH RGB SIZE RESIZED FLOATS BYTES VALUES
RGB      FNV-1a 64 of Image.open(NAME).convert("RGB")
SIZE     224 or 32; the next columns are after resize((SIZE, SIZE), BILINEAR)
RESIZED  FNV-1a 64 of the resized bytes
FLOATS   FNV-1a 64 of the normalised float32 tensor (3, SIZE, SIZE), little-endian
BYTES    the first resized pixel, VALUES its three normalised values (C's %a)
The PNG files are packed here and not by Pillow, which cannot write interlaced files or all depths.
photo.jpg.ppm is Pillow's decoding of photo.jpg: decoders of JPEG may differ by a few levels."""
import os
import struct
import zlib

import numpy as np
import torch
from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
random = np.random.RandomState(20240907)


def fnv(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return "%016x" % h


def picture(height, width, channels, top):
    """Ramps, a disc and stripes, with noise of a few levels in one corner: small when packed, but not smooth."""
    y, x = np.mgrid[0:height, 0:width]
    out = np.empty((height, width, channels))
    for c in range(channels):
        ramp = ((c + 1) * x / max(width, 2) + y / max(height, 2)) % 1.0
        disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(height, width) / (3 + c)) ** 2
        out[..., c] = np.where(disc, 1.0 - ramp, ramp) + 0.3 * (((x // 7 + y // 5) % 3) == c)
    noisy = (x < width // 3 + 1) & (y < height // 3 + 1)
    out += noisy[..., None] * random.uniform(-0.4, 0.4, out.shape)
    return np.clip(np.rint(out * top), 0, top).astype(np.uint16)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_rows(samples, depth):
    """Rows of bytes of samples (height, width, channels)."""
    height = samples.shape[0]
    if depth == 16:
        return samples.astype(">u2").reshape(height, -1).view(np.uint8)
    flat = samples.reshape(height, -1).astype(np.uint8)
    if depth == 8:
        return flat
    bits = np.unpackbits(flat[..., None], axis=2)[..., 8 - depth:].reshape(height, -1)
    return np.packbits(bits, axis=1)


def paeth(a, b, c):
    pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(rows, step):
    """Every row through one of PNG's five filters, each in turn."""
    out = bytearray()
    above = np.zeros(rows.shape[1], np.uint8)
    for i, row in enumerate(rows):
        kind = i % 5
        out.append(kind)
        for j in range(len(row)):
            a = int(row[j - step]) if j >= step else 0
            b = int(above[j])
            c = int(above[j - step]) if j >= step else 0
            guess = (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]
            out.append((int(row[j]) - guess) % 256)
        above = row
    return bytes(out)


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(name, samples, depth, colour, interlaced=False, extra=()):
    height, width = samples.shape[:2]
    step = max(1, CHANNELS[colour] * depth // 8)
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    data = b"".join(filtered(packed_rows(p, depth), step) for p in passes if p.size)
    packed = zlib.compress(data, 9)
    half = len(packed) // 2
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n")
        f.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))))
        for kind, content in extra:
            f.write(chunk(kind, content))
        f.write(chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:]) + chunk(b"IEND", b""))


def make_pngs():
    for depth, size in ((1, (53, 37)), (2, (37, 53)), (4, (80, 100)), (8, (53, 37)), (16, (37, 53))):
        grey = picture(*size, 1, (1 << depth) - 1)
        if depth == 16:
            grey = np.where(grey > 30000, grey, grey % 300)             # so that not all of it is cut at 255
        png("grey%d.png" % depth, grey, depth, GREY)
    png("grey8_clear.png", picture(37, 53, 1, 255), 8, GREY, extra=[(b"tRNS", struct.pack(">H", 7))])
    png("grey16_clear.png", picture(20, 30, 1, 400), 16, GREY, extra=[(b"tRNS", struct.pack(">H", 7))])
    png("grey_alpha8.png", picture(37, 53, 2, 255), 8, GREY_ALPHA)
    png("grey_alpha16.png", picture(37, 53, 2, 65535), 16, GREY_ALPHA)
    for depth, colours in ((1, 2), (2, 4), (4, 16), (8, 200)):
        colour_table = random.randint(0, 256, 3 * colours).astype(np.uint8).tobytes()
        indices = picture(80, 100, 1, colours - 1)
        png("palette%d.png" % depth, indices, depth, PALETTE, extra=[(b"PLTE", colour_table)])
        alpha = random.randint(0, 256, colours // 2).astype(np.uint8).tobytes()
        png("palette%d_alpha.png" % depth, indices, depth, PALETTE, depth == 4,
            [(b"PLTE", colour_table), (b"tRNS", alpha)])
    png("palette_short.png", picture(12, 20, 1, 255), 8, PALETTE, extra=[(b"PLTE", bytes(range(90)))])
    png("rgb8.png", picture(200, 300, 3, 255), 8, RGB)
    png("rgb8_224.png", picture(224, 224, 3, 15) * 17, 8, RGB)
    png("rgb8_tall.png", picture(1000, 5, 3, 255), 8, RGB)
    png("rgb8_wide.png", picture(5, 1000, 3, 255), 8, RGB)
    png("rgb8_dot.png", picture(1, 1, 3, 255), 8, RGB)
    png("rgb8_clear.png", picture(37, 53, 3, 255), 8, RGB, extra=[(b"tRNS", struct.pack(">HHH", 1, 2, 3))])
    png("rgb8_interlaced.png", picture(53, 37, 3, 255), 8, RGB, True)
    png("rgb16.png", picture(37, 53, 3, 65535), 16, RGB)
    png("rgba8.png", picture(53, 37, 4, 255), 8, RGB_ALPHA)
    png("rgba8_interlaced.png", picture(3, 2, 4, 255), 8, RGB_ALPHA, True)
    png("rgba16.png", picture(37, 53, 4, 65535), 16, RGB_ALPHA)
    png("grey1_interlaced.png", picture(53, 37, 1, 1), 1, GREY, True)
    png("grey16_interlaced.png", picture(20, 30, 1, 400), 16, GREY, True)


def pnm(name, samples, maxval, plain=False):
    height, width, channels = samples.shape
    magic = {(1, False): "P5", (3, False): "P6", (1, True): "P2", (3, True): "P3"}[channels, plain]
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(("%s # a comment\n%d\t%d\n# another\n%d\n" % (magic, width, height, maxval)).encode())
        if plain:
            for row in samples.reshape(height, -1):
                f.write((" ".join(map(str, row)) + "\n").encode())
        else:
            f.write(samples.astype(">u2" if maxval > 255 else "u1").tobytes())


def make_pnms():
    pnm("grey.pgm", picture(37, 53, 1, 255), 255)
    pnm("grey100.pgm", picture(37, 53, 1, 100), 100)
    pnm("grey60000.pgm", picture(20, 30, 1, 300), 60000)
    pnm("grey65535.pgm", picture(20, 30, 1, 300), 65535)
    pnm("grey_plain.pgm", picture(20, 30, 1, 255), 255, True)
    pnm("rgb.ppm", picture(80, 100, 3, 255), 255)
    pnm("rgb_tall.ppm", picture(1000, 5, 3, 255), 255)
    pnm("rgb_dot.ppm", picture(1, 1, 3, 255), 255)
    pnm("rgb31.ppm", picture(33, 32, 3, 31), 31)
    pnm("rgb254.ppm", picture(32, 31, 3, 254), 254)
    pnm("rgb1000.ppm", picture(20, 30, 3, 1000), 1000)
    pnm("rgb65535.ppm", picture(32, 33, 3, 65535), 65535)
    pnm("rgb_plain.ppm", picture(20, 30, 3, 1000), 1000, True)


def make_others():
    Image.fromarray(picture(21, 30, 3, 255).astype(np.uint8)).save(os.path.join(HERE, "rgb.bmp"))
    photo = os.path.join(HERE, "photo.jpg")
    Image.fromarray(picture(60, 80, 3, 255).astype(np.uint8)).save(photo, quality=85)
    Image.open(photo).convert("RGB").save(photo + ".ppm")


def normalised(rgb):
    """torchvision's ToTensor and Normalize, in their own operations."""
    x = torch.from_numpy(rgb).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(-1, 1, 1)
    sd = torch.tensor([0.229, 0.224, 0.225]).view(-1, 1, 1)
    return x.sub_(mean).div_(sd).numpy()


def expect(name):
    image = Image.open(os.path.join(HERE, name)).convert("RGB")
    whole = np.array(image)
    lines = []
    for size in (224, 32):
        small = np.array(image.resize((size, size), Image.BILINEAR))
        floats = normalised(small)
        first = [float.hex(float(v)) for v in floats[:, 0, 0]]
        lines.append(" ".join([name, str(image.height), str(image.width), fnv(whole.tobytes()), str(size),
                               fnv(small.tobytes()), fnv(floats.astype("<f4").tobytes())] +
                              ["%d" % v for v in small[0, 0]] + first))
    return lines


def main():
    os.makedirs(HERE, exist_ok=True)
    for name in os.listdir(HERE):
        os.remove(os.path.join(HERE, name))
    make_pngs()
    make_pnms()
    make_others()
    names = sorted(n for n in os.listdir(HERE) if not n.startswith("photo"))
    with open(os.path.join(HERE, "expected.txt"), "w") as f:
        f.write("\n".join(line for n in names for line in expect(n)) + "\n")


main()
