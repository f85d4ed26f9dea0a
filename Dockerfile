# Two images from one base: `tem` runs every service, `proxy` is nginx in front of them.
FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY deploy/healthy.py /usr/local/lib/tem/healthy.py

FROM base AS proxy
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends nginx-light >/dev/null \
 && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled \
 && useradd --uid 10002 --no-create-home --shell /usr/sbin/nologin web
COPY deploy/nginx /etc/tem
COPY services/verifier/tem_verifier/static /usr/share/tem/static
COPY services/verifier/tem_verifier/texts.json /usr/share/tem/texts.json
RUN chmod -R a+rX /etc/tem /usr/share/tem /usr/local/lib/tem
# A fault in the configuration ends the build, not the start.
RUN for name in public office; do sh /etc/tem/start.sh $name -t || exit 1; done; rm -rf /tmp/*
USER web
EXPOSE 8080 8443
STOPSIGNAL SIGQUIT
CMD ["sh", "/etc/tem/start.sh", "public"]

FROM base AS tem
RUN useradd --uid 10001 --create-home tem
WORKDIR /app
COPY requirements-runtime.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md ./
COPY shared ./shared
COPY services ./services
RUN pip install --no-cache-dir --no-deps .
COPY deploy/setup.py deploy/migrate.sh deploy/seen.py deploy/postgres deploy/valkey /usr/local/lib/tem/
# Readable whatever umask the checkout was made with. A new volume takes owner and rights from the folder it is mounted on first.
RUN chmod -R a+rX /usr/local/lib/tem \
 && install -d -o tem -g tem -m 0700 /data /handover /tally /metrics \
 && install -d -o tem -g tem -m 0755 /trust \
 && for name in accounts issuer registry verifier postgres-record postgres-edge valkey; do \
      install -d -o tem -g tem -m 0750 /setup/$name; done
USER tem
ENV TEM_DATA=/data TEM_BIND=0.0.0.0
EXPOSE 8101 8102 8103
STOPSIGNAL SIGTERM
CMD ["tem", "up"]
