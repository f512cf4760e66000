"""The alignment training in PyTorch, shared by make_training.py and training_parity.py (docs/method.md section 3)."""
from reference import LOSS_PARTS, alignment_loss

from collections import namedtuple

import numpy as np
import torch
from torch.utils.data import DataLoader

Settings = namedtuple("Settings", "epochs batch lr beta contrast")
CSV_HEADER = ",".join(["train_" + part for part in LOSS_PARTS])
CSV_TEST_HEADER = ",".join(["test_" + part for part in LOSS_PARTS])


def teacher_labels(cornet, images, batch=16):
    """Arg-max of the logits of the untouched CORnet, in evaluation mode."""
    cornet.eval()
    with torch.no_grad():
        return torch.cat([cornet(part).argmax(dim=1) for part in images.split(batch)])


def batch_losses(model, data, indices, settings):
    """The loss parts of one batch; data is (images, labels, targets)."""
    images, labels, targets = (part[indices] for part in data)
    logits, prediction = model(images)
    return alignment_loss(logits, labels, prediction, targets, settings.beta, settings.contrast)


def train_epoch(model, optimiser, loader, data, settings):
    model.train()
    rows = []
    for indices in loader:
        optimiser.zero_grad()
        parts = batch_losses(model, data, indices, settings)
        parts["loss"].backward()
        optimiser.step()
        rows.append([parts[name].item() for name in LOSS_PARTS])
    return np.array(rows)


def test_epoch(model, loader, data, settings):
    model.eval()
    with torch.no_grad():
        losses = [batch_losses(model, data, indices, settings) for indices in loader]
    return np.array([[parts[name].item() for name in LOSS_PARTS] for parts in losses])


def train(model, images, targets, test, settings):
    """Train, the shuffling drawn from torch's generator as it stands. test: (images, targets) or None.

    Returns the loss table (epochs, 5 or 10), each entry the mean over an epoch's batches, a partial batch counting
    like a whole one as in the released code; and the training losses of every batch (epochs, batches, 5)."""
    data = (images, teacher_labels(model.realnet, images), targets)
    loader = DataLoader(range(len(images)), batch_size=settings.batch, shuffle=True)
    if test is not None:
        test_data = (test[0], teacher_labels(model.realnet, test[0]), test[1])
        test_loader = DataLoader(range(len(test[0])), batch_size=settings.batch, shuffle=False)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.lr)
    table, batches = [], []
    for _ in range(settings.epochs):
        batches.append(train_epoch(model, optimiser, loader, data, settings))
        row = [batches[-1].mean(axis=0)]
        if test is not None:
            row.append(test_epoch(model, test_loader, test_data, settings).mean(axis=0))
        table.append(np.concatenate(row))
    return np.array(table), np.array(batches)


def write_loss_csv(path, table):
    """As `realnet train` writes it; epochs count from 1."""
    header = "epoch," + CSV_HEADER + ("," + CSV_TEST_HEADER if table.shape[1] > len(LOSS_PARTS) else "")
    with open(path, "w", encoding="ascii") as f:
        f.write(header + "\n")
        for epoch, row in enumerate(table, 1):
            f.write("%d,%s\n" % (epoch, ",".join("%.9g" % value for value in row)))
