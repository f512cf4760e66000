"""The model `mini` with random values: every area at every step, in float64. See README.md, mini_* and forward_*."""
from reference import AREAS, PRESETS, build_encoder, flatten_values, mini_model, randomise, relative_l2, save

import torch


def outputs(model, images):
    """name -> output, named as the program names layers; step names count from 0."""
    found, cornet = {}, model.realnet
    x = cornet.V1(images)
    found["V1"] = x
    areas = [x]
    for name in AREAS[1:]:
        steps = getattr(cornet, name).steps(x)
        for t, value in enumerate(steps):
            found["%s.%d" % (name, t)] = value
        x = steps[-1]
        areas.append(x)
    found["avgpool"] = x.mean(dim=(2, 3))
    found["logits"] = cornet.decoder(x)
    found["encoding"] = model.encoding(areas)
    found["prediction"] = model.fc(found["encoding"])
    return found


def main():
    generator = torch.Generator().manual_seed(11)
    model = build_encoder(PRESETS["mini"], 11)
    randomise(model, generator)
    save("mini_parameters.npy", flatten_values(model, False), "<f4")
    save("mini_statistics.npy", flatten_values(model, True), "<f4")
    images = torch.randn(3, 3, 32, 32, generator=generator)
    save("forward_images.npy", images, "<f4")

    model = mini_model().eval()
    with torch.no_grad():
        single = outputs(model, images)
        double = outputs(model.double(), images.double())
    for name, value in double.items():
        save("forward_%s.npy" % name, value, "<f8")
        print("    float32 PyTorch differs by %.2e" % relative_l2(single[name], value))


main()
