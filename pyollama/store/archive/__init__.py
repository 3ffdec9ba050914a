"""A model as one file: a tar archive in OCI image layout, written and read without a server.

    exporting  a stored model into an archive
    importing  an archive into the store

An archive says what digest everything in it has, so that it can travel by any means. It is read
from and written to the folder itself, and not through a server: the API that clients know has no
place for it, a server's user may not read the file that is meant, and a store may be used by
several processes at once, so that a running server is no obstacle and sees the model at once.
"""
