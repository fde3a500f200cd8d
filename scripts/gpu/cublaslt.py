#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where a library lies that programs open at run time. Prints the folder that has to be on LD_LIBRARY_PATH for it, an empty line if none has to be.
Usage: cublaslt.py libcublasLt.so.N OUT.json, which says what was found; status 1 if it cannot be opened anywhere."""
import ctypes
import glob
import json
import os
import pathlib
import sys


def folders(name):
    """The linker's own paths, the toolkit's, those of the packages that PyTorch brings."""
    yield ""
    yield "/usr/local/cuda/lib64"
    if os.environ.get("CUDA_HOME"):
        yield os.path.join(os.environ["CUDA_HOME"], "lib64")
    for path in sys.path:
        for found in sorted(glob.glob(os.path.join(path, "nvidia", "*", "lib", name))):
            yield os.path.dirname(found)


def main():
    name, out = sys.argv[1], pathlib.Path(sys.argv[2])
    tried = []
    for folder in folders(name):
        try:
            library = ctypes.CDLL(os.path.join(folder, name))
            library.cublasLtGetVersion.restype = ctypes.c_size_t
            version = library.cublasLtGetVersion()
        except (OSError, AttributeError) as error:
            tried.append(str(error))
            continue
        found = {"library": name, "folder": folder, "version": version, "tried": tried}
        out.write_text(json.dumps(found))
        print(folder)
        return 0
    out.write_text(json.dumps({"library": name, "missing": "networks with matrix products and their tests cannot run", "tried": tried}))
    print(f"{name} was not found: " + "; ".join(tried), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
