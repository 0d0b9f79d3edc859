#!/usr/bin/env python3
"""Loads a limner generator into the generator of PyTorch's DCGAN example.

    python3 to_torch.py RUN/generator.safetensors generator.pth    writes the example's state_dict
    python3 to_torch.py --check generator.safetensors              builds the network and paints one

Needs torch and numpy. Any size; kernel 4 gives exactly the example's layers, kernel 5 drops the last
row and column after each transposed convolution (Keras's 'same').
"""
import json
import struct
import sys

import numpy as np
import torch
import torch.nn as nn


def read_safetensors(path):
    """Names to arrays: eight bytes of header length, JSON, raw data."""
    with open(path, 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        data = file.read()
    header.pop('__metadata__', None)
    return {name: np.frombuffer(data[slice(*entry['data_offsets'])], '<f4').reshape(entry['shape'])
            for name, entry in header.items()}


class Generator(nn.Module):
    """main.0, main.3, ...: transposed convolutions; main.1, main.4, ...: batch norms."""

    def __init__(self, weights):
        super().__init__()
        layers = []
        for i, w in enumerate(weights):
            kernel, _, out, channels = w.shape
            stride, padding = (1, 0) if i == 0 else (2, 1)
            layers.append(nn.ConvTranspose2d(channels, out, kernel, stride, padding, bias=False))
            if i + 1 < len(weights):
                layers += [nn.BatchNorm2d(out), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.Tanh())

    def forward(self, x):
        for layer in self.main:
            x = layer(x)
            if isinstance(layer, nn.ConvTranspose2d) and layer.kernel_size[0] == 5:
                x = x[:, :, :-1, :-1]
        return x


def load(path):
    tensors = {name[len('generator.'):]: array for name, array in read_safetensors(path).items()
               if name.startswith('generator.') and name[len('generator.'):][0].isdigit()}
    rows = sorted(int(name.split('.')[0]) for name in tensors if name.endswith('.weight'))
    net = Generator([tensors['%d.weight' % row] for row in rows])
    state = {}
    for row in rows:
        # ours: rows, columns, out, in. PyTorch's transposed convolution: in, out, rows, columns
        state['main.%d.weight' % row] = tensors['%d.weight' % row].transpose(3, 2, 0, 1)
        if row != rows[-1]:
            for ours, theirs in (('gamma', 'weight'), ('beta', 'bias'),
                                 ('running_mean', 'running_mean'), ('running_var', 'running_var')):
                state['main.%d.%s' % (row + 1, theirs)] = tensors['%d.%s' % (row + 1, ours)].reshape(-1)
            state['main.%d.num_batches_tracked' % (row + 1)] = np.array(0)
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()})
    return net.eval()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == '--check':
        net = load(sys.argv[2])
        with torch.no_grad():
            picture = net(torch.randn(1, net.main[0].in_channels, 1, 1))
        print('one picture of shape %s, values from %.3f to %.3f'
              % (tuple(picture.shape), picture.min(), picture.max()))
    else:
        torch.save(load(sys.argv[1]).state_dict(), sys.argv[2])


if __name__ == '__main__':
    main()
