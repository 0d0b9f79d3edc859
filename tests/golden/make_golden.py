#!/usr/bin/python3
"""Writes golden.txt: what PyTorch makes of the networks and the training step of tests/unit/gan/golden.c.

Run it by hand (needs torch and numpy; tried with 1.13): /usr/bin/python3 tests/golden/make_golden.py
Weights, pictures and latents are drawn as limner draws them, from Philox, so that the file holds
results only. The step is that of pytorch/examples/dcgan/main.py with BCE on logits.
"""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from philox import normal, uniform

WEIGHTS, TEST = 0, 5  # enum lim_random_purpose
SIZE, CHANNELS, WIDTH, LATENT, BATCH, SEED, STEPS = 16, 3, 8, 10, 4, 7, 20
LR, BETA1 = 2e-4, 0.5


class Up(nn.ConvTranspose2d):
    """Kernel 5 as Keras 'same': padding 1, then the last row and column go."""

    def forward(self, x):
        y = super().forward(x)
        return y[:, :, :-1, :-1] if self.kernel_size[0] == 5 else y


class Down(nn.Conv2d):
    def forward(self, x):
        return super().forward(F.pad(x, (0, 1, 0, 1)) if self.kernel_size[0] == 5 else x)


def generator(kernel):
    return nn.Sequential(
        nn.ConvTranspose2d(LATENT, 2 * WIDTH, 4, 1, 0, bias=False), nn.BatchNorm2d(2 * WIDTH), nn.ReLU(),
        Up(2 * WIDTH, WIDTH, kernel, 2, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU(),
        Up(WIDTH, CHANNELS, kernel, 2, 1, bias=False), nn.Tanh())


def discriminator(kernel):
    return nn.Sequential(
        Down(CHANNELS, WIDTH, kernel, 2, 1, bias=False), nn.LeakyReLU(0.2),
        Down(WIDTH, 2 * WIDTH, kernel, 2, 1, bias=False), nn.BatchNorm2d(2 * WIDTH), nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 1, 4, 1, 0, bias=False))


def init(net, seed):
    """As lim_net_init: part by part, batch norm's running statistics counting as parts too."""
    index = 0
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.BatchNorm2d):
                gamma = np.float32(1) + np.float32(0.02) * normal(seed, WEIGHTS, index, layer.num_features)
                layer.weight.copy_(torch.from_numpy(gamma))
                layer.bias.zero_()
                index += 4
            elif hasattr(layer, 'weight'):
                o, i, r, s = layer.weight.shape  # ours is r, s, i, o whatever the two are called
                ours = np.float32(0.02) * normal(seed, WEIGHTS, index, layer.weight.numel())
                layer.weight.copy_(torch.from_numpy(ours.reshape(r, s, i, o).transpose(3, 2, 0, 1).copy()))
                index += 1


def check_keras_same():
    """Kernel 5, stride 2 by loops over the definition: a crop (transposed) or pad of 1 and 2."""
    x, w = normal(1, TEST, 0, 3 * 3 * 2).reshape(3, 3, 2), normal(1, TEST, 1, 5 * 5 * 4 * 2).reshape(5, 5, 4, 2)
    full = np.zeros((9, 9, 4))
    for i in range(3):
        for j in range(3):
            full[2 * i:2 * i + 5, 2 * j:2 * j + 5] += w @ x[i, j]
    up = Up(2, 4, 5, 2, 1, bias=False)
    down = Down(4, 2, 5, 2, 1, bias=False)
    y = normal(1, TEST, 2, 6 * 6 * 4).reshape(6, 6, 4)
    padded = np.pad(y, ((1, 2), (1, 2), (0, 0)))
    want = np.array([[np.einsum('rsck,rsc->k', w, padded[2 * i:2 * i + 5, 2 * j:2 * j + 5])
                      for j in range(3)] for i in range(3)])
    with torch.no_grad():
        torch_w = torch.from_numpy(w.transpose(3, 2, 0, 1).copy())
        up.weight.copy_(torch_w)
        down.weight.copy_(torch_w)
        got = up(torch.from_numpy(x.transpose(2, 0, 1).copy())[None])[0].permute(1, 2, 0).numpy()
        got_down = down(torch.from_numpy(y.transpose(2, 0, 1).copy())[None])[0].permute(1, 2, 0).numpy()
    assert np.abs(got - full[1:7, 1:7]).max() < 1e-5
    assert np.abs(got_down - want).max() < 1e-5


def nchw(flat, channels, size):
    return torch.from_numpy(flat.reshape(BATCH, size, size, channels).transpose(0, 3, 1, 2).copy())


def picture(out, tensor):
    values = tensor.detach().permute(0, 2, 3, 1).reshape(-1).numpy()
    for i in range(0, len(values), 12):
        out.write(' '.join('%.8g' % v for v in values[i:i + 12]) + '\n')


def case(out, kernel):
    g, d = generator(kernel), discriminator(kernel)
    init(g, 2 * SEED)
    init(d, 2 * SEED + 1)
    z = torch.from_numpy(normal(SEED, TEST, 1000, BATCH * LATENT).reshape(BATCH, LATENT, 1, 1))
    out.write('kernel %d\n' % kernel)
    state = {k: v.clone() for k, v in g.state_dict().items()}
    with torch.no_grad():
        picture(out, g(z))  # batch statistics
    g.load_state_dict(state)
    adam_g = torch.optim.Adam(g.parameters(), lr=LR, betas=(BETA1, 0.999))
    adam_d = torch.optim.Adam(d.parameters(), lr=LR, betas=(BETA1, 0.999))
    bce, real, fake = nn.BCEWithLogitsLoss(), torch.ones(BATCH), torch.zeros(BATCH)
    for step in range(STEPS):
        x = nchw(np.float32(2) * uniform(SEED, TEST, step, BATCH * SIZE * SIZE * CHANNELS) - np.float32(1), CHANNELS, SIZE)
        z = torch.from_numpy(normal(SEED, TEST, 1000 + step, BATCH * LATENT).reshape(BATCH, LATENT, 1, 1))
        d.zero_grad()
        loss_real = bce(d(x).view(-1), real)
        loss_real.backward()
        painted = g(z)
        loss_fake = bce(d(painted.detach()).view(-1), fake)
        loss_fake.backward()
        adam_d.step()
        g.zero_grad()
        loss_g = bce(d(painted).view(-1), real)
        loss_g.backward()
        adam_g.step()
        out.write('%.8g %.8g %.8g\n' % (loss_real.item(), loss_fake.item(), loss_g.item()))
    g.eval()
    with torch.no_grad():
        picture(out, g(z)[:1])  # running statistics, after all updates


if __name__ == '__main__':
    torch.manual_seed(0)
    torch.set_num_threads(1)
    check_keras_same()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden.txt'), 'w') as out:
        for k in (4, 5):
            case(out, k)
