# syntax=docker/dockerfile:1
# Two images for docker-compose.yml: `db` is PostgreSQL with PostGIS, `app` the web server and the worker.

FROM debian:bookworm-slim AS db
# The major the tests run on. Data belong to one major: another one needs a dump and a restore.
ENV POSTGRES_MAJOR=15
RUN groupadd --system --gid 999 postgres \
    && useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql postgres \
    && mkdir -p /etc/postgresql-common/createcluster.d \
    && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/lagesbild.conf \
    && apt-get update \
    && apt-get install -y --no-install-recommends postgresql-${POSTGRES_MAJOR}-postgis-3 \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/cluster
COPY --chmod=0755 .docker/db-entrypoint /usr/local/bin/db-entrypoint
ENV PGDATA=/var/lib/postgresql/cluster/data
VOLUME /var/lib/postgresql/cluster
USER postgres
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["db-entrypoint"]
CMD ["-c", "listen_addresses=*", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"]


FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv
WORKDIR /src
COPY . .
RUN uv build --wheel --out-dir /wheel
# As constraints the lock file gives versions and hashes, and leaves out what only the tests need.
RUN uv venv /opt/lagesbild \
    && uv pip install --no-cache --compile-bytecode --python /opt/lagesbild/bin/python \
       --constraints requirements.lock /wheel/*.whl


FROM python:3.11-slim-bookworm AS app
RUN useradd --system --uid 10001 --home-dir /var/lib/lagesbild lagesbild \
    && install -d -o lagesbild -m 0700 /var/lib/lagesbild
COPY --from=build /opt/lagesbild /opt/lagesbild
ENV PATH=/opt/lagesbild/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LAGESBILD_HOME=/var/lib/lagesbild \
    NUMBA_CACHE_DIR=/var/lib/lagesbild/machine-code
WORKDIR /var/lib/lagesbild
USER lagesbild
# The container's root is read-only, so machine code lies in the volume: a new one begins with this, and a worker
# that finds none for its code and machine compiles before it takes a job.
RUN python -m app.core.analysis.kernel
VOLUME /var/lib/lagesbild
EXPOSE 8000
ENTRYPOINT ["lagesbild"]
CMD ["serve", "--host", "0.0.0.0"]
