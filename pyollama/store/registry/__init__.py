"""Registries: where models are pulled from and pushed to, over HTTP.

    allowed    which registries may be talked to
    reach      where they may lead us
    proxies    which proxy Go would take
    transport  one client per operation, whose every request goes by the right proxy
    words      what Go says when the network fails
    exchange   a request and its bounded answer, redirects followed, errors in Go's words
    key_file   where the key of this machine's user lies
    keys       the key itself, Ed25519
    tokens     what a registry gives to the holder of a key
    session    what one pull or push says to the registry of a name
    retries    trying again, with pauses that grow
    progress   how far a transfer is, told while it runs
    parts      blobs cut into parts
    manifest   the manifest of a name
    direct     where the bytes of a blob really lie
    claims     one process at a time for a blob
    partial    blobs that have come in part, and the files that say so
    download   a blob on its way into the store, in parts
    upload     a blob on its way to a registry
    pull       the lines of a pull
    push       the lines of a push

All of it runs on the event loop, so that a client that leaves cancels what is under way. The
modules from transport on need httpx2, which takes a quarter of a second to import: the store
imports them in a thread, when somebody pulls or pushes.
"""
