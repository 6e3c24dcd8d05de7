"""TLS contexts as configuration text, and who to show and trust in them.

Certificates come from tools/certs, made anew for each test.
"""

import textwrap

from harness.config import TYPE, indented, listener

SOCKETS = TYPE + "extensions.transport_sockets.tls.v3."


def file_certificate(certificate):
    """One entry of tls_certificates; `certificate`: from Certificates."""
    return (f"{{ certificate_chain: {{ filename: {certificate.chain} }}, "
            f"private_key: {{ filename: {certificate.key} }} }}")


def common(*certificates, trusted=None, validation="", alpn=(), more=""):
    """A CommonTlsContext. `trusted`: a CA's file, `validation`: more of the validation context."""
    text = ""
    if certificates:
        text += "tls_certificates:\n" + "".join(f"- {file_certificate(each)}\n" for each in certificates)
    if trusted or validation:
        text += "validation_context:\n"
        if trusted:
            text += f"  trusted_ca: {{ filename: {trusted} }}\n"
        text += (indented(validation, 2) + "\n") if validation else ""
    if alpn:
        text += f"alpn_protocols: [{', '.join(alpn)}]\n"
    return text + textwrap.dedent(more)


def transport_socket(message, fields):
    return (f"transport_socket:\n  name: envoy.transport_sockets.tls\n  typed_config:\n"
            f'    "@type": {SOCKETS}{message}\n{indented(fields, 4)}\n')


def downstream(common_text, more=""):
    """For a filter chain."""
    return transport_socket("DownstreamTlsContext",
                            textwrap.dedent(more) + "common_tls_context:\n" + (indented(common_text, 2) or "  {}"))


def upstream(common_text="", more=""):
    """For a cluster's `more`."""
    body = "common_tls_context:\n" + indented(common_text, 2) if common_text else "common_tls_context: {}"
    return transport_socket("UpstreamTlsContext", textwrap.dedent(more) + body)


def tls_listener(routes, socket_text, **more):
    """An HTTP listener whose only chain has this transport socket."""
    return listener(routes, **more).rstrip("\n") + "\n" + indented(socket_text, 2) + "\n"
