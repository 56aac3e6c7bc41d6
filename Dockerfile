# The default run in a container, on the processor:
#   docker build -t unmask-benchmark .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/reports:/work/reports" unmask-benchmark
# Arguments replace the default ones: docker run … unmask-benchmark --methods telea --limit 20
FROM python:3.12-slim

RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu
COPY . /source
RUN pip install --no-cache-dir /source && rm -r /source

# any user may write its caches and its reports
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /work
RUN mkdir reports && chmod 777 reports
ENTRYPOINT ["unmask-benchmark"]
CMD ["--methods", "all"]
