"""Code that is not this package's own: how a file is loaded by its path, and the digest of what it consists of.

Importing this package lets Python find the modules of plugin files by their private names, in this process and in
every worker process that unpickles one of their classes.
"""

from benchmark.plugin_code import importer

importer.install()
