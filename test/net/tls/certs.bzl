"""The certificates of certs.recipe, made by tools/certs."""

_PAIRS = [
    "both", "client", "deep", "ed25519", "expired", "future", "long", "middle", "middle2", "must_staple",
    "nameless", "old", "other", "other_client", "other_server", "p224", "person", "revoked", "root",
    "selfsigned", "server", "server_new", "server_p384", "server_rsa", "sha1", "spiffe",
    "spiffe_ca", "spiffe_two", "stapled", "under_weak", "weak", "weakca",
]
_OTHERS = [
    "revoked.ocsp", "root.crl", "server.enc.key", "server.p12", "server_rsa.enc.key",
    "server_rsa.p12", "stapled.ocsp",
]

def throwaway_certificates(name, recipe):
    native.genrule(
        name = name,
        srcs = [recipe],
        outs = ["certs/%s.%s" % (each, kind) for each in _PAIRS for kind in ["pem", "key"]] +
               ["certs/" + each for each in _OTHERS],
        cmd = "$(location //tools:certs) recipe $(RULEDIR)/certs $< && " +
              "rm -r $(RULEDIR)/certs/.authorities",
        testonly = True,
        tools = ["//tools:certs"],
        visibility = ["//test:__subpackages__"],
    )
