"""Weights as PyTorch and safetensors save them, for the tests of imgcls, and the way back.

    pip install torch==2.15.0 safetensors
    python3 tests/models/pth_reference.py              writes pth_reference/, and seeds for fuzzing
    python3 tests/models/pth_reference.py write DIR    writes the files of pth_reference/ into DIR
    python3 tests/models/pth_reference.py check DIR    compares DIR/cpp.pth and DIR/cpp.safetensors,
                                                       which C++ wrote of DIR/types.pth, with that

The tensors of types.* have the bytes 11, 48, 85 ... (37 more each time, modulo 256), in the shape 2 x 3; of
bool, those modulo 2. The C++ tests hold the same formula.
"""
import argparse
import collections
import pathlib
import sys
import warnings
import zipfile

import torch

HERE = pathlib.Path(__file__).parent
CORPUS = HERE.parent / "fuzz" / "corpus"

TYPES = ["float64", "float32", "float16", "bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e5m2fnuz",
         "float8_e4m3fnuz", "float8_e8m0fnu", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16",
         "uint8", "bool", "complex128", "complex64", "complex32"]
NOT_IN_SAFETENSORS = ["complex128", "complex32"]


def pattern(name):
    dtype = getattr(torch, name)
    size = 6 * torch.empty(0, dtype=dtype).element_size()
    values = [(11 + 37 * i) % (2 if name == "bool" else 256) for i in range(size)]
    return torch.tensor(values, dtype=torch.uint8).view(dtype).reshape(2, 3)


def types():
    return collections.OrderedDict((f"of.{name}", pattern(name)) for name in TYPES)


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    return collections.OrderedDict([
        ("base", base),
        ("transposed", base.transpose(0, 2)),
        ("slice", base[1, :, 1::2]),
        ("scalar", base[1, 2, 3]),
        ("expanded", base[0, 1, :1].expand(4)),
        ("nhwc", (base.reshape(2, 3, 2, 2) + 100).contiguous(memory_format=torch.channels_last)),
        ("empty", torch.zeros(0, 3)),
        ("parameter", torch.nn.Parameter(torch.tensor([1.5, -2.0]))),
    ])


def checkpoint():
    """What training scripts save: the state dict of a wrapped model among other things."""
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return {"epoch": 3, "best": 0.75, "seed": 2 ** 64 - 1, "state_dict":
            collections.OrderedDict(("module." + name, tensor) for name, tensor in views().items()),
            "optimizer": optimizer.state_dict(), "args": argparse.Namespace(lr=0.1, data=["a", None])}


def write(folder):
    from safetensors.torch import save_file
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    torch.save(types(), folder / "types.pth")
    torch.save(types(), folder / "types-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(views(), folder / "views.pth")
    torch.save(checkpoint(), folder / "checkpoint.pth")
    torch.save(checkpoint(), folder / "checkpoint-legacy.pth", _use_new_zipfile_serialization=False)
    save_file({name: tensor for name, tensor in types().items()
               if name.removeprefix("of.") not in NOT_IN_SAFETENSORS}, folder / "types.safetensors")


def write_all():
    from safetensors.torch import save_file
    write(HERE / "pth_reference")
    for name in ("pth", "safetensors"):
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(HERE / "pth_reference" / "views.pth") as views_file:
        (CORPUS / "pth" / "views.pkl").write_bytes(views_file.read("views/data.pkl"))
    save_file({"a.weight": torch.ones(2)}, CORPUS / "safetensors" / "one.safetensors",
              metadata={"format": "pt"})


def same(a, b):
    return (a.dtype == b.dtype and a.shape == b.shape and
            torch.equal(a.contiguous().view(torch.uint8), b.contiguous().view(torch.uint8)))


def check(folder):
    from safetensors.torch import load_file
    wanted = types()
    read = torch.load(folder / "cpp.pth", weights_only=True)
    mapped = torch.load(folder / "cpp.pth", weights_only=True, mmap=True)
    assert list(read) == list(wanted), list(read)
    for name, tensor in wanted.items():
        assert same(read[name], tensor) and same(mapped[name], tensor), name
    read = load_file(folder / "cpp.safetensors")
    wanted = {name: tensor for name, tensor in wanted.items()
              if name.removeprefix("of.") not in NOT_IN_SAFETENSORS}
    assert read.keys() == wanted.keys(), read.keys()
    for name, tensor in wanted.items():
        assert same(read[name], tensor), name
    print("equal to the last bit")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "ComplexHalf")
    if len(sys.argv) == 1:
        write_all()
    else:
        {"write": write, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
