"""The front door: `python run_benchmark.py --methods all`. See `python run_benchmark.py --help`."""

import sys

from benchmark.cli.start import main

if __name__ == "__main__":
    sys.exit(main())
