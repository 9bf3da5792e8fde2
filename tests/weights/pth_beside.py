"""Checkpoints with all that training scripts save beside a state dict, for the tests of imgcls.

    pip install numpy
    python3 tests/weights/pth_beside.py      writes the files of pth_beside/

PyTorch is not needed: what its classes put into a pickle is put there by classes of the same names.
"""
import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import pathlib
import pickle
import random
import re
import sys
import types
import uuid
import zipfile

import numpy

HERE = pathlib.Path(__file__).parent


def module(name):
    """The module of that name, which is made with those around it, so that pickles can name it."""
    if name not in sys.modules:
        if "." in name:
            module(name.rpartition(".")[0])
        sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


def named(name):
    """Gives a class or function another name: that of one in another module."""
    def rename(thing):
        where, _, thing.__qualname__ = name.rpartition(".")
        thing.__module__, thing.__name__ = where, thing.__qualname__
        setattr(module(where), thing.__name__, thing)
        return thing
    return rename


@named("torch.FloatStorage")
class FloatStorage:
    pass


@named("torch._utils._rebuild_tensor_v2")
def _rebuild_tensor_v2(*_):
    pass


@named("torch._utils._rebuild_parameter")
def _rebuild_parameter(*_):
    pass


@named("torch._tensor._rebuild_from_type_v2")
def _rebuild_from_type_v2(*_):
    pass


@named("torch.Tensor")
class Tensor:
    """Two numbers. With attributes of its own it is pickled in another way."""
    def __init__(self, values, annotated=False):
        self.values, self.annotated = values, annotated

    def __reduce_ex__(self, _):
        arguments = Storage(self.values), 0, (2,), (1,), False, collections.OrderedDict()
        if not self.annotated:
            return _rebuild_tensor_v2, arguments
        return _rebuild_from_type_v2, (_rebuild_tensor_v2, Tensor, arguments, {"note": "mine"})


class Parameter:
    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, _):
        return _rebuild_parameter, (self.data, True, collections.OrderedDict())


class Storage:
    def __init__(self, values):
        self.values = values


@named("torch.Size")
class Size(tuple):
    def __reduce__(self):
        return Size, (tuple(self),)


@named("torch.device")
class device:
    def __reduce__(self):
        return device, ("cuda", 0)


@named("torch.torch_version.TorchVersion")
class TorchVersion(str):
    pass


@named("torch.optim.sgd.SGD")
class SGD:
    def __init__(self):
        self.defaults = {"lr": 0.1}
        self.state = collections.defaultdict(dict)
        self.param_groups = [{"params": [Parameter(Tensor([7, 8]))], "lr": 0.1}]


@named("torch.optim.lr_scheduler.StepLR")
class StepLR:
    def __init__(self):
        self.optimizer, self.base_lrs = SGD(), [0.1]


@named("torch.nn.modules.loss.CrossEntropyLoss")
class CrossEntropyLoss:
    def __init__(self):
        self._buffers = collections.OrderedDict(weight=Tensor([9, 10]))


@named("training.config.Phase")
class Phase(enum.Enum):
    TRAIN = 1


@named("training.config.Flags")
class Flags(enum.IntFlag):
    A = 1
    B = 2


@named("training.config.Config")
@dataclasses.dataclass
class Config:
    lr: float = 0.1
    phase: Phase = Phase.TRAIN
    parent: object = None

    def schedule(self):
        pass


@named("training.config.Point")
class Point(collections.namedtuple("Point", "x y")):
    pass


@named("training.config.Keywords")
class Keywords:
    def __getnewargs_ex__(self):
        return (1,), {"two": 2}


@named("training.config.AttributeDict")
class AttributeDict(dict):
    pass


@named("training.config.Ordered")
class Ordered(collections.OrderedDict):
    pass


@named("training.config.Steps")
class Steps(list):
    pass


def circular():
    """A tuple in a list in the tuple, and a configuration that is its own parent."""
    steps, config = [], Config()
    both = (1, steps)
    steps.append(both)
    config.parent = config
    return [both, config]


