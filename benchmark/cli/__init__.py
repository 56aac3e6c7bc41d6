"""The command line: one small file per subcommand."""

from benchmark.machine.processor_time import spare_the_processor

spare_the_processor()  # here, because the subcommands' modules import NumPy, which reads the environment once
