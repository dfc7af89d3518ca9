# The connector's image: packages as locked, no compiler, no pip, no root, nothing written outside /tmp.
# The index pip uses is pip's own business: pass --build-arg PIP_INDEX_URL=… or a proxy where it must be another.

FROM python:3.13-slim AS build
ARG PIP_INDEX_URL
ARG PIP_CERT
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/am-connector
WORKDIR /source
COPY requirements.lock .
RUN /opt/am-connector/bin/pip install --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md ./
COPY queues queues
COPY daemon daemon
COPY migrations migrations
# setuptools comes from the lock file; what only builds is not needed to run.
RUN /opt/am-connector/bin/pip install --no-deps --no-build-isolation . \
    && /opt/am-connector/bin/pip uninstall --yes setuptools pip \
    && find /opt/am-connector -name '*.pyc' -delete \
    && /opt/am-connector/bin/python -m compileall -q /opt/am-connector/lib

FROM python:3.13-slim
ENV PATH=/opt/am-connector/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONNECTOR_HTTP_HOST=0.0.0.0
COPY --from=build /opt/am-connector /opt/am-connector
COPY deploy /opt/am-connector/tools/deploy
# Volumes mounted here the first time take over the owner.
RUN mkdir -p /run/am-connector/admin /run/am-connector/broker /run/am-connector/database \
    && chown -R 10001:10001 /run/am-connector
USER 10001:10001
WORKDIR /opt/am-connector/tools
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "deploy.compose.probe", "http://127.0.0.1:8080/health/live"]
ENTRYPOINT ["am-connector"]
CMD ["run"]
