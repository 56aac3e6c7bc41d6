# The default run in a container, on the processor:
#   docker build -t unmask-benchmark .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/reports:/work/reports" unmask-benchmark
# Arguments replace the default ones: docker run … unmask-benchmark --methods telea --limit 20
#
# A machine of a Ray cluster (docs/scaling.md); /shared is where all machines see photos and cache:
#   docker build -t unmask-ray --target ray-worker .
#   docker run --rm --network host --shm-size 2g -v /shared:/shared unmask-ray --head --port=6379
#   docker run --rm --network host --shm-size 2g -v /shared:/shared unmask-ray --address=HEAD:6379
FROM python:3.12-slim AS base

RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu
COPY . /source
RUN pip install --no-cache-dir /source && rm -r /source

# any user may write its caches and its reports
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /work
RUN mkdir reports && chmod 777 reports

FROM base AS ray-worker
COPY . /source
RUN pip install --no-cache-dir '/source[ray]' && rm -r /source
ENV RAY_USAGE_STATS_ENABLED=0
# --block: the container lives as long as the machine belongs to the cluster
ENTRYPOINT ["ray", "start", "--block", "--disable-usage-stats"]
CMD ["--address=head:6379"]

FROM base
ENTRYPOINT ["unmask-benchmark"]
CMD ["--methods", "all"]
