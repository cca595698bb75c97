"""Makes offline runs with W&B's own client: `wandb_runs.py FOLDER`. Prints their folders, the first that holds anything of each."""

import os
import sys
import time

import wandb
from PIL import Image

root = sys.argv[1]
os.makedirs(root, exist_ok=True)


def first(run):
    for step in range(500):
        run.log({"loss": 1 / (step + 1), "nested": {"acc": step / 500}, "note": "text"})
    run.log({"image": wandb.Image(Image.new("RGB", (4, 4))), "odd": float("nan"), "large": float("inf")})
    run.summary["best"] = 0.5
    run.summary["verdict"] = "good"


def second(run):
    run.log({"loss": 3.0}, step=10)


made = []
for name, work, code in [("first", first, 0), ("second", second, 1)]:
    # A run that ends at once is sometimes left with an empty log by the client.
    for attempt in range(10):
        settings = wandb.Settings(console="off", silent=True)
        run = wandb.init(
            mode="offline",
            project="vision",
            name=name,
            config={"lr": 0.1, "opt": {"name": "adam", "betas": [0.9, 0.99]}},
            tags=["a"],
            notes="a note",
            group="g",
            dir=root,
            settings=settings,
        )
        work(run)
        folder = os.path.dirname(run.dir)
        time.sleep(1 + attempt)
        run.finish(exit_code=code)
        logs = [os.path.join(folder, file) for file in os.listdir(folder) if file.endswith(".wandb")]
        if logs and os.path.getsize(logs[0]) > 1000:
            made.append(folder)
            break
print("\n".join(made))
