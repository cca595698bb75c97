"""Logs what people log to look at, by MLflow's own client: images by step, figures, tables, sounds, texts, a notebook, Parquet, a patch.

Only MLFLOW_TRACKING_URI says where it logs to. Prints the run's id.
"""
import io
import json
import math
import struct
import sys
import wave

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from PIL import Image

mlflow.set_experiment("media")
with mlflow.start_run(run_name=sys.argv[1]) as run:
    x, y = np.meshgrid(np.linspace(-3, 3, 96), np.linspace(-3, 3, 96))
    for step in (0, 10, 20):
        wave_ = np.sin(x * (1 + step / 10)) * np.cos(y)
        mlflow.log_image(Image.fromarray(np.uint8(127 + 120 * wave_)), key="val/field", step=step)
        mlflow.log_text(f"At step {step} the tide is {step / 10} m.\n", f"samples/step-{step}.txt")
        figure, axes = plt.subplots(figsize=(4, 3))
        axes.plot(wave_[48])
        mlflow.log_figure(figure, f"figures/slice-{step}.png")
        plt.close(figure)
    mlflow.log_table({"word": [f"w{i}" for i in range(500)], "score": [i / 7 for i in range(500)]}, "predictions.json")
    mlflow.log_text('<h1 id="t">before</h1><script>document.getElementById("t").textContent = "interactive"</script>', "figures/page.html")
    mlflow.log_text("# Card\n\n- **wide** and `deep`\n\n<script>window.bad = 1</script>", "README.md")
    mlflow.log_dict({"optimizer": {"name": "sgd", "betas": [0.9, 0.99]}, "layers": list(range(250))}, "config.json")
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 8))) for i in range(4000)))
    with open("/tmp/tide.wav" if len(sys.argv) < 3 else f"{sys.argv[2]}/tide.wav", "wb") as file:
        file.write(sound.getvalue())
        path = file.name
    mlflow.log_artifact(path, "audio")
    folder = path[: -len("/tide.wav")]
    frame = pd.DataFrame({"station": [f"s{i % 9}" for i in range(1000)], "level": np.arange(1000) / 3, "at": pd.date_range("2026-01-01", periods=1000, freq="h")})
    frame.to_parquet(f"{folder}/levels.parquet")
    mlflow.log_artifact(f"{folder}/levels.parquet")
    frame.to_csv(f"{folder}/levels.csv", index=False)
    mlflow.log_artifact(f"{folder}/levels.csv")
    with open(f"{folder}/big.csv", "w") as file:
        file.write("step,loss\n")
        for i in range(500_000):
            file.write(f"{i},{i / 3:.4f}\n")
    mlflow.log_artifact(f"{folder}/big.csv")
    image = io.BytesIO()
    Image.fromarray(np.uint8(127 + 120 * np.sin(x))).save(image, "png")
    import base64

    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Tide study\n", "\n", "Levels of *nine* stations."]},
            {
                "cell_type": "code",
                "execution_count": 3,
                "metadata": {},
                "source": "import numpy as np\nfor i in range(2):\n    print(i)  # twice",
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["0\n", "1\n"]},
                    {"output_type": "display_data", "metadata": {}, "data": {"image/png": base64.b64encode(image.getvalue()).decode(), "text/plain": "<Figure>"}},
                    {"output_type": "error", "ename": "ValueError", "evalue": "no tide", "traceback": ["\u001b[31mValueError\u001b[0m: no tide"]},
                ],
            },
        ],
    }
    mlflow.log_dict(notebook, "code/study.json")
    mlflow.log_text(json.dumps(notebook), "code/study.ipynb")
    mlflow.log_text("scikit-learn==1.7\nnumpy\n", "requirements.txt")
    mlflow.log_text(
        "diff --git a/train.py b/train.py\nindex 1..2 100644\n--- a/train.py\n+++ b/train.py\n@@ -1,3 +1,4 @@\n import mlflow\n-lr = 0.1\n+lr = 0.05\n+width = 64\n print(lr)\n",
        "code/uncommitted.patch",
    )
    mlflow.set_tags(
        {
            "mlflow.source.name": "train.py",
            "mlflow.source.git.commit": "a41f9c2b0c1d2e3f405162738495a6b7c8d9e0f1",
            "mlflow.source.git.branch": "sweep/depth",
            "mlflow.source.git.repoURL": "git@github.com:tides/forecast.git",
            "tidegate.command": "python train.py --lr 0.05",
        }
    )
    mlflow.log_metric("val/loss", 0.5, step=20)
print(run.info.run_id)
