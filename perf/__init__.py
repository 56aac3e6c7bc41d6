"""Speed and memory, side by side with what others use: ``python -m perf`` measures, ``docs/performance.md`` shows."""