def beside():
    attributes = AttributeDict(lr=0.1)
    attributes.note = "an attribute of a dict"
    return {
        "epoch": 3, "large": 2 ** 70, "negative": -2 ** 70, "huge": 2 ** 3000, "float": 0.5, "none": None,
        "numpy float": numpy.float64(71.3), "numpy int": numpy.int64(4), "numpy bool": numpy.bool_(True),
        "history": numpy.arange(6.0).reshape(2, 3), "text array": numpy.array(["a", "bc"]),
        "fortran": numpy.asfortranarray(numpy.arange(6).reshape(2, 3)), "when": numpy.datetime64("2026-01-02"),
        "objects": numpy.array([None, {}], dtype=object), "dtype": numpy.dtype("f4"),
        "numpy rng": numpy.random.RandomState(0).get_state(), "generator": numpy.random.default_rng(0),
        "python rng": random.Random(0).getstate(), "torch rng": Tensor([5, 6]),
        "time": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), "date": datetime.date(2026, 1, 2),
        "took": datetime.timedelta(seconds=5), "path": pathlib.PurePosixPath("/data/train"),
        "losses": collections.deque([1.5, 2.5], maxlen=9), "set": {1, 2}, "frozen": frozenset([2]),
        "range": range(0, 9, 3), "slice": slice(1, None, 2), "bytes": b"\x00\xff", "array": bytearray(b"abc"),
        "complex": 1 + 2j, "decimal": decimal.Decimal("0.1"), "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID(int=7), "pattern": re.compile("a.c"), "error": ValueError("diverged"),
        "counter": collections.Counter(a=2), "default": collections.defaultdict(list, a=[1]),
        "args": argparse.Namespace(data=pathlib.PurePosixPath("/data"), lr=0.1, none=None),
        "space": types.SimpleNamespace(lr=0.1), "enum": Phase.TRAIN, "flags": Flags.A | Flags.B,
        "config": Config(), "point": Point(1, 2), "keywords": Keywords(), "attributes": attributes,
        "ordered": Ordered(a=1), "steps": Steps([1, 2]), "partial": functools.partial(max, 1),
        "method": Config().schedule, "class": Config, "function": len, "size": Size([2, 3]), "device": device(),
        "version": TorchVersion("2.15.0"), "optimizer": SGD(), "scheduler": StepLR(),
        "criterion": CrossEntropyLoss(), "circular": circular(), "storage": Storage([11, 12]),
        "deep": functools.reduce(lambda inner, _: [inner], range(200), 1),
    }


class Pickler(pickle.Pickler):
    """As torch.save's: storages lie outside of the pickle."""
    def __init__(self, file, protocol, view=()):
        super().__init__(file, protocol)
        self.storages, self.view = [], view

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        self.storages.append(value.values)
        return "storage", FloatStorage, str(len(self.storages) - 1), "cpu", len(value.values), *self.view


def write(name, value, protocol=2):
    pickled = io.BytesIO()
    pickler = Pickler(pickled, protocol)
    pickler.dump(value)
    files = {"data.pkl": pickled.getvalue(), "byteorder": b"little", "version": b"3\n"}
    for number, values in enumerate(pickler.storages):
        files[f"data/{number}"] = numpy.array(values, dtype="<f4").tobytes()
    with zipfile.ZipFile(HERE / "pth_beside" / name, "w") as archive:
        for entry, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{entry}"), content)


def write_legacy(name, value, protocol):
    """The format of before PyTorch 1.6: pickles, and then the storages."""
    head = [0x1950a86a20f9469cfc6c, 1001, {"protocol_version": 1001, "little_endian": True}]
    pickled = io.BytesIO()
    pickler = Pickler(pickled, protocol, view=(None,))
    pickler.dump(value)
    keys = [str(number) for number in range(len(pickler.storages))]
    with open(HERE / "pth_beside" / name, "wb") as file:
        for part in head:
            pickle.dump(part, file, protocol)
        file.write(pickled.getvalue())
        pickle.dump(keys, file, protocol)
        for values in pickler.storages:
            file.write(len(values).to_bytes(8, "little") + numpy.array(values, dtype="<f4").tobytes())


def main():
    state = collections.OrderedDict([("fc.weight", Parameter(Tensor([1, 2]))),
                                     ("fc.bias", Tensor([3, 4], annotated=True))])
    values = beside()
    for protocol in (2, 3, 4, 5):
        write(f"protocol{protocol}.pth", {**values, "state_dict": state}, protocol)
        write_legacy(f"legacy{protocol}.pth", {"epoch": 3, "state_dict": state}, protocol)
    write("averaged.pth", {"state_dict_ema": {"fc.weight": Tensor([3, 4])},
                           "state_dict": {"fc.weight": Tensor([1, 2])}})


if __name__ == "__main__":
    main()
