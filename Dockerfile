# One image, the embedded default: `tem up` with everything on SQLite in /data.
FROM python:3.11-slim
RUN useradd --uid 10001 --create-home tem && install -d -o tem -m 0700 /data
WORKDIR /app
COPY requirements-runtime.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md ./
COPY shared ./shared
COPY services ./services
RUN pip install --no-cache-dir --no-deps .
USER tem
ENV TEM_DATA=/data TEM_BIND=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8102 8103
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 \
  CMD ["python", "-c", "import httpx; httpx.get('http://127.0.0.1:8103/readyz').raise_for_status()"]
CMD ["tem", "up"]
