"""The store as a registry, read-only: ``/v2/...`` of the distribution protocol.

    endpoints  what there is below /v2/, and what is answered
    errors     refusals in the protocol's own form
    pages      long lists, a page at a time
    ranges     which bytes a Range header asks for
    files      a file, or a part of it, as an answer

Sources: the OCI distribution specification 1.1; what Ollama's own client needs beside it.
"""
