# An image of Orderbell: no root, a read-only root file system, one volume for the ledger.
# Another base with Python 3.11 or newer and pip: --build-arg BASE=…
ARG BASE=python:3.13-slim
# hadolint ignore=DL3006
FROM ${BASE} AS build

WORKDIR /src
COPY . .
# Where there is no network, put wheels of everything into wheels/ first (make wheels).
# hadolint ignore=DL3013,DL3042
RUN set -eu; \
    python3 -m venv /opt/orderbell; \
    if [ -d wheels ]; then set -- --no-index --find-links wheels; what='orderbell[all]'; \
    else set -- --constraint constraints.txt; what='.[all]'; fi; \
    /opt/orderbell/bin/pip install --no-cache-dir --no-compile "$@" "$what"; \
    python3 -m venv /opt/sbom; \
    /opt/sbom/bin/pip install --no-cache-dir "$@" cyclonedx-bom; \
    /opt/sbom/bin/cyclonedx-py environment --output-reproducible \
      --output-file /opt/orderbell/sbom.cdx.json /opt/orderbell/bin/python; \
    /opt/orderbell/bin/pip uninstall --yes --quiet pip setuptools || true; \
    find /opt/orderbell -depth -type d \( -name tests -o -name __pycache__ \) -path '*site-packages*' \
      -exec rm -rf {} +; \
    /opt/orderbell/bin/python -m compileall -q -j 2 /opt/orderbell/lib

# hadolint ignore=DL3006
FROM ${BASE}

LABEL org.opencontainers.image.title="Orderbell" \
      org.opencontainers.image.description="Reads the mail AliExpress and Amazon send, and rings before money or rights are lost" \
      org.opencontainers.image.licenses="MIT"

RUN set -eu; \
    echo 'orderbell:x:10001:10001:Orderbell:/var/lib/orderbell:/usr/sbin/nologin' >> /etc/passwd; \
    echo 'orderbell:x:10001:' >> /etc/group; \
    mkdir -p /etc/orderbell /var/lib/orderbell; \
    chown 10001:10001 /var/lib/orderbell; \
    chmod 0700 /var/lib/orderbell
COPY --from=build /opt/orderbell /opt/orderbell

ENV PATH=/opt/orderbell/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CONFIG_HOME=/etc \
    XDG_STATE_HOME=/var/lib \
    HOME=/var/lib/orderbell

# Configuration: /etc/orderbell/config.yaml. The ledger: /var/lib/orderbell.
VOLUME /var/lib/orderbell
USER 10001:10001
WORKDIR /
# The page, where it is configured.
EXPOSE 8470
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5m --timeout=30s --start-period=2m --retries=2 CMD ["orderbell", "status"]
ENTRYPOINT ["orderbell"]
CMD ["run"]
