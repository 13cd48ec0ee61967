# One image, several roles: the command chooses (see docker-compose.yml).
FROM python:3.13-slim AS dependencies
COPY requirements.lock .
RUN python -m venv /venv \
    && /venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /data eventhub \
    && install --directory --owner=eventhub --group=eventhub /data
COPY --from=dependencies /venv /venv
WORKDIR /app
COPY eventhub eventhub
COPY templates templates
COPY emails emails
COPY wsgi.py .
USER eventhub
EXPOSE 8000
ENTRYPOINT ["python", "-m", "eventhub"]
CMD ["web"]
