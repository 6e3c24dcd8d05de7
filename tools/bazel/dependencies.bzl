"""All external repositories: Debian packages under the labels that upstream uses."""

load("//tools/bazel:debian.bzl", "debian_repository")

# Abseil's labels are many and fine-grained; in Debian they are one set of archives.
_ABSL = {
    "absl/algorithm": ["algorithm", "container"],
    "absl/base": ["base", "config", "core_headers", "dynamic_annotations", "endian", "log_severity", "nullability", "prefetch"],
    "absl/cleanup": ["cleanup"],
    "absl/container": [
        "btree",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "inlined_vector",
        "node_hash_map",
        "node_hash_set",
    ],
    "absl/debugging": ["failure_signal_handler", "leak_check", "stacktrace", "symbolize"],
    "absl/flags": ["flag", "parse", "usage"],
    "absl/functional": ["any_invocable", "bind_front", "function_ref"],
    "absl/hash": ["hash"],
    "absl/memory": ["memory"],
    "absl/meta": ["type_traits"],
    "absl/numeric": ["bits", "int128"],
    "absl/random": ["bit_gen_ref", "distributions", "random", "seed_sequences"],
    "absl/status": ["status", "statusor"],
    "absl/strings": ["cord", "str_format", "strings"],
    "absl/synchronization": ["synchronization"],
    "absl/time": ["time"],
    "absl/types": ["any", "compare", "optional", "span", "variant"],
    "absl/utility": ["utility"],
}

# The well-known types are compiled into libprotobuf: their proto_library targets serve imports only.
_PROTOBUF_BUILD = """
_WELL_KNOWN = {
    "any": [],
    "api": [":source_context_proto", ":type_proto"],
    "descriptor": [],
    "duration": [],
    "empty": [],
    "field_mask": [],
    "source_context": [],
    "struct": [],
    "timestamp": [],
    "type": [":any_proto", ":source_context_proto"],
    "wrappers": [],
}

[
    proto_library(name = name + "_proto", srcs = ["google/protobuf/%s.proto" % name], deps = deps)
    for name, deps in _WELL_KNOWN.items()
]

sh_binary(name = "protoc", srcs = ["bin/protoc"])

proto_lang_toolchain(
    name = "cc_toolchain",
    blacklisted_protos = [":%s_proto" % name for name in _WELL_KNOWN],
    command_line = "--cpp_out=$(OUT)",
    runtime = ":protobuf",
)
"""

_ROOT = ""

_LIBRARIES = {
    "boringssl": dict(
        targets = {_ROOT: ["crypto", "ssl"]},
        symlinks = {"/usr/include/android": "include"},
        includes = ["include"],
        linkopts = [
            "-L/usr/lib/x86_64-linux-gnu/android",
            "-l:libssl.so.0",
            "-l:libcrypto.so.0",
            "-Wl,-rpath,/usr/lib/x86_64-linux-gnu/android",
        ],
    ),
    "com_github_c_ares_c_ares": dict(
        archives = ["libcares.a"],
        targets = {_ROOT: ["ares"]},
        defines = ["CARES_STATICLIB"],
    ),
    "com_github_cyan4973_xxhash": dict(
        archives = ["libxxhash.a"],
        targets = {_ROOT: ["xxhash"]},
    ),
    "com_github_facebook_zstd": dict(
        archives = ["libzstd.a"],
        targets = {_ROOT: ["zstd"]},
    ),
    # Debian has spdlog and fmt only as shared libraries. Their header-only form links statically;
    # it costs nothing, since one file of ours includes it.
    "com_github_gabime_spdlog": dict(
        targets = {_ROOT: ["spdlog"]},
        defines = ["SPDLOG_FMT_EXTERNAL", "FMT_HEADER_ONLY"],
    ),
    "com_github_google_brotli": dict(
        archives = ["libbrotlienc.a", "libbrotlidec.a", "libbrotlicommon.a"],
        targets = {_ROOT: ["brotlidec", "brotlienc"]},
        linkopts = ["-lm"],
    ),
    # Static like the rest, so that no process holds two copies of Abseil or Protobuf.
    # It links OpenSSL: never in one binary with @boringssl.
    "com_github_grpc_grpc": dict(
        archives = ["libgrpc++.a", "libgrpc.a", "libaddress_sorting.a", "libupb.a", "libgpr.a"],
        targets = {_ROOT: ["grpc++"]},
        linkopts = ["-lssl", "-lcrypto"],
        deps = [
            "@com_github_c_ares_c_ares//:ares",
            "@com_google_absl//absl/base",
            "@com_google_protobuf//:protobuf",
            "@com_googlesource_code_re2//:re2",
            "@zlib//:zlib",
        ],
        symlinks = {"/usr/bin/grpc_cpp_plugin": "grpc_cpp_plugin"},
    ),
    "com_github_jbeder_yaml_cpp": dict(
        archives = ["libyaml-cpp.a"],
        targets = {_ROOT: ["yaml-cpp"]},
    ),
    "com_github_nghttp2": dict(
        archives = ["libnghttp2.a"],
        targets = {_ROOT: ["nghttp2"]},
        defines = ["NGHTTP2_STATICLIB"],
    ),
    "com_github_nlohmann_json": dict(targets = {_ROOT: ["json"]}),
    "com_google_absl": dict(archives = ["libabsl_*.a"], targets = _ABSL),
    "com_google_benchmark": dict(
        targets = {_ROOT: ["benchmark"]},
        linkopts = ["-lbenchmark"],
        build = """
cc_library(name = "benchmark_main", linkopts = ["-l:libbenchmark_main.a"], deps = [":benchmark"])
""",
    ),
    "com_google_googletest": dict(
        archives = ["libgmock.a", "libgtest.a"],
        targets = {_ROOT: ["gmock", "gtest"]},
        build = """
cc_library(name = "gtest_main", linkopts = ["-l:libgmock_main.a"], deps = [":gtest"])
alias(name = "gmock_main", actual = ":gtest_main")
""",
    ),
    "com_google_protobuf": dict(
        archives = ["libprotobuf.a"],
        targets = {_ROOT: ["protobuf", "protobuf_lite"]},
        deps = ["@zlib//:zlib"],
        symlinks = {"/usr/include/google": "google", "/usr/bin/protoc": "bin/protoc"},
        build = _PROTOBUF_BUILD,
    ),
    "com_googlesource_code_re2": dict(
        archives = ["libre2.a"],
        targets = {_ROOT: ["re2"]},
    ),
    "zlib": dict(
        archives = ["libz.a"],
        targets = {_ROOT: ["z", "zlib"]},
    ),
}

def debian_dependencies():
    """Declares every repository that the WORKSPACE has not declared before."""
    for name, attributes in _LIBRARIES.items():
        if not native.existing_rule(name):
            debian_repository(name = name, **attributes)

    # What Bazel 4.2.3 itself refers to: Debian ships the rules for Java and Protobuf. Its rules_cc
    # is too new for this Bazel, and coverage would need a download.
    _local("rules_java", "/usr/share/bazel/rules/java")
    _local("rules_proto", "/usr/share/bazel/rules/proto")
    _local("rules_cc", "tools/bazel/rules_cc")
    _local("remote_coverage_tools", "tools/bazel/remote_coverage_tools")

def _local(name, path):
    if not native.existing_rule(name):
        native.local_repository(name = name, path = path)
