"""Trains a small network on scikit-learn's digits, as anyone would: what the pages are watched with, and pictured with.

Only MLFLOW_TRACKING_URI says where it logs to. Arguments: experiment, run name, learning rate, layer width, epochs, seconds an epoch takes at least.
"""
import sys
import time
import warnings

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mlflow
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")
experiment, name, rate, width, epochs, pause = sys.argv[1:]
X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, random_state=7)
model = MLPClassifier((int(width),), solver="sgd", learning_rate_init=float(rate), momentum=0.9, batch_size=64, random_state=7)

mlflow.set_experiment(experiment)
with mlflow.start_run(run_name=name):
    mlflow.log_params({"lr": float(rate), "width": int(width), "momentum": 0.9, "batch_size": 64, "solver": "sgd"})
    mlflow.set_tag("team", "tides")
    rng = np.random.default_rng(7)
    for epoch in range(int(epochs)):
        start = time.time()
        order = rng.permutation(len(X_train))
        model.partial_fit(X_train[order], y_train[order], classes=range(10))
        guess = model.predict_proba(X_val)
        mlflow.log_metrics(
            {
                "train/loss": model.loss_,
                "val/loss": log_loss(y_val, guess, labels=range(10)),
                "val/accuracy": accuracy_score(y_val, guess.argmax(axis=1)),
                "grad/norm": float(np.sqrt(sum((layer**2).sum() for layer in model.coefs_))),
            },
            step=epoch,
        )
        time.sleep(max(0.0, float(pause) - (time.time() - start)))
    figure, axes = plt.subplots(figsize=(5, 5))
    ConfusionMatrixDisplay.from_predictions(y_val, guess.argmax(axis=1), ax=axes, colorbar=False)
    mlflow.log_figure(figure, "figures/confusion.png")
    mlflow.log_dict({"labels": list(range(10)), "validation_rows": len(X_val)}, "summary.json")
