"""The C++ rules of this project: the native ones with its compiler flags."""

_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-missing-field-initializers",  # {.status = 414} is meant to leave the rest alone.
    "-Wno-unused-parameter",
    # GCC 12 reports these falsely in its own std::string once it inlines (PR 105329, 105651).
    "-Wno-error=restrict",
    "-Wno-error=array-bounds",
    "-Wno-error=stringop-overflow",
    "-Wno-error=maybe-uninitialized",
    "-Wno-error=use-after-free",  # of counts that cannot be 1 there (PR 104475)
]

def _copts(copts, exceptions):
    in_source = native.package_name().startswith("source/")
    return _COPTS + (["-fno-exceptions"] if in_source and not exceptions else []) + copts

def outrigger_cc_library(name, copts = [], exceptions = False, visibility = ["//visibility:public"], **kwargs):
    """A library. `exceptions` is for the one owner of a library that throws."""
    native.cc_library(
        name = name,
        copts = _copts(copts, exceptions),
        visibility = visibility,
        **kwargs
    )

def outrigger_cc_binary(name, copts = [], exceptions = False, visibility = ["//visibility:public"], **kwargs):
    native.cc_binary(
        name = name,
        copts = _copts(copts, exceptions),
        visibility = visibility,
        **kwargs
    )

def outrigger_cc_test(name, srcs, deps = [], copts = [], size = "small", main = True, **kwargs):
    """A GoogleTest test. `main = False` when srcs bring their own main()."""
    native.cc_test(
        name = name,
        srcs = srcs,
        size = size,
        copts = _COPTS + ["-Wno-sign-compare"] + copts,
        linkstatic = True,
        deps = deps + ["@com_google_googletest//:gtest" + ("_main" if main else "")],
        **kwargs
    )

def outrigger_cc_benchmark(name, srcs, deps = [], copts = [], **kwargs):
    """A Google Benchmark binary; run it with --config=release. tools/test builds it, no more."""
    native.cc_binary(
        name = name,
        srcs = srcs,
        testonly = True,
        copts = _COPTS + copts,
        deps = deps + ["@com_google_benchmark//:benchmark_main"],
        **kwargs
    )
