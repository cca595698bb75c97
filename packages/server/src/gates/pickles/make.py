"""Makes the files that scan.test.ts reads, each by the library whose it is: nothing in them is ever loaded."""
import collections, io, os, pickle, struct, sys, types, zipfile
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

out = Path(sys.argv[1])


class Runs:
    def __reduce__(self):
        return os.system, ("false",)


class Evals:
    def __reduce__(self):
        return eval, ("1",)


x = np.arange(40.0).reshape(20, 2)
forest = RandomForestClassifier(3).fit(x, [0, 1] * 10)
line = make_pipeline(StandardScaler(), LinearRegression()).fit(x, x[:, 0])
plain = {"a": [1, 2.5, None, True], "b": collections.OrderedDict(c={3}), "d": np.float32(2), "e": np.array(["x", "yy"])}

for protocol in range(6):
    (out / f"plain-{protocol}.pkl").write_bytes(pickle.dumps(plain, protocol))
    (out / f"runs-{protocol}.pkl").write_bytes(pickle.dumps([1, Runs()], protocol))
(out / "forest.pkl").write_bytes(pickle.dumps(forest))
joblib.dump(forest, out / "forest.joblib")
joblib.dump(line, out / "line.joblib.z", compress=("zlib", 3))
joblib.dump(line, out / "line.joblib.gz", compress=("gzip", 3))
for name in ("bz2", "xz", "lzma"):
    joblib.dump(line, out / f"line-{name}.joblib", compress=(name, 3))
joblib.dump(line, out / "line.joblib")
joblib.dump([np.arange(5000), Runs()], out / "runs.joblib")
joblib.dump(np.zeros(4_000_000), out / "zeros.joblib")
joblib.dump([np.arange(5000), np.array([{"a": 1}, "b"], dtype=object), Runs()], out / "behind-arrays.joblib")
joblib.dump([np.array([Evals()], dtype=object), np.zeros(3)], out / "in-array.joblib")
(out / "function.pkl").write_bytes(pickle.dumps(FunctionTransformer(np.log1p)))
# As bytes of an array to joblib, and as the next steps to pickle.
hidden = np.frombuffer(b"0" + b"cposix\nsystem\n(S'false'\ntR." + b"." * 20, dtype=np.uint8)


class Pipe(io.RawIOBase):
    """Has no place: joblib aligns nothing in it."""

    def __init__(self):
        self.parts = []

    def write(self, part):
        self.parts.append(bytes(part))
        return len(self.parts[-1])

    def tell(self):
        raise io.UnsupportedOperation


pipe = Pipe()
joblib.dump([hidden], pipe)
for name in ("two-ways.joblib", "two-ways.pkl"):
    (out / name).write_bytes(b"".join(pipe.parts))
# Named by what is put together, reached through another module, and an extension.
(out / "computed.pkl").write_bytes(b"\x80\x04\x8c\x05posix" + b"\x8c\x06system" + b"\x85" + b"\x93.")
(out / "through.pkl").write_bytes(b"\x80\x04\x8c\x0csklearn.base\x8c\x09os.system\x93\x8c\x05false\x85R.")
(out / "extension.pkl").write_bytes(b"\x80\x02\x82\x01.")
(out / "cut.pkl").write_bytes(pickle.dumps(plain)[:-20])
(out / "cut-runs.pkl").write_bytes(pickle.dumps(Runs(), 2)[:-2])
(out / "second.pkl").write_bytes(pickle.dumps(1) + pickle.dumps(Runs()))
(out / "inst.pkl").write_bytes(b"(S'false'\nios\nsystem\n.")
(out / "obj.pkl").write_bytes(b"(cos\nsystem\nS'false'\no.")

# torch's own names, as its files have them.
torch = types.ModuleType("torch")
utils = types.ModuleType("torch._utils")
exec("def _rebuild_tensor_v2(*all): pass", utils.__dict__)
torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
sys.modules.update({"torch": torch, "torch._utils": utils})


class Tensor:
    def __reduce__(self):
        return utils._rebuild_tensor_v2, (torch.FloatStorage(), 0, (2, 2), (2, 1), False, collections.OrderedDict())


class Saver(pickle.Pickler):
    def persistent_id(self, it):
        return ("storage", type(it), "0", "cpu", 4) if isinstance(it, torch.FloatStorage) else None


def saved(it):
    buffer = io.BytesIO()
    Saver(buffer, 2).dump(it)
    return buffer.getvalue()


def zipped(name, it, packing=zipfile.ZIP_STORED):
    with zipfile.ZipFile(out / name, "w", packing) as file:
        file.writestr("archive/data.pkl", saved(it))
        file.writestr("archive/data/0", struct.pack("4f", 1, 2, 3, 4))
        file.writestr("archive/version", "3\n")


zipped("weights.pt", collections.OrderedDict(w=Tensor()))
zipped("packed.pth", collections.OrderedDict(w=Tensor()), zipfile.ZIP_DEFLATED)
zipped("pytorch_model.bin", collections.OrderedDict(w=Tensor(), x=Runs()), zipfile.ZIP_DEFLATED)
legacy = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
(out / "legacy.pt").write_bytes(b"".join(pickle.dumps(it, 2) for it in legacy) + saved({"w": Tensor(), "x": Evals()}) + pickle.dumps(["0"], 2) + bytes(64))
(out / "weights.bin").write_bytes(bytes(range(1, 200)) * 10)
(out / "renamed.weights").write_bytes(pickle.dumps(Runs()))
(out / "conda.yaml").write_text("channels:\n- conda\nname: x\n")
