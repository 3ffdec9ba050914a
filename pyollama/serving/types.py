from pyollama.api import *  # noqa
