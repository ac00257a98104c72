"""A script that imports torch alone and does what 2,000 updates of `model=lstm data=sincos` do."""

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
phases = 2 * torch.pi * torch.rand(2400, 1)
angles = phases + 0.1 * torch.arange(50)
inputs, targets = angles.sin()[:, :, None], angles.cos()[:, :, None]  # (N, T, 1)
lstm, linear = nn.LSTM(1, 64, batch_first=True), nn.Linear(64, 1)
optimizer = torch.optim.Adam([*lstm.parameters(), *linear.parameters()], lr=3e-3, betas=(0.9, 0.99), foreach=True)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=2000, cycle_momentum=False)
for update in range(2000):
    if update % 75 == 0:
        order = torch.randperm(2400).split(32)
    indices = order[update % 75]
    loss = nn.functional.mse_loss(linear(lstm(inputs[indices])[0])[:, 10:], targets[indices][:, 10:])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    schedule.step()
print(loss.item())
