# For a shell (bash, zsh) that is to run the bundle's programs:  . DIR/env.sh
# They find LibTorch in the PyTorch of this shell's python3.
_imgcls_paths=$(python3 - 2>/dev/null <<'END'
import importlib.util, pathlib
torch = pathlib.Path(importlib.util.find_spec("torch").submodule_search_locations[0])
print(*[torch / "lib", *sorted(torch.parent.glob("nvidia/*/lib"))], sep=":")
END
) || { echo "env.sh: this python3 has no PyTorch" >&2; return 1; }
_imgcls_here=$(cd "$(dirname "${BASH_SOURCE:-$0}")" && pwd)
export LD_LIBRARY_PATH="$_imgcls_paths:$_imgcls_here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PATH="$_imgcls_here/bin:$PATH"
unset _imgcls_paths _imgcls_here
