"""Builds the native machine (`alvh_rules/native/strands.c`) into the package, where it can be built.

Setuptools finds the compiler. Without one, or without Python's headers, the package is made all the
same: NumPy then does what the machine would, with the same bits (`alvh_rules/native/__init__.py`).
`ALVH_RULES_NATIVE=require` makes that an error instead, and `=skip` builds nothing.
"""

from __future__ import annotations

import os
import runpy
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("alvh_rules") / "native"
# No contraction and no reordering: the bits are those of NumPy. Nobody looks at errno or at the
# flags of the processor, which lets loops be vectorised. Loops that straddle the lines in which the
# processor takes its instructions are up to a quarter slower.
GCC_FLAGS = [
    *("-std=c11", "-O3", "-falign-loops=32"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
]
MSVC_FLAGS = ["/std:c11", "/O2", "/fp:precise"]


class NativeBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """The hook that `pyproject.toml` names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the wheel is put together; an editable install is built where it is."""
        if self.target_name != "wheel":
            return
        wish = os.environ.get("ALVH_RULES_NATIVE", "try")
        if wish == "skip":
            return
        try:
            built = self._build()
        except Exception as reason:
            if wish == "require":
                raise
            self.app.display_warning(
                f"the native engine is not built, and NumPy takes its place: {reason}"
            )
            return
        build_data["artifacts"].append(built.as_posix())
        build_data["pure_python"] = False
        # The stable interface of Python 3.11: later ones take the same file.
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"

    def clean(self, versions: list[str]) -> None:
        """Remove what was built."""
        for ending in ("so", "pyd"):
            for path in (Path(self.root) / FOLDER).glob(f"_strands*.{ending}"):
                path.unlink()

    def _build(self) -> Path:
        """The built library, relative to the project."""
        from setuptools import Distribution, Extension
        from setuptools.command.build_ext import build_ext

        source = runpy.run_path(str(Path(self.root) / FOLDER / "source.py"))
        files = [str(FOLDER / name) for name in source["FILES"]]
        extension = Extension(
            "alvh_rules.native._strands",
            files[:1],
            depends=files[1:],
            define_macros=[("SOURCE", f'"{source["digest"](Path(self.root) / FOLDER)}"')],
            extra_compile_args=MSVC_FLAGS if sys.platform == "win32" else GCC_FLAGS,
            py_limited_api=True,
        )
        distribution = Distribution({"name": "alvh_rules", "ext_modules": [extension]})
        # What stands in the project's own files is not setuptools' business.
        command = build_ext(distribution)
        command.inplace = True
        command.build_temp = str(Path("build") / "native")
        before = Path.cwd()
        os.chdir(self.root)
        try:
            command.ensure_finalized()
            command.run()
            return Path(command.get_ext_fullpath(extension.name)).relative_to(self.root)
        finally:
            os.chdir(before)
