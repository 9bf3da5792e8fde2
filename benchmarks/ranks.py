"""How benchmarks start ranks on this machine."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def on_ranks(ranks, words, launcher="mpirun"):
    """The command that runs `words` on so many ranks; also as root, and on more ranks than there are cores."""
    if launcher == "by variables":
        return ["bash", ROOT / "tests/support/by_variables.sh", str(ranks), *words]
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                      OMPI_MCA_btl_vader_single_copy_mechanism="none")
    return ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", str(ranks), *words]
