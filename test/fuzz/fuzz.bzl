"""Fuzz targets: each is a unit test that replays its corpus, and a libFuzzer binary for ci/fuzz."""

load("//tools/bazel:outrigger.bzl", "outrigger_cc_binary", "outrigger_cc_test")

def outrigger_fuzz_test(name, srcs, deps = [], corpus = None):
    """Declares <name>, the replay, and <name>_libfuzzer, which only --config=fuzz can build.

    Args:
      name: like "http1_request_fuzz".
      srcs: define LLVMFuzzerTestOneInput.
      deps: of srcs.
      corpus: files to replay; test/fuzz/corpus/<name without _fuzz>/ when left out. Must not be empty.
    """
    if corpus == None:
        stem = name[:-len("_fuzz")] if name.endswith("_fuzz") else name
        corpus = native.glob(["corpus/%s/**" % stem])
    if not corpus:
        fail("%s: the corpus is empty; add at least one input" % name)
    outrigger_cc_test(
        name = name,
        srcs = srcs,
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        main = False,
        deps = deps + ["//test/fuzz:replay_main"],
    )
    outrigger_cc_binary(
        name = name + "_libfuzzer",
        testonly = True,
        srcs = srcs,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
