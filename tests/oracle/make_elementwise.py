"""Single layers, cross-entropy and Adam on small inputs.
See README.md, conv_*, norm_*, pool_*, linear_*, entropy_*, adam_*. Inputs are float32; outputs are computed from them
in float64, except Adam's, which are torch.optim.Adam's in float32."""
from reference import save

import torch
from torch.nn import functional as F

generator = torch.Generator().manual_seed(31)


def normal(*shape):
    return torch.randn(*shape, generator=generator)


def doubles(*tensors):
    """Float64 copies that want gradients."""
    return [t.double().requires_grad_() for t in tensors]


def save_all(prefix, dtype, **tensors):
    for name, value in tensors.items():
        save("%s_%s.npy" % (prefix, name), value, dtype)


def convolution():
    x, w, dy = normal(2, 3, 9, 8), normal(5, 3, 3, 3), normal(2, 5, 5, 4)
    save_all("conv", "<f4", x=x, w=w, dy=dy)
    x, w = doubles(x, w)
    y = F.conv2d(x, w, stride=2, padding=1)
    dx, dw = torch.autograd.grad(y, (x, w), dy.double())
    save_all("conv", "<f8", y=y, dx=dx, dw=dw)


def batch_norm():
    shape = (3, 4, 5, 6)
    x, residual, dy = normal(*shape) * 2 + 1, normal(*shape), normal(*shape)
    weight, bias = torch.rand(4, generator=generator) + 0.5, normal(4)
    mean, var = normal(4), torch.rand(4, generator=generator) + 0.5
    save_all("norm", "<f4", x=x, residual=residual, dy=dy, weight=weight, bias=bias, running_mean=mean, running_var=var)
    for mode, training in (("train", True), ("eval", False)):
        inputs = doubles(x, residual, weight, bias)
        statistics = [mean.double(), var.double()]
        z = F.batch_norm(inputs[0], *statistics, *inputs[2:], training=training, momentum=0.1, eps=1e-5)
        y = F.relu(z + inputs[1])
        gradients = torch.autograd.grad(y, inputs, dy.double())
        save("norm_%s_y.npy" % mode, y, "<f8")
        for name, value in zip(("dx", "dresidual", "dweight", "dbias"), gradients):
            save("norm_%s_%s.npy" % (mode, name), value, "<f8")
        if training:
            save("norm_train_running_mean.npy", statistics[0], "<f8")
            save("norm_train_running_var.npy", statistics[1], "<f8")


def max_pool():
    """Small integers, so that many windows hold their maximum more than once."""
    x = torch.randint(-3, 4, (2, 3, 7, 8), generator=generator).float()
    dy = normal(2, 3, 4, 4)
    save_all("pool", "<f4", x=x, dy=dy)
    x, = doubles(x)
    y = F.max_pool2d(x, 3, stride=2, padding=1)
    save_all("pool", "<f8", y=y, dx=torch.autograd.grad(y, x, dy.double())[0])


def linear():
    x, w, b, dy = normal(3, 7), normal(5, 7), normal(5), normal(3, 5)
    save_all("linear", "<f4", x=x, w=w, b=b, dy=dy)
    x, w, b = doubles(x, w, b)
    y = F.linear(x, w, b)
    dx, dw, db = torch.autograd.grad(y, (x, w, b), dy.double())
    save_all("linear", "<f8", y=y, dx=dx, dw=dw, db=db)


def cross_entropy():
    """The last row is far from zero: a softmax that does not subtract its maximum overflows there."""
    logits, labels = normal(5, 7) * 3, torch.tensor([0, 6, 2, 2, 5])
    logits[4] += 800
    save_all("entropy", "<f4", logits=logits)
    save_all("entropy", "<i4", labels=labels)
    logits, = doubles(logits)
    loss = F.cross_entropy(logits, labels)
    save_all("entropy", "<f8", loss=loss.reshape(1), dlogits=torch.autograd.grad(loss, logits)[0])


def adam():
    """Gradients from 1e-12 to 1e3 in size, and one that is always zero."""
    start = normal(64)
    gradients = normal(5, 64) * 10.0 ** torch.linspace(-12, 3, 64)
    gradients[:, 7] = 0
    save_all("adam", "<f4", start=start, gradients=gradients)
    w = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([w], lr=1e-3)
    after = []
    for g in gradients:
        w.grad = g.clone()
        optimiser.step()
        after.append(w.detach().clone())
    save_all("adam", "<f4", after=torch.stack(after))


for make in (convolution, batch_norm, max_pool, linear, cross_entropy, adam):
    make()
